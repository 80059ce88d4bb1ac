"""Rows of kinds torchvision, sklearn and huggingface: data sets that a library reads."""

import importlib
import sys

import numpy as np
import pytest
import sklearn.datasets
import torchvision.datasets
from PIL import Image

from bakeoff.data.source import Unreadable
from images import CELLS, GREY, Saved, labels, lay_idx, listed, pixels, refused, save_to_disk, source

# torchvision

FAKE = {
    "kind": "torchvision",
    "dataset": "FakeData",
    "root": ".",
    "settings": {"size": 8, "image_size": [3, 6, 5]},
}


def test_a_class_of_torchvision_gives_its_images_labels_parts_and_classes(tmp_path):
    lay_idx(tmp_path / "KMNIST/raw")
    made = source(kind="torchvision", dataset="KMNIST", root=str(tmp_path))
    found = made.list()
    assert [item.part for item in found.items] == ["train"] * 4 + ["test"] * 2
    assert found.classes == tuple(torchvision.datasets.KMNIST.classes[each] for each in (1, 5))
    assert found.source == f"torchvision {torchvision.__version__.partition('+')[0]}, KMNIST"
    for item, image in zip(found.items, GREY, strict=False):
        assert np.array_equal(np.asarray(made.image(item).image), image)
    assert made.content(found.items[0]) == b"('L', (5, 6))\n" + GREY[0].tobytes()


class Split(torchvision.datasets.VisionDataset):
    """A class with splits, as most of torchvision's newer ones are, which keeps no list of labels."""

    def __init__(self, root, split="train", download=False):
        if split not in ("train", "val", "test"):
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are ...")
        super().__init__(root)
        self.classes = [("cat", "tabby"), ("dog",)]

    def __len__(self):
        return 2

    def __getitem__(self, number):
        return Image.fromarray(pixels(number)), number


def test_splits_are_parts_and_images_are_asked_for_labels_where_no_list_has_them(monkeypatch):
    monkeypatch.setattr(torchvision.datasets, "Split", Split, raising=False)
    found = listed(kind="torchvision", dataset="Split", root=".")
    assert [item.part for item in found.items] == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    assert set(labels(found).values()) == {"cat, tabby", "dog"}
    only = listed(kind="torchvision", dataset="Split", root=".", settings={"split": "val"})
    assert [item.part for item in only.items] == [None, None]


def test_a_class_without_a_folder_or_names_takes_its_keywords_alone():
    found = listed(**FAKE | {"settings": {"size": 8, "image_size": [3, 6, 5], "num_classes": 2}})
    assert found.classes == ("0", "1")
    assert len(found.items) == 8


def test_nothing_is_downloaded_unasked(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        torchvision.datasets.CIFAR10, "download", lambda self: asked.append(self.root), raising=True
    )
    row = {"kind": "torchvision", "dataset": "CIFAR10", "root": str(tmp_path)}
    assert refused(**row) == (
        f"torchvision.datasets.CIFAR10: not in {tmp_path}, or damaged; name the folder that it is in by "
        "`root`, or let torchvision fetch it by `download: true`"
    )
    assert asked == []
    assert "RuntimeError: Dataset not found" in refused(**row, download=True)
    assert asked == [str(tmp_path)]


def test_what_torchvision_does_not_have_or_know_is_one_line():
    assert (
        refused(**FAKE | {"dataset": "CIFAR1O"})
        == "dataset: torchvision.datasets has no CIFAR1O; did you mean CIFAR10?"
    )
    assert refused(**FAKE | {"dataset": "utils"}).startswith("dataset: torchvision.datasets has no utils")
    line = refused(**FAKE | {"settings": {"pages": 3}})
    assert line.startswith("torchvision.datasets.FakeData: TypeError: ")
    assert "pages" in line
    assert "group: nothing there says which images belong together" in refused(**FAKE, group="a")


def test_labels_that_are_several_are_one_line(monkeypatch):
    class Many(Split):
        def __getitem__(self, number):
            return super().__getitem__(number)[0], [0, 1]

    monkeypatch.setattr(torchvision.datasets, "Many", Many, raising=False)
    assert refused(kind="torchvision", dataset="Many", root=".") == (
        "torchvision.datasets.Many: a label is of 2 values, but an image has one label here"
    )


