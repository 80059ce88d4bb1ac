"""Sentences from the data, and silence where the data say nothing."""

import json
import shlex

import pytest

import studies
from bakeoff.analysis import best, contrasts, coverage, findings, methods, reproduce, speedup
from bakeoff.analysis.findings import Tables
from rendered import collected


def _tables(found) -> Tables:
    return Tables(best.rows(found), contrasts.rows(found), speedup.rows(found), [], [])


def _texts(found) -> list[str]:
    tables = _tables(found)
    verdicts = [findings.of_dataset(found, tables, name) for name in found.datasets]
    every = [finding for verdict in verdicts for finding in verdict]
    return [finding.text for finding in [*every, *findings.overall(found, tables)]]


def test_the_published_like_study_is_read_rightly(fashion):
    texts = _texts(fashion.study)
    assert "ResNet-18 is the choice: 88.93 % of the test images right." in texts
    assert "ResNet-18 beats ResNet-50 on Fashion-MNIST." in texts
    assert (
        "The GPU is worth it on Fashion-MNIST: training faster for 4 of 4 (1.78 to 3.84 times as fast), "
        "the result faster for 4 of 4 (1.78 to 3.83 times), accuracy not judged for 4 of 4." in texts
    )
    assert any(text.startswith("No evidence of a difference from SVM") for text in texts)


def test_no_gpu_no_claim(small):
    texts = _texts(small.study)
    [about] = [text for text in texts if "GPU" in text]
    assert about == "Whether a GPU is worth it was not measured: no GPU was visible or asked for."


def test_equal_optimizers_give_no_sentence(tmp_path):
    runs = [studies.run(studies._network(16, 0.01, 4, "fp32"), 0.95)]
    cells = [studies.cell("digits", "resnet18", name, "cpu", list(runs)) for name in ("adam", "sgd")]
    assert not any("better than" in text for text in _texts(collected(tmp_path, cells)))


def test_one_model_has_no_rival(tmp_path):
    texts = _texts(collected(tmp_path, studies.small()[2:3]))
    assert texts[0].startswith("SVM (RBF) is the only model that finished")
    assert len(texts) == 2


def test_runs_are_counted(small):
    counted = coverage.of(small.study)
    assert counted.sentence == "21 of 22 runs finished; 1 diverged."
    [line] = [coverage.reason(cell, run) for cell, run in counted.unfinished]
    assert line.endswith("diverged: the loss became NaN in epoch 1")


def test_best_uses_come_from_the_measurements(small):
    tables = _tables(small.study)
    uses = {m.model: m.uses for m in methods.summary(small.study, tables.best, tables.tests)}
    assert uses["svm_rbf"] == ["the highest validation accuracy on Digits"]
    assert uses["svm_poly"] == ["the shortest training on Digits"]
    assert uses["resnet18"] == []


def test_a_runs_own_command_narrows_the_cells():
    cell = studies.small(seeds=2)[0]
    run = cell["runs"][3]
    words = shlex.split(reproduce.command(cell, run))
    assert words[words.index("--seeds") + 1] == "1"
    assert words[words.index("--output") + 1] == "results/digits/rerun.json"
    [block] = json.loads(words[words.index("--grid") + 1])
    assert block == {name: value for name, value in run["settings"].items() if value is not None}
    assert words[words.index("--threads") + 1] == "8"


def test_a_command_without_a_grid_stays():
    cell = studies.small()[-1]
    assert reproduce.command(cell, cell["runs"][0]) == cell["command"]


def _scaled(none: float):
    settings = studies._svm(1.0, "scale")
    return studies.cell(
        "digits",
        "svm",
        "rbf",
        "cpu",
        [
            studies.run(settings, 0.90, validation=0.90),
            studies.run({**settings, "scale": "none"}, none, validation=none),
        ],
    )


def test_a_scaling_that_wins_clearly_is_said(tmp_path):
    found = collected(tmp_path, [_scaled(0.99)])
    [finding] = [f for f in findings.overall(found, _tables(found)) if f.topic == "scaling"]
    assert finding.text == "SVM (RBF) on Digits does better with scaling none than with standard pixels."
    assert finding.evidence.startswith("validation 99.00 % (none) against 90.00 % (standard), n = ")


@pytest.mark.parametrize("none", [0.88, 0.905])
def test_a_scaling_that_does_not_win_clearly_is_not(tmp_path, none):
    found = collected(tmp_path, [_scaled(none)])
    assert not [f for f in findings.overall(found, _tables(found)) if f.topic == "scaling"]
