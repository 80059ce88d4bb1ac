"""Parts of one's own that leak, by the commands: what is dropped or stays, and how an audit ends."""

import csv
import json
import shutil
from pathlib import Path

import pytest

import audit_dataset
import prepare_images
from bakeoff.data import leaks, store
from images import lay

COPY, OF = "train/rose/copy.png", "test/rose/0.png"
PATHS = [
    f"{part}/{label}/{n}.png" for part in ("train", "test") for label in ("iris", "rose") for n in range(6)
]


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Return a folder of parts; an image to learn from is a copy of one that is held back."""
    folder = lay(tmp_path / "flowers", *PATHS)
    shutil.copy(folder / OF, folder / COPY)
    return folder


def prepared(folder: Path, on_leak: str) -> tuple[set[str], store.Dataset]:
    """Return the paths that are learnt from, and the data set."""
    place = folder.parent / on_leak
    row = {"name": "flowers", "kind": "folder", "root": str(folder), "input_size": 8}
    split = {"train": 0.75, "validation": 0.25, "holdout": 0, "test": 0.2}
    prepare_images.main(
        prepare_images.Options(
            dataset=json.dumps(row),
            split=split,
            input_size=8,
            output=place / "flowers.npz",
            parts=place / "parts.csv",
            decoded=place / "decoded",
            on_leak=on_leak,
        )
    )
    with open(place / "parts.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["path"] for row in rows if row["part"] != "test"}, store.load(place / "flowers.npz", "images")


def test_what_is_held_back_is_not_learnt_from_and_that_is_counted(pictures):
    learnt, data = prepared(pictures, "drop")
    assert COPY not in learnt
    assert len(learnt) == 12
    assert data.meta["left_out"][leaks.DROPPED] == 1
    learnt, data = prepared(pictures, "report")
    assert COPY in learnt
    assert leaks.DROPPED not in data.meta["left_out"]


def test_an_audit_that_is_strict_ends_with_a_status_where_parts_leak(pictures, capsys):
    audit_dataset.main(audit_dataset.Options(source=pictures))
    with pytest.raises(SystemExit) as left:
        audit_dataset.main(audit_dataset.Options(source=pictures, strict=True))
    assert left.value.code == 1
    assert f"{pictures}: exact copies lie in several parts" in capsys.readouterr().err
    (pictures / COPY).unlink()
    audit_dataset.main(audit_dataset.Options(source=pictures, strict=True))
