import copy
import json
import os
import stat

import pytest

import studies
from bakeoff.command import DamagedError, UserError
from bakeoff.files import write_text
from bakeoff.records import record as records


def record(**changes) -> dict:
    runs = [studies.run({"C": 1.0, "gamma": "scale", "degree": None}, 0.9)]
    return studies.cell("digits", "svm", "rbf", "cpu", runs) | changes


def test_a_record_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "folder" / "cell.json"
    records.write(path, record())
    assert records.read(path) == record()


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("device",), "tpu", "device: 'tpu'"),
        (("runs", 0, "status"), "fine", "runs/0/status: 'fine'"),
        (("runs", 0, "test_accuracy"), 97.5, "runs/0/test_accuracy: 97.5"),
        (("runs", 0, "train_s"), -1.0, "runs/0/train_s: -1.0"),
        (("environments", 0, "cores"), "eight", "environments/0/cores: 'eight'"),
    ],
)
def test_a_fault_is_named_with_file_and_place(tmp_path, place, value, named):
    broken = copy.deepcopy(record())
    spot = broken
    for step in place[:-1]:
        spot = spot[step]
    spot[place[-1]] = value
    path = tmp_path / "cell.json"
    path.write_text(json.dumps(broken))
    with pytest.raises(DamagedError) as caught:
        records.read(path)
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
        (("runs", 0, "test_accuracy"), None, "runs/0/test_accuracy: None is not of type 'number'"),
        (("runs", 0, "train_s"), None, "runs/0/train_s: None is not of type 'number'"),
        (("runs", 0, "time_to_result_s"), 0.0, "runs/0/time_to_result_s: 0.0 is less than the minimum"),
        (("runs", 0, "train_s"), 1e300, "runs/0/train_s: 1e+300 is greater than the maximum"),
        (("runs", 0, "settings", "C"), "x", "runs/0/settings/C: 'x' is not of type 'number'"),
        (("runs", 0, "settings", "epochs"), 2, "'batch_size' is a dependency of 'epochs'"),
        (("runs", 0, "details", "support_vectors"), None, "support_vectors: None is not of type 'integer'"),
        (("runs", 0, "details", "energy_j"), {"cpu": "x"}, "energy_j/cpu: 'x' is not of type 'number'"),
        (("data", "counts", "test"), 0, "data/counts/test: 0 is less than the minimum of 1"),
        (("data", "image_shape"), [28], "data/image_shape: [28] is too short"),
        (("prediction",), [PREDICTION | {"s_low": 0}], "prediction/0/s_low: 0 is less than the minimum"),
        (("peak_flops_per_s",), 0, "peak_flops_per_s: 0 is less than the minimum"),
        (("best",), {}, "best: 'settings' is a required property"),
        (("kernel",), None, "kernel: None is not of type 'string'"),
        (("optimizer",), "sgd", "optimizer: 'sgd' is not of type 'null'"),
    ],
)
def test_what_nothing_can_have_measured_or_contradicts_itself_is_no_record(tmp_path, path, value, said):
    assert records.fault(record(saved=SAVED, prediction=[PREDICTION])) is None
    file = tmp_path / "cell.json"
    file.write_text(json.dumps(changed(record(), *path, value=value)))
    with pytest.raises(DamagedError) as caught:
        records.read(file)
    assert str(caught.value).startswith(f"{file}: not a cell record: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_that_no_float_holds_is_no_record_s(tmp_path, digits):
    path = tmp_path / "cell.json"
    path.write_text(json.dumps(record()).replace('"C": 1.0', f'"C": 1{"0" * (digits - 1)}'))
    with pytest.raises(DamagedError) as caught:
        records.read(path)
    assert str(caught.value) == f"{path}: not JSON: a number of {digits} digits"


def test_missing_and_unknown_keys_are_faults(tmp_path):
    missing = record()
    del missing["command"]
    assert records.fault(missing) == "not a cell record: top level: 'command' is a required property"
    assert "top level: " in records.fault(record(colour="blue"))
    assert "'colour' was unexpected" in records.fault(record(colour="blue"))
    assert records.fault(record()) is None


@pytest.mark.parametrize("older", [None, 1, 3])
def test_a_record_of_another_version_is_refused_in_one_line(older):
    given = record(format=older)
    if older is None:
        del given["format"]
    said = records.fault(given)
    assert said.startswith("not a cell record of this version, which writes format 2, but one ")
    assert ("without a format" in said) == (older is None)


def test_what_is_not_json_is_named(tmp_path):
    path = tmp_path / "cell.json"
    path.write_text('{"purpose": "selec')
    with pytest.raises(DamagedError, match=r"cell\.json: not JSON"):
        records.read(path)


def test_a_refused_record_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "cell.json"
    records.write(path, record())
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not a cell record") as caught:
        records.write(path, record(device="tpu"))
    assert not isinstance(caught.value, UserError)  # a fault of the program: the old file is not damaged
    nan = record()
    nan["runs"][0]["train_s"] = float("nan")
    with pytest.raises(ValueError, match="JSON compliant"):
        records.write(path, nan)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_half_way_leaves_no_temporary_file(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError("no space left on device")

    path = tmp_path / "cell.json"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        records.write(path, record())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path):
    write_text(tmp_path / "written", "text")
    (tmp_path / "plain").write_text("text")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("written", "plain")]
    assert modes[0] == modes[1]


def test_names_of_cells_and_models():
    svm = record()
    network = studies.cell("digits", "resnet18", "adam", "gpu", [])
    assert [records.cell_name(each) for each in (svm, network)] == ["svm_rbf_cpu", "resnet18_adam_gpu"]
    assert [records.model_name(each) for each in (svm, network)] == ["svm_rbf", "resnet18"]
