"""Commands called by hand: whatever is wrong with a call is one line and exit status 2, never a traceback."""

import dataclasses
import errno
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

import arrays
import studies
from bakeoff import faults, fields, values
from bakeoff.data import store
from bakeoff.families.network import axes
from bakeoff.records import signature, written
from originals import fetch
from rendered import collected

SCRIPTS = studies.ROOT / "workflow" / "scripts"
SPLIT = {"train": 0.7, "validation": 0.1, "holdout": 0.2, "seed": 42, "test": 0.2}
TRAINING = {"batch_size": 16, "epochs": 1}
OTHER_KINDS = ("absent", "folder", "picture.png", "empty", "text", "bytes", "one.npy", "odd.npz", "deep.json")
# Files and folders that each command reads; at each, every other kind of file is put.
INPUTS = {
    "prepare_dataset": ("raw",),
    "prepare_view": ("data",),
    "extract_features": ("data",),
    "try_network": ("data",),
    "train_network": ("data", "tried"),
    "train_svm": ("data",),
    "time_training": ("data", "tried"),
    "time_chosen": ("record", "data", "model"),
    "collect_results": ("records",),
    **dict.fromkeys(("select_best", "compare_devices", "compare_models", "compare_classes"), ("records",)),
    "compare_published": ("records", "reference"),
    "plot_figures": ("records", "tables", "data"),
    "render_report": ("records", "tables", "figures", "templates"),
}
OUTPUTS = dict.fromkeys(("fetch_dataset", *INPUTS), ("output",)) | {
    "collect_results": ("runs", "output"),
    "render_report": ("html", "pdf"),
}
# Of these a folder without what they hold is a right one.
MAY_BE_FOLDERS = {
    *(("render_report", "tables"), ("render_report", "figures")),
    *(("plot_figures", "tables"), ("plot_figures", "output")),
}


class Place(NamedTuple):
    """A folder of files of every kind, and a right call of each command."""

    folder: Path
    calls: dict[str, dict]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    folder = tmp_path_factory.mktemp("by_hand")
    data = arrays.save(folder / "tiny.npz")
    store.save_raw(folder / "raw.npz", fetch("digits", None, print))
    (folder / "folder").mkdir()
    Image.new("L", (8, 8)).save(folder / "picture.png")
    (folder / "empty").touch()
    (folder / "text").write_text("hello, world\n1,2\n")
    (folder / "bytes").write_bytes(bytes(range(256)) * 9)
    np.save(folder / "one.npy", np.zeros(3))
    np.savez(folder / "odd.npz", a=np.zeros(3))
    (folder / "deep.json").write_text("[" * 200_000)
    study = folder / "study"
    collected(study, studies.alone(studies.small()))
    record = json.loads((study / "digits" / "svm_rbf_cpu.json").read_text())
    record["data"]["digest"] = store.load(data, "images").meta["digest"]
    (folder / "cell.json").write_text(json.dumps(record))
    made, lines = folder / "made", study / "records.jsonl"
    network = {"model": "resnet18", "optimizer": "sgd"}
    row = {"name": "tiny", "kind": "digits", "title": "Tiny", "licence": "MIT"}
    table = {"records": lines, "output": made / "table.csv"}
    calls = {
        "fetch_dataset": {"dataset": "digits", "output": made / "raw.npz"},
        "prepare_dataset": {
            **{"raw": folder / "raw.npz", "dataset": "digits", "split": json.dumps(SPLIT)},
            **{"input_size": 8, "output": made / "digits.npz"},
        },
        "prepare_view": {
            **{"data": data, "dataset": json.dumps(row), "input_size": 16},
            "output": made / "tiny@16.npz",
        },
        "extract_features": {
            **{"data": data, "dataset": json.dumps(row), "output": made / "tiny+small.npz"},
            "features": json.dumps({"name": "small", "network": {"build": "resnet18"}, "input_size": 16}),
        },
        "try_network": {"data": data, "model": "resnet18", "output": made / "tried.json"},
        "train_network": {
            **{"data": data, **network, "device": "cpu", "grid": json.dumps([TRAINING])},
            "output": made / "network.json",
        },
        "train_svm": {"data": data, "kernel": "rbf", "grid": '[{"C": 1}]', "output": made / "svm.json"},
        "time_training": {
            **{"data": data, **network, "devices": "cpu", "settings": json.dumps(TRAINING)},
            "output": made / "timed.json",
        },
        "time_chosen": {"record": folder / "cell.json", "data": data, "output": made / "alone.json"},
        "collect_results": {"records": lines, "runs": made / "runs.csv", "output": made / "records.jsonl"},
        **dict.fromkeys(("select_best", "compare_devices", "compare_models", "compare_classes"), table),
        "compare_published": {**table, "reference": studies.REFERENCE},
        "plot_figures": {"records": lines, "output": made / "figures"},
        "render_report": {"records": lines, "html": made / "report.html", "pdf": made / "report.pdf"},
    }
    return Place(folder, calls)


