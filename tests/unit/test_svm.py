import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import arrays
import studies
import time_chosen
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources, requests
from bakeoff.command import UserError
from bakeoff.data import prepare, store
from bakeoff.data.split import Split
from bakeoff.families.svm import axes, saved
from bakeoff.families.svm.family import SvmFamily
from bakeoff.progress import Progress
from bakeoff.records.parts import PARTS
from checkout import ROOT
from originals import fetch

pytestmark = pytest.mark.numeric

SPLIT = Split(train=0.7, validation=0.1, holdout=0.2, seed=42, test=0.2)


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> store.Dataset:
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    raw = fetch("digits", None, print)
    store.save_prepared(path, prepare.prepare(raw, SPLIT, 8, 600, 150), arrays.about("digits", 10, 8))
    return store.load(path, "images")


def fit(dataset: store.Dataset, kernel: str, engine: str = "auto", **settings):
    family = SvmFamily(dataset, kernel, [settings], Resources(engine))
    return next(family.fit(family.plans(requests(family))[0], Progress("svm", 1))), family


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


@pytest.mark.parametrize("engine", ["sklearn", "pairwise"])
@pytest.mark.parametrize("kernel", axes.KERNELS)
def test_every_kernel_learns_digits_and_states_the_facts(digits, kernel, engine):
    fitted, family = fit(digits, kernel, engine, C=1.0)
    run = fitted.run
    assert run.test_accuracy > 0.8
    assert run.finished
    assert run.seed is None
    degree = 3 if kernel == "poly" else None
    assert run.settings == {"C": 1.0, "gamma": "scale", "degree": degree, "scale": "standard"}
    assert run.details["engine"] == engine
    assert run.packed is False
    assert 10 <= run.details["support_vectors"] == run.cost <= 420
    assert 0 < run.train_s < run.time_to_result_s
    assert set(run.phases_s) == {"train", "validate", "test"}
    assert family.competitor.cell == f"svm_{kernel}_cpu"
    assert family.input_shape == (64,)


FIRST_FIT = """
import sys
from pathlib import Path
from bakeoff.data import store
from bakeoff.cells.family import Resources, requests
from bakeoff.progress import Progress
from bakeoff.families.svm import family, smo
dataset = store.load(Path(sys.argv[1]), "images")
svms = family.SvmFamily(dataset, "rbf", [{"C": [1.0, 500.0]}], Resources(sys.argv[2]))
plan, known = svms.plans(requests(svms))[0], []
compiled = lambda: sum(len(getattr(each, "signatures", ())) for each in vars(smo).values())
class Watch(family.Stopwatch):
    def __init__(self):
        known.append((set(sys.modules), compiled()))
        super().__init__()
family.Stopwatch = Watch
list(svms.fit(plan, Progress("first", 1)))
modules, functions = known[0]
print(sorted(set(sys.modules) - modules), compiled() - functions)
"""


def data_of(digits: store.Dataset, folder: Path) -> Path:
    """Write the digits as a prepared data set; return the file."""
    images = {f"{name}_images": part.images for name, part in digits.parts.items()}
    labels = {f"{name}_labels": part.labels for name, part in digits.parts.items()}
    resized = {name.replace("_images", "_resized"): each for name, each in images.items()}
    store.save_prepared(folder / "digits.npz", images | resized | labels, digits.meta)
    return folder / "digits.npz"


