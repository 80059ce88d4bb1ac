"""Rows of kind npz: arrays of images and labels, MedMNIST's names among them."""

import numpy as np
import pytest

from bakeoff.data.source import Unreadable
from images import labels, listed, pixels, refused, source

GREY = np.stack([pixels(seed, channels=1) for seed in range(4)])
COLOUR = np.stack([pixels(seed) for seed in range(4)])


def saved(folder, **arrays) -> str:
    np.savez_compressed(folder / "own.npz", **arrays)
    return str(folder / "own.npz")


def test_images_and_labels_are_a_data_set(tmp_path):
    found = listed(kind="npz", file=saved(tmp_path, images=GREY, labels=np.array([3, 1, 3, 10])))
    assert found.classes == ("1", "3", "10")
    assert labels(found) == {"images/0": "3", "images/1": "1", "images/2": "3", "images/3": "10"}
    assert (found.source, found.items[0].part) == ("arrays own.npz", None)


def medmnist(folder, **more):
    arrays = {}
    for part, seen in (("train", [0, 1, 1, 0]), ("val", [1, 0, 1, 0]), ("test", [0, 0, 0, 0])):
        arrays |= {f"{part}_images": COLOUR, f"{part}_labels": np.array(seen, np.uint8)[:, None]}
    return saved(folder, **{**arrays, **more})


def test_medmnist_s_names_are_its_parts(tmp_path):
    found = listed(kind="npz", file=medmnist(tmp_path), classes=["benign", "malignant"])
    assert found.classes == ("benign", "malignant")
    assert [item.part for item in found.items] == ["train"] * 4 + ["validation"] * 4 + ["test"] * 4
    assert [item.label for item in found.items[:4]] == [0, 1, 1, 0]
    assert found.items[5].path == "val_images/1"


@pytest.mark.parametrize(
    ("images", "mode"),
    [
        (GREY, "L"),
        (GREY[..., None], "L"),
        (COLOUR, "RGB"),
        (np.concatenate([COLOUR, np.full_like(COLOUR[..., :1], 255)], axis=3), "RGB"),
    ],
)
def test_an_image_has_the_pixels_of_the_array(tmp_path, images, mode):
    made = source(kind="npz", file=saved(tmp_path, images=images, labels=np.arange(4)))
    found = made.image(made.list().items[2])
    assert (found.image.mode, found.notes) == (mode, ())
    assert np.array_equal(np.asarray(found.image), GREY[2] if mode == "L" else COLOUR[2])


def test_an_image_s_content_is_its_form_and_its_values(tmp_path):
    made = source(kind="npz", file=saved(tmp_path, images=GREY, labels=np.arange(4)))
    items = made.list().items
    assert made.content(items[1]).endswith(GREY[1].tobytes())
    turned = source(kind="npz", file=saved(tmp_path, images=GREY.reshape(4, 5, 6), labels=np.arange(4)))
    assert turned.content(items[1]) != made.content(items[1])


@pytest.mark.parametrize(
    ("kind", "white"), [("uint16", 65535), ("uint16", 4095), ("float32", 1), ("float64", 16), ("uint8", 16)]
)
def test_values_of_other_ranges_are_brought_to_8_bits_where_the_row_says_what_is_white(tmp_path, kind, white):
    images = (GREY / 255 * white).astype(kind)
    made = source(kind="npz", file=saved(tmp_path, images=images, labels=np.arange(4)), white=white)
    found = np.asarray(made.image(made.list().items[0]).image)
    assert np.array_equal(found, np.round(images[0] * (255 / white)).astype(np.uint8))


@pytest.mark.parametrize("value", [1.5, -0.1, np.nan])
def test_a_value_beyond_black_or_white_makes_an_image_unreadable(tmp_path, value):
    images = GREY / 255
    images[1, 2, 2] = value
    made = source(kind="npz", file=saved(tmp_path, images=images, labels=np.arange(4)), white=1)
    items = made.list().items
    assert made.image(items[0]).image.size == (5, 6)
    with pytest.raises(Unreadable, match="its values are not within 0 and 1"):
        made.image(items[1])