@pytest.fixture
def say(place, monkeypatch, capsys):
    """Call a command in this process, with some options otherwise; return its one line and exit status."""

    def called(name: str, **changes) -> tuple[str, int]:
        words = []
        for option, value in {**place.calls[name], **changes}.items():
            listed = value if isinstance(value, list) else [value]
            words += [f"--{option.replace('_', '-')}", *map(str, listed)]
        script = SCRIPTS / f"{name}.py"
        monkeypatch.setattr(sys, "argv", [str(script), *words])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(script), run_name="__main__")
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith(f"{name}.py: ")
        assert not (place.folder / "made").exists()
        return lines[0].removeprefix(f"{name}.py: "), caught.value.code

    return called


@pytest.mark.parametrize(("name", "option"), [(name, each) for name in INPUTS for each in INPUTS[name]])
def test_a_file_that_is_absent_or_of_another_kind_is_one_line(place, say, name, option):
    for kind in OTHER_KINDS:
        if kind == "folder" and (name, option) in MAY_BE_FOLDERS:
            continue
        path = place.folder / kind
        said, status = say(name, **{option: path})
        assert str(path) in said
        damaged = kind not in ("absent", "folder")
        assert status == 2 or (damaged and status == faults.FAULT)


def test_the_original_and_the_prepared_data_are_not_taken_for_each_other(place, say):
    said, status = say("prepare_dataset", raw=place.folder / "tiny.npz")
    assert said == (
        f"{place.folder / 'tiny.npz'}: a prepared data set; name the original that fetch_dataset.py made"
    )
    assert status == 2
    for name in ("train_network", "train_svm"):
        assert str(place.folder / "raw.npz") in say(name, data=place.folder / "raw.npz")[0]


@pytest.mark.parametrize(("name", "option"), [(name, each) for name in OUTPUTS for each in OUTPUTS[name]])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(place, say, name, option):
    suffix = place.calls[name][option].suffix
    wrong = {
        place.folder / "text" / f"a{suffix}": "is not a folder; name another place",
        place.folder / "folder": "is a folder; name a file",
        Path(f"a\udcff{suffix}"): "is not UTF-8; a record could not say it",
        Path(f"{'a' * 300}{suffix}"): os.strerror(errno.ENAMETOOLONG),
    }
    for path, reason in wrong.items():
        if path.name == "folder" and (suffix == ".json" or (name, option) in MAY_BE_FOLDERS):
            continue
        said, status = say(name, **{option: path})
        assert reason in said
        assert status == (faults.FAULT if "name a shorter path" in said else 2)


def test_a_folder_that_holds_other_things_is_not_made_anew_as_one_of_figures(place, say):
    said, status = say("plot_figures", output=place.folder)
    assert "holds other things than figures; name a folder for them alone" in said
    assert status == 2
    assert place.folder.is_dir()


GRIDS = [
    *(
        "null",
        "3",
        '"rbf"',
        "true",
        "[]",
        "{}",
        "[[]]",
        "[3]",
        "[null]",
        '{"C": 1}',
        '[{"x": 1}]',
        '[{"": 1}]',
    ),
    *("[", "x", "", "NaN", "1" + "0" * 5000, "[" * 100_000, '{"a":' * 100_000, '[{"epochs":1,"epochs":2}]'),
]
VALUES = ["0", "-1", "true", "null", '"fast"', "[]", "[[1]]", "{}", '{"a": 1}', "NaN", "Infinity", "1e400"]


@pytest.mark.parametrize(
    ("name", "option"), [("train_network", "grid"), ("train_svm", "grid"), ("prepare_dataset", "split")]
)
@pytest.mark.parametrize("text", GRIDS, ids=lambda text: text[:12])
def test_json_of_another_shape_is_one_line_with_the_option(say, name, option, text):
    said, status = say(name, **{option: text})
    assert said.startswith(f"argument --{option}: ")
    assert len(said) < 300
    assert status == 2


@pytest.mark.parametrize("setting", ["batch_size", "learning_rate", "epochs", "C", "gamma"])
@pytest.mark.parametrize("value", VALUES)
def test_a_setting_that_nothing_can_have_is_one_line_with_its_name(say, setting, value):
    block = f'{{"{setting}": {value}}}'
    network = setting in fields.names(axes.NetworkSettings)
    calls = {"train_network": ("grid", f"[{block}]"), "time_training": ("settings", block)}
    for name, (option, text) in calls.items() if network else [("train_svm", ("grid", f"[{block}]"))]:
        said, status = say(name, **{option: text})
        assert re.search(rf"{setting}(/0)?: |\S+ is not a number of JSON", said)
        assert status == 2


