"""What surrounds a call: the caller's variables, and what a machine says of itself or not."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import arrays
import rendered
import studies
from bakeoff import surroundings
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources
from bakeoff.families.svm.family import SvmFamily
from bakeoff.machine import energy, hardware, load, timing
from bakeoff.machine.energy import Counter
from bakeoff.records import written

SCRIPTS = studies.ROOT / "workflow" / "scripts"
WRONG = ("", "two", "2,1", "4(x", "(x2)", "99999999999999999999", "-1", "2(x3),1,", "\udcff")
SAID = ("JOB_CPUS_PER_NODE", "CPUS_ON_NODE", "NODEID", "JOB_CPUS_PER_NODE_PACK_GROUP_0")


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("value", WRONG)
def test_whatever_a_batch_system_says_a_record_can_be_written(monkeypatch, name, value):
    for known in [known for known in os.environ if known.startswith("SLURM_")]:
        monkeypatch.delenv(known)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv(f"SLURM_{name}", value)
    written.from_json({**studies.small()[0], "allocation": hardware.allocation()})


@pytest.mark.parametrize(
    ("counts", "node", "given"), [("2,1", "0", 2), ("4(x2),1", "2", 1), ("3(x2)", "1", 3)]
)
def test_the_cores_of_a_node_are_read_from_the_list_of_all(monkeypatch, counts, node, given):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    for name, value in (("JOB_ID", "7"), ("JOB_CPUS_PER_NODE", counts), ("NODEID", node)):
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert hardware.allocation() == f"{given} of the node's 64 cores"


def refuse(*_, **__):
    raise RuntimeError("a driver's own words")


def test_what_cannot_be_read_of_a_machine_is_null_and_the_record_is_written(monkeypatch):
    readers = ("_cpu", "memory_bytes", "_gpu", "_driver", "_cuda", "_image_digest", "_git_commit", "_hosted")
    for name in readers:
        monkeypatch.setattr(hardware, name, refuse)
    monkeypatch.setattr(hardware.importlib.metadata, "version", refuse)
    found = hardware.describe(2, "gpu")
    assert (found["memory_bytes"], found["gpu"], found["git_commit"]) == (None, None, None)
    written.from_json({**studies.small()[0], "environments": [found]})


def test_a_counter_that_ceases_to_count_takes_no_run_with_it(monkeypatch):
    readings = iter([1.0, 2.0, 3.0])
    ceasing = Counter("gpu", lambda: next(readings))
    watch = timing.Stopwatch(counters=[ceasing, Counter("cpu", lambda: 5.0)])
    for _ in range(2):
        with watch.phase("train"):
            pass
    assert watch.energy("train") == {"cpu": 0.0}


def test_a_kernel_that_hides_its_counters_is_not_asked_twice(monkeypatch):
    monkeypatch.setattr(load, "_read", refuse)
    assert load.Meter().lap() is None
    monkeypatch.setattr(energy, "_package", refuse)
    assert energy.counters("cpu") == []


def test_variables_that_change_numbers_are_pinned_and_those_of_the_machine_recorded(monkeypatch):
    for name in (*surroundings.PINNED, *surroundings.RECORDED):
        monkeypatch.delenv(name, raising=False)
    assert "switches" not in hardware.describe(1, "cpu")
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    surroundings.settle()
    assert "NVIDIA_TF32_OVERRIDE" not in os.environ
    found = hardware.describe(1, "cpu")
    assert found["switches"] == {"ATEN_CPU_CAPABILITY": "default"}
    written.from_json({**studies.small()[0], "environments": [found]})


def test_a_bound_on_another_library_s_workers_is_no_number_of_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(8))
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    plain = hardware.usable_cores()
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    surroundings.settle()
    assert hardware.usable_cores() == plain


def drawn(folder: Path, study: Path, **environment: str) -> dict[str, bytes]:
    """Draw a study's figures by the command, in a process of its own; return the files."""
    line = [sys.executable, SCRIPTS / "plot_figures.py", "--records", study, "--output", folder / "figures"]
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        line, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in (folder / "figures").iterdir()}


RC = "text.usetex: True\nfont.size: 30\naxes.facecolor: red\nsvg.fonttype: path\nlines.linewidth: 9\n"


def test_figures_are_the_same_whatever_the_caller_has_set(small, tmp_path):
    plain = drawn(tmp_path / "plain", small.folder / "records.jsonl")
    home = tmp_path / "config"
    home.mkdir()
    (home / "matplotlibrc").write_text(RC)
    (home / "stylelib").mkdir()
    (home / "stylelib/broken.mplstyle").write_bytes(b"\xff\xfe: x")
    elsewhere = tmp_path / "there"
    elsewhere.mkdir()
    (elsewhere / "matplotlibrc").write_text(RC)
    notebook = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "MPLCONFIGDIR": str(home)}
    odd = {
        "SOURCE_DATE_EPOCH": "today",
        "LC_ALL": "C",
        "COLUMNS": "40",
        "PYTHONWARNINGS": "error",
        "MATPLOTLIBRC": str(home),
    }
    assert drawn(elsewhere, small.folder / "records.jsonl", **notebook, **odd) == plain


def test_a_library_s_caller_keeps_its_own_style(small, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"font.size": 33.0}):
        rendered.drawn(small.study, tmp_path / "figures")
        assert matplotlib.rcParams["font.size"] == 33.0


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_what_is_kept_and_published_follows_the_umask(dataset, tmp_path, mask):
    before = os.umask(mask)
    try:
        family = SvmFamily(dataset, "rbf", [{"C": 2.0}], Resources("sklearn"))
        cell.run_cell(family, tmp_path / "svm_rbf_cpu.json", 1, [])
    finally:
        os.umask(before)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o666 & ~mask}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_the_caller_has_closed_ends_nothing_and_takes_no_file_s_place(tmp_path, closed):
    data = arrays.save(tmp_path / "tiny.npz")
    record = tmp_path / "svm_rbf_cpu.json"
    words = f'--data "{data}" --kernel rbf --grid "[{{}}]" --output "{record}"'
    line = f'"{sys.executable}" "{SCRIPTS / "train_svm.py"}" {words} {closed}'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [run["status"] for run in studies.read(record)["runs"]] == ["ok"]


def test_a_path_that_python_is_told_not_to_read_is_one_line(tmp_path):
    told = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    line = [sys.executable, SCRIPTS / "select_best.py", "--records", "größe", "--output", "x"]
    done = subprocess.run(
        line, cwd=tmp_path, env={**os.environ, **told}, capture_output=True, text=True, check=False
    )
    (said,) = done.stderr.splitlines()
    assert said.endswith("cannot be read as ascii, which PYTHONUTF8=0 asks for; a record could not say it")
    assert done.returncode == 2


@pytest.mark.parametrize("value", ["0", "1", "many"])
def test_what_libraries_are_told_in_words_that_they_cannot_read_loses_no_run(tmp_path, value):
    data = arrays.save(tmp_path / "tiny.npz")
    record = tmp_path / "svm_rbf_cpu.json"
    options = {
        "data": data,
        "kernel": "rbf",
        "grid": "[{}]",
        "engine": "pairwise",
        "threads": 2,
        "output": record,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    line = [sys.executable, SCRIPTS / "train_svm.py", *words]
    told = dict.fromkeys(("NUMBA_NUM_THREADS", "TORCH_LOGS", "SOURCE_DATE_EPOCH"), value)
    environment = {**os.environ, **told}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [run["status"] for run in studies.read(record)["runs"]] == ["ok"]