@pytest.mark.parametrize("engine", ["sklearn", "pairwise"])
def test_the_first_fit_s_clock_holds_no_import_and_no_compilation(digits, tmp_path, engine):
    line = [sys.executable, "-c", FIRST_FIT, str(data_of(digits, tmp_path)), engine]
    folder = str(ROOT / "workflow" / "scripts")
    done = subprocess.run(
        line, env={**os.environ, "PYTHONPATH": folder}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[] 0"


@pytest.mark.parametrize("engine", ["sklearn", "pairwise"])
def test_each_accuracy_is_that_of_its_own_part(digits, tmp_path, engine):
    fitted, _ = fit(digits, "linear", engine, C=0.001)
    fitted.save_model(tmp_path / "m.safetensors")
    model = saved.load_pipeline(tmp_path / "m.safetensors")
    for part in PARTS:
        expected = (model.predict(flat(digits.parts[part].images)) == digits.parts[part].labels).mean()
        assert fitted.run.accuracy(part) == pytest.approx(expected), part
    assert len({fitted.run.accuracy(part) for part in PARTS}) > 1


def test_the_settings_reach_the_machine(digits, tmp_path):
    fitted, _ = fit(digits, "poly", C=3.0, gamma=0.02, degree=2)
    fitted.save_model(tmp_path / "m.safetensors")
    machine = saved.load_pipeline(tmp_path / "m.safetensors")[-1]
    assert (machine.kernel, machine.C, machine.gamma, machine.degree) == ("poly", 3.0, 0.02, 2)


def test_the_scaler_knows_the_training_part_only(digits, tmp_path):
    fitted, _ = fit(digits, "rbf", C=1.0)
    fitted.save_model(tmp_path / "m.safetensors")
    scaler = saved.load_pipeline(tmp_path / "m.safetensors")[0]
    train = flat(digits.parts["train"].images)
    everything = np.concatenate([flat(part.images) for part in digits.parts.values()])
    assert np.allclose(scaler.mean_, train.mean(0), atol=1e-6)
    assert not np.allclose(scaler.mean_, everything.mean(0), atol=1e-4)


@pytest.mark.parametrize("scale", get_args(axes.Scale))
def test_scalings_do_what_their_names_say(digits, tmp_path, scale):
    fitted, _ = fit(digits, "rbf", C=1.0, scale=scale)
    fitted.save_model(tmp_path / "m.safetensors")
    scaler = saved.load_pipeline(tmp_path / "m.safetensors")[0]
    train = flat(digits.parts["train"].images)
    lively = train.std(0) > 0
    scaled = scaler.transform(train)
    if scale == "standard":
        assert np.allclose(scaled[:, lively].mean(0), 0, atol=1e-4)
        assert np.allclose(scaled[:, lively].std(0), 1, atol=1e-4)
    elif scale == "minmax":
        assert np.allclose(scaled.min(0), 0, atol=1e-6)
        assert np.allclose(scaled[:, lively].max(0), 1, atol=1e-6)
    else:
        assert np.array_equal(scaled, train)
    assert fitted.run.test_accuracy > 0.9


@pytest.mark.parametrize("engine", ["sklearn", "pairwise"])
def test_the_kept_model_gives_the_kept_predictions(digits, tmp_path, engine):
    place = tmp_path / "digits" / "svm_rbf_cpu.json"
    blocks = [{"C": [0.001, 10.0], "gamma": ["scale", 0.01]}]
    family = SvmFamily(digits, "rbf", blocks, Resources(engine, threads=2))
    cell.run_cell(family, place, 1, [])
    record = studies.read(place)
    assert len(record["runs"]) == 4
    assert record["best"]["settings"]["C"] == 10.0
    model = saved.load_pipeline(place.parent / "models" / "svm_rbf_cpu.safetensors")
    test = flat(digits.parts["test"].images)
    with np.load(place.parent / "predictions" / "svm_rbf_cpu.npz") as kept:
        assert np.array_equal(model.predict(test), kept["test"][0])
        accuracy = (kept["test"][0] == kept["labels"]).mean()
    assert record["best"]["test_accuracy"] == pytest.approx(accuracy)
    support = int(model[-1].n_support_.sum())
    assert record["compute"]["macs_forward"] == support * (64 + 9)


def packed_cell(digits, place, blocks) -> tuple[dict, list]:
    """Run a cell with the pairwise engine; return its record and the settings of every fit made."""
    family = SvmFamily(digits, "rbf", blocks, Resources("pairwise"))
    asked = []
    fit_plan = family.fit

    def noted(plan, progress):
        asked.append([request.settings["C"] for request in plan.requests])
        return fit_plan(plan, progress)

    family.fit = noted
    cell.run_cell(family, place, 1, [])
    return studies.read(place), asked


def test_machines_of_a_grid_are_marked_packed_and_the_chosen_one_is_timed_again_alone(digits, tmp_path):
    record, asked = packed_cell(digits, tmp_path / "svm_rbf_cpu.json", [{"C": [0.001, 10.0, 0.01]}])
    assert asked == [[0.001, 10.0, 0.01]]
    for run in record["runs"]:
        assert run["packed"]
        assert 0 < run["details"]["amortised_s"] < run["train_s"]
    place = tmp_path / "alone" / "svm_rbf_cpu.json"
    files = {"record": tmp_path / "svm_rbf_cpu.json", "data": data_of(digits, tmp_path), "output": place}
    model = tmp_path / "models" / "svm_rbf_cpu.safetensors"
    time_chosen.main(time_chosen.Options(**files, model=model, times=2, engine="pairwise"))
    alone = studies.read(place)
    assert [each["images"] for each in alone["prediction"]] == [1, min(256, len(digits.parts["test"].images))]
    assert {each["device"] for each in alone["prediction"]} == {"cpu"}
    assert all(0 < each["s_low"] <= each["s_median"] <= each["s_high"] for each in alone["prediction"])
    assert (alone["purpose"], [run["repeat"] for run in alone["runs"]]) == ("alone", [0, 1])
    for run in alone["runs"]:
        assert run["settings"] == record["best"]["settings"]
        assert run["test_accuracy"] == record["best"]["test_accuracy"]
        assert not run["packed"]
        assert "amortised_s" not in run["details"]


def test_threads_change_no_result_and_fit_nothing_again(digits, tmp_path, capsys):
    """Pairs of classes are parted among the threads, and each is solved by one."""

    def answers(folder, threads):
        family = SvmFamily(digits, "rbf", [{"C": [0.5, 10.0]}], Resources("pairwise", threads))
        cell.run_cell(family, folder / "svm_rbf_cpu.json", threads, [])
        return (folder / "predictions" / "svm_rbf_cpu.npz").read_bytes()

    alone = answers(tmp_path / "one", 1)
    assert answers(tmp_path / "two", 2) == alone
    capsys.readouterr()
    assert answers(tmp_path / "one", 2) == alone
    assert "2 of 2 runs are in the journal" in capsys.readouterr().out
    assert (tmp_path / "one/journal/svm_rbf_cpu/runs.jsonl").read_bytes().count(b"\n") == 2


def test_a_grid_that_grows_fits_what_is_new(digits, tmp_path):
    place = tmp_path / "svm_rbf_cpu.json"
    packed_cell(digits, place, [{"C": [0.001, 0.01]}])
    record, asked = packed_cell(digits, place, [{"C": [0.001, 0.01, 10.0, 20.0]}])
    assert asked[0] == [10.0, 20.0]
    # The first choice's model is kept: only a new choice could need another fit.
    assert len(record["runs"]) == 4
    assert packed_cell(digits, place, [{"C": [0.001, 0.01, 10.0, 20.0]}])[1] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"C": [1.0, -1.0]}, "C/1: -1.0 must be above 0"),
        ({"gamma": "large"}, "gamma: large must be scale, auto or a finite number above 0"),
        ({"degree": 0}, "degree: 0 must be at least 1"),
        ({"scale": "log"}, "scale: log is unknown; known are standard, minmax, none"),
    ],
)
def test_an_impossible_setting_is_refused_before_anything_is_fitted(digits, wrong, said):
    with pytest.raises(UserError, match=said):
        SvmFamily(digits, "poly", [wrong])


