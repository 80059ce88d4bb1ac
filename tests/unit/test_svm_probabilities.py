"""Probabilities of an SVM: the slope that is fitted, the coupling, and what a cell keeps of both."""

from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from sklearn.svm import SVC

import arrays
import studies
from bakeoff import saved
from bakeoff.cells import keeping
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources
from bakeoff.data import store
from bakeoff.families.svm import calibration, decisions
from bakeoff.families.svm.family import SvmFamily
from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.machine import Machine, from_svc, of_svc
from bakeoff.records import layout, written
from bakeoff.records.predictions import Kept
from bakeoff.records.record import Record

RANDOM = np.random.default_rng


def bare(classes: int) -> Machine:
    """Return a machine of which nothing but its classes is known."""
    none = np.zeros(0)
    pairs = classes * (classes - 1) // 2
    return Machine(Kernel("linear", 1.0), 1.0, np.arange(classes), none, none, none, none, np.zeros(pairs))


# The slope


def test_a_slope_by_which_decisions_were_drawn_is_found():
    decided = 3 * RANDOM(0).normal(size=200_000)
    right = RANDOM(1).random(len(decided)) < expit(0.7 * decided)
    assert calibration.slope(np.where(right, decided, -decided)) == pytest.approx(0.7, rel=0.02)


def test_it_is_where_the_regularised_log_loss_is_least():
    margins = RANDOM(0).normal(1, 1, (40, 9))
    target = (margins.size + 1) / (margins.size + 2)

    def loss(slope: float) -> float:
        sure = np.clip(expit(slope * margins), 1e-300, 1)
        return float(-(target * np.log(sure) + (1 - target) * np.log1p(-sure)).sum())

    found = calibration.slope(margins)
    assert loss(found) < min(loss(0.98 * found), loss(1.02 * found))


def test_decisions_without_a_mistake_have_a_finite_slope_that_grows_with_their_number():
    few, many = (calibration.slope(np.full(count, 0.5)) for count in (10, 1000))
    # All alike, each is as sure as its target: the logarithm of its odds is that of m + 1 to 1.
    assert [0.5 * few, 0.5 * many] == pytest.approx(np.log([11, 1001]))


@pytest.mark.parametrize("margins", [[], [0.0, 0.0], [-1.0, -2.0, 0.5], [1.0, -1.0]])
def test_decisions_no_better_than_chance_make_all_classes_equally_probable(margins):
    slope = calibration.slope(np.array(margins))
    assert slope == 0
    found = bare(4).probabilities(RANDOM(0).normal(size=(5, 6)), slope)
    assert np.allclose(found, 0.25)


def test_the_unit_of_decisions_does_not_matter():
    margins = RANDOM(0).normal(1, 1, 500)
    for unit in (1e-6, 1e9):
        assert calibration.slope(unit * margins) * unit == pytest.approx(calibration.slope(margins))


# The coupling


def test_of_two_classes_probabilities_are_the_sigmoid():
    decided = np.array([[-2.0], [0.0], [0.5]])
    found = bare(2).probabilities(decided, 3.0)
    assert np.allclose(found[:, 0], expit(3 * decided[:, 0]))
    assert np.allclose(found.sum(1), 1)


@pytest.mark.parametrize("classes", [3, 10, 41])
def test_pairs_that_fit_together_are_coupled_to_what_they_were_made_of(classes):
    expected = RANDOM(0).dirichlet(np.ones(classes), size=20)
    logits = np.log(expected)
    decided = np.stack([logits[:, a] - logits[:, b] for a, b in combinations(range(classes), 2)], axis=1)
    assert np.allclose(bare(classes).probabilities(decided / 2, 2.0), expected, atol=1e-6)


