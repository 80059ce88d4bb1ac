"""Several GPUs: each process has the first that is free, and what devices are called elsewhere is told."""

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from bakeoff import saved
from bakeoff.command import UserError
from bakeoff.machine import devices, find_gpu, hardware
from checkout import ROOT

# Takes a GPU of those that it is told of, says which one CUDA would see, and ends when it is told to.
PROCESS = """
import os, sys
from bakeoff.machine import devices, find_gpu
listed = [entry.split("=") for entry in sys.argv[1:]]
find_gpu.ask_within = lambda: {"devices": listed}
devices.take()
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.read()
"""
THREE = ("0=GPU-a", "1=GPU-b", "2=GPU-c")


@contextmanager
def process(folder, *listed: str, **environment: str):
    """Start a process that takes a GPU, yield what it says, and end it."""
    caller = {name: value for name, value in os.environ.items() if name != devices.VISIBLE}
    own = {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    line = [sys.executable, "-c", PROCESS, *listed]
    child = subprocess.Popen(
        line, env={**caller, **own, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    lines = []
    while not lines or lines[-1].startswith("all "):
        lines.append(child.stdout.readline().strip())
    try:
        yield lines
    finally:
        child.communicate()


def test_processes_side_by_side_have_a_gpu_each_and_one_too_many_shares_the_first(tmp_path):
    with ExitStack() as running:
        taken = [running.enter_context(process(tmp_path, *THREE)) for _ in range(4)]
        said = "all 3 GPUs are taken by other processes of yours; sharing 0"
        assert taken == [["0"], ["1"], ["2"], [said, "0"]]
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_gpu_is_free_again_when_its_process_ends_and_goes_by_its_identity(tmp_path):
    with process(tmp_path, *THREE) as first:
        with process(tmp_path, *THREE) as second:
            assert (first, second) == (["0"], ["1"])
        # The same devices in another order, as another study may be shown them.
        with process(tmp_path, "GPU-a=GPU-a", "GPU-b=GPU-b", CUDA_VISIBLE_DEVICES="GPU-a,GPU-b") as other:
            assert other == ["GPU-b"]
    with process(tmp_path, *THREE) as next_one:
        assert next_one == ["0"]


def test_one_gpu_alone_is_left_as_it_is(tmp_path):
    with process(tmp_path, "0=GPU-a") as one:
        assert one == ["None"]
    # A batch system gave it: nobody is asked what else there is.
    with process(tmp_path, *THREE, CUDA_VISIBLE_DEVICES="2") as given:
        assert given == ["2"]
    assert list(tmp_path.iterdir()) == []


def no_gpu():
    raise find_gpu.NoGPU("no NVIDIA driver library is here")


@pytest.fixture
def take(monkeypatch, tmp_path):
    """Return what takes a GPU in this process, of a list or where a function fails; locks lie in tmp_path."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv(devices.VISIBLE, raising=False)
    devices.take.cache_clear()

    def with_devices(listed):
        ask = listed if callable(listed) else lambda: {"devices": listed}
        monkeypatch.setattr(find_gpu, "ask_within", ask)
        # Undone at the end, whatever is set meanwhile.
        monkeypatch.setenv(devices.VISIBLE, "0,1")
        devices.take()
        return os.environ[devices.VISIBLE]

    yield with_devices
    devices.take.cache_clear()


def test_what_cannot_be_listed_or_locked_ends_nothing(take, tmp_path):
    two = [["0", "GPU-a"], ["1", "GPU-b"]]
    assert take(no_gpu) == "0,1"
    devices.take.cache_clear()
    (tmp_path / f"bakeoff-gpus-{os.getuid()}").write_text("a file where the locks would lie")
    assert take(two) == "0"
    devices.take.cache_clear()
    (tmp_path / f"bakeoff-gpus-{os.getuid()}").unlink()
    # Another user's doing: nothing is locked in a folder that a link leads to.
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"bakeoff-gpus-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    assert take(two) == "0"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_process_takes_one_gpu_however_often_it_asks(take):
    assert take([["0", "GPU-a"], ["1", "GPU-b"]]) == "0"
    devices.take()
    assert os.environ[devices.VISIBLE] == "0"


def test_only_work_on_a_gpu_takes_one_and_before_torch_is_asked(take, monkeypatch):
    seen = []
    monkeypatch.setattr(hardware, "best_device", lambda: seen.append(os.environ[devices.VISIBLE]) or "gpu")
    monkeypatch.setattr(find_gpu, "ask_within", lambda: {"devices": [["0", "GPU-a"], ["1", "GPU-b"]]})
    monkeypatch.setenv(devices.VISIBLE, "0,1")
    hardware.require_device("cpu")
    assert os.environ[devices.VISIBLE] == "0,1"
    # A saved model is loaded into a process that is not ours.
    hardware.check_device("gpu")
    hardware.require_device("gpu")
    assert seen == ["0,1", "0"]


@pytest.mark.parametrize("word", ["mps", "MPS", "mps:0", "cuda", "cuda:1"])
def test_what_a_device_is_called_elsewhere_is_told(word, tmp_path):
    said = (
        "is Apple's GPU, which is not supported" if "mps" in word.lower() else "is called gpu here; say gpu"
    )
    with pytest.raises(ValueError, match=said):
        devices.named(word)
    with pytest.raises(UserError, match=f"^device {word} {said}"):
        saved.load(tmp_path / "model.safetensors", word)
    assert devices.named("tpu") == "tpu"
