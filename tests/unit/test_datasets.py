import dataclasses
from pathlib import Path

import numpy as np
import pytest

import arrays
import originals
import studies
from bakeoff.command import UserError
from bakeoff.data import known, prepare, store
from bakeoff.data.kinds.originals import FILES
from bakeoff.data.raw import Raw
from bakeoff.data.rows import DATASETS
from bakeoff.data.split import Split
from bakeoff.records import written
from bakeoff.records.parts import PARTS, Data
from originals import fetch

PUBLISHED = Split(train=0.7, validation=0.1, holdout=0.2, seed=42, test=0.2)


def silent(_: str) -> None:
    pass


# Split and resize


def test_the_published_split_has_the_published_sizes_and_is_disjoint_and_complete():
    parts, test = prepare.split_indices(60_000, PUBLISHED, 10_000, None, None)
    assert {name: len(rows) for name, rows in parts.items()} == {
        "train": 42_000,
        "validation": 6_000,
        "holdout": 12_000,
    }
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(60_000))
    assert np.array_equal(test, np.arange(10_000))


def test_the_split_is_that_of_random_split_with_the_published_seed():
    import torch
    from torch.utils.data import random_split

    generator = torch.Generator().manual_seed(42)
    theirs = random_split(range(60_000), [42_000, 6_000, 12_000], generator)
    ours, _ = prepare.split_indices(60_000, PUBLISHED, 10_000, None, None)
    for subset, rows in zip(theirs, ours.values(), strict=True):
        assert np.array_equal(subset.indices, rows)


def test_another_seed_is_another_split():
    other = dataclasses.replace(PUBLISHED, seed=1)
    a, b = (prepare.split_indices(1000, split, 0, None, None)[0]["train"] for split in (PUBLISHED, other))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("count", [9, 10, 11, 203])
def test_without_a_holdout_every_image_is_in_another_part(count):
    split = Split(train=0.75, validation=0.25)
    parts, test = prepare.split_indices(count, split, 0, None, None)
    assert len(parts["holdout"]) == 0
    rows = np.concatenate([parts["train"], parts["validation"], test])
    assert np.array_equal(np.sort(rows), np.arange(count))
    assert split.counts(count, 0, None, None) == {
        **{part: len(each) for part, each in parts.items()},
        "test": len(test),
    }


def test_another_part_may_not_be_empty():
    with pytest.raises(UserError, match="the validation part is empty"):
        prepare.split_indices(5, Split(train=0.9, validation=0.1), 0, None, None)


def test_limits_take_a_random_sample_and_keep_the_shares():
    parts, test = prepare.split_indices(60_000, PUBLISHED, 10_000, 1000, 500)
    assert [len(rows) for rows in parts.values()] == [700, 100, 200]
    assert len(np.unique(np.concatenate(list(parts.values())))) == 1000
    assert len(np.unique(test)) == 500
    assert test.max() > 9000
    assert np.all(np.diff(test) > 0)


def test_a_limit_beyond_the_data_changes_nothing():
    limited = prepare.split_indices(100, PUBLISHED, 50, 1000, 1000)
    plain = prepare.split_indices(100, PUBLISHED, 50, None, None)
    assert all(np.array_equal(limited[0][part], plain[0][part]) for part in plain[0])
    assert np.array_equal(limited[1], plain[1])


def test_without_an_official_test_set_a_share_is_set_aside_and_never_trained_on():
    parts, test = prepare.split_indices(1797, PUBLISHED, 0, None, None)
    everything = np.concatenate([*parts.values(), test])
    assert len(test) == 359
    assert np.array_equal(np.sort(everything), np.arange(1797))


@pytest.mark.parametrize(
    ("limits", "named"),
    [((5, None), "validation"), ((None, 0), "test"), ((1, None), "train")],
)
def test_an_empty_part_is_an_error_that_names_the_cure(limits, named):
    with pytest.raises(UserError, match=f"the {named} part is empty: raise limit_train, limit_test"):
        prepare.split_indices(1000, PUBLISHED, 100, *limits)


