"""A row's images in memory: at its size, in its colours, with all that is odd about them said."""

import numpy as np
import pytest
from PIL import Image

from bakeoff.command import UserError
from bakeoff.data import pictures, sources
from bakeoff.data.rows import DATASETS
from bakeoff.data.source import Picture
from bakeoff.rows import Named
from images import encoded, lay, pixels, png, smooth


def fetch(folder, **row):
    said = []
    row = DATASETS.read("own", {"kind": "folder", "root": str(folder), "input_size": 8, **row})
    return sources.fetch(Named("own", row), None, said.append), said


@pytest.fixture
def flowers(tmp_path):
    return lay(tmp_path / "flowers", "rose/1.png", "rose/2.png", "iris/1.png")


def test_images_are_brought_to_the_row_s_size_with_their_labels(flowers):
    raw, said = fetch(flowers)
    assert (raw.classes, raw.grey, raw.source, said) == (("iris", "rose"), False, "folder flowers", [])
    assert raw.train_labels.tolist() == [0, 1, 1]
    assert (raw.train_images.shape, raw.test_images.shape) == ((3, 8, 8, 3), (0, 8, 8, 3))
    for image, seed in zip(raw.train_images, (2, 0, 1), strict=True):
        expected = pictures.square(Picture(Image.fromarray(pixels(seed))), 8, "squash")
        assert np.array_equal(image, expected)


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_the_row_says_how_an_image_becomes_a_square(flowers, resize):
    raw, _ = fetch(flowers, resize=resize)
    expected = pictures.square(Picture(Image.fromarray(pixels(2))), 8, resize)
    assert np.array_equal(raw.train_images[0], expected)


def test_an_official_test_part_is_the_test_set_and_a_validation_part_is_split_anew_and_said(tmp_path):
    folder = lay(tmp_path, *(f"{part}/{name}/1.png" for part in ("train", "val", "test") for name in "ab"))
    raw, said = fetch(folder)
    assert (len(raw.train_images), len(raw.test_images)) == (4, 2)
    assert said == ["2 images of the validation part: split anew with those of train"]


def greys(folder, *paths, mode="L"):
    lay(folder, *paths)
    for seed, path in enumerate(paths):
        image = Image.fromarray(pixels(seed, channels=1)).convert(mode)
        (folder / path).write_bytes(encoded(image))
    return folder


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_images_are_grey_where_all_are_even_if_kept_in_three_channels(tmp_path, mode):
    raw, _ = fetch(greys(tmp_path, "a/1.png", "b/1.png", mode=mode))
    assert (raw.grey, raw.train_images.shape) == (True, (2, 8, 8))
    lay(tmp_path, "b/2.png")
    raw, _ = fetch(tmp_path)
    assert (raw.grey, raw.train_images.shape) == (False, (3, 8, 8, 3))
    assert (raw.train_images[0] == raw.train_images[0][..., :1]).all()


def test_the_row_may_ask_for_grey_or_for_colour(flowers, tmp_path):
    raw, _ = fetch(flowers, grey=True)
    assert (raw.grey, raw.train_images.shape) == (True, (3, 8, 8))
    plain = Image.fromarray(pixels(2)).convert("L")
    assert np.array_equal(raw.train_images[0], pictures.square(Picture(plain), 8, "squash"))
    raw, _ = fetch(greys(tmp_path / "greys", "a/1.png", "b/1.png"), grey="false")
    assert (raw.grey, raw.train_images.shape) == (False, (2, 8, 8, 3))


def test_an_unreadable_image_is_named_and_left_out(flowers):
    whole = encoded(smooth(60, 60), "JPEG")
    for name, content in (("3.jpg", whole[: len(whole) // 2]), ("4.png", b""), ("5.webp", b"<html>")):
        (flowers / "rose" / name).write_bytes(content)
    raw, said = fetch(flowers, max_unreadable=3)
    assert raw.train_labels.tolist() == [0, 1, 1]
    assert [line.partition(": ")[0] for line in said] == ["rose/3.jpg", "rose/4.png", "rose/5.webp"]
    assert said[1:] == [
        "rose/4.png: left out, unreadable: an empty file",
        "rose/5.webp: left out, unreadable: no image of a known format",
    ]
    with pytest.raises(UserError) as caught:
        fetch(flowers, max_unreadable=2)
    assert str(caught.value) == (
        "rose/5.webp: unreadable: no image of a known format; this is number 3, of which the row allows 2: "
        "mend or remove them, or raise max_unreadable"
    )


def test_a_class_that_is_left_without_an_image_is_one_line(flowers):
    (flowers / "iris/1.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"^folder flowers: class iris has no image to learn from; add some$"):
        fetch(flowers)


def test_what_is_odd_about_images_is_counted_in_words(flowers):
    turned = Image.Exif()
    turned[pictures.ORIENTATION] = 6
    image = Image.fromarray(pixels())
    for name, content in (
        ("3.jpg", encoded(image, "JPEG", exif=turned)),
        ("4.jpg", encoded(image, "JPEG", exif=turned)),
        ("5.jpg", encoded(image.convert("CMYK"), "JPEG")),
        ("6.gif", encoded(image.quantize(4), "GIF")),
        ("notes.txt", png()),
    ):
        (flowers / "rose" / name).write_bytes(content)
    _, said = fetch(flowers)
    assert said == [
        "left out: files that are no images: 1",
        "turned upright, as its EXIF says: 2 images",
        "CMYK in place of RGB: 1 image",
        "a palette: 1 image",
    ]
