import copy
import dataclasses
import json
import os
import stat
from pathlib import Path

import pytest

import studies
from bakeoff.command import DamagedError, UserError
from bakeoff.files import write_text
from bakeoff.records import record as records
from bakeoff.records import written
from bakeoff.records.run import ACCURACIES


def record(**changes) -> dict:
    runs = [studies.run({"C": 1.0, "gamma": "scale", "degree": None}, 0.9)]
    return studies.cell("digits", "svm", "rbf", "cpu", runs) | changes


def typed(**changes) -> records.Record:
    return dataclasses.replace(written.from_json(record()), **changes)


def fault(given) -> str:
    """Return in which words JSON's values are refused."""
    with pytest.raises(ValueError, match="not a cell record") as caught:
        written.from_json(given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_record_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "folder" / "cell.json"
    written.write(path, typed())
    assert written.read(path) == typed()
    assert written.from_json(studies.read(path)) == typed()


def test_the_schema_in_the_package_is_that_of_the_types():
    path = Path(written.__file__).with_name("cell.schema.json")
    assert path.read_text(encoding="utf-8") == written.schema()


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("device",), "tpu", "device: tpu: input should be 'cpu' or 'gpu'"),
        (
            ("runs", 0, "status"),
            "fine",
            "runs/0/status: fine: input should be 'ok', 'diverged', 'failed' or ",
        ),
        (("runs", 0, "test_accuracy"), 97.5, "runs/0/test_accuracy: 97.5: input should be less"),
        (("runs", 0, "train_s"), -1.0, "runs/0/train_s: -1.0: input should be greater"),
        (
            ("environments", 0, "cores"),
            "eight",
            "environments/0/cores: eight: input should be a valid",
        ),
    ],
)
def test_a_fault_is_named_with_file_and_place(tmp_path, place, value, named):
    path = tmp_path / "cell.json"
    path.write_text(json.dumps(changed(record(), *place, value=value)))
    with pytest.raises(DamagedError) as caught:
        written.read(path)
    assert str(caught.value).startswith(f"{path}: not a cell record: {named}")


def changed(cell: dict, *path, value) -> dict:
    """Return a record with another value in one place."""
    if not path:
        return value
    found = copy.copy(cell)
    found[path[0]] = changed(
        found.get(path[0]) if isinstance(found, dict) else found[path[0]], *path[1:], value=value
    )
    return found


SAVED = {
    **{"file": "models/a", "format": 1, "parameters": {}, "size": [8, 8], "channels": 1, "range": [-1, 1]},
    **{"mean": [0.5], "deviation": [0.5]},
}
PREDICTION = {
    **{"device": "cpu", "images": 1, "s_median": 1.0, "s_low": 1.0, "s_high": 1.0, "calls": 1, "load": None}
}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("runs", 0, "environment"), 1, "runs/0/environment: 1, but there are 1 of them"),
        (("saved",), SAVED | {"mean": [0.5, 0.5]}, "saved/mean: 2 values for 1 channels"),
        (("saved",), SAVED | {"channels": 3}, "saved/mean: 1 values for 3 channels"),
        (("runs", 0, "test_accuracy"), None, "runs/0/test_accuracy: none, though the run finished"),
        (("runs", 0, "validation_accuracy"), None, "validation_accuracy: none, though the run finished"),
        (("runs", 0, "train_s"), None, "runs/0/train_s: none, though the run finished"),
        (("runs", 0, "time_to_result_s"), 0.0, "runs/0/time_to_result_s: 0.0: input should be greater than"),
        (("runs", 0, "train_s"), 1e300, "runs/0/train_s: 1e+300: input should be less than"),
        (("runs", 0, "cost"), -1.0, "runs/0/cost: -1.0: input should be greater than or equal to 0"),
        (("runs", 0, "seed"), 2**60, "runs/0/seed: 1152921504606846976: input should be less than"),
        (("runs", 0, "settings", "C"), {"low": 1}, 'runs/0/settings/C: {"low": 1}: input should be'),
        (("runs", 0, "settings"), {}, "runs/0/settings: {}: dictionary should have at least 1 item"),
        (("runs", 0, "fold"), 0, "fold: 0, but there are 0 folds"),
        (("runs", 0, "fold"), -1, "runs/0/fold: -1: input should be greater than or equal to 0"),
        (("runs", 0, "fold"), "last", "runs/0/fold: last: input should be"),
        (
            ("runs", 0, "details", "support_vectors"),
            None,
            "support_vectors: null: input should be",
        ),
        (("runs", 0, "details", "energy_j"), {"cpu": "x"}, "energy_j/cpu: x: input should be a valid number"),
        (("data", "counts", "test"), 0, "data/counts/test: 0: input should be greater than or equal to 1"),
        (("data", "image_shape"), [28], "data/image_shape: [28]: tuple should have at least 2 items"),
        (("data", "classes"), [1, 2], "data/classes/0: 1: input should be a valid string"),
        (("prediction",), [PREDICTION | {"s_low": 0}], "prediction/0/s_low: 0: input should be greater than"),
        (("peak_flops_per_s",), 0, "peak_flops_per_s: 0: input should be greater than or equal to 1"),
        (("best",), {}, "best/holdout_accuracy: missing"),
        (("competitor",), None, "competitor: null: input should be a valid string"),
        (("competitor",), "a/b", "competitor: a/b is no name; one has letters, digits, _ and -, 64 at most"),
        (("factors",), {"optimizer": "sgd"}, "factors/optimizer: sgd: input should be an object"),
        (("scores",), "votes", "scores: votes: input should be 'probabilities', 'decisions' or 'none'"),
        (("label",), "", 'label: "": string should have at least 1 character'),
    ],
)
def test_what_nothing_can_have_measured_or_contradicts_itself_is_no_record(path, value, said):
    written.from_json(record(saved=SAVED, prediction=[PREDICTION]))
    assert fault(changed(record(), *path, value=value)).startswith("not a cell record: ")
    assert said in fault(changed(record(), *path, value=value))


