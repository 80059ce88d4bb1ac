"""A row's images prepared: at its size, in its colours, in parts, with all that was left out said."""

import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.command import DamagedError, UserError
from bakeoff.data import decoding, own_parts, part_list, pictures, store
from bakeoff.data.decoded import Kept
from bakeoff.data.rows import DATASETS
from bakeoff.data.source import Picture
from bakeoff.data.split import Split
from bakeoff.rows import Named
from images import encoded, lay, pixels, png, smooth

SPLIT = Split(train=0.75, validation=0.25, holdout=0.0, seed=42, test=0.2)
NO_LIMITS = {"limit_train": None, "limit_test": None}


def named(**row) -> Named:
    return Named("own", DATASETS.read("own", {"input_size": 8, **row}))


@dataclasses.dataclass
class Tried:
    """What a preparation gave, as a cell would read it, and what it said."""

    found: own_parts.Prepared
    dataset: store.Dataset
    resized: store.Dataset
    said: list[str]

    @property
    def parts(self) -> dict[str, str]:
        return {image.path: image.part for image in self.found.images}

    def image(self, path: str) -> np.ndarray:
        part = self.parts[path]
        row = [image.path for image in self.found.images if image.part == part].index(path)
        return self.dataset.parts[part].images[row]


@pytest.fixture
def prepare(tmp_path):
    """Return what prepares a folder's images, keeping what it decodes."""

    def tried(folder, split=SPLIT, size=8, limits=NO_LIMITS, processes=1, **row) -> Tried:
        said: list[str] = []
        own = named(kind="folder", root=str(folder), **row)
        place = tmp_path / "resources"
        found = own_parts.prepare(own, split, size, limits, place / "decoded", processes, said.append)
        store.save_prepared(place / "own.npz", found.arrays, found.about)
        read = (store.load(place / "own.npz", form) for form in ("images", "resized"))
        return Tried(found, *read, said)

    return tried


def many(folder: Path, classes: str = "ab", count: int = 10, start: int = 0) -> Path:
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(start, start + count):
            (folder / name / f"{number}.png").write_bytes(png(1000 * label + number))
    return folder


def square(seed: int, resize: str = "squash") -> np.ndarray:
    return pictures.square(Picture(Image.fromarray(pixels(seed))), 8, resize)


def counts(found: Tried) -> dict[str, int]:
    return found.dataset.meta["counts"]


def test_images_are_brought_to_the_row_s_size_and_cut_into_parts(prepare, tmp_path):
    found = prepare(many(tmp_path / "flowers"))
    assert counts(found) == {"train": 12, "validation": 4, "holdout": 0, "test": 4}
    assert found.dataset.meta["class_counts"]["test"] == [2, 2]
    assert (found.dataset.meta["source"], found.dataset.meta["classes"]) == ("folder flowers", ["a", "b"])
    for path, seed in (("a/0.png", 0), ("a/7.png", 7), ("b/3.png", 1003)):
        expected = square(seed)
        assert np.array_equal(found.image(path), expected)
    labels = {image.path: image.label for image in found.found.images}
    assert all(path.startswith(label) for path, label in labels.items())


def test_networks_may_see_another_size_of_the_same_parts(prepare, tmp_path):
    found = prepare(many(tmp_path / "flowers"), size=16)
    assert found.dataset.parts["train"].images.shape == (12, 8, 8, 3)
    assert found.resized.parts["train"].images.shape == (12, 16, 16, 3)
    assert found.resized.parts["test"].labels.tolist() == found.dataset.parts["test"].labels.tolist()


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_the_row_says_how_an_image_becomes_a_square(prepare, tmp_path, resize):
    found = prepare(many(tmp_path / "flowers"), resize=resize)
    expected = square(4, resize)
    assert np.array_equal(found.image("a/4.png"), expected)


