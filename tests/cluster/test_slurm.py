"""README's command, on a Slurm that runs here: to the finished report, with a job killed on the way."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import studies
from checkout import ROOT, copy_to, snakemake
from optional import needs, program

COMMAND = ("--profile", "workflow/profiles/slurm")
STUDY = ("--configfile", "config/demo.yaml", "tests/workflow/small.yaml")
NO_GPU = ("--config", "gpu=absent")
# Status checks of the profile are seconds apart; here they need not be.
HASTE = ("--slurm-init-seconds-before-status-checks", "1")
NETWORK, SVM, TIMED = "resnet18_sgd_cpu", "svm_rbf_cpu", "speed/resnet18_sgd_cpu"
IMAGE = (ROOT / "containers" / "cpu.sif").resolve()


def silent() -> bool:
    """Tell whether no controller answers."""
    return program("squeue") is None or bool(subprocess.run(["squeue"], capture_output=True).returncode)


# Marks, not a skipped module: of no collected test pytest says that something is wrong.
pytestmark = [
    pytest.mark.cluster,
    needs("sbatch", "squeue"),
    pytest.mark.skipif(silent(), reason="no controller of Slurm answers"),
    pytest.mark.skipif(
        " " in sys.executable, reason="Python's path has a space: the plugin does not quote it"
    ),
]


def jobs(printed: str) -> list[dict[str, str]]:
    """Return what Slurm knows of the jobs that a call says it submitted, in their order."""
    found = []
    for number in re.findall(r"submitted with SLURM jobid (\d+)", printed):
        shown = subprocess.check_output(["scontrol", "--oneliner", "show", "job", number], text=True)
        found.append(dict(re.findall(r"([\w/:]+)=(\S*)", shown)))
    return found


def jobs_of(found: list[dict[str, str]], rule: str) -> list[dict[str, str]]:
    return [job for job in found if job["Comment"].startswith(f"rule_{rule}")]


def finished_runs(folder: Path, cell: str) -> list[dict]:
    journal = folder / f"results/digits/journal/{cell}/runs.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True) if journal.exists() else []
    return [json.loads(line)["run"] for line in lines if line.endswith("\n")]


def kill_in_the_middle(folder: Path, cell: str, seconds: float = 480) -> list[dict]:
    """Wait for the first finished runs of a cell, cancel its job, and return those runs."""
    end = time.monotonic() + seconds
    while not (runs := finished_runs(folder, cell)):
        assert time.monotonic() < end, f"no run of {cell} finished in {seconds} s"
        time.sleep(0.1)
    listed = subprocess.check_output(["squeue", "--noheader", "--format", "%i %k"], text=True)
    (number,) = re.findall(rf"^(\d+) rule_train_network\S*{cell.split('_')[0]}", listed, re.MULTILINE)
    subprocess.run(["scancel", number], check=True)
    return runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return copy_to(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="module")
def study(folder):
    """Run the study; kill the network's cell after its first runs; return them, the output and the jobs."""
    line = [sys.executable, "-m", "snakemake", *COMMAND, *STUDY, *NO_GPU, *HASTE]
    printed = folder / "printed.txt"
    with printed.open("w") as file:
        call = subprocess.Popen(line, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
        try:
            before = kill_in_the_middle(folder, NETWORK)
        finally:
            status = call.wait(timeout=1200)
    text = printed.read_text(encoding="utf-8")
    assert status == 0, text
    return before, text, jobs(text)


def cell(folder: Path, name: str) -> dict:
    return studies.read(folder / f"results/digits/{name}.json")


def test_the_readme_s_command_is_the_one_that_is_tested():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"    snakemake {' '.join(COMMAND)}\n" in readme


def test_the_study_ends_in_its_report(folder, study):
    assert (folder / "results/report.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "results/report.html").stat().st_size > 100_000


def test_the_cells_are_jobs_and_the_rest_is_done_where_it_is_submitted(study):
    comments = {job["Comment"] for job in study[2]}
    assert {re.match("rule_(.*?)(_wildcards|$)", comment)[1] for comment in comments} == {
        "prepare_dataset",
        "audit_dataset",
        "try_network",
        "train_network",
        "train_svm",
        "time_chosen",
        "time_training",
    }


def test_a_killed_job_is_submitted_again_with_more_memory(study):
    killed, again = jobs_of(study[2], "train_network")
    assert (killed["JobState"], again["JobState"]) == ("CANCELLED", "COMPLETED")
    assert (killed["MinMemoryNode"], again["MinMemoryNode"]) == ("4000M", "8000M")
    assert killed["TimeLimit"] == "12:00:00"


def test_a_cell_killed_in_the_middle_goes_on_from_its_journal(folder, study):
    before = study[0]
    runs = cell(folder, NETWORK)["runs"]
    assert 1 <= len(before) < len(runs) == 6
    # A record names each environment once, a journal's line holds its own.
    assert all({**run, "environment": 0} in runs for run in before)
    log = (folder / f"logs/train_network/digits/{NETWORK}.log").read_text(encoding="utf-8")
    assert int(re.search(r"(\d) of 6 runs are in the journal", log)[1]) >= len(before)


def test_what_slurm_said_of_the_killed_job_lies_with_the_logs(folder, study):
    (killed, _) = jobs_of(study[2], "train_network")
    assert [path.stem for path in (folder / "logs/slurm").rglob("*.log")] == [killed["JobId"]]


def test_a_timed_job_has_its_node_to_itself_and_its_record_says_so(folder, study):
    (timed,) = jobs_of(study[2], "time_training")
    (svm,) = jobs_of(study[2], "train_svm")
    assert (timed["OverSubscribe"], svm["OverSubscribe"]) == ("NO", "OK")
    assert cell(folder, TIMED)["allocation"] == "the whole node"
    assert cell(folder, TIMED)["environments"][0]["threads"] == os.cpu_count()
    cores = int(svm["NumCPUs"])
    assert cores == min(4, os.cpu_count())
    if os.cpu_count() > 1:
        assert cell(folder, NETWORK)["allocation"] == f"1 of the node's {os.cpu_count()} cores"


@pytest.fixture(scope="module")
def mixed(folder, study):
    """Run a GPU cell and, grouped, two small cells, with the partitions of a site; return output and jobs."""
    if Path("/dev/nvidiactl").exists():
        pytest.skip("the GPU here is a real one, on which the cell would not fail")
    targets = [
        f"results/digits/{name}.json" for name in ("resnet18_sgd_gpu", "svm_linear_cpu", "svm_poly_cpu")
    ]
    partitions = ("--slurm-partition-config", "tests/cluster/partitions.yaml")
    groups = ("--groups", "train_svm=small", "--group-components", "small=2")
    done = snakemake(folder, *COMMAND, *STUDY, *HASTE, *partitions, *groups, "--retries", "0", "--", *targets)
    assert done.returncode != 0
    return done.stdout, jobs(done.stdout)


def test_a_gpu_cell_gets_one_gpu_and_fails_with_one_clear_line(folder, mixed):
    (gpu,) = jobs_of(mixed[1], "train_network")
    assert (gpu["TresPerJob"], gpu["Partition"], gpu["JobState"]) == ("gres:gpu:1", "gpu", "FAILED")
    log = (folder / "logs/train_network/digits/resnet18_sgd_gpu.log").read_text(encoding="utf-8")
    assert log.startswith("train_network.py: no CUDA device is visible here; run the cell on a machine with")
    assert len(log.splitlines()) == 1
    assert log in mixed[0]


def test_what_does_not_need_the_failed_cell_goes_on_and_small_cells_share_a_job(folder, mixed):
    (cpu,) = [job for job in mixed[1] if "train_svm" in job["Comment"]]
    assert "TresPerJob" not in cpu
    assert (cpu["Partition"], cpu["JobState"]) == ("cpu", "COMPLETED")
    assert int(cpu["NumCPUs"]) <= os.cpu_count()
    for name in ("svm_linear_cpu", "svm_poly_cpu"):
        assert cell(folder, name)["best"]["test_accuracy"] > 0.5


def test_the_study_runs_in_containers_on_the_nodes(tmp_path_factory):
    if program("apptainer") is None:
        pytest.skip("Apptainer is not installed here")
    if not IMAGE.exists():
        pytest.skip("containers/cpu.sif is not there; `make containers` builds it")
    folder = copy_to(tmp_path_factory.mktemp("contained"))
    for file in (IMAGE, IMAGE.with_name("cpu.sif.sha256")):
        (folder / "containers" / file.name).symlink_to(file)
    done = snakemake(folder, "--use-singularity", *COMMAND, *STUDY, *NO_GPU, *HASTE)
    assert done.returncode == 0, done.stdout
    assert (folder / "results/report.pdf").read_bytes().startswith(b"%PDF")
    digest = "sha256:" + IMAGE.with_name("cpu.sif.sha256").read_text(encoding="utf-8").split()[0]
    found = [cell(folder, name) for name in (NETWORK, SVM, TIMED)]
    assert {record["environments"][0]["image_digest"] for record in found} == {digest}
    assert found[-1]["allocation"] == "the whole node"