def test_labels_may_be_names_or_truths_or_floats_that_are_whole(tmp_path):
    for given, classes in (
        (np.array(["b", "a", "b", "a"]), ("a", "b")),
        (np.array([True, False, True, True]), ("0", "1")),
        (np.array([2.0, 0.0, 2.0, 0.0]), ("0", "2")),
    ):
        assert listed(kind="npz", file=saved(tmp_path, images=GREY, labels=given)).classes == classes


def test_arrays_may_have_other_names_and_one_may_be_of_groups(tmp_path):
    file = saved(tmp_path, X=GREY, y=np.array([0, 1, 0, 1]), who=np.array(["p", "p", "q", "q"]))
    found = listed(kind="npz", file=file, images="X", labels="y", group="who")
    assert [item.group for item in found.items] == ["p", "p", "q", "q"]


LABELS = np.array([0, 1, 0, 1])
REFUSED = {
    "no images": ({"X": GREY, "labels": LABELS}, {}, "no array images; known are X, labels, or name it by"),
    "no labels": ({"images": GREY, "label": LABELS}, {}, "no array labels; did you mean label?"),
    "both forms": (
        {"images": GREY, "labels": LABELS, "train_images": GREY, "train_labels": LABELS},
        {},
        "holds images and train_images; name one",
    ),
    "no groups": ({"images": GREY, "labels": LABELS}, {"group": "who"}, "group: no array who; known are"),
    "several labels": (
        {"images": GREY, "labels": np.eye(4)},
        {},
        "labels is (4, 4): 4 labels an image, but an image has one label here",
    ),
    "fewer labels": (
        {"images": GREY, "labels": LABELS[:3]},
        {},
        "labels is (3,), of 4 images; one label belongs to each",
    ),
    "no label": (
        {"images": GREY, "labels": LABELS - 1},
        {},
        "a label is -1, as of images without one; leave",
    ),
    "half labels": (
        {"images": GREY, "labels": LABELS / 2},
        {},
        "a label is 0.5; labels are whole numbers or names",
    ),
    "other classes": (
        {"images": GREY, "labels": LABELS},
        {"classes": ["a", "b", "c"]},
        "2 labels (0, 1), but 3 names; name as many in `classes`",
    ),
    "one class": (
        {"images": GREY, "labels": LABELS * 0},
        {},
        "all 4 images are of one class, 0; two are the least",
    ),
    "none": (
        {"images": GREY[:0], "labels": LABELS[:0]},
        {},
        "no image in it; name a place that holds images",
    ),
    "no range": (
        {"images": GREY / 255, "labels": LABELS},
        {},
        "images is float64; say by `white` which value is white, such as 1 or 65535",
    ),
    "channels first": (
        {"images": COLOUR.transpose(0, 3, 1, 2), "labels": LABELS},
        {},
        "images is (4, 3, 6, 5), not (n, rows, columns) or (n, rows, columns, 1, 3 or 4) (colours come last",
    ),
    "volumes": (
        {"images": GREY[..., None].repeat(7, 3), "labels": LABELS},
        {},
        "images is (4, 6, 5, 7), not",
    ),
    "rows of pixels": ({"images": GREY.reshape(4, -1), "labels": LABELS}, {}, "images is (4, 30), not"),
    "objects": (
        {"images": np.array([GREY[0], GREY[0, 1:]], object), "labels": LABELS[:2]},
        {},
        "images holds Python's objects, which may run code; save plain arrays",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_data_set_is_one_line_with_its_cure(tmp_path, what):
    arrays, said, line = REFUSED[what]
    file = saved(tmp_path, **arrays)
    assert refused(kind="npz", file=file, **said).startswith(f"{file}: {line}")


def test_a_missing_or_damaged_file_is_one_line(tmp_path):
    file = tmp_path / "own.npz"
    assert refused(kind="npz", file=str(file)) == (
        f"{file}: No such file or directory; name the file that holds the arrays"
    )
    saved(tmp_path, images=GREY, labels=LABELS)
    whole = file.read_bytes()
    for content in (b"", b"PK", whole[: len(whole) // 2], whole[:60] + bytes(40) + whole[100:]):
        file.write_bytes(content)
        assert refused(kind="npz", file=str(file)).startswith(f"{file}: damaged, or no .npz of numpy's: ")
