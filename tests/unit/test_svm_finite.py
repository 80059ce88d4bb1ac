"""Numbers that are not finite are refused, or become a run that says so; every engine does the same."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

import arrays
import studies
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources
from bakeoff.command import UserError
from bakeoff.data import scaling, store
from bakeoff.families.svm import engines, kernels, pairwise, sound
from bakeoff.families.svm.blocks import Problem
from bakeoff.families.svm.family import SvmFamily
from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.task import Lost, Outcome, Task

pytestmark = pytest.mark.numeric

ENGINES = ("pairwise", "sklearn")
GOOD = Problem(Kernel("rbf", 0.02), 1.0)


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = load_digits(return_X_y=True)
    x = StandardScaler().fit_transform(x.astype(np.float32))
    return x[:300], y[:300], x[300:400]


def outcomes(engine, x, y, rest, *wanted) -> list[Outcome | Lost]:
    task = Task({"train": x, "test": rest}, y, list(wanted), Resources(engine), lambda share: None)
    return list(engines.ENGINES[engine](task))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_feature_that_is_not_finite_is_refused_in_one_line(engine, part, value):
    x, y, rest = digits()
    {"train": x, "test": rest}[part][7, 3] = value
    said = rf"^1 of [\d,]+ feature values \({part}\) are not finite .*row 7, column 3$"
    with pytest.raises(UserError, match=said):
        outcomes(engine, x, y, rest, GOOD)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_constant_feature_divided_by_its_deviation_is_refused(engine):
    x, y, rest = digits()
    x[:, 5] = 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled, others = ((rows - x.mean(0)) / x.std(0) for rows in (x, rest))
    with pytest.raises(UserError, match="not finite"):
        outcomes(engine, scaled, y, others, GOOD)


def test_whoever_calls_the_solver_directly_is_refused_too():
    x, y, _ = digits()
    x[0, 0] = np.nan
    with pytest.raises(UserError, match="not finite"):
        pairwise.fit(x, y, [GOOD])


OVERFLOWING = (
    (Kernel("poly", 1e3, 9), 1.0),
    (Kernel("poly", 1.0, 30), 1.0),
    (Kernel("linear", 1.0), 1e20),
    (Kernel("rbf", 1.0), 1e20),
    (Kernel("sigmoid", 1.0), 1e20),
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("kernel", "stretch"), OVERFLOWING, ids=str)
def test_a_kernel_that_overflows_is_lost_and_says_why(engine, kernel, stretch):
    x, y, rest = digits()
    x, rest = (rows * np.float32(stretch) for rows in (x, rest))
    (lost,) = outcomes(engine, x, y, rest, Problem(kernel, 1.0))
    assert isinstance(lost, Lost)
    assert lost.reason.startswith("the kernel's values are not finite: they reach ")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_large_polynomial_that_does_not_overflow_decides_finitely(engine):
    x, y, rest = digits()
    (found,) = outcomes(engine, x, y, rest, Problem(Kernel("poly", 1.0, 9), 1.0))
    assert isinstance(found, Outcome)
    assert all(np.isfinite(each.largest) for each in found.decided.values())
    assert (found.decided["train"].labels == y).mean() > 0.95


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", ["coefficients", "intercepts", "decisions (test)"])
def test_a_machine_with_a_number_that_is_not_finite_is_lost(engine, what, monkeypatch):
    x, y, rest = digits()
    fault = sound.fault

    def spoilt(numbers):
        numbers[what].flat[0] = np.nan
        return fault(numbers)

    monkeypatch.setattr(sound, "fault", spoilt)
    (lost,) = outcomes(engine, x, y, rest, GOOD)
    assert isinstance(lost, Lost)
    assert lost.reason == f"the machine's {what} are not finite"
    assert lost.details["engine"] == engine


@pytest.mark.parametrize("engine", ENGINES)
def test_the_others_of_a_grid_go_on_as_if_nothing_were_lost(engine):
    x, y, rest = digits()
    others = [Problem(Kernel("poly", 0.01, 2), C) for C in (0.1, 1.0)]
    alone = outcomes(engine, x, y, rest, *others)
    first, lost, second = outcomes(
        engine, x, y, rest, others[0], Problem(Kernel("poly", 1e3, 9), 1.0), others[1]
    )
    assert isinstance(lost, Lost)
    for expected, found in zip(alone, (first, second), strict=True):
        assert np.array_equal(expected.machine.dual, found.machine.dual)
        assert np.array_equal(expected.decided["test"].labels, found.decided["test"].labels)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cell_records_what_was_lost_and_chooses_among_the_rest(tmp_path, engine):
    dataset = store.load(arrays.save(tmp_path / "tiny.npz"), "images")
    place = tmp_path / "tiny" / "svm_poly_cpu.json"
    family = SvmFamily(dataset, "poly", [{"degree": [40, 2], "gamma": 1.0}], Resources(engine))
    cell.run_cell(family, place, 1, [])
    record = studies.read(place)
    assert [run["status"] for run in record["runs"]] == ["diverged", "ok"]
    assert "the kernel's values are not finite" in record["runs"][0]["error"]
    assert record["runs"][0]["test_accuracy"] is None
    assert record["best"]["settings"]["degree"] == 2
    asked = []
    family.fit = lambda plan, progress: asked.append(plan)
    cell.run_cell(family, place, 1, [])
    assert asked == []  # it would be lost again: nothing in it is random


def test_a_scaling_that_is_not_finite_costs_its_own_runs_alone(tmp_path, monkeypatch):
    fit_scaler = scaling.fit

    def spoilt(scale, features):
        scaler = fit_scaler(scale, features)
        if scale == "minmax":
            scaler.scale_[3] = 0.0
        return scaler

    monkeypatch.setattr(scaling, "fit", spoilt)
    dataset = store.load(arrays.save(tmp_path / "tiny.npz"), "images")
    place = tmp_path / "tiny" / "svm_rbf_cpu.json"
    family = SvmFamily(dataset, "rbf", [{"scale": ["minmax", "standard"]}], Resources("sklearn"))
    with np.errstate(divide="ignore", invalid="ignore"):
        cell.run_cell(family, place, 1, [])
    lost, found = studies.read(place)["runs"]
    assert (lost["status"], found["status"]) == ("failed", "ok")
    assert "feature values (train) are not finite" in lost["error"]


@pytest.mark.parametrize("name", ["rbf", "poly", "linear", "sigmoid"])
def test_no_kernel_value_is_beyond_its_reach(name):
    x, _, _ = digits()
    x = x.astype(np.float64)
    kernel = Kernel(name, 0.3, 5)
    lengths = (x**2).sum(1)
    values = kernel.exact(x @ x.T, lengths, lengths)
    assert np.abs(values).max() <= kernel.reach(sound.longest(x)) * (1 + 1e-12)


def test_the_reach_of_a_polynomial_ends_at_infinity():
    assert Kernel("poly", 1e300, 9).reach(1e300) == np.inf
    assert sound.longest(np.full((2, 2), np.float32(3e38))) < np.inf
    assert kernels.UNRESOLVED < 1e-13


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("gamma", [1e-320, 1e38, 1e300])
@pytest.mark.parametrize("name", ["rbf", "sigmoid"])
def test_a_gamma_at_the_end_of_what_numbers_hold_is_decided_or_lost(engine, gamma, name):
    x, y, rest = digits()
    (found,) = outcomes(engine, x, y, rest, Problem(Kernel(name, gamma), 1.0))
    if gamma > sound.LARGEST:
        assert isinstance(found, Lost)
    else:
        assert all(np.isfinite(each.largest) for each in found.decided.values())


@pytest.mark.parametrize("wrong", [{"C": float("inf")}, {"gamma": float("inf")}, {"gamma": float("nan")}])
def test_a_setting_that_is_not_finite_is_refused(tmp_path, wrong):
    dataset = store.load(arrays.save(tmp_path / "tiny.npz"), "images")
    with pytest.raises(UserError, match=r"finite number|above 0"):
        SvmFamily(dataset, "rbf", [wrong])
