"""What a study comes to on a machine whose GPU answers, and on one where none does, through the real DAG."""

import os
import re
import stat
import sys

import pytest

import fake_driver
from checkout import copy_to, snakemake
from optional import needs

DEMO = ("--configfile", "config/demo.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_to(tmp_path_factory.mktemp("a_study_without_spaces"))


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    return str(fake_driver.build(tmp_path_factory.mktemp("driver")))


def planned(folder, driver: str, mode: str, *arguments: str) -> str:
    environment = {"LD_LIBRARY_PATH": driver, "FAKE_DRIVER": mode, "CUDA_VISIBLE_DEVICES": "0"}
    return snakemake(folder, "-n", "-p", *arguments, **environment).stdout


@needs("gcc")
def test_a_gpu_that_answers_is_planned_for(folder, driver):
    listed = planned(folder, driver, "new", *DEMO)
    assert "results/digits/resnet18_adam_gpu.json" in listed
    assert "--devices cpu gpu " in listed
    assert "render_report.py" in listed
    assert "--without-gpu" not in listed


@needs("gcc")
@pytest.mark.parametrize(
    ("mode", "reasons"),
    [
        ("error", ("the NVIDIA driver answers cuInit with error 999 (unknown error)",)),
        # Every torch that the project's pins bring is built for a newer CUDA than this driver's, or for none.
        ("one", ("the NVIDIA driver knows CUDA 12.4, this torch is built for ", "this torch is built for ")),
    ],
)
def test_one_that_cannot_be_used_plans_the_cpu_and_the_report_is_told_why(folder, driver, mode, reasons):
    listed = planned(folder, driver, mode, *DEMO)
    assert "results/digits/resnet18_adam_cpu.json" in listed
    assert "_gpu.json" not in listed
    assert "--devices cpu " in listed
    (said,) = re.findall(r"--without-gpu '(.*?)'", listed)
    assert said.startswith(reasons)


@needs("gcc")
def test_who_asks_for_a_gpu_that_does_not_answer_is_told_why(folder, driver, tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("devices: [gpu]")
    listed = planned(folder, driver, "crash", "--configfile", str(file))
    (line,) = [line for line in listed.splitlines() if line.startswith("config, ")]
    assert line.startswith(
        "config, devices: gpu is asked for, but asking the NVIDIA driver ended in SIGABRT; set"
    )
    assert "Traceback" not in listed


# Says what it was asked to submit, and refuses.
SBATCH = '#!/bin/sh\nprintf "%s\\n" "$@" > submitted.txt\necho no such partition >&2\nexit 1\n'


def test_a_cluster_s_jobs_plan_what_the_submitting_machine_plans_and_a_refusal_is_said_last(folder, tmp_path):
    asked = ("sacct", "sacctmgr", "scontrol", "sinfo", "squeue", "sshare")
    programs = dict.fromkeys(asked, "#!/bin/sh\n")
    for name, text in {**programs, "sbatch": SBATCH}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(stat.S_IRWXU)
    (folder / "resources/raw").mkdir(parents=True)
    (folder / "resources/raw/digits.npz").write_text("never read")
    haste = ("--slurm-init-seconds-before-status-checks", "1")
    site = ("--default-resources", "slurm_account=a", "slurm_partition=p")
    # By a path without spaces, wherever the environment lies.
    (tmp_path / "environment").symlink_to(sys.prefix)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    line = ("resources/digits.npz", "--executor", "slurm", "--jobs", "1", *haste, *site, *DEMO)
    python = str(tmp_path / "environment/bin/python")
    done = snakemake(folder, *line, python=python, PATH=path, CUDA_VISIBLE_DEVICES="none")
    assert done.returncode != 0
    assert "--config 'gpu=absent'" in (folder / "submitted.txt").read_text(encoding="utf-8")
    assert done.stdout.splitlines()[-3:] == [
        "Failed:",
        "prepare_dataset: SLURM sbatch failed. The error message was 'no such partition'.",
        "    log: logs/prepare_dataset/digits.log",
    ]