@pytest.mark.parametrize("size", [32, 20])
def test_resizing_is_torchvisions(size):
    from PIL import Image
    from torchvision.transforms import Resize

    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    theirs = [np.asarray(Resize((size, size))(Image.fromarray(image))) for image in images]
    assert np.array_equal(prepare.resize(images, size), np.stack(theirs))


def test_images_of_the_wanted_size_are_left_alone():
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    assert np.array_equal(prepare.resize(images, 28), images)


@pytest.fixture(scope="module")
def digits() -> Raw:
    return fetch("digits", None, silent)


def test_digits_come_with_the_package_and_use_all_grey_levels(digits):
    assert digits.train_images.shape == (1797, 8, 8)
    assert digits.train_images.dtype == np.uint8
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 255)
    assert len(np.unique(digits.train_images)) == 17
    assert len(digits.test_images) == 0


def test_digits_are_prepared_with_images_and_labels_together(digits):
    made = prepare.prepare(digits, PUBLISHED, 16, None, None)
    assert made["train_resized"].shape == (1006, 16, 16)
    assert made["train_images"].shape == (1006, 8, 8)
    assert len(made["test_labels"]) == 359
    # An image says which row of the original it is: its label must be that row's.
    rows = {
        image.tobytes(): label for image, label in zip(digits.train_images, digits.train_labels, strict=True)
    }
    for part in PARTS:
        pairs = zip(made[f"{part}_images"], made[f"{part}_labels"], strict=True)
        assert all(rows[image.tobytes()] == label for image, label in pairs)
    assert np.array_equal(made["test_resized"], prepare.resize(made["test_images"], 16))


def test_an_official_test_set_is_the_test_part():
    random = np.random.default_rng(0)
    train, test = (random.integers(0, 256, (count, 6, 6)).astype(np.uint8) for count in (100, 30))
    raw = Raw(train, np.arange(100) % 10, test, np.arange(30) % 10, tuple("0123456789"), True, "made up")
    made = prepare.prepare(raw, PUBLISHED, 6, None, None)
    assert np.array_equal(made["test_images"], test)
    assert np.array_equal(made["test_labels"], np.arange(30) % 10)
    held = {
        image.tobytes() for part in ("train", "validation", "holdout") for image in made[f"{part}_images"]
    }
    assert held == {image.tobytes() for image in train}


# Store


def test_an_original_comes_back_as_it_was_saved(tmp_path, digits):
    store.save_raw(tmp_path / "new" / "digits.npz", digits)
    back = store.load_raw(tmp_path / "new" / "digits.npz")
    assert np.array_equal(back.train_images, digits.train_images)
    assert back.test_labels.shape == (0,)
    assert back.source == digits.source


def test_a_prepared_data_set_comes_back_in_either_form(tmp_path):
    made = arrays.prepared()
    for part in PARTS:
        made[f"{part}_resized"] = made[f"{part}_resized"][:, ::2, ::2]
    store.save_prepared(tmp_path / "tiny.npz", made, arrays.about("tiny", 3, 8))
    original, resized = (store.load(tmp_path / "tiny.npz", form) for form in ("images", "resized"))
    assert np.array_equal(original.parts["train"].images, made["train_images"])
    assert np.array_equal(resized.parts["train"].images, made["train_resized"])
    assert np.array_equal(resized.parts["test"].labels, made["test_labels"])
    assert resized.meta["counts"] == arrays.COUNTS
    assert resized.describe((3, 4, 4)).input_shape == (3, 4, 4)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.npz"]


def test_a_data_set_without_a_holdout_comes_back_and_holds_back_its_test_set_alone(tmp_path):
    found = store.load(arrays.save(tmp_path / "tiny.npz", counts={"holdout": 0}), "images")
    assert list(found.held_back) == ["test"]
    assert found.describe((64,)).counts.holdout == 0
    whole = store.load(arrays.save(tmp_path / "whole.npz"), "images")
    assert list(whole.held_back) == ["holdout", "test"]


def digest(path: Path, made: dict[str, np.ndarray]) -> str:
    store.save_prepared(path, made, arrays.about("tiny", 4, 8))  # a label more than any image has
    return store.load(path, "images").meta["digest"]