def test_a_run_on_a_fold_needs_no_test_accuracy_and_a_refit_no_validation_accuracy():
    (one,) = record()["runs"]
    runs = [
        *(one | {"fold": fold, "test_accuracy": None, "holdout_accuracy": None} for fold in (0, 1)),
        one | {"fold": "refit", "validation_accuracy": None},
    ]
    folded = record(runs=runs)
    folded["data"] = {**folded["data"], "folds": 2}
    found = written.from_json(folded)
    assert [run.fold for run in found.runs] == [0, 1, "refit"]
    assert found.data.validated == found.data.counts.train + found.data.counts.validation
    for place, name in ((0, "validation_accuracy"), (2, "test_accuracy")):
        said = f"runs/{place}/{name}: none, though the run finished"
        assert said in fault(changed(folded, "runs", place, name, value=None))


def test_folds_are_those_of_each_cut():
    (one,) = record()["runs"]
    folded = record(runs=[one | {"fold": fold} for fold in (0, 1, 100, 101)])
    folded["data"] = {**folded["data"], "folds": 2, "repeats": 2}
    assert written.from_json(folded).data.repeats == 2
    for fold in (2, 99, 102, 200):
        said = f"runs/3/fold: {fold}, but there are 2 folds, cut 2 times"
        assert said in fault(changed(folded, "runs", 3, "fold", value=fold))


def test_only_where_there_is_a_holdout_a_run_needs_an_accuracy_on_it():
    without = changed(record(), "data", "counts", "holdout", value=0)
    without = changed(without, "runs", 0, "holdout_accuracy", value=None)
    found = written.from_json(without)
    assert records.accuracies([found]) == ["validation_accuracy", "test_accuracy", "train_accuracy"]
    assert records.accuracies([found, typed()]) == list(ACCURACIES)
    with_one = changed(without, "data", "counts", "holdout", value=288)
    assert "runs/0/holdout_accuracy: none, though the run finished" in fault(with_one)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_that_no_float_holds_is_no_record_s(tmp_path, digits):
    path = tmp_path / "cell.json"
    path.write_text(json.dumps(record()).replace('"C": 1.0', f'"C": 1{"0" * (digits - 1)}'))
    with pytest.raises(DamagedError) as caught:
        written.read(path)
    assert str(caught.value) == f"{path}: not JSON: a number of {digits} digits"


def test_missing_and_unknown_keys_are_faults():
    missing = record()
    del missing["command"]
    assert fault(missing) == "not a cell record: command: missing"
    assert fault(record(colour="blue")).startswith("not a cell record: colour: blue: unexpected")
    assert fault(record(model="svm")).startswith("not a cell record: model: svm: unexpected")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (record(format=1), "of format 1"),
        (record(format=4), "of format 4"),
        (record(format="3"), "of format '3'"),
        (record(format=2), "of format 2"),  # which had other keys
        ({name: each for name, each in record().items() if name != "format"}, "none"),
        ([], "none"),
        (None, "none"),
    ],
)
def test_what_is_of_no_version_that_is_read_is_refused_in_one_line_that_says_what_to_do(given, said):
    assert fault(given) == f"not a cell record of format 3, but {said}; make it again with this version"


def test_what_is_not_json_is_named(tmp_path):
    path = tmp_path / "cell.json"
    path.write_text('{"purpose": "selec')
    with pytest.raises(DamagedError, match=r"cell\.json: not JSON"):
        written.read(path)


def test_a_refused_record_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "cell.json"
    written.write(path, typed())
    before = path.read_bytes()
    (run,) = typed().runs
    lost = dataclasses.replace(run, train_s=None)
    with pytest.raises(ValueError, match="not a cell record") as caught:
        written.write(path, typed(runs=(lost,)))
    assert not isinstance(caught.value, UserError)  # a fault of the program: the old file is not damaged
    nan = dataclasses.replace(run, details={"loss_gap": float("nan")})
    with pytest.raises(ValueError, match="JSON compliant"):
        written.write(path, typed(runs=(nan,)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_half_way_leaves_no_temporary_file(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError("no space left on device")

    path = tmp_path / "cell.json"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        written.write(path, typed())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path):
    write_text(tmp_path / "written", "text")
    (tmp_path / "plain").write_text("text")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("written", "plain")]
    assert modes[0] == modes[1]


def test_names_of_cells():
    cells = [
        record(),
        studies.cell("digits", "resnet18", "adam", "gpu", []),
        studies.cell("digits", "knn", None, "cpu", []),
    ]
    names = [written.from_json(each).cell for each in cells]
    assert names == ["svm_rbf_cpu", "resnet18_adam_gpu", "knn_cpu"]