def test_the_coupling_is_the_formula_of_price_and_others():
    classes, decided = 5, RANDOM(0).normal(size=(7, 10))
    pairs = list(combinations(range(classes), 2))
    for row, found in zip(decided, bare(classes).probabilities(decided, 1.5), strict=True):
        r = {pair: expit(1.5 * value) for pair, value in zip(pairs, row, strict=True)}
        r |= {(b, a): 1 - value for (a, b), value in r.items()}
        inverse = [sum(1 / r[a, b] for b in range(classes) if b != a) - (classes - 2) for a in range(classes)]
        assert np.allclose(found, (1 / np.array(inverse)) / (1 / np.array(inverse)).sum())


def test_near_libsvm_s_own_coupling_of_the_same_pairs():
    x = RANDOM(0).normal(size=(120, 4))
    y = np.argmax(x[:, :3] + RANDOM(1).normal(0, 0.7, (120, 3)), axis=1)
    svc = SVC(kernel="linear", decision_function_shape="ovo").fit(x, y)
    slope, found = 1.3, of_svc(svc, x)
    ours = from_svc(svc).probabilities(found, slope)
    # libsvm's sigmoid is 1 / (1 + exp(A f + B)) of decisions positive for the first class.
    libsvm = svc.set_params(probability=True)
    libsvm._probA, libsvm._probB = np.full(3, -slope), np.zeros(3)
    libsvm._effective_probability = True
    # Two ways to couple pairs that do not fit together (Wu, Lin and Weng 2004): alike, not equal.
    assert np.abs(ours - libsvm.predict_proba(x)).max() < 0.05


def test_the_order_of_classes_does_not_matter():
    decided = RANDOM(0).normal(size=(6, 6))
    pairs = list(combinations(range(4), 2))
    expected = bare(4).probabilities(decided, 2.0)
    for order in permutations(range(4)):
        turned = np.empty_like(decided)
        for column, (a, b) in enumerate(pairs):
            first, second = order.index(a), order.index(b)
            place = pairs.index((min(first, second), max(first, second)))
            turned[:, place] = decided[:, column] if first < second else -decided[:, column]
        assert np.allclose(bare(4).probabilities(turned, 2.0), expected[:, order])


