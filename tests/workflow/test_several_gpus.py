"""As many GPU cells side by side as GPUs are visible, each on one of its own, through the real DAG."""

import json
import os
import re
import stat
from itertools import pairwise

import pytest

import fake_driver
from checkout import copy_to, snakemake
from optional import needs

# In the place of the command: it takes a device as that does, and holds it until others are at work.
PRETENDED = """
import json, os, sys, time
from pathlib import Path

from bakeoff.machine import hardware

hardware.best_device = lambda: "gpu"
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
hardware.require_device(given["--device"])
record, started, taken = Path(given["--output"]), time.monotonic(), os.environ.get("CUDA_VISIBLE_DEVICES")
Path(f"at_work_{record.stem}").touch()
while len(list(Path().glob("at_work_*"))) < int(os.environ["TOGETHER"]) and time.monotonic() < started + 20:
    time.sleep(0.02)
time.sleep(0.2)
for place in (f"models/{record.stem}.safetensors", f"predictions/{record.stem}.npz"):
    (record.parent / place).touch()
record.write_text(json.dumps([taken, started, time.monotonic()]))
"""
CELLS = [f"results/digits/{name}_gpu.json" for name in ("resnet18_sgd", "resnet18_adam", "resnet50_sgd")]
STUDY = """
networks: {models: [resnet18, resnet50], optimizers: [sgd, adam]}
"""
LINE = ("--allowed-rules", "train_network", "--configfile", "config/demo.yaml", "study.yaml", "--config")


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    return str(fake_driver.build(tmp_path_factory.mktemp("driver")))


@pytest.fixture
def folder(tmp_path):
    made = copy_to(tmp_path / "study")
    (made / "workflow/scripts/train_network.py").write_text(PRETENDED)
    (made / "study.yaml").write_text(STUDY)
    (made / "resources/digits/tried").mkdir(parents=True)
    (made / "resources/digits.npz").touch()
    for network in ("resnet18", "resnet50"):
        (made / f"resources/digits/tried/{network}.json").touch()
    (tmp_path / "locks").mkdir()
    return made


def call(folder, driver: str, gpus: int, *words: str, together: int = 1, **environment: str):
    """Call Snakemake on a machine with so many GPUs, where the driver alone is pretended."""
    pretended = {"LD_LIBRARY_PATH": driver, "FAKE_DRIVER": "new", "FAKE_GPUS": str(gpus)}
    own = {"TMPDIR": str(folder.parent / "locks"), "TOGETHER": str(together)}
    return snakemake(folder, *CELLS, *LINE, *words, **pretended, **own, **environment)


def bound(printed: str) -> str:
    """Return how many GPUs Snakemake says that it shares out."""
    (said,) = re.findall(r"Provided resources: gpu=\D*(\d+)", printed)
    return said


def trained(folder) -> list[list]:
    """Return of every cell its device and when it was at work, in the order of their beginnings."""
    return sorted((json.loads((folder / cell).read_text()) for cell in CELLS), key=lambda each: each[1])


@needs("gcc")
def test_two_gpus_train_two_cells_side_by_side_each_on_its_own(folder, driver, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    done = call(folder, driver, 2, "gpu=auto", "--cores", "4", together=2)
    assert done.returncode == 0, done.stdout
    assert bound(done.stdout) == "2"
    first, second, third = trained(folder)
    assert {first[0], second[0]} == {"0", "1"}
    assert second[1] < first[2]
    # Snakemake waits for a GPU, and the command takes the one that is free.
    assert third[1] > min(first[2], second[2])
    assert third[0] in ("0", "1")


@needs("gcc")
@pytest.mark.parametrize(
    ("gpus", "words", "environment", "side_by_side"),
    [
        # One at a time on the one that is visible, which stays as it was named.
        (3, (), {"CUDA_VISIBLE_DEVICES": "2"}, 1),
        # What a call says holds; as many at a time as it wants share the first when all are taken.
        (2, ("--resources", "gpu=3"), {"CUDA_VISIBLE_DEVICES": "1,0"}, 3),
    ],
)
def test_what_is_visible_and_what_a_call_says_bounds_them(
    folder, driver, gpus, words, environment, side_by_side
):
    done = call(
        folder, driver, gpus, "gpu=present", "--cores", "4", *words, together=side_by_side, **environment
    )
    assert done.returncode == 0, done.stdout
    assert bound(done.stdout) == str(side_by_side)
    cells = trained(folder)
    if side_by_side == 1:
        assert [cell[0] for cell in cells] == ["2", "2", "2"]
        assert all(before[2] < after[1] for before, after in pairwise(cells))
    else:
        assert sorted(cell[0] for cell in cells) == ["0", "1", "1"]
        assert "all 2 GPUs are taken by other processes of yours; sharing 1" in done.stdout


@needs("gcc")
def test_jobs_are_a_cluster_s_and_its_nodes_have_gpus_of_their_own(folder, driver, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("sacct", "sacctmgr", "scontrol", "sinfo", "squeue", "sshare", "sbatch"):
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{'exit 1' if name == 'sbatch' else ''}\n")
        program.chmod(stat.S_IRWXU)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    site = ("--default-resources", "slurm_account=a", "slurm_partition=p")
    haste = ("--slurm-init-seconds-before-status-checks", "1")
    words = ("gpu=present", "--executor", "slurm", "--jobs", "3", *site, *haste)
    done = call(folder, driver, 2, *words, PATH=path)
    assert "Provided remote nodes: 3" in done.stdout
    assert "gpu=2" not in done.stdout
    # On this machine Snakemake would start jobs whatever their threads.
    done = call(folder, driver, 2, "gpu=present", "--cores", "all", "--jobs", "3")
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == (
        "--jobs 3 is for clusters: here timed jobs would run beside others; say --cores 3"
    )