WORDS = [
    *(("fetch_dataset", {"dataset": "cats"}), ("prepare_dataset", {"dataset": "cats"})),
    *((name, {"model": "resnet99"}) for name in ("try_network", "train_network", "time_training")),
    *((name, {"optimizer": "rmsprop"}) for name in ("train_network", "time_training")),
    *((name, {"device": word}) for name in ("train_network", "train_svm") for word in ("tpu", "mps", "cuda")),
    *(("time_training", {"devices": word}) for word in ("tpu", "mps", "cuda")),
    ("train_svm", {"kernel": "quantum"}),
    ("train_svm", {"engine": "steam"}),
    *(
        (name, {"threads": number})
        for name in ("train_network", "train_svm", "time_training", "time_chosen")
        for number in (0, -1, "1.5", 2**70)
    ),
    *((name, {"mem_mb": number}) for name in ("train_svm", "time_chosen") for number in (0, -1, 2**70)),
    *(("time_chosen", {"times": number}) for number in (0, -1, "x")),
    *(("time_training", {"repeats": number}) for number in (0, -1, "x")),
    *(("train_network", {"pack": number}) for number in (0, -1)),
    *(("train_network", {"seeds": seeds}) for seeds in ([-1], [2**70], [0, 0], ["one"], [])),
    *(
        (name, {"input_size": size})
        for name in ("prepare_dataset", "prepare_view")
        for size in (0, -3, 100_000, 7, "2.5")
    ),
    *(("prepare_dataset", {limit: n}) for limit in ("limit_train", "limit_test") for n in (0, -1, "all")),
    *(("train_svm", {"shard": shard}) for shard in ("4/3", "0/1", "x", "1", "1/2/3", f"1/{'9' * 5000}")),
    *(("train_svm", {"output": name}) for name in ("models", "cell.npz", ".json")),
    *(("time_training", {"devices": ["cpu", "cpu"]}), ("time_training", {"output": ["a.json", "./a.json"]})),
    *(
        ("render_report", {"config": text})
        for text in ("[]", "3", "null", "{", '{"a":' * 90 + "1" + "}" * 90)
    ),
    ("render_report", {"missing": []}),
]


@pytest.mark.parametrize(("name", "wrong"), WORDS, ids=lambda value: str(value)[:40])
def test_a_value_that_an_option_does_not_take_is_one_line_with_the_option(say, name, wrong):
    (option,) = wrong
    said, status = say(name, **wrong)
    assert said.startswith(f"argument --{option.replace('_', '-')}: ")
    assert ";" in said
    assert len(said) < 300
    assert status == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": 0.9}, "split: train + validation + holdout is 1.2; make it 1"),
        ({"train": -0.7}, "split/train: -0.7 must be above 0"),
        ({"test": "half"}, "split/test: half is not a number"),
        ({"seed": -1}, "split/seed: -1 must be at least 0"),
        ({"more": 1}, "split: more is unknown; known are train, validation, holdout, seed, test"),
        ({"train": None}, "split/train: missing; Share that models are fitted on."),
    ],
)
def test_a_split_that_is_none_is_one_line_with_the_share(say, change, said):
    split = {name: value for name, value in (SPLIT | change).items() if value is not None}
    found, status = say("prepare_dataset", split=json.dumps(split))
    assert found.startswith(f"argument --split: {said}")
    assert status == 2


def test_a_record_that_chose_nothing_or_has_other_data_or_another_model_is_one_line(place, say, tmp_path):
    right = json.loads((place.folder / "cell.json").read_text())
    timed, idle, other = tmp_path / "timed.json", tmp_path / "idle.json", tmp_path / "other.json"
    timed.write_text(json.dumps(right | {"purpose": "speed"}))
    idle.write_text(json.dumps(right | {"runs": []}))
    other.write_text(json.dumps(right | {"data": right["data"] | {"digest": "f" * 64}}))
    for record in (timed, idle):
        said, status = say("time_chosen", record=record)
        assert said == "svm_rbf_cpu chose nothing: it is no record of a grid; name the cell's own"
        assert status == 2
    assert "was trained on other data" in say("time_chosen", record=other)[0]
    record = written.read(place.folder / "cell.json")
    data = dataclasses.replace(record.data, digest="f" * 64)
    known = signature.of(record, {}, (8, 8), ((0.0,), (1.0,)), data)
    signature.save(tmp_path / "model.safetensors", {"a": np.zeros(1)}, known)
    said, status = say("time_chosen", model=tmp_path / "model.safetensors")
    assert "not the model of svm_rbf_cpu, or of other data" in said
    assert status == 2


