"""Folds, cut twice, through the whole DAG: a network and an SVM, chosen by the mean, fitted on all."""

import json
from collections import Counter
from itertools import product

import numpy as np
import pytest
import yaml

from bakeoff.analysis import study
from bakeoff.records import written
from bakeoff.records.predictions import Kept
from bakeoff.records.request import REFIT
from checkout import CORES, copy_to, snakemake

pytestmark = pytest.mark.study

STUDY = {
    "datasets": "digits",
    "split": {"folds": 2, "repeats": 2},
    "limit_train": 240,
    "limit_test": 100,
    "devices": "cpu",
    "gpu": "absent",
    "seeds": [0, 1],
    "final_seeds": 2,
    "networks": {
        "models": "resnet18",
        "optimizers": "sgd",
        "input_size": 8,
        "grid": [{"batch_size": 16, "learning_rate": 0.01, "epochs": [1, 2]}],
    },
    "svm": {"kernels": "rbf", "grid": {"rbf": [{"C": [1, 10]}]}},
    "comparison": {"datasets": []},
}
ON = [0, 1, 100, 101]
CELLS = {"resnet18_sgd_cpu": [0, 1], "svm_rbf_cpu": [None]}


@pytest.fixture(scope="module")
def folded(tmp_path_factory):
    """Return the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("folds") / "two folds")
    (folder / "own.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, *CORES, "--configfile", "own.yaml", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.parametrize(("cell", "seeds"), CELLS.items())
def test_a_cell_chooses_by_the_mean_over_folds_and_fits_the_choice_again_on_all(folded, cell, seeds):
    record = written.read(folded / f"results/digits/{cell}.json")
    assert (record.data.folds, record.data.repeats) == (2, 2)
    asked = Counter((run.seed, run.fold) for run in record.runs if run.fold != REFIT)
    assert asked == dict.fromkeys(product(seeds, ON), 2)
    means = {}
    for run in record.runs:
        if run.fold != REFIT:
            means.setdefault(json.dumps(dict(run.settings)), []).append(run.validation_accuracy)
    best = max(np.mean(each) for each in means.values())
    assert record.best.validation_accuracy == pytest.approx(best, abs=1e-9)
    refits = [run for run in record.runs if run.fold == REFIT]
    assert [run.seed for run in refits] == seeds
    assert {json.dumps(dict(run.settings)) for run in refits} == {json.dumps(dict(record.best.settings))}
    assert [run.validation_accuracy for run in refits] == [None] * len(seeds)
    assert record.best.test_accuracy == pytest.approx(np.mean([run.test_accuracy for run in refits]))
    assert {run.test_accuracy for run in record.runs if run.fold != REFIT} == {None}


@pytest.mark.parametrize("cell", CELLS)
def test_out_of_fold_predictions_are_of_every_image_once_in_each_cut(folded, cell):
    record = written.read(folded / f"results/digits/{cell}.json")
    kept = Kept(folded / f"results/digits/predictions/{cell}.npz", record.data)
    counts = record.data.counts
    found = [
        (run, kept.validation(number, run.fold))
        for number, run in enumerate(record.runs)
        if run.fold != REFIT
    ]
    for run, answers in found:
        assert answers.right.mean() == pytest.approx(run.validation_accuracy)
    images = Counter()
    for run, answers in found:
        images[run.request._replace(fold=run.fold // 100).key] += len(answers.labels)
    assert set(images.values()) == {counts.train + counts.validation}
    assert record.data.validated == counts.train + counts.validation


@pytest.mark.parametrize(("cell", "seeds"), CELLS.items())
def test_what_was_chosen_is_timed_again_on_all_folds(folded, cell, seeds):
    record = written.read(folded / f"results/digits/alone/{cell}.json")
    assert [run.fold for run in record.runs] == [REFIT, REFIT]
    assert not {run.seed for run in record.runs} & {0, 1}
    assert record.prediction is not None


def test_a_run_of_a_fold_is_made_again_by_its_printed_command(folded):
    found = study.load(folded / "results/records.jsonl")
    assert {record.cell for record in found.selection} == set(CELLS)
    page = (folded / "results/report.html").read_text(encoding="utf-8")
    assert "--fold 101" in page
    assert "--fold refit" in page
    assert "Validation over 2 folds, cut 2 times: in each cut every image once" in page
    assert "mean over seeds and folds" in page
