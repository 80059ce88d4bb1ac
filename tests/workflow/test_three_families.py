"""A third family in a study: named in the configuration, it is everywhere that the others are.

Of such a study, which has all kinds of cells, the printed commands are carried out.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from bakeoff import saved
from bakeoff.analysis import reproduce
from bakeoff.records import written
from bakeoff.records.run import Run
from checkout import CORES, copy_to, snakemake

pytestmark = pytest.mark.study

LAID_OVER = {
    "svm": {"kernels": "rbf", "features": ["pixels", "drawn"]},
    "networks": {
        "optimizers": "sgd",
        "grid": [{"batch_size": 16, "learning_rate": 0.01, "epochs": [1, 2]}],
    },
    "classifiers": {"names": ["knn", "forest"]},
    "comparison": {"datasets": ["digits"], "repeats": 2},
    # Of weights as they are drawn: what is fitted on features does not depend on what they are.
    "catalog": {
        "features": {"drawn": {"network": {"build": "resnet18"}, "input_size": 16, "label": "drawn weights"}}
    },
}
STUDY = (*CORES, "--configfile", "config/demo.yaml", "tests/workflow/tiny.yaml", "own.yaml")
LABELS = {"knn": "Nearest neighbours", "forest": "Random forest"}
TABLES = {
    "best.csv": ("competitor",),
    "tests.csv": ("a", "b"),
    "classes.csv": ("competitor",),
    "runs.csv": ("competitor",),
    "figures/tradeoff_digits.csv": ("competitor",),
    "figures/grid_digits.csv": ("competitor",),
    "figures/effects_digits.csv": ("competitor",),
    "figures/reliability_digits.csv": ("competitor",),
    "figures/confused_digits.csv": ("competitor",),
}
SECTIONS = ("verdict", "best", "deployment", "grid", "confusion", "statistics", "commands")


def call(folder, *words: str) -> str:
    done = snakemake(folder, *STUDY, *words, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return done.stdout


def laid_over(folder, **more) -> None:
    (folder / "own.yaml").write_text(yaml.safe_dump({**LAID_OVER, **more}))


@pytest.fixture(scope="module")
def third(tmp_path_factory):
    """Return the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("third") / "a study of three")
    laid_over(folder)
    call(folder)
    return folder


@pytest.fixture(scope="module")
def sections(third) -> dict[str, str]:
    """Return the text of each section of the report, by its name."""
    page = (third / "results/report.html").read_text(encoding="utf-8")
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
    found = re.findall(r"<section\b[^>]*class=\"(?:part part-)?(\w+)\"[^>]*>(.*?)</section>", page, re.DOTALL)
    return {name: re.sub(r"<[^>]+>", " ", text) for name, text in found}


@pytest.mark.parametrize(("name", "seeds", "settings"), [("knn", [None], 2), ("forest", [0, 1], 2)])
def test_its_cells_are_records_like_others(third, name, seeds, settings):
    record = written.read(third / f"results/digits/{name}_cpu.json")
    assert (record.family, record.competitor, record.label) == ("estimator", name, LABELS[name])
    assert [run.status for run in record.runs] == ["ok"] * settings * len(seeds)
    assert list(record.best.seeds) == seeds
    assert record.best.test_accuracy > 0.6
    assert record.rows["classifier"]["build"].startswith("sklearn.")
    alone = written.read(third / f"results/digits/alone/{name}_cpu.json")
    assert [run.seed for run in alone.runs] == ([None, None] if name == "knn" else [2, 3])
    assert alone.prediction is not None


@pytest.mark.parametrize("name", LABELS)
def test_its_models_are_loaded_unasked(third, name):
    model = saved.load(third / f"results/digits/models/{name}_cpu.safetensors")
    numbers, scores = model(np.zeros((2, 8, 8), np.uint8))
    assert (numbers.shape, scores.shape) == ((2,), (2, 10))


