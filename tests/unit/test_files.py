"""What is read: every file of ours, cut, emptied or replaced, is one line that names it."""

import json
import zipfile

import numpy as np
import pytest

import arrays
import studies
from bakeoff import predictions, records
from bakeoff.analysis import best, collect, study, tables
from bakeoff.command import DamagedError, UserError
from bakeoff.datasets import sources, store
from bakeoff.predictions import Answers, Kept
from bakeoff.report import figures

CELL = studies.small()[2]


def save_record(path):
    records.write(path, CELL)


def save_records(path):
    path.write_text(f"{json.dumps(CELL)}\n", encoding="utf-8")


def save_predictions(path):
    labels = {"validation": np.arange(4), "test": np.arange(9)}
    predictions.save(path, labels, 10, [Answers(np.arange(4), np.arange(9), np.ones((9, 10)))])


def save_table(path):
    rows = [dict.fromkeys(best.COLUMNS) | {"dataset": "digits", "validation_accuracy": 0.95}]
    tables.write(path, best.COLUMNS, rows)


def save_raw(path):
    images, labels = np.zeros((9, 8, 8), np.uint8), np.arange(9, dtype=np.uint8)
    store.save_raw(path, sources.Raw(images, labels, images[:0], labels[:0], "made"))


KINDS = {
    "cell.json": (save_record, records.read),
    "records.jsonl": (save_records, study.load),
    "answers.npz": (save_predictions, lambda path: Kept(path).check()),
    "best.csv": (save_table, lambda path: tables.read(path, best.COLUMNS)),
    "digits.npz": (arrays.save, lambda path: store.load(path, "resized")),
    "raw.npz": (save_raw, store.load_raw),
}
SPOIL = {
    "emptied": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "text": lambda content: b"<html>503 Service Unavailable</html>\n",
    "latin-1": lambda content: "größer".encode("latin-1"),
    "zeros": lambda content: bytes(len(content)),
    "one bit": lambda content: content.replace(b"9", b"\xb9"),
}


@pytest.mark.parametrize("spoil", SPOIL)
@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_one_line_with_its_name(tmp_path, name, spoil):
    path = tmp_path / name
    save, read = KINDS[name]
    save(path)
    read(path)
    path.write_bytes(SPOIL[spoil](path.read_bytes()))
    with pytest.raises(DamagedError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1
    assert list(caught.value.faults) == [path]


@pytest.mark.parametrize("name", [name for name in KINDS if name != "cell.json"])
def test_an_absent_file_is_one_line_with_the_command_that_makes_it(tmp_path, name):
    with pytest.raises(UserError, match=f"no such file; `snakemake .*{name}` makes it") as caught:
        KINDS[name][1](tmp_path / name)
    assert not isinstance(caught.value, DamagedError)


def test_predictions_of_another_length_are_damaged(tmp_path):
    path, labels = tmp_path / "a.npz", {"validation": np.arange(4), "test": np.arange(9)}
    predictions.save(path, labels, 10, [Answers(np.arange(4), np.arange(8))])
    for read in (lambda: Kept(path).check(), lambda: Kept(path).test(0)):
        with pytest.raises(DamagedError, match="arrays of different lengths"):
            read()


def test_of_every_run_what_was_kept_is_read_and_nothing_else(tmp_path):
    path, labels = tmp_path / "a.npz", {"validation": np.arange(4), "test": np.arange(9)}
    given = [Answers(), Answers(np.full(4, 7)), Answers(np.full(4, 5), np.full(9, 3), np.ones((9, 300)))]
    predictions.save(path, labels, 300, given)
    kept = Kept(path)
    assert [kept.test(run) is not None for run in range(3)] == [False, False, True]
    assert [kept.validation(run) is not None for run in range(3)] == [False, True, True]
    assert np.array_equal(kept.validation(1).predictions, np.full(4, 7))
    assert np.array_equal(kept.test(2).right, np.arange(9) == 3)
    assert kept.test(2).scores.shape == (9, 300)
    assert kept.test(2).predictions.dtype == np.uint16  # more classes than a byte tells apart
    kept.check()


def test_a_zip_that_lacks_an_array_is_damaged(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("labels.npy", b"")
    with pytest.raises(DamagedError, match=r"a\.npz: damaged"):
        Kept(tmp_path / "a.npz").check()


def test_all_damaged_records_and_predictions_are_named_at_once(tmp_path):
    paths = studies.save(tmp_path, studies.small())
    for path in paths[1:3]:
        path.write_text("{")
    with pytest.raises(DamagedError) as caught:
        collect.read_cells(paths)
    assert list(caught.value.faults) == paths[1:3]
    studies.save(tmp_path, studies.small())
    spoilt = sorted((tmp_path / "digits/predictions").iterdir())[:2]
    for path in spoilt:
        path.write_bytes(b"")
    with pytest.raises(DamagedError) as caught:
        collect.check_predictions(study.Study(collect.read_cells(paths), tmp_path))
    assert sorted(caught.value.faults) == spoilt


@pytest.mark.parametrize("name", ["figures.json", ".svg", ".csv"])
@pytest.mark.parametrize("spoil", ["cut", "absent"])
def test_a_gallery_that_is_not_whole_is_damaged_as_a_whole(small, tmp_path, name, spoil):
    folder = tmp_path / "figures"
    folder.mkdir()
    for file in (small.folder / "figures").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    assert figures.load(folder)
    path = next(file for file in sorted(folder.iterdir()) if file.name.endswith(name))
    path.unlink() if spoil == "absent" else path.write_bytes(path.read_bytes()[:-20])
    if (name, spoil) == ("figures.json", "absent"):
        assert figures.load(folder) == []
    elif (name, spoil) == (".csv", "cut"):
        assert figures.load(folder)
    else:
        with pytest.raises(DamagedError) as caught:
            figures.load(folder)
        assert list(caught.value.faults) == [folder]
