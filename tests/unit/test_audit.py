"""The audit of images: planted copies, leaks, shortcuts and groups are found, and nothing that is not."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import arrays
from bakeoff.analysis import audited
from bakeoff.audit import copies, groups, images, likeness, look, neighbours, odd, shortcuts, sources, whole
from bakeoff.command import UserError
from bakeoff.data import leaks, store
from bakeoff.records import audit as records
from images_drawn import drawn

EACH, CLASSES = 60, ("blue", "green", "red")
# Of the shapes that are drawn, half their sides at least and at most; the deviation of the noise.
SIDES, NOISE = (5, 28), 6.0


def quiet(line: str) -> None:
    """Take what the audit says meanwhile."""


def shifted(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image)
    return Image.fromarray(np.concatenate([pixels[:, :1], pixels[:, :1], pixels[:, :-2]], axis=1))


def save(image: Image.Image, path: Path, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


NEAR = {
    "jpeg": lambda image, path: save(image, path.with_suffix(".jpg"), quality=60),
    "shift": lambda image, path: save(shifted(image), path.with_suffix(".png")),
    "mirror": lambda image, path: save(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), path),
    "smaller": lambda image, path: save(image.resize((60, 45)), path),
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Path:
    """Return a folder of train and test, with copies in the test part and one label that contradicts."""
    random, root = np.random.default_rng(5), tmp_path_factory.mktemp("planted") / "set"
    made = []
    for number in range(EACH * len(CLASSES)):
        image, label = drawn(random, 96, 72, SIDES, NOISE), CLASSES[number % len(CLASSES)]
        save(image, root / "train" / label / f"{number}.png")
        made.append((image, label))
    for number in range(12):
        save(drawn(random, 96, 72, SIDES, NOISE), root / "test" / CLASSES[number % 3] / f"own{number}.png")
    for number, (how, make) in enumerate(NEAR.items()):
        for again in range(2):
            image, label = made[2 * number + again]
            make(image, root / "test" / label / f"{how}{again}.png")
    save(made[20][0], root / "test" / made[20][1] / "equal.png", optimize=True)
    save(made[31][0], root / "train" / made[32][1] / "other_label.png", optimize=True)
    return root


@pytest.fixture(scope="module")
def found(planted) -> records.Audit:
    return whole.audit(sources.read(planted, "", None, 1), 1, quiet)[0]


def test_equal_pixels_are_found_whatever_their_files_are(found):
    assert (found.copies.groups, found.copies.images) == (2, 4)
    assert (found.copies.across_parts, found.copies.across_classes) == (1, 1)
    leaked = next(group for group in found.copies.listed if len({each.part for each in group}) > 1)
    assert {Path(each.path).stem for each in leaked} == {"20", "equal"}
    assert len(found.copies.leaked) == 1


def test_every_near_copy_is_suspected_and_nothing_else(found):
    pairs = {frozenset(Path(each.path).stem for each in (p.first, p.second)) for p in found.near.listed}
    planted = {
        frozenset((str(2 * number + again), f"{how}{again}"))
        for number, how in enumerate(NEAR)
        for again in (0, 1)
    }
    assert pairs == planted
    assert found.near.across_parts == found.near.pairs == len(planted)
    assert {Path(each.first.path).stem for each in found.near.listed if each.mirrored} | {
        Path(each.second.path).stem for each in found.near.listed if each.mirrored
    } >= {"mirror0", "mirror1"}
    assert len(found.near.suspected) == len(planted)


def test_copies_made_on_purpose_say_what_was_looked_for(found):
    made = {how: each.found / each.made for how, each in found.trials.items()}
    assert min(made[how] for how in ("stored as JPEG anew", "shifted", "mirrored")) > 0.9


def test_what_was_found_is_said_in_sentences_and_kept_as_json(found, tmp_path):
    said = "\n".join(audited.lines(found))
    assert "1 test image can be known by heart" in said
    assert "8 pairs of images look like copies" in said
    assert "several labels" in said
    place = tmp_path / "audit.json"
    records.write(place, found)
    assert json.loads(place.read_text(encoding="utf-8"))["format"] == 1
    assert records.read(place) == found


def test_images_that_are_all_alike_are_no_copies_and_the_page_says_what_was_not_looked_for():
    random = np.random.default_rng(0)
    base = random.integers(0, 256, (12, 12))
    alike = np.clip(base + random.normal(0, 3, (300, 12, 12)), 0, 255).astype(np.uint8)
    given = of_arrays(alike)
    fields = copies.fields(given, 1)
    assert copies.near(fields) == []


def of_arrays(pixels, labels=None, paths=None, parts=None, classes=("a", "b"), files=False, looks=None):
    looks = looks or [look.of_pixels(each) for each in pixels]
    n = len(looks)
    return images.Images(
        looks,
        np.zeros(n, np.int64) if labels is None else np.asarray(labels),
        parts or ["train"] * n,
        list(range(n)),
        paths or [f"train/{number}" for number in range(n)],
        None,
        classes,
        files,
    )


def test_prepared_parts_are_audited_without_their_files(tmp_path):
    path = arrays.save(tmp_path / "tiny.npz")
    given = sources.read(path, "", None, 1)
    data = store.load(path, "images")
    assert (given.dataset, given.digest) == (data.name, data.main_digest)
    audit, _ = whole.audit(given, 1, quiet)
    assert audit.parts == {part: len(each) for part, each in data.parts.items()}
    assert [each.by for each in audit.shortcuts if each.by in audited.STORED] == []


# Shortcuts


def stored(labels, size=lambda random, label: random.integers(2000, 3000), seed=0):
    """Return images of which nothing but the size of their files may tell the class."""
    random = np.random.default_rng(seed)
    plain = look.of_pixels(np.full((8, 8), 100, np.uint8))
    looks = [
        plain._replace(digest=str(n), bytes=int(size(random, label)), colour=tuple(random.normal(100, 9, 3)))
        for n, label in enumerate(labels)
    ]
    return of_arrays(None, labels, looks=looks, files=True)


def test_a_class_stored_in_another_way_is_a_shortcut():
    labels = np.arange(200) % 2
    found = shortcuts.shortcuts(
        stored(labels, lambda random, label: random.integers(2000, 3000) + 700 * label)
    )
    assert {each.by: each.warned for each in found} == {"file size": True, "mean colour": False}
    assert all(each.low <= each.recall <= each.high for each in found)


def test_without_a_shortcut_none_is_claimed():
    labels = np.arange(120) % 3
    claimed = [
        each.by
        for seed in range(20)
        for each in shortcuts.shortcuts(stored(labels, seed=seed))
        if each.warned
    ]
    assert claimed == []


def test_copies_are_never_on_both_sides_of_a_shortcut():
    # Twenty contents of each class, ten times over: by heart all could be told.
    labels = np.arange(400) % 2
    by_content = np.random.default_rng(1).normal(100, 9, (40, 3))
    looks = [
        each._replace(digest=str(n % 40), bytes=0, colour=tuple(by_content[n % 40]))
        for n, each in enumerate(stored(labels).looks)
    ]
    [found] = shortcuts.shortcuts(of_arrays(None, labels, looks=looks))
    assert (found.images, found.warned) == (40, False)


# Groups


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("{label}/patient{group:02}_{number}.png", "patient00"),
        ("{label}/session {group}/{number}.png", "session 0"),
        ("{label}/f{group}x/{number}.png", "f0x"),
    ],
)
def test_names_that_look_like_groups_across_parts_are_a_suspicion(path, group):
    n = 80
    paths = [path.format(label="ab"[k % 2], group=k // 8, number=k) for k in range(n)]
    parts = ["train" if k % 3 else "test" for k in range(n)]
    found = groups.grouping(of_arrays(None, np.arange(n) % 2, paths, parts, files=True, looks=[PLAIN] * n))
    assert found is not None
    assert (found.groups, found.example) == (10, group)
    assert found.crossing == 10


PLAIN = look.of_pixels(np.full((8, 8), 100, np.uint8))


@pytest.mark.parametrize(
    "path", ["{label}/{number}.png", "{label}/IMG_{number:04}.png", "{label}/{label}_{number}.png"]
)
def test_names_that_only_count_or_name_the_class_are_none(path):
    n = 80
    paths = [path.format(label="ab"[k % 2], number=k) for k in range(n)]
    given = of_arrays(None, np.arange(n) % 2, paths, ["train", "test"] * 40, files=True, looks=[PLAIN] * n)
    assert groups.grouping(given) is None


# Odd images


def test_odd_images_are_counted_with_examples():
    random = np.random.default_rng(2)
    pixels = [random.integers(90, 160, (20, 20)).astype(np.uint8) for _ in range(60)]
    pixels[7] = np.full((20, 20), 100, np.uint8)
    pixels[9] = (pixels[9] // 16).astype(np.uint8)
    pixels[11] = np.repeat(pixels[11], 4, axis=1)
    found = odd.odd(of_arrays(pixels))
    assert [each.row for each in found["constant"].examples] == [7]
    assert 9 in {each.row for each in found["much darker than others"].examples}
    assert [each.row for each in found["of another shape than others"].examples] == [11]
    sizes = odd.sizes(of_arrays(pixels))
    assert (sizes.kinds, sizes.columns, sizes.far) == (2, (20, 80), 1)


def test_grey_that_is_stored_as_colour_is_said():
    grey = np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2)
    assert look.of_pixels(grey).mode == look.GREY_AS_COLOUR
    assert look.of_pixels(grey).digest == look.of_pixels(grey[..., 0]).digest


def test_a_file_says_its_own_size_and_quantisation():
    file = io.BytesIO()
    drawn(np.random.default_rng(0), 400, 300, SIDES, NOISE).save(file, "JPEG", quality=50)
    small = Image.open(io.BytesIO(file.getvalue()))
    small.draft(None, (100, 100))
    small.load()
    found = look.of_file(SimpleNamespace(image=small, notes=()), file.getvalue())
    assert found.size == (300, 400)
    assert found.quality > 0
    assert found.small.shape == (look.SIDE, look.SIDE)


# The search


def test_an_index_finds_the_nearest_of_many():
    random = np.random.default_rng(3)
    vectors = random.normal(size=(3000, 8)).astype(np.float32)
    asked = vectors[:100] + random.normal(0, 0.01, (100, 8)).astype(np.float32)
    distances, numbers = neighbours.index(vectors).nearest(asked, 5)
    assert (numbers[:, 0] == np.arange(100)).mean() > 0.97
    assert (np.diff(distances, axis=1) >= 0).all()


@pytest.mark.parametrize("change", [lambda a: a, lambda a: np.roll(a, 2, axis=1), lambda a: a[:, ::-1]])
def test_a_shift_and_a_mirror_are_undone_before_pixels_are_compared(change):
    image = np.random.default_rng(4).integers(0, 256, (2, 32, 32)).astype(np.uint8)
    one, other = image[:1], np.ascontiguousarray(change(image[0]))[None]
    zero = np.zeros(1, np.intp)
    apart, _ = likeness.unlike(one, zero, other, zero, 1)
    assert apart[0] < 1e-4
    strangers, _ = likeness.unlike(one, zero, image[1:], zero, 1)
    assert strangers[0] > 0.5


# Leaks


def test_what_is_learnt_from_and_held_back_is_left_out_of_what_is_learnt():
    strata = [
        ("train", 0),
        ("train", 0),
        ("validation", 0),
        ("validation", 0),
        ("test", 0),
        ("test", 1),
        ("train", 1),
        ("train", 0),
    ]
    digests = ["a", "b", "b", "c", "a", "d", "e", "f"]
    assert leaks.staying(strata, digests, ["x", "y"], "drop") == [False, False] + [True] * 6
    assert all(leaks.staying(strata, digests, ["x", "y"], "report"))


def test_a_class_that_would_lose_its_last_image_is_named():
    with pytest.raises(UserError, match=r"class y: all its images in train are copies .* on_leak: report"):
        leaks.staying([("train", 0), ("train", 1), ("test", 1)], ["a", "b", "b"], ["x", "y"], "drop")