def test_features_are_made_once_and_what_is_fitted_on_them_stands_beside_what_is_fitted_on_pixels(
    third, sections
):
    record, plain = (written.read(third / f"results/digits/svm_rbf{on}_cpu.json") for on in ("_on_drawn", ""))
    assert (record.competitor, record.label) == ("svm_rbf_on_drawn", "SVM (RBF) on drawn weights")
    assert (record.features.numbers, record.data.input_shape) == (512, (512,))
    assert plain.features is None
    assert record.data.digest == plain.data.digest
    model = saved.load(third / "results/digits/models/svm_rbf_on_drawn_cpu.safetensors")
    numbers, _ = model(np.zeros((2, 16, 16), np.uint8))
    assert numbers.shape == (2,)
    for table in ("best.csv", "tests.csv", "figures/tradeoff_digits.csv"):
        assert "svm_rbf_on_drawn" in (third / "results" / table).read_text(encoding="utf-8")
    for section in SECTIONS[:3]:
        assert "SVM (RBF) on drawn weights" in sections[section]
    alone = written.read(third / "results/digits/alone/svm_rbf_on_drawn_cpu.json")
    assert alone.prediction is not None


@pytest.mark.parametrize(("table", "columns"), TABLES.items())
def test_it_is_in_every_table(third, table, columns):
    with open(third / "results" / table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    named = {row[column] for row in rows for column in columns}
    assert {"knn", "forest", "svm_rbf", "resnet18"} <= named


def test_it_has_figures_of_its_own(third):
    listed = (third / "results/figures/figures.json").read_text(encoding="utf-8")
    for name, label in LABELS.items():
        assert f"confusion_digits_{name}" in listed
        assert label in json.loads(json.dumps(listed))
        with open(third / f"results/figures/confusion_digits_{name}.csv", encoding="utf-8") as file:
            counts = sum(int(row["count"]) for row in csv.DictReader(file))
        assert counts == 120


@pytest.mark.parametrize("section", SECTIONS)
def test_the_report_calls_it_by_its_label(sections, section):
    for name, label in LABELS.items():
        assert (f"{name}_cpu" if section == "commands" else label) in sections[section]


CELLS = ("resnet18_sgd_cpu", "svm_rbf_cpu", "svm_rbf_on_drawn_cpu", "knn_cpu", "forest_cpu")
TIMED = (*(f"alone/{cell}" for cell in CELLS), "speed/resnet18_sgd_cpu")
PARTS = ("train", "validation", "holdout", "test")


def carry_out(folder, line: str) -> None:
    """Run a printed command, by this Python."""
    place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    more = {"env": {**os.environ, "PATH": place, "CUDA_VISIBLE_DEVICES": ""}, "cwd": folder}
    done = subprocess.run(line, shell=True, capture_output=True, text=True, **more)
    assert done.returncode == 0, done.stdout + done.stderr


def came_to(run: Run) -> tuple:
    return (run.request.key, *(run.accuracy(part) for part in PARTS))


@pytest.mark.parametrize("cell", CELLS)
def test_the_printed_command_of_a_run_makes_that_run_again(third, cell):
    record = written.read(third / f"results/digits/{cell}.json")
    carry_out(third, reproduce.command(record, record.runs[-1]))
    (made,) = written.read(third / "results/digits/rerun.json").runs
    assert came_to(made) == came_to(record.runs[-1])


@pytest.mark.parametrize("place", TIMED)
def test_the_printed_command_of_a_timed_cell_makes_its_runs_again(third, tmp_path, place):
    path = f"results/digits/{place}.json"
    record = written.read(third / path)
    folder = shutil.copytree(third, tmp_path / "copy", symlinks=True)
    # Else a command takes what was made from there.
    shutil.rmtree((folder / path).parent / "journal")
    (folder / path).unlink()
    carry_out(folder, record.command)
    assert list(map(came_to, written.read(folder / path).runs)) == list(map(came_to, record.runs))


def jobs(folder) -> set[str]:
    """Return the rules that a call would run."""
    listed = call(folder, "-n").split("Job stats:")
    return set() if len(listed) == 1 else {line.split()[0] for line in listed[1].splitlines()[3:] if line}


def test_a_change_of_it_makes_no_other_cell_again(third):
    assert jobs(third) == set()
    other = {"build": "sklearn.neighbors:KNeighborsClassifier", "settings": {"n_neighbors": [1, 3]}}
    laid_over(third, catalog={**LAID_OVER["catalog"], "classifiers": {"knn": other}})
    assert "train_classifier" in jobs(third)
    assert not {"train_svm", "train_network"} & jobs(third)
    laid_over(third)
    with open(third / "workflow/scripts/bakeoff/families/estimator/calls.py", "a") as file:
        file.write("# Another way.\n")
    found = jobs(third)
    assert {"train_classifier", "time_chosen"} <= found
    assert not {"train_svm", "train_network"} & found
