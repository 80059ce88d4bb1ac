"""Rows of kind idx that name a folder: any IDX files, as they are published, unpacked or renamed."""

import gzip

import numpy as np
import pytest

from bakeoff import rows as catalog
from bakeoff.data.kinds.idx import Idx
from bakeoff.data.kinds.originals import Originals
from bakeoff.data.rows import DATASETS
from images import GREY, IDX, LABELS, labels, lay_idx, listed, refused, source
from originals import dotted
from originals import idx as idx_of


@pytest.mark.parametrize("called", [str, dotted])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("below", ["", "raw"])
def test_files_are_found_in_either_spelling_gzipped_or_not_and_in_torchvisions_folder(
    tmp_path, called, suffix, below
):
    lay_idx(tmp_path / "KMNIST" / below, suffix, called)
    made = source(kind="idx", root=str(tmp_path / "KMNIST"))
    found = made.list()
    assert labels(found) == {
        **{f"train/{number}": ("1", "5")[number % 2] for number in range(4)},
        **{f"test/{number}": ("1", "5")[number % 2] for number in range(2)},
    }
    assert [item.part for item in found.items] == ["train"] * 4 + ["test"] * 2
    assert found.source == "IDX files of KMNIST"
    for item, image in zip(found.items, [*GREY, *GREY[:2]], strict=True):
        assert np.array_equal(np.asarray(made.image(item).image), image)
        assert made.content(item).endswith(image.tobytes())


def test_names_of_the_classes_are_the_row_s(tmp_path):
    assert listed(kind="idx", root=lay_idx(tmp_path), classes=["one", "five"]).classes == ("one", "five")


def test_transposed_images_are_put_right(tmp_path):
    made = source(kind="idx", root=lay_idx(tmp_path), transposed=True)
    assert np.array_equal(np.asarray(made.image(made.list().items[1]).image), GREY[1].T)


def test_of_several_data_sets_in_a_folder_the_prefix_says_which(tmp_path):
    for prefix in ("emnist-letters-", "emnist-digits-"):
        root = lay_idx(tmp_path, ".gz", prefix=prefix)
    assert len(listed(kind="idx", root=root, prefix="emnist-letters-").items) == 6
    assert refused(kind="idx", root=root) == (
        f"{root}: no train-images-idx3-ubyte; say which by `prefix`: emnist-digits-, emnist-letters-"
    )


def test_a_file_that_lies_there_gzipped_and_plain_is_one(tmp_path):
    lay_idx(tmp_path, ".gz")
    assert len(listed(kind="idx", root=lay_idx(tmp_path)).items) == 6


def test_a_validation_part_is_one(tmp_path):
    lay_idx(tmp_path)
    for what in ("images", "labels"):
        (tmp_path / f"t10k-{what}-idx{3 if what == 'images' else 1}-ubyte").rename(
            tmp_path / f"val-{what}-idx"
        )
    assert {item.part for item in listed(kind="idx", root=str(tmp_path)).items} == {"train", "validation"}


DAMAGE = {
    "no files": (dict.fromkeys(IDX), "no train-images-idx3-ubyte; put it there"),
    "no labels": (
        {"t10k-labels-idx1-ubyte": None},
        "t10k-images-idx3-ubyte without the test part's labels; put them beside it",
    ),
    "fewer labels": (
        {"train-labels-idx1-ubyte": idx_of(LABELS[:3])},
        "train-labels-idx1-ubyte is (3,), of 4 images; one label belongs to each",
    ),
    "labels for images": (
        {"train-images-idx3-ubyte": idx_of(LABELS)},
        "train-images-idx3-ubyte is (4,), not",
    ),
}
CONTENT = {
    "other": (b"<html>", "not an IDX file of unsigned bytes"),
    "cut": (idx_of(LABELS)[:-1], "holds 3 values where its header says [4]"),
    "a gzip cut": (
        gzip.compress(idx_of(LABELS))[:-9],
        "Compressed file ended before the end-of-stream marker",
    ),
    "no gzip": (b"\x1f\x8b\x08\x00" + bytes(30), ""),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_files_that_do_not_belong_together_are_one_line(tmp_path, what):
    changed, said = DAMAGE[what]
    root = lay_idx(tmp_path)
    for name, content in changed.items():
        (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    assert refused(kind="idx", root=root).startswith(f"{root}: {said}")


@pytest.mark.parametrize("what", CONTENT)
def test_a_damaged_file_is_one_line_with_its_name(tmp_path, what):
    content, said = CONTENT[what]
    lay_idx(tmp_path)
    file = tmp_path / "train-labels-idx1-ubyte"
    file.write_bytes(content)
    line = refused(kind="idx", root=str(tmp_path))
    assert line.startswith(f"{file}: ")
    assert said in line


def test_groups_are_refused_where_nothing_says_them(tmp_path):
    assert "group: nothing there says which images belong together" in refused(
        kind="idx", root=lay_idx(tmp_path), group="t(.)"
    )


def test_a_row_with_digests_is_one_of_originals_and_any_other_names_its_folder():
    shipped = catalog.shipped()["datasets"]["mnist"]
    assert isinstance(DATASETS.read("mnist", shipped), Originals)
    assert isinstance(DATASETS.read("own", {"kind": "idx", "root": "somewhere"}), Idx)
    assert refused(kind="idx") == "datasets/own/root: missing; The folder; `~` and `$NAME` are expanded."
    without = {key: value for key, value in shipped.items() if key != "sha256"}
    assert refused(**without).startswith("datasets/own/sha256: missing; ")
