"""A study that keeps no second test set, from its data to its report: nothing there speaks of one."""

import re

import pytest
import yaml

from bakeoff.analysis import collect, derivation, tables
from bakeoff.analysis.derived import BestRow
from bakeoff.records import written
from bakeoff.records.run import ACCURACIES, HOLDOUT
from checkout import copy_to, snakemake

pytestmark = pytest.mark.study

STUDY = {
    "datasets": "digits",
    "split": {"train": 0.75, "validation": 0.25, "holdout": 0},
    "limit_train": 203,
    "limit_test": 100,
    "devices": "cpu",
    "gpu": "absent",
    "final_seeds": 1,
    "networks": {
        "models": "resnet18",
        "optimizers": "sgd",
        "input_size": 8,
        "grid": [{"batch_size": 16, "learning_rate": 0.01, "epochs": [1, 2]}],
    },
    "svm": {"kernels": "linear", "grid": {"linear": [{"C": [1, 10]}]}},
    "classifiers": {"names": "knn"},
    "comparison": {"datasets": []},
}
CELLS = ("resnet18_sgd_cpu", "svm_linear_cpu", "knn_cpu")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("parts") / "three parts")
    (folder / "own.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, "--cores", "2", "--configfile", "own.yaml", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_learns_and_chooses_without_one(finished, cell):
    record = written.read(finished / f"results/digits/{cell}.json")
    assert vars(record.data.counts) == {"train": 153, "validation": 50, "holdout": 0, "test": 100}
    assert {run.holdout_accuracy for run in record.runs} == {None}
    assert record.best.holdout_accuracy is None
    others = [getattr(record.best, name) for name in ACCURACIES if name != HOLDOUT]
    assert None not in others


def test_no_table_has_a_column_of_it(finished):
    results = finished / "results"
    heads = [path.read_text(encoding="utf-8").splitlines()[0] for path in results.rglob("*.csv")]
    assert any("test_accuracy" in head for head in heads)
    assert [head for head in heads if "holdout" in head] == []
    study = collect.load(results / "records.jsonl")
    rows = tables.read(results / "best.csv", BestRow)
    assert rows == derivation.every(study, None).best
    assert [row.measured.holdout for row in rows] == [None] * len(CELLS)


def test_no_word_of_the_report_is_about_it(finished):
    html = (finished / "results/report.html").read_text(encoding="utf-8")
    # The configuration as it was run says what was set: that there is none.
    said = html.replace("split.holdout", "")
    assert [said[match.start() - 60 : match.end() + 60] for match in re.finditer("(?i)hold-?out", said)] == []
