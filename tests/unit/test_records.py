import copy
import json
import os
import stat

import pytest

import studies
from bakeoff import records
from bakeoff.command import DamagedError, UserError
from bakeoff.files import write_text


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