def test_folders_that_hold_nothing_of_the_kind_say_so(place, say):
    for name in ("render_report", "collect_results"):
        said, status = say(name, records=place.folder / "folder")
        assert said.startswith(f"{place.folder / 'folder'}: holds no cell record; name the folder")
        assert status == 2
    said, status = say("render_report", templates=place.folder / "folder")
    assert said == f"{place.folder / 'folder'}: holds no theme.css; name the folder of the report's templates"
    assert status == 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("test_accuracy_percent", "accuracy"), "line 1: column test_accuracy_percent is missing"),
        ((",16,0.001,2,true", ",sixteen,0.001,2,true"), r"line 2: invalid literal for int\(\)"),
        ((",16,0.001,2,true", ",16,0.001,2,true,1"), "line 2: not as many values as columns"),
    ],
)
def test_another_table_is_not_the_published_one(say, tmp_path, changed, said):
    path = tmp_path / "reference.csv"
    path.write_text(studies.REFERENCE.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
    found, status = say("compare_published", reference=path)
    assert re.match(rf"{path}: not the table of published results: {said}", found)
    assert status == 2


@pytest.mark.parametrize(
    ("error", "said", "status"),
    [
        (MemoryError(), "not enough memory: MemoryError; give it more, or fewer --threads", 1),
        (RuntimeError("CUDA out of memory. Tried 2 GiB"), "not enough memory: CUDA out of memory", 1),
        (RuntimeError("x\nDefaultCPUAllocator: can't allocate memory: 9"), "memory: DefaultCPUAllocator", 1),
        (RuntimeError("can't start new thread"), "not enough memory: can't start new thread", 1),
        (ImportError("lib.so: failed to map segment from shared object"), "not enough memory: lib.so", 1),
        (ImportError(f"lib.so: {os.strerror(errno.EMFILE)}"), "allow it more open files", 1),
        (ModuleNotFoundError("No module", name="torch.nn"), "needs the package torch, which is not", 1),
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b"),
            "a/b: No space left on device; make room",
            1,
        ),
        (OSError("900 requested and 0 written"), "900 requested and 0 written; make room", 1),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "a: Permission denied; name another", 1),
        (Exception("I/O error: File too large (os error 27)"), "File too large; allow it larger files", 1),
        (ValueError("embedded null byte"), "a path holds a NUL character", 1),
        (KeyboardInterrupt(), "interrupted; the same call goes on from its journal", 130),
    ],
)
def test_what_the_machine_refuses_is_one_line_with_the_cure(error, said, status, capsys):
    with pytest.raises(SystemExit) as caught:
        faults.told(error, {"threads"})
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert line.endswith("; the same call goes on from its journal")
    assert caught.value.code == status


@pytest.mark.parametrize(
    "error", [KeyError("memory"), ValueError("x"), ModuleNotFoundError(name="bakeoff.x")]
)
def test_what_may_be_a_bug_is_not_told_as_a_fault_of_the_machine(error):
    assert not faults.told(error)


def run(*words, **more) -> subprocess.CompletedProcess:
    line = [sys.executable, *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False, **more)


def test_a_reader_that_leaves_ends_a_command_silently():
    reading, writing = os.pipe()
    os.close(reading)
    line = [sys.executable, SCRIPTS / "train_svm.py", "--help"]
    done = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.stderr == b""


def test_a_library_that_finds_no_memory_to_be_loaded_is_one_line(tmp_path):
    fault = "libx.so: failed to map segment from shared object"
    (tmp_path / "numpy.py").write_text(f"raise ImportError('much advice\\nOriginal error was: {fault}')\n")
    more = {"env": {**os.environ, "PYTHONPATH": str(tmp_path)}}
    done = run(SCRIPTS / "select_best.py", "--records", "x", "--output", "y", **more)
    said = f"not enough memory: Original error was: {fault}; give it more; call again"
    assert done.stderr.splitlines() == [f"select_best.py: {said}"]
    assert done.returncode == faults.FAULT


def test_a_package_that_is_not_installed_is_one_line():
    done = run("-S", SCRIPTS / "select_best.py", "--help")
    (line,) = done.stderr.splitlines()
    assert line.startswith("select_best.py: needs the package pydantic, which is not installed here; ")
    assert done.returncode == faults.FAULT


def test_an_interrupted_command_says_how_to_go_on(place):
    words = [f"--{name}={value}" for name, value in place.calls["train_network"].items() if name != "grid"]
    line = [sys.executable, "-u", SCRIPTS / "train_network.py", *words, '--grid=[{"epochs": 100000}]']
    # Whatever runs the tests in the background may have it ignored.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, preexec_fn=heard, **pipes) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said == "train_network.py: interrupted; the same call goes on from its journal\n"
    assert process.returncode == faults.INTERRUPTED
    shutil.rmtree(place.folder / "made")


def test_whole_numbers_may_be_said_as_a_configuration_says_them():
    assert [values.whole_text(text) for text in ("3", "3.0", "-1", "1e3")] == [3, 3, -1, 1000]
