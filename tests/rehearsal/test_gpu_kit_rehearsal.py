"""The GPU kit from packing to report, as on a borrowed machine: without a GPU, a network, many packages."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from gpu_kit import SUMMARY
from gpu_kit.packing import LIMIT_BYTES
from gpu_kit.running import FILE_LIMIT_BYTES

from checkout import copy_to

pytestmark = pytest.mark.rehearsal

# What was not on the machines that were lent so far, with what these packages bring.
LACKING = (
    "snakemake",
    "weasyprint",
    "fvcore",
    "iopath",
    "yacs",
    "termcolor",
    "pydantic",
    "annotated_types",
    "typing_inspection",
    "yaml",
    "_yaml",
    "pyyaml",
)
MOST_FILES = 8
NO_NETWORK = ["unshare", "--net"]
REFUSED = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a copy of the project with a packed kit."""
    folder = copy_to(tmp_path_factory.mktemp("gpu") / "a machine")
    line = [sys.executable, "benchmarks/on_gpu.py", "pack"]
    path = {"PYTHONPATH": str(folder / "workflow/scripts")}
    done = subprocess.run(
        line, cwd=folder, env={**os.environ, **path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> str:
    """Return a Python that has this one's packages, but for those that a bare machine lacks."""
    bare = tmp_path_factory.mktemp("python")
    venv.create(bare, symlinks=True)
    here = Path(sysconfig.get_path("purelib"))
    there = bare / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    for path in here.iterdir():
        if not path.name.startswith(LACKING) and not (there / path.name).exists():
            (there / path.name).symlink_to(path)
    return str(bare / "bin/python")


def call(folder: Path, python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the kit as on a machine that nothing can be fetched from."""
    alone = subprocess.run([*NO_NETWORK, "true"], capture_output=True, check=False).returncode == 0
    line = [python, "benchmarks/on_gpu.py", "run", "--device", "cpu", "--little", *arguments]
    return subprocess.run(
        [*(NO_NETWORK if alone else []), *line],
        cwd=folder,
        env={**{n: v for n, v in os.environ.items() if n != "BAKEOFF_DATA"}, **REFUSED},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def done(folder, python) -> subprocess.CompletedProcess[str]:
    return call(folder, python)


def ended(folder: Path) -> dict[str, list[str]]:
    """Return how the steps of each phase ended."""
    summary = json.loads((folder / "gpu-evidence" / SUMMARY).read_text(encoding="utf-8"))
    return {phase: [step["status"] for step in steps.values()] for phase, steps in summary["phases"].items()}


def test_the_kit_may_be_taken_along(folder):
    sizes = [path.stat().st_size for path in (folder / "gpu-kit").rglob("*") if path.is_file()]
    assert 40e6 < sum(sizes) < LIMIT_BYTES
    from bakeoff.data.kinds.originals import FILES

    for name in ("mnist", "fashion"):
        for file in FILES:
            assert (folder / f"gpu-kit/data/{name}/{file}.gz").is_file()


def test_the_machine_lacks_what_it_is_meant_to_lack(python):
    for name in LACKING:
        line = [python, "-c", f"import {name}"]
        assert subprocess.run(line, capture_output=True, check=False).returncode == 1


def test_every_phase_ends_well_on_it(folder, done):
    assert done.returncode == 0, done.stdout
    assert "installing beside the machine's own packages: annotated-types" in done.stdout
    assert {status for steps in ended(folder).values() for status in steps} == {"ok"}, done.stdout
    summary = json.loads((folder / "gpu-evidence" / SUMMARY).read_text(encoding="utf-8"))
    assert summary["machine"]["gpu"] is None
    assert re.search(r"\d+ (skipped|passed)", summary["phases"]["1-tests"]["tests"]["said"])
    assert summary["goals"] == []


def test_its_files_may_be_brought_home(folder, done):
    files = list((folder / "gpu-evidence").iterdir())
    assert len(files) <= MOST_FILES
    assert all(path.stat().st_size < FILE_LIMIT_BYTES for path in files)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", path.name) for path in files)


def test_they_become_reports(folder, done, tmp_path):
    files = sorted(str(path) for path in (folder / "gpu-evidence").iterdir())
    line = [sys.executable, "benchmarks/on_gpu.py", "import", *files, "--output", str(tmp_path / "home")]
    brought = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert brought.returncode == 0, brought.stdout + brought.stderr
    for study in ("study", "comparison_10_epochs"):
        report = tmp_path / f"home/no-gpu/{study}/report.html"
        assert f"The report is ready: {report}" in brought.stdout
        assert "the same training on CPU and GPU" in report.read_text(encoding="utf-8")
    runs = (tmp_path / "home/no-gpu/study/runs.csv").read_text(encoding="utf-8")
    assert {line.split(",")[1] for line in runs.splitlines()[1:]} == {"fashion", "mnist"}
    measured = {path.name for path in (tmp_path / "home/no-gpu/measured").iterdir()}
    assert measured == {"train_step_resnet18_16.json", "graph_steps.json", "energy.json", "latency.json"}


def test_a_broken_phase_says_why_and_a_second_call_does_the_rest(folder, python, done):
    broken = folder / "tests/gpu/test_broken.py"
    broken.write_text("raise ImportError('this machine lacks a part')\n", encoding="utf-8")
    removed = folder / "gpu-work/5-svm/study/fashion/svm_rbf_cpu.json"
    removed.unlink()
    again = call(folder, python, "--again", "1")
    assert again.returncode == 0, again.stdout
    ran = [line.split()[0] for line in again.stdout.splitlines() if " s  " in line and ": " in line]
    assert ran == ["tests", "fashion_svm_rbf_cpu"]
    found = ended(folder)
    assert found.pop("1-tests") == ["failed"]
    assert {status for steps in found.values() for status in steps} == {"ok"}
    assert removed.exists()
    broken.unlink()