# scikit-learn


def test_a_loader_of_scikit_learn_gives_its_images():
    made = source(kind="sklearn", loader="load_digits", white=16, settings={"n_class": 3}, limit=9)
    found = made.list()
    assert found.classes == ("0", "1", "2")
    assert found.left_out == {"beyond the limit of 9": 528}
    digits = sklearn.datasets.load_digits(n_class=3)
    for item in found.items:
        number = int(item.path.removeprefix("images/"))
        assert found.classes[item.label] == str(digits.target[number])
        expected = np.round(digits.images[number] * (255 / 16))
        assert np.array_equal(np.asarray(made.image(item).image), expected)


LOADERS = {
    "load_digit": "loader: sklearn.datasets has no loader load_digit; did you mean load_digits?",
    "make_blobs": "loader: sklearn.datasets has no loader make_blobs; ",
    "load_iris": "sklearn.datasets.load_iris: gives no images; name a loader of images with labels",
    "load_sample_images": "sklearn.datasets.load_sample_images: gives no target; ",
    "load_digits": "sklearn.datasets.load_digits: images is float64; say by `white` which value is white",
}


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_that_gives_no_data_set_is_one_line(name):
    assert refused(kind="sklearn", loader=name).startswith(LOADERS[name])


def test_scikit_learn_downloads_nothing_unasked(tmp_path):
    assert refused(kind="sklearn", loader="fetch_olivetti_faces", root=str(tmp_path), white=1) == (
        "sklearn.datasets.fetch_olivetti_faces: not on this machine; name the folder that it is in by "
        "`root`, or let it be fetched by `download: true`"
    )


# Hugging Face


def test_a_saved_data_set_gives_its_splits_images_and_names(monkeypatch):
    splits = {
        "train": Saved(CELLS, [0, 1, 1]),
        "test": Saved(CELLS[:1], [1]),
        "extra": Saved(CELLS, [0] * 3),
    }
    save_to_disk(monkeypatch, splits)
    made = source(kind="huggingface", root="/somewhere/birds")
    found = made.list()
    assert found.classes == ("no", "yes")
    assert [item.part for item in found.items] == ["train"] * 3 + ["test"]
    assert (found.left_out, found.source) == ({"images of the split extra": 3}, "saved data set birds")
    for seed in range(3):
        assert np.array_equal(np.asarray(made.image(found.items[seed]).image), pixels(seed))


def test_a_saved_split_alone_has_no_part_and_a_column_may_be_of_groups(monkeypatch):
    save_to_disk(monkeypatch, Saved(CELLS, [0, 1, 1], who=[7, 7, 8]))
    found = listed(kind="huggingface", root="birds", group="who")
    assert [(item.path, item.part, item.group) for item in found.items] == [
        ("images/0", None, "7"),
        ("images/1", None, "7"),
        ("images/2", None, "8"),
    ]


@pytest.mark.parametrize("cell", [None, {"bytes": None, "path": "a.png"}, {"bytes": b"no image"}])
def test_a_cell_without_an_image_is_unreadable(monkeypatch, cell):
    save_to_disk(monkeypatch, Saved([*CELLS, cell], [0, 1, 1, 0]))
    made = source(kind="huggingface", root="birds")
    with pytest.raises(Unreadable):
        made.image(made.list().items[3])


def test_what_was_not_saved_by_the_library_is_one_line(monkeypatch):
    save_to_disk(monkeypatch, FileNotFoundError("Directory birds is neither a `Dataset` directory nor\n..."))
    assert refused(kind="huggingface", root="birds") == (
        "birds: FileNotFoundError: Directory birds is neither a `Dataset` directory nor ...; "
        "name the folder that save_to_disk wrote"
    )
    save_to_disk(monkeypatch, Saved(CELLS, [0, 1, 1]))
    assert refused(kind="huggingface", root="birds", image_column="img") == (
        "birds: no column img; did you mean image?"
    )


def test_without_the_library_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert refused(kind="huggingface", root="birds") == (
        "kind: huggingface reads by the package datasets, which is not installed; `pip install datasets`"
    )
    with pytest.raises(ImportError):
        importlib.import_module("datasets")
