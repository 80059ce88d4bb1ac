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
    assert found["gpu"] == bool(found.get("devices"))
    return found.get("reason")


def listed(driver, mode: str, **environment: str) -> list[list[str]]:
    """Return the devices that the program lists, by the name to ask for them and the identity."""
    caller = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    pretended = {"LD_LIBRARY_PATH": str(driver), "FAKE_DRIVER": mode}
    line = [*PROGRAM, "--driver-alone"]
    return json.loads(subprocess.check_output(line, env={**caller, **pretended, **environment}))["devices"]


def gpu(number: int) -> str:
    """Return the identity of a pretended device."""
    return f"GPU-{number:02x}{'ab' * 15}"


@needs("gcc")
def test_every_visible_device_is_listed_by_what_asks_for_it_and_by_its_identity(driver):
    assert listed(driver, "one", FAKE_GPUS="3") == [[str(number), gpu(number)] for number in range(3)]
    chosen = listed(driver, "one", FAKE_GPUS="3", CUDA_VISIBLE_DEVICES="2,0")
    assert chosen == [["2", gpu(2)], ["0", gpu(0)]]
    # One that is none hides itself and all after it.
    assert listed(driver, "one", FAKE_GPUS="3", CUDA_VISIBLE_DEVICES="1,7,0") == [["1", gpu(1)]]


def pretended_nvidia_smi(folder, printed: str) -> dict[str, str]:
    """Return the variable that has a program of that name found which prints this."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ntest \"$*\" = -L && cat <<'END'\n{printed}\nEND\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


SLICES = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
  MIG 1g.5gb      Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 1g.5gb      Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-9e3d8d2b-d33d-2b2c-524d-5d5ba0d68a77)
  MIG 2g.10gb     Device  0: (UUID: MIG-1e3d8d2b-42e4-5de3-91c7-5985ef7c9beb)"""


@needs("gcc")
def test_of_slices_the_driver_shows_one_and_nvidia_smi_lists_the_others(driver, tmp_path):
    found = pretended_nvidia_smi(tmp_path, SLICES)
    names = [
        "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f",
        "MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb",
        "MIG-1e3d8d2b-42e4-5de3-91c7-5985ef7c9beb",
    ]
    assert listed(driver, "slice", **found) == [[name, name] for name in names]
    # Whole GPUs are the driver's to list, whatever else nvidia-smi knows.
    assert listed(driver, "one", **found) == [["0", gpu(0)]]
    given = {"CUDA_VISIBLE_DEVICES": ",".join([*names[1:], "-1", names[0]])}
    assert listed(driver, "slice", **found, **given) == [[name, name] for name in names[1:]]


@needs("gcc")
@pytest.mark.parametrize("printed", ["No devices found.", "GPU 0: (UUID: GPU-1)"])
def test_where_nvidia_smi_lists_no_slice_there_is_the_one_that_the_driver_shows(driver, tmp_path, printed):
    found = pretended_nvidia_smi(tmp_path, printed)
    assert listed(driver, "slice", **found) == [["0", gpu(0)]]


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
