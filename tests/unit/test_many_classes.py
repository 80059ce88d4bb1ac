"""More classes than a byte tells apart: what is known of an image is the same on every way that it goes."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import arrays
import fits
import studies
from bakeoff import saved
from bakeoff.analysis import mistakes
from bakeoff.cells import keeping, timed
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources, requests
from bakeoff.command import UserError
from bakeoff.data import prepare, store
from bakeoff.data.raw import Raw
from bakeoff.data.split import Split
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.svm.family import SvmFamily
from bakeoff.records import predictions, written
from bakeoff.records.parts import PARTS
from bakeoff.records.predictions import Answers, Kept

CLASSES = 300
# Those whose numbers end in the same byte among them, on both sides of where it ends.
SEEN = (0, 1, 43, 255, 256, 257, 299)
COUNTS = {part: 8 * len(SEEN) for part in PARTS}
NETWORK = {"batch_size": 8, "learning_rate": 0.001, "epochs": 3, "precision": "fp32"}
CODE = [Path(arrays.__file__)]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("data") / "wide.npz"
    return arrays.save(place, classes=CLASSES, seen=SEEN, counts=COUNTS, noise=10)


def machines(path: Path, engine: str) -> SvmFamily:
    return SvmFamily(store.load(path, "images"), "linear", [{"C": [1.0, 10.0]}], Resources(engine))


def network(path: Path, _: str) -> NetworkFamily:
    return NetworkFamily(store.load(path, "resized"), *fits.rows("resnet18", "adam"), "cpu", [NETWORK], [0])


# On disk


@pytest.mark.parametrize(
    ("classes", "kept"), [(3, "uint8"), (256, "uint8"), (257, "uint16"), (65_537, "uint32")]
)
def test_labels_are_kept_in_the_smallest_type_and_read_as_they_were(tmp_path, classes, kept):
    file = arrays.save(tmp_path / "wide.npz", classes=classes, seen=(0, classes - 1), size=2)
    with np.load(file) as found:
        assert {found[f"{part}_labels"].dtype.name for part in PARTS} == {kept}
    labels = store.load(file, "images").parts["test"].labels
    assert labels.dtype == np.int64
    assert np.array_equal(labels, np.resize([0, classes - 1], len(labels)))


def test_the_digest_is_of_what_is_kept_whatever_lies_in_memory(tmp_path):
    made = arrays.prepared()
    small = made | {f"{part}_labels": made[f"{part}_labels"].astype(np.uint8) for part in PARTS}
    expected = hashlib.sha256()
    for name in sorted(small):
        expected.update(f"{name}{small[name].shape}".encode() + small[name].tobytes())
    for number, each in enumerate((made, small)):
        store.save_prepared(tmp_path / f"{number}.npz", each, arrays.about("tiny", 3, 8))
        assert store.load(tmp_path / f"{number}.npz", "images").meta["digest"] == expected.hexdigest()


def test_an_original_of_many_classes_comes_back_and_is_prepared(tmp_path):
    images, labels = np.zeros((600, 2, 2), np.uint8), np.arange(600) % CLASSES
    names = tuple(map(str, range(CLASSES)))
    store.save_raw(tmp_path / "raw.npz", Raw(images, labels, images[:0], labels[:0], names, True, "made"))
    raw = store.load_raw(tmp_path / "raw.npz")
    assert np.array_equal(raw.train_labels, labels)
    made = prepare.prepare(raw, Split(train=0.6, validation=0.2, holdout=0.2), 8, None, None)
    assert set(np.concatenate([made[f"{part}_labels"] for part in PARTS])) == set(range(CLASSES))
    with pytest.raises(UserError, match=r"d\.npz: not written: a label is 299, of 10 classes; name its"):
        store.save_prepared(tmp_path / "d.npz", made, arrays.about("digits", 10, 2))
    assert not (tmp_path / "d.npz").exists()


def test_an_answer_that_is_no_class_is_never_written_as_another(tmp_path):
    labels = {"validation": np.arange(3), "test": np.arange(3)}
    for wrong in (np.array([0, 1, 256]), np.array([-1, 0, 1])):
        with pytest.raises(ValueError, match=r"class numbers from -?\d to \d+, of 256 classes"):
            predictions.save(tmp_path / "a.npz", labels, 256, [Answers(wrong)])
    assert not (tmp_path / "a.npz").exists()


def test_a_number_beyond_any_class_is_one_line(tmp_path):
    file = arrays.save(tmp_path / "tiny.npz")
    with np.load(file) as content:
        found = dict(content)
    found["test_labels"] = np.full(len(found["test_labels"]), 2**64 - 1, np.uint64)
    np.savez(file, **found)
    with pytest.raises(UserError, match="test_labels holds 18446744073709551615, which is no class"):
        store.load(file, "images")


# Through a cell


@pytest.mark.parametrize(
    ("make", "engine"), [(machines, "sklearn"), (machines, "pairwise"), (network, "resident")]
)
def test_a_cell_learns_all_classes_and_its_answers_are_read_as_they_were_given(
    path, tmp_path, make, engine, short_and_steady
):
    family = make(path, engine)
    place = tmp_path / "wide" / "cell.json"
    cell.run_cell(family, place, 1, CODE)
    record = studies.read(place)
    run, labels = record["best"], family.dataset.parts["test"].labels
    kept = Kept(place.parent / "predictions" / "cell.npz", written.read(place).data)
    given = kept.test(next(n for n, r in enumerate(record["runs"]) if r["settings"] == run["settings"]))
    kept.check()
    assert np.array_equal(given.labels, labels)
    assert given.labels.dtype == given.predictions.dtype == np.int64
    # Of a machine the class with most votes is not always the most probable one.
    assert (given.predictions == given.scores.argmax(1)).mean() >= (1 if make is network else 0.9)
    assert given.predictions.max() > 255
    assert run["test_accuracy"] == pytest.approx(given.right.mean())
    assert run["validation_accuracy"] == pytest.approx(kept.validation(0).right.mean())
    counts = mistakes.matrix(given.labels, given.predictions, CLASSES)
    assert np.trace(counts) == given.right.sum()
    with np.load(kept.path) as found:
        assert {found[name].dtype.name for name in ("labels", "validation", "test")} == {"uint16"}
    predictor = saved.load(place.parent / record["saved"]["file"])
    assert np.array_equal(predictor(family.dataset.parts["test"].images)[0], given.predictions)


def test_the_journal_keeps_answers_in_the_type_of_the_file(path, tmp_path):
    cell.run_cell(machines(path, "sklearn"), tmp_path / "wide" / "cell.json", 1, CODE)
    files = list((tmp_path / "wide" / "journal" / "cell").glob(f"*{keeping.VALIDATION}"))
    assert [np.load(file).dtype.name for file in files] == ["uint16"] * 2


def test_timed_runs_keep_what_they_answered(path, tmp_path):
    family = SvmFamily(store.load(path, "images"), "linear", [{"C": 1.0}], Resources("sklearn"))
    place = tmp_path / "wide" / "alone" / "cell.json"
    timed.in_turns([timed.Timed(family, requests(family), place, "alone", 2, CODE)], 1)
    kept = Kept(place.parent / "predictions" / "cell.npz", written.read(place).data)
    assert all(set(kept.test(number).predictions) == set(SEEN) for number in range(2))