def test_the_surest_decisions_give_finite_probabilities_and_no_certainty():
    for size in (1e3, 1e30, 1e300):
        found = bare(300).probabilities(size * RANDOM(0).normal(size=(3, 300 * 299 // 2)), 1e3)
        assert np.isfinite(found).all()
        assert np.allclose(found.sum(1), 1)
        assert found.min() > 0


# Decisions on the own class


@pytest.mark.parametrize("classes", [2, 4])
def test_decisions_on_the_own_class_are_positive_where_they_are_right(classes):
    x = RANDOM(0).normal(size=(80, 3))
    y = np.arange(80) % classes
    machine = from_svc(svc := SVC(kernel="rbf", decision_function_shape="ovo").fit(x, y))
    # One of a class that it does not know is left out.
    rows, labels = x[:9], np.where(np.arange(9) == 4, classes, y[:9])
    by_pair = of_svc(svc, rows)
    expected = []
    for label in range(classes):
        for row in np.flatnonzero(labels == label):
            pairs = enumerate(combinations(range(classes), 2))
            own = [(pair, by_pair[row, column]) for column, pair in pairs if label in pair]
            expected.append([value if pair[0] == label else -value for pair, value in own])
    found = decisions.of_own_class(machine, rows, labels)
    assert np.allclose(found, expected)
    assert decisions.of_own_class(machine, rows, np.full(9, classes)).shape == (0, classes - 1)


# A cell

FOLDS = (None, 3)


@pytest.fixture(
    scope="module", params=[(engine, folds) for engine in ("sklearn", "pairwise") for folds in FOLDS]
)
def finished(request, tmp_path_factory) -> tuple[SvmFamily, Record, Path]:
    """A finished cell, without folds and with them."""
    engine, folds = request.param
    folder = tmp_path_factory.mktemp("cell")
    data = store.load(arrays.save(folder / "tiny.npz", noise=160, folds=folds), "images")
    family = SvmFamily(data, "linear", [{"C": [1e-4, 1e-2]}], Resources(engine))
    path = folder / "tiny" / "svm_linear_cpu.json"
    cell.run_cell(family, path, 1, [])
    return family, written.read(path), path


def answers(record: Record, path: Path):
    kept = Kept(layout.beside(path, "predictions"), record.data)
    (number,) = [n for n, _ in enumerate(record.runs) if (got := kept.test(n)) and got.scores.shape[1]]
    return record.runs[number], kept.test(number)


def test_the_chosen_run_alone_has_probabilities(finished):
    _, record, path = finished
    run, given = answers(record, path)
    assert record.scores == "probabilities"
    assert run.settings == record.best.settings
    assert given.right.mean() == pytest.approx(run.test_accuracy)
    assert np.allclose(given.scores.sum(1), 1)
    assert "one sigmoid" in record.calibration


def test_the_saved_model_says_the_same_probabilities(finished):
    family, record, path = finished
    numbers, scores = saved.load(path.parent / record.saved.file)(family.dataset.parts["test"].images)
    _, given = answers(record, path)
    assert np.array_equal(numbers, given.predictions)
    assert np.allclose(scores, given.scores, atol=1e-6)


def test_it_is_calibrated_by_images_that_it_was_not_fitted_to(finished):
    family, record, _ = finished
    assert record.saved.parameters["calibrated_on"] == record.data.validated
    margins = []
    for fold in family.dataset.fold_names:
        train, held = family.dataset.fold(fold)
        settings = record.best.settings
        svc = SVC(C=settings["C"], kernel="linear", decision_function_shape="ovo")
        scale = train.images.reshape(len(train), -1) / 255
        mean, deviation = scale.mean(0), scale.std(0)
        svc.fit((scale - mean) / deviation, train.labels)
        rows = (held.images.reshape(len(held), -1) / 255 - mean) / deviation
        margins.append(decisions.of_own_class(from_svc(svc), rows, held.labels))
    expected = calibration.slope(np.concatenate(margins))
    # Machines stop at a tolerance, and the two engines not at the same place within it.
    assert record.saved.parameters["slope"] == pytest.approx(expected, rel=0.05)


def test_neither_labels_nor_images_of_the_test_part_change_the_slope(finished, tmp_path):
    family, record, path = finished
    test = family.dataset.parts["test"]
    other = store.Part(test.images[::-1], (test.labels + 1) % 3)
    data = store.Dataset({**family.dataset.parts, "test": other}, family.dataset.meta, family.dataset.folds)
    again = SvmFamily(data, "linear", [{"C": 1.0}], family._resources)
    run, _ = answers(record, path)
    again.calibrated(run, path.parent / record.saved.file).save_model(tmp_path / "m.safetensors")
    about = saved.signature.read(tmp_path / "m.safetensors").parameters
    assert about == dict(record.saved.parameters)


def test_a_second_call_takes_the_probabilities_from_the_journal(finished, monkeypatch):
    family, record, path = finished
    before = studies.read(path), answers(record, path)[1].scores
    monkeypatch.setattr(SvmFamily, "calibrated", None)
    cell.run_cell(family, path, 1, [])
    assert studies.read(path)["saved"] == before[0]["saved"]
    assert np.array_equal(answers(written.read(path), path)[1].scores, before[1])


def test_what_was_kept_and_is_lost_is_made_again(finished):
    family, record, path = finished
    before = answers(record, path)[1].scores
    for file in layout.beside(path, "journal").glob(f"*{keeping.TEST}"):
        file.unlink()
    cell.run_cell(family, path, 1, [])
    assert np.allclose(answers(written.read(path), path)[1].scores, before, atol=1e-6)


def test_a_model_that_was_not_calibrated_has_no_scores(finished, tmp_path):
    family, _, _ = finished
    (plan, *_) = family.plans(cell.requests(family))
    fitted = next(iter(family.fit(plan, cell.Progress("svm", plan.work))))
    fitted.save_model(tmp_path / "m.safetensors")
    ready = saved.load(tmp_path / "m.safetensors")
    for count in (0, 5):
        numbers, scores = ready(family.dataset.parts["test"].images[:count])
        assert (numbers.shape, scores.shape) == ((count,), (count, 0))
