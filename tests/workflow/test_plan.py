"""The DAG as planned: both configurations, single targets, and what a wrong configuration is told."""

import os
import re
import subprocess
import sys
from functools import cache

import pytest

from checkout import ROOT, copy_to, snakemake

OWN = "{build: 'sklearn.linear_model:RidgeClassifier', settings: {alpha: [1, 10]}}"
DRY_RUNS = {
    "study": ("-n", "-p"),
    "demo": ("-n", "--configfile", "config/demo.yaml"),
    "study_on_gpu": ("-n", "-p", "--config", "gpu=present"),
    "any_cells": (
        *("-n", "results/fashion/resnet18_adam_gpu.json", "results/digits/svm_sigmoid_cpu.json"),
        *("results/digits/svm_rbf_gpu.json", "results/mnist/speed/resnet50_sgd_cpu.json"),
    ),
    "no_plan": ("-n", "--config", "networks={models: [resnet19]}"),
    "any_classifier": ("-n", "results/digits/knn_cpu.json", "results/digits/alone/svm_sigmoid_cpu.json"),
    "classifiers": (
        *("-n", "-p", "--configfile", "config/demo.yaml", "--config", "shards=2"),
        *("classifiers={names: [Own-1, knn]}", f"catalog={{classifiers: {{Own-1: {OWN}}}}}"),
    ),
    "in_shards": ("-n", "--config", "shards=5"),
    "in_json": ("-n", "--configfile", "own.json"),
    "missing_image": (
        "-n",
        "--use-singularity",
        "--config",
        "containers={cpu: nowhere/cpu.sif, cuda: nowhere/cuda.sif}",
    ),
    "image_in_a_registry": (
        "-n",
        "--use-singularity",
        "--config",
        "containers={cpu: docker://a/b, cuda: docker://a/c}",
    ),
}

# A dry-run asks for its version and for nothing else: whether Apptainer is installed here must not matter.
APPTAINER = "#!/bin/sh\necho apptainer version 1.4.0\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a copy of the project, in which nothing was ever run."""
    found = copy_to(tmp_path_factory.mktemp("planned") / "with spaces")
    (found / "own.json").write_text('{"datasets": ["digits"], "networks": {"models": []}}')
    return found


@pytest.fixture(scope="module")
def outputs(folder, tmp_path_factory):
    """Return a function that plans one of the calls above, once."""
    programs = tmp_path_factory.mktemp("programs")
    for name in ("apptainer", "singularity"):
        (programs / name).write_text(APPTAINER)
        (programs / name).chmod(0o755)
    environment = {"CUDA_VISIBLE_DEVICES": "", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    @cache
    def call(name: str) -> subprocess.CompletedProcess[str]:
        return snakemake(folder, *DRY_RUNS[name], **environment)

    return call


def planned(result) -> dict[str, int]:
    """Return how many jobs of each rule a dry-run lists."""
    assert result.returncode == 0, result.stdout
    table = result.stdout.split("Job stats:")[1].split("total")[0]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}


def test_the_default_configuration_plans_the_published_study(outputs):
    jobs = planned(outputs("study"))
    assert jobs["try_network"] == 4  # 2 data sets x 2 networks
    assert jobs["train_network"] == 8  # by 2 optimizers each
    assert jobs["train_svm"] == 4
    assert jobs["time_training"] == 4  # the CPU's half of the comparison
    for dataset in ("mnist", "fashion"):
        for cell in ("resnet50_adam_cpu", "svm_poly_cpu"):
            assert f"results/{dataset}/{cell}.json" in outputs("study").stdout


def test_with_a_gpu_the_grid_moves_there_and_the_comparison_has_both_devices(outputs):
    jobs = planned(outputs("study_on_gpu"))
    assert jobs["train_network"] == 8
    assert jobs["time_training"] == 4  # each times both devices, in turns
    assert jobs["time_chosen"] == 12
    for name in ("results/mnist/resnet18_sgd_gpu.json", "results/fashion/speed/resnet50_adam_gpu.json"):
        assert name in outputs("study_on_gpu").stdout
    assert "--devices cpu gpu " in outputs("study_on_gpu").stdout


def test_pinned_memory_is_measured_where_batches_are_copied_to_a_gpu(outputs):
    commands = {
        name: [line for line in outputs(name).stdout.splitlines() if "train_network.py --data" in line]
        for name in ("study", "study_on_gpu")
    }
    assert [len(lines) for lines in commands.values()] == [8, 8]
    pinned = '"engine": "dataloader", "pin_memory": [true, false]}'
    assert all(pinned in line for line in commands["study_on_gpu"])
    assert not any("pin_memory" in line for line in commands["study"])