def test_a_publisher_s_parts_stand(prepare, tmp_path):
    for part, start in (("train", 0), ("val", 20), ("test", 40)):
        many(tmp_path / "flowers" / part, start=start, count=3)
    found = prepare(tmp_path / "flowers")
    assert counts(found) == {"train": 6, "validation": 6, "holdout": 0, "test": 6}
    assert {path.split("/")[0]: part for path, part in found.parts.items()} == {
        "train": "train",
        "val": "validation",
        "test": "test",
    }


@pytest.mark.parametrize("repeats", [1, 2])
def test_no_group_is_on_two_sides(prepare, tmp_path, repeats):
    folder = tmp_path / "scans"
    for label, name in enumerate("ab"):
        for patient in range(12):
            for scan in range(3):
                place = folder / name / f"{name}{patient:02d}-{scan}.png"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(png(1000 * label + 10 * patient + scan))
    found = prepare(folder, group="/(.*)-", split=dataclasses.replace(SPLIT, folds=3, repeats=repeats))
    sides: dict[str, set[tuple[str, tuple[int, ...]]]] = {}
    for image in found.found.images:
        sides.setdefault(image.group or "", set()).add((image.part, image.folds))
    assert len(sides) == 24
    assert {len(each) for each in sides.values()} == {1}
    assert counts(found)["test"] >= 6
    learnt = [
        image.folds for part in ("train", "validation") for image in found.found.images if image.part == part
    ]
    assert found.dataset.folds.reshape(-1, repeats).tolist() == [[*each] for each in learnt]
    assert len(found.dataset.fold_names) == 3 * repeats


def test_ten_images_more_leave_nearly_all_others_where_they_are(prepare, tmp_path):
    before = prepare(many(tmp_path / "flowers", count=200)).parts
    after = prepare(many(tmp_path / "flowers", count=5, start=500)).parts
    assert len(after) == len(before) + 10
    assert sum(after[path] != part for path, part in before.items()) <= 12


def greys(folder, *paths, mode="L"):
    lay(folder, *paths)
    for seed, path in enumerate(paths):
        (folder / path).write_bytes(encoded(Image.fromarray(pixels(seed, channels=1)).convert(mode)))
    return folder


GREYS = [f"{name}/{number}.png" for name in "ab" for number in range(4)]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_images_are_grey_where_all_are_even_if_kept_in_three_channels(prepare, tmp_path, mode):
    found = prepare(greys(tmp_path / "x", *GREYS, mode=mode))
    assert (found.dataset.meta["grey"], found.image("a/0.png").shape) == (True, (8, 8))
    assert found.dataset.meta["image_shape"] == [8, 8]
    lay(tmp_path / "x", "b/9.png")
    mixed = prepare(tmp_path / "x")
    assert (mixed.dataset.meta["grey"], mixed.image("a/0.png").shape) == (False, (8, 8, 3))
    assert np.array_equal(mixed.image("a/0.png"), np.stack([found.image("a/0.png")] * 3, 2))


def test_the_row_may_ask_for_grey_or_for_colour(prepare, tmp_path):
    found = prepare(many(tmp_path / "colours"), grey=True)
    assert (found.dataset.meta["grey"], found.image("a/2.png").shape) == (True, (8, 8))
    plain = Image.fromarray(pixels(2)).convert("L")
    assert np.array_equal(found.image("a/2.png"), pictures.square(Picture(plain), 8, "squash"))
    found = prepare(greys(tmp_path / "x", *GREYS), grey="false")
    assert (found.dataset.meta["grey"], found.image("a/0.png").shape) == (False, (8, 8, 3))


