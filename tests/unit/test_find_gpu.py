"""A GPU is one whose driver answers: held against a driver made here, which may refuse, hang or crash."""

import json
import os
import subprocess
import sys

import pytest

import fake_driver
from checkout import ROOT
from optional import needs

PROGRAM = [sys.executable, str(ROOT / "workflow" / "scripts" / "bakeoff" / "machine" / "find_gpu.py")]


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """Return the folder of a made-up libcuda.so.1."""
    return fake_driver.build(tmp_path_factory.mktemp("driver"))


def torch_of(folder, version: str):
    """Write a torch whose import would fail, with a file that says what it is built for."""
    (folder / "torch").mkdir(parents=True)
    (folder / "torch" / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "torch" / "version.py").write_text(f"from typing import Optional\n{version}\n")
    return folder


def answer(*arguments: str, **environment: str) -> str | None:
    """Return the reason that the program prints, or None where it finds a GPU."""
    caller = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    done = subprocess.run(
        [*PROGRAM, *arguments], env={**caller, **environment}, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert done.stderr == ""
    assert found["gpu"] == ("reason" not in found)
    return found.get("reason")


@needs("gcc")
@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("one", None),
        ("none", "the NVIDIA driver finds no GPU"),
        ("error", "the NVIDIA driver answers cuInit with error 999 (unknown error)"),
        ("hang", "the NVIDIA driver did not answer within 0.5 s"),
        ("crash", "asking the NVIDIA driver ended in SIGABRT"),
        ("leave", "the NVIDIA driver gave no answer"),
    ],
)
def test_only_a_driver_that_answers_has_a_gpu(driver, mode, reason):
    environment = {"LD_LIBRARY_PATH": str(driver), "FAKE_DRIVER": mode}
    within = ["--within", "0.5"] if mode == "hang" else []
    assert answer("--driver-alone", *within, **environment) == reason


@needs("gcc")
@pytest.mark.parametrize(
    ("given", "visible"),
    [
        ("0", True),
        ("2,NoDevFiles", True),
        (" 1 ", True),
        ("GPU-8932f937", True),
        ("MIG-GPU-8932f937/1/2", True),
        ("", False),
        ("-1", False),
        ("-1,0", False),
        ("NoDevFiles", False),
        ("none", False),
    ],
)
def test_the_first_entry_of_cuda_visible_devices_shows_or_hides_all(driver, given, visible):
    environment = {"LD_LIBRARY_PATH": str(driver), "FAKE_DRIVER": "one", "CUDA_VISIBLE_DEVICES": given}
    shown = given or "''"
    assert answer("--driver-alone", **environment) == (
        None if visible else f"CUDA_VISIBLE_DEVICES={shown} hides all"
    )


@needs("gcc")
@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("cuda: Optional[str] = '12.8'", None),  # the driver's 12.4 runs all of 12
        ('cuda = "11.8"\nhip = None', None),
        ("cuda = '13.2'", "the NVIDIA driver knows CUDA 12.4, this torch is built for 13.2"),
        ("cuda: Optional[str] = None\nhip: Optional[str] = None", "this torch is built for the CPU alone"),
        ("cuda = None\nhip = '6.2'", "this torch is built for HIP 6.2, not for CUDA"),
        ("nothing = 'known'", None),
    ],
)
def test_torch_is_held_against_the_driver_without_its_import(driver, tmp_path, version, reason):
    folder = torch_of(tmp_path, version)
    environment = {"LD_LIBRARY_PATH": str(driver), "FAKE_DRIVER": "one", "PYTHONPATH": str(folder)}
    assert answer(**environment) == reason
    assert answer("--driver-alone", **environment) is None


def test_without_a_driver_there_is_no_gpu(tmp_path):
    (tmp_path / "libcuda.so.1").write_text("no library")
    assert answer(LD_LIBRARY_PATH=str(tmp_path)).startswith("the driver's library: ")


def test_a_machine_without_a_driver_says_so_whatever_is_hidden(tmp_path):
    """Otherwise the same study would give another report in a batch job."""
    (tmp_path / "libcuda.so.1").write_text("no library")
    reasons = [
        answer(LD_LIBRARY_PATH=str(tmp_path), **hidden) for hidden in ({}, {"CUDA_VISIBLE_DEVICES": ""})
    ]
    assert reasons[0] == reasons[1]