def test_the_digest_depends_on_every_array_and_nothing_else(tmp_path):
    first = digest(tmp_path / "a.npz", arrays.prepared())
    assert digest(tmp_path / "b.npz", dict(reversed(arrays.prepared().items()))) == first
    for name in arrays.prepared():
        changed = {key: array.copy() for key, array in arrays.prepared().items()}
        changed[name].flat[-1] ^= 1
        assert digest(tmp_path / "c.npz", changed) != first, name


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match=r"mnist\.npz: no such file; `snakemake .*mnist\.npz` makes it"):
        store.load(tmp_path / "mnist.npz", "images")


def test_prepare_dataset_notes_what_a_record_has_to_say(tmp_path, digits):
    import prepare_dataset

    store.save_raw(tmp_path / "raw.npz", digits)
    split = dataclasses.asdict(PUBLISHED)
    options = prepare_dataset.Options(tmp_path / "raw.npz", "digits", split, 16, tmp_path / "d.npz", 500, 50)
    prepare_dataset.main(options)
    found = store.load(tmp_path / "d.npz", "resized")
    assert found.meta["counts"] == {"train": 350, "validation": 50, "holdout": 100, "test": 50}
    assert (found.meta["limit_train"], found.meta["limit_test"]) == (500, 50)
    assert found.meta["classes"] == list("0123456789")
    assert found.meta["image_shape"] == [8, 8]
    assert found.meta["grey"] is True
    assert found.meta["fingerprints"] == {}
    assert found.meta["source"].startswith("scikit-learn ")


# Fingerprints of the originals


def fetched(folder: Path, contents: dict[str, bytes]) -> Raw:
    """Return the tiny MNIST as a file of an original gives it back."""
    raw = fetch("mnist", str(originals.fill(folder / "data", contents)), silent)
    store.save_raw(folder / "raw.npz", raw)
    return store.load_raw(folder / "raw.npz")


def of_fingerprints(found: dict[str, str]) -> Data:
    """Return what a record says of data of these originals."""
    data = written.from_json(studies.small()[0]).data
    return dataclasses.replace(data, fingerprints=found)


def test_an_original_of_the_catalog_is_known_by_its_arrays(tmp_path, contents):
    found = known.fingerprints(fetched(tmp_path, contents))
    assert found == DATASETS.named("mnist").row.digests
    assert list(found) == list(FILES)
    assert known.original(of_fingerprints(found)) == "mnist"


def test_a_prepared_data_set_says_what_originals_it_was_made_of_under_any_name(tmp_path, contents):
    import prepare_dataset

    fetched(tmp_path, contents)
    split = {"train": 0.4, "validation": 0.2, "holdout": 0.4}
    options = prepare_dataset.Options(tmp_path / "raw.npz", "fashion", split, 8, tmp_path / "fashion.npz")
    prepare_dataset.main(options)
    found = store.load(tmp_path / "fashion.npz", "images").describe((64,))
    assert known.original(found) == "mnist"


@pytest.mark.parametrize("array", ["train_images", "train_labels", "test_images", "test_labels"])
def test_images_or_labels_that_are_not_quite_an_original_are_none(tmp_path, contents, array):
    raw = fetched(tmp_path, contents)
    changed = getattr(raw, array).copy()
    changed.flat[-1] ^= 1
    assert known.fingerprints(dataclasses.replace(raw, **{array: changed})) == {}


def test_labels_beyond_a_byte_are_not_taken_for_those_that_end_in_the_same_one(tmp_path, contents):
    raw = fetched(tmp_path, contents)
    beyond = dataclasses.replace(raw, train_labels=raw.train_labels + 256)
    assert known.fingerprints(beyond) == {}


def test_a_prepared_data_set_of_an_earlier_version_is_read(tmp_path):
    about = arrays.about("tiny", 3, 8)
    del about["fingerprints"]
    store.save_prepared(tmp_path / "tiny.npz", arrays.prepared(), about)
    assert store.load(tmp_path / "tiny.npz", "images").describe((1,)).fingerprints is None