def spoil(folder: Path) -> None:
    whole = encoded(smooth(60, 60), "JPEG")
    for name, content in (("x3.jpg", whole[: len(whole) // 2]), ("x4.png", b""), ("x5.webp", b"<html>")):
        (folder / "b" / name).write_bytes(content)


def test_an_unreadable_image_is_named_and_the_study_goes_on_without_it(prepare, tmp_path):
    spoil(many(tmp_path / "flowers"))
    found = prepare(tmp_path / "flowers", max_unreadable=3)
    assert sum(counts(found).values()) == 20
    assert found.dataset.meta["left_out"] == {"unreadable images": 3}
    assert [line.partition(": ")[0] for line in found.dataset.meta["notes"]] == [
        "b/x3.jpg",
        "b/x4.png",
        "b/x5.webp",
    ]
    assert "b/x4.png: left out, unreadable: an empty file" in found.said
    with pytest.raises(UserError) as caught:
        prepare(tmp_path / "flowers", max_unreadable=2)
    assert str(caught.value) == (
        "b/x5.webp: unreadable: no image of a known format; this is number 3, of which the row allows 2: "
        "mend or remove them, or raise max_unreadable"
    )


def test_a_class_that_is_left_with_too_few_images_is_one_line_with_the_number(prepare, tmp_path):
    many(tmp_path / "flowers")
    many(tmp_path / "flowers", classes="c", count=3)
    (tmp_path / "flowers/c/1.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"^class c: 2 images, of 3 needed, one each for .*; add some"):
        prepare(tmp_path / "flowers")


def test_what_was_done_to_images_is_counted_in_words(prepare, tmp_path):
    many(tmp_path / "flowers")
    turned = Image.Exif()
    turned[pictures.ORIENTATION] = 6
    image = Image.fromarray(pixels(77))
    for name, content in (
        ("x3.jpg", encoded(image, "JPEG", exif=turned)),
        ("x4.jpg", encoded(Image.fromarray(pixels(78)), "JPEG", exif=turned)),
        ("x5.jpg", encoded(image.convert("CMYK"), "JPEG")),
        ("x6.gif", encoded(image.quantize(4), "GIF")),
        ("notes.txt", png()),
    ):
        (tmp_path / "flowers/b" / name).write_bytes(content)
    assert prepare(tmp_path / "flowers").said == [
        "left out: files that are no images: 1",
        "turned upright, as its EXIF says: 2 images",
        "CMYK in place of RGB: 1 image",
        "a palette: 1 image",
    ]


def test_a_study_s_limits_take_of_each_class_its_share_and_are_said(prepare, tmp_path):
    limits = {"limit_train": 40, "limit_test": 10}
    found = prepare(many(tmp_path / "flowers", count=100), limits=limits)
    assert counts(found) == {"train": 30, "validation": 10, "holdout": 0, "test": 10}
    assert found.dataset.meta["class_counts"]["train"] == [15, 15]
    assert found.dataset.meta["left_out"] == {"beyond limit_train: 40": 120, "beyond limit_test: 10": 30}
    whole = prepare(tmp_path / "flowers")
    assert found.parts.items() <= whole.parts.items()


@pytest.fixture
def decoded(monkeypatch):
    """Return the paths of images as they are decoded."""
    paths: list[str] = []
    one = decoding.Decoder._one

    def noted(self, item, place, file):
        paths.append(item.path)
        return one(self, item, place, file)

    monkeypatch.setattr(decoding.Decoder, "_one", noted)
    return paths


def test_images_that_are_there_are_not_decoded_again(prepare, tmp_path, decoded):
    before = prepare(many(tmp_path / "flowers"))
    decoded.clear()
    shutil.copy(tmp_path / "flowers/a/1.png", tmp_path / "flowers/a/again.png")
    os.utime(tmp_path / "flowers/b/2.png", (1, 1))
    (tmp_path / "flowers/b/3.png").write_bytes(png(555))
    (tmp_path / "flowers/b/4.png").unlink()
    after = prepare(tmp_path / "flowers")
    assert sorted(decoded) == ["a/again.png", "b/2.png", "b/3.png"]
    assert np.array_equal(after.image("a/again.png"), before.image("a/1.png"))
    assert np.array_equal(after.image("b/2.png"), before.image("b/2.png"))
    expected = square(555)
    assert np.array_equal(after.image("b/3.png"), expected)
    assert "b/4.png" not in after.parts


def test_a_killed_preparation_goes_on_where_it_was(prepare, tmp_path, decoded, monkeypatch):
    folder = many(tmp_path / "flowers", count=40)
    add = Kept.add

    def killed(self, images):
        add(self, images)
        # In the middle of a line, as a kill leaves it.
        with open(self._index, "a") as file:
            file.write('\n{"path": "a/')
        raise KeyboardInterrupt

    monkeypatch.setattr(Kept, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        prepare(folder)
    monkeypatch.setattr(Kept, "add", add)
    first = decoded.copy()
    decoded.clear()
    found = prepare(folder)
    assert sorted(first + decoded) == sorted(found.parts)
    assert len(first) == decoding.BATCH
    assert np.array_equal(found.image("a/1.png"), square(1))


def test_decoded_images_are_not_taken_for_another_view_or_another_decoder(
    prepare, tmp_path, decoded, monkeypatch
):
    prepare(many(tmp_path / "flowers"))
    decoded.clear()
    prepare(tmp_path / "flowers", resize="pad")
    assert len(decoded) == 20
    decoded.clear()
    monkeypatch.setattr("bakeoff.data.decoded._versions", lambda: {"pillow": "1"})
    prepare(tmp_path / "flowers")
    assert len(decoded) == 20


def test_squares_of_removed_images_do_not_stay_for_ever(prepare, tmp_path):
    folder = many(tmp_path / "flowers", count=40)
    prepare(folder)
    for number in range(30):
        for name in "ab":
            (folder / name / f"{number}.png").unlink()
    found = prepare(folder)
    assert np.array_equal(found.image("a/35.png"), square(35))
    assert (tmp_path / "resources/decoded/8-squash/pixels").stat().st_size == 20 * 8 * 8 * 3
    assert np.array_equal(prepare(folder).image("a/35.png"), found.image("a/35.png"))


def test_damaged_squares_are_one_line_with_their_folder(prepare, tmp_path):
    prepare(many(tmp_path / "flowers"))
    place = tmp_path / "resources/decoded/8-squash"
    content = bytearray((place / "pixels").read_bytes())
    content[100] ^= 1
    (place / "pixels").write_bytes(content)
    with pytest.raises(DamagedError, match="damaged: an image's pixels are not those") as caught:
        prepare(tmp_path / "flowers")
    assert list(caught.value.faults) == [place]


def test_several_processes_give_what_one_gives(prepare, tmp_path, monkeypatch):
    spoil(many(tmp_path / "flowers", count=120))
    one = prepare(tmp_path / "flowers")
    shutil.rmtree(tmp_path / "resources/decoded")
    two = prepare(tmp_path / "flowers", processes=2)
    assert one.dataset.digest == two.dataset.digest
    assert one.found.images == two.found.images
    assert one.said == two.said


def test_the_list_of_parts_is_what_was_prepared(prepare, tmp_path):
    found = prepare(many(tmp_path / "flowers"))
    part_list.write(tmp_path / "parts.csv", found.found.images)
    assert part_list.read(tmp_path / "parts.csv") == found.found.images
    assert part_list.digests(found.found.images) == found.dataset.meta["part_digests"]


def test_arrays_of_a_file_are_prepared_as_well(prepare, tmp_path):
    images = np.stack([pixels(seed) for seed in range(20)])
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(20) % 2)
    row, place = named(kind="npz", file=str(tmp_path / "a.npz")), tmp_path / "decoded"
    found = own_parts.prepare(row, SPLIT, 8, NO_LIMITS, place, 2, print)
    assert len(found.images) == 20
    first = np.concatenate(list(found.arrays["train_images"].blocks()))[0]
    path = next(image.path for image in found.images if image.part == "train")
    seed = int(path.rpartition("/")[2])
    assert np.array_equal(first, square(seed))
