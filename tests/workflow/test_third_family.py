"""A third family in a study: named in the configuration, it is everywhere that the others are."""

import csv
import json
import re

import numpy as np
import pytest
import yaml

from bakeoff import saved
from bakeoff.records import written
from checkout import copy_to, snakemake

LAID_OVER = {
    "svm": {"kernels": "rbf"},
    "networks": {
        "optimizers": "sgd",
        "grid": [{"batch_size": 16, "learning_rate": 0.01, "epochs": [1, 2]}],
    },
    "classifiers": {"names": ["knn", "forest"]},
    "comparison": {"datasets": []},
}
STUDY = ("--cores", "2", "--configfile", "config/demo.yaml", "tests/workflow/tiny.yaml", "own.yaml")
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


@pytest.mark.parametrize(("table", "columns"), TABLES.items())
def test_it_is_in_every_table(third, table, columns):
    with open(third / "results" / table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    named = {row[column] for row in rows for column in columns}
    assert {"knn", "forest", "svm_rbf", "resnet18"} - named == (
        {"svm_rbf"} if "reliability" in table else set()
    )


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


def jobs(folder) -> set[str]:
    """Return the rules that a call would run."""
    listed = call(folder, "-n").split("Job stats:")
    return set() if len(listed) == 1 else {line.split()[0] for line in listed[1].splitlines()[3:] if line}


def test_a_change_of_it_makes_no_other_cell_again(third):
    assert jobs(third) == set()
    other = {"build": "sklearn.neighbors:KNeighborsClassifier", "settings": {"n_neighbors": [1, 3]}}
    laid_over(third, catalog={"classifiers": {"knn": other}})
    assert "train_classifier" in jobs(third)
    assert not {"train_svm", "train_network"} & jobs(third)
    laid_over(third)
    with open(third / "workflow/scripts/bakeoff/families/estimator/calls.py", "a") as file:
        file.write("# Another way.\n")
    found = jobs(third)
    assert {"train_classifier", "time_chosen"} <= found
    assert not {"train_svm", "train_network"} & found
