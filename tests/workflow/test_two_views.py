"""Two networks see images of two sizes in one study, on one split: digits, and a folder of one's own."""

import json
import shlex
import subprocess
import sys

import pytest
import yaml

import studies
from bakeoff.analysis import reproduce
from bakeoff.records import written
from checkout import CORES, copy_to, snakemake
from images import lay

pytestmark = pytest.mark.study

NETS = '''
"""A network for images of any size."""

from torch import nn


def means(num_classes):
    """Return one that sees what is common to all places of an image."""
    layers = nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(6, num_classes))
'''
STUDY = {
    "catalog": {
        "datasets": {"flowers": {"kind": "folder", "root": "my flowers", "input_size": 8}},
        "networks": {
            "narrow": {"build": "nets:means"},
            "wide": {"build": "nets:means", "input_size": 16},
        },
    },
    "datasets": ["digits", "flowers"],
    "split": {"train": 0.75, "validation": 0.25, "holdout": 0},
    "limit_train": 100,
    "limit_test": 40,
    "devices": "cpu",
    "gpu": "absent",
    "final_seeds": 1,
    "networks": {
        "models": ["narrow", "wide"],
        "optimizers": "adam",
        "input_size": 8,
        "grid": [{"batch_size": 8, "learning_rate": 0.01, "epochs": 1}],
    },
    "svm": {"kernels": "linear", "grid": {"linear": [{"C": 1}]}},
    "comparison": {"datasets": "digits", "models": "wide", "optimizers": "adam", "epochs": 1, "repeats": 1},
}
SIDES = {"narrow": 8, "wide": 16}


def call(folder, *words: str, study: dict = STUDY) -> str:
    (folder / "own.yaml").write_text(yaml.safe_dump(study))
    done = snakemake(folder, *CORES, "--configfile", "own.yaml", *words, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def garden(tmp_path_factory):
    """Return the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("views") / "a garden")
    lay(folder / "my flowers", *(f"{name}/{number}.png" for name in ("a b", "c") for number in range(20)))
    (folder / "nets.py").write_text(NETS)
    call(folder)
    return folder


@pytest.mark.parametrize("dataset", ["digits", "flowers"])
def test_each_network_sees_its_size_of_the_same_data(garden, dataset):
    digests = set()
    for name, side in SIDES.items():
        for folder in ("", "alone/"):
            record = studies.read(garden / f"results/{dataset}/{folder}{name}_adam_cpu.json")
            assert record["data"]["input_shape"] == [3, side, side]
            assert [run["status"] for run in record["runs"]] == ["ok"]
            digests.add(record["data"]["digest"])
    digests.add(studies.read(garden / f"results/{dataset}/svm_linear_cpu.json")["data"]["digest"])
    assert len(digests) == 1
    made = sorted(path.name for path in (garden / "resources").glob(f"{dataset}*.npz"))
    assert made == [f"{dataset}.npz", f"{dataset}@16.npz"]


def test_the_comparison_takes_the_view(garden):
    record = studies.read(garden / "results/digits/speed/wide_adam_cpu.json")
    assert record["data"]["input_shape"] == [3, 16, 16]
    assert "--data resources/digits@16.npz" in record["command"]


def test_the_command_of_a_run_makes_it_again_on_its_view(garden):
    cell = written.read(garden / "results/flowers/wide_adam_cpu.json")
    _, *words = shlex.split(reproduce.command(cell, cell.runs[0]))
    subprocess.run([sys.executable, *words], cwd=garden, check=True)
    again = written.read(garden / "results/flowers/rerun.json")
    assert again.data == cell.data
    assert again.runs[0].test_accuracy == cell.runs[0].test_accuracy


def test_the_report_says_who_sees_what(garden):
    html = (garden / "results/report.html").read_text(encoding="utf-8")
    assert "8 × 8 pixels (narrow); 16 × 16 pixels (wide)" in html


def test_a_saved_model_takes_images_of_its_own_view(garden):
    probe = "from bakeoff import saved; import numpy as np\n"
    for name, side in SIDES.items():
        file = f"results/flowers/models/{name}_adam_cpu.safetensors"
        zeros = f"np.zeros((2, {side}, {side}, 3), np.uint8)"
        probe += f"print(saved.load({file!r}, own_code=True)({zeros})[0].shape)\n"
    own = {"PYTHONPATH": str(garden / "workflow/scripts")}
    line = [sys.executable, "-c", probe]
    done = subprocess.run(line, capture_output=True, text=True, env=own, cwd=garden, check=True)
    assert done.stdout == "(2,)\n(2,)\n"


def jobs(folder, *words: str, study: dict = STUDY) -> dict[str, int]:
    """Return how many jobs of each rule a call would run."""
    listed = call(folder, "-n", *words, study=study).split("Job stats:")
    lines = [] if len(listed) == 1 else listed[1].split("total")[0].splitlines()[3:]
    return {name: int(count) for name, count in (line.split() for line in lines if line)}


def test_a_second_call_has_nothing_to_do(garden):
    assert jobs(garden) == {}


def test_a_row_with_another_view_retrains_nothing_that_is_there(garden):
    more = json.loads(json.dumps(STUDY))
    more["catalog"]["networks"]["wider"] = {"build": "nets:means", "input_size": 12}
    more["networks"]["models"].append("wider")
    found = jobs(garden, study=more)
    assert {name: found[name] for name in ("prepare_view", "train_network", "time_chosen")} == {
        "prepare_view": 2,
        "train_network": 2,
        "time_chosen": 2,
    }
    alone = jobs(garden, "--", "results/flowers/wider_adam_cpu.json", study=more)
    assert alone["prepare_view"] == alone["train_network"] == 1
    there = {"fetch_dataset", "prepare_dataset", "prepare_images", "train_svm", "time_training"}
    assert not there & {*found, *alone}


def test_shards_of_a_cell_take_its_view(garden):
    target = "results/flowers/wide_sgd_cpu.json"
    two = {**STUDY, "seeds": [0, 1], "shards": 2}
    said = call(garden, "-n", "-p", "--", target, study=two)
    assert said.count("--data resources/flowers@16.npz") == 3