def test_a_cut_grid_is_so_many_jobs_per_cell_and_the_cell_s_own(outputs):
    jobs = planned(outputs("in_shards"))
    assert (jobs["train_network_shard"], jobs["train_network"]) == (40, 8)
    assert (jobs["train_svm_shard"], jobs["train_svm"]) == (20, 4)
    assert jobs["time_training"] == 4
    assert "train_svm_shard" not in planned(outputs("study"))


def test_a_missing_image_ends_in_one_line_that_names_it_and_the_cure(outputs):
    result = outputs("missing_image")
    assert result.returncode != 0
    *_, last = result.stdout.strip().splitlines()
    assert last.startswith("container image nowhere/cpu.sif is not there: build it with `make containers`")
    assert "Traceback" not in result.stdout
    assert planned(outputs("image_in_a_registry"))["train_svm"] == 4


def test_the_demo_plans_one_small_data_set(outputs):
    jobs = planned(outputs("demo"))
    assert jobs["fetch_dataset"] == 1
    assert jobs["train_network"] == 2
    assert jobs["train_svm"] == 2


@pytest.mark.parametrize(("name", "count"), [("study", 28), ("study_on_gpu", 32)])
def test_records_reach_their_command_by_a_file_that_no_other_plan_changes(outputs, folder, name, count):
    called = {each: outputs(each).stdout for each in ("study", "study_on_gpu")}
    (file,) = re.findall(r"collect_results.py --records @(\S+) --runs", called[name])
    listed = (folder / file).read_text(encoding="utf-8").splitlines()
    assert len(set(listed)) == count  # 12 cells, what each chose, and the comparison's on every device
    assert not [record for record in listed if f"--records {record}" in called[name]]


def test_any_cell_is_a_target_whatever_the_lists_say(outputs):
    jobs = {"try_network": 2, "train_network": 1, "train_svm": 2, "time_training": 1}
    assert planned(outputs("any_cells")) == {"fetch_dataset": 3, "prepare_dataset": 3, **jobs}


def test_classifiers_are_a_third_family_everywhere(outputs):
    jobs = planned(outputs("classifiers"))
    assert (jobs["train_classifier_shard"], jobs["train_classifier"], jobs["time_chosen"]) == (4, 2, 6)
    text = outputs("classifiers").stdout
    for made in ("Own-1_cpu.json", "models/knn_cpu.safetensors", "shards/knn_cpu.1of2"):
        assert f"results/digits/{made}" in text
    assert "results/digits/alone/predictions/Own-1_cpu.npz" in text
    called = [line for line in text.splitlines() if "train_classifier.py --data" in line]
    grid = """--grid '[{"scale": "standard", "alpha": [1, 10]}]' --seeds 0 """
    assert len([line for line in called if grid in line and '"name": "Own-1"' in line]) == 3
    assert len([line for line in called if "--shard 2/2" in line]) == 2
    only = planned(outputs("any_classifier"))
    assert only == {
        "fetch_dataset": 1,
        "prepare_dataset": 1,
        "train_classifier": 1,
        "train_svm": 1,
        "time_chosen": 1,
    }
    assert "train_classifier" not in planned(outputs("study"))


# pandas and with it numpy come with the Slurm plugin; the rest no head node needs to have.
HEAD_NODE = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "sklearn", "scipy", "numba", "matplotlib"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from snakemake.cli import main
main(sys.argv[1:])
"""


def test_a_machine_without_torch_plans_the_study(folder):
    line = [sys.executable, "-c", HEAD_NODE, "-n", "--config", "gpu=present"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "time_training" in done.stdout + done.stderr


def test_the_snakefiles_import_nothing_heavy():
    files = [
        ROOT / "Snakefile",
        *(ROOT / "workflow").glob("Snakefile"),
        *(ROOT / "workflow/rules").glob("*.smk"),
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE))
    # git is what Snakemake reads hosted sources with.
    assert imported - sys.stdlib_module_names == {"snakemake", "yaml", "git"}


def test_what_cannot_be_planned_ends_in_the_plan_s_one_line(outputs):
    result = outputs("no_plan")
    assert result.returncode != 0
    said = "config, networks/models: resnet19 is no row of the catalog's networks; did you mean resnet18?"
    assert result.stdout.splitlines()[-1] == said
    assert "Traceback" not in result.stdout