@pytest.mark.parametrize("engine", ["sklearn", "pairwise"])
def test_a_single_class_is_a_failed_run_with_the_reason(tmp_path, engine):
    dataset = small(tmp_path, classes=3)
    train = store.Part(dataset.parts["train"].images, np.zeros_like(dataset.parts["train"].labels))
    alone = store.Dataset({**dataset.parts, "train": train}, dataset.meta)
    place = tmp_path / "svm_rbf_cpu.json"
    cell.run_cell(SvmFamily(alone, "rbf", [{"C": [1.0, 2.0]}], Resources(engine)), place, 1, [])
    assert [run["status"] for run in studies.read(place)["runs"]] == ["failed", "failed"]
    assert "greater than one" in studies.read(place)["runs"][0]["error"]


def test_fitting_twice_gives_the_same_machine(digits):
    (a, _), (b, _) = fit(digits, "rbf", C=1.0), fit(digits, "rbf", C=1.0)
    assert np.array_equal(a.answers.test, b.answers.test)


def small(tmp_path, **wishes) -> store.Dataset:
    return store.load(arrays.save(tmp_path / "tiny.npz", **wishes), "images")


def probabilities(dataset: store.Dataset, engine: str, place: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return class numbers of the test part, and its probabilities, of a machine that was calibrated."""
    fitted, family = fit(dataset, "linear", engine, C=1.0)
    fitted.save_model(place)
    return fitted.answers.test, family.calibrated(fitted.run, place).answers.scores


@pytest.mark.parametrize("engine", ["sklearn", "pairwise"])
def test_two_classes_have_two_columns_of_scores(tmp_path, engine):
    numbers, found = probabilities(small(tmp_path, classes=2), engine, tmp_path / "m.safetensors")
    assert found.shape == (20, 2)
    assert np.array_equal(found.argmax(1), numbers)
    assert np.allclose(found.sum(1), 1)


@pytest.mark.parametrize("engine", ["sklearn", "pairwise"])
@pytest.mark.parametrize("known", [2, 3])
def test_a_class_without_training_images_has_a_column_but_is_never_the_answer(tmp_path, known, engine):
    dataset = small(tmp_path, classes=5)
    seen = dataset.parts["train"].labels < known
    parts = {**dataset.parts, "train": dataset.parts["train"].select(seen)}
    numbers, found = probabilities(store.Dataset(parts, dataset.meta), engine, tmp_path / "m.safetensors")
    assert found.shape == (20, 5)
    assert numbers.max() < known
    assert np.allclose(found.sum(1), 1)
    assert (found[:, known:] == 0).all()
    assert (found[np.arange(20), numbers] > 0.4).mean() > 0.5


def test_an_unknown_kernel_is_refused_with_the_known_ones(digits):
    with pytest.raises(UserError, match="quantum is no kernel; known are rbf, poly, linear, sigmoid"):
        SvmFamily(digits, "quantum", [{}])


def test_the_command_writes_the_cell(tmp_path):
    import train_svm

    data = arrays.save(tmp_path / "tiny.npz")
    output = tmp_path / "tiny" / "svm_poly_cpu.json"
    blocks = [{"C": 1, "degree": [2, 3]}]
    train_svm.main(train_svm.Options(data=data, kernel="poly", grid=blocks, output=output))
    assert [run["settings"]["degree"] for run in studies.read(output)["runs"]] == [2, 3]
