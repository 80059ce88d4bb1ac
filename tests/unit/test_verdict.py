"""Sentences from the data, and silence where the data say nothing."""

import json
import shlex
from dataclasses import replace

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
    only = "(two trained models; other seeds may differ)"
    assert f"ResNet-18 beats ResNet-50 on Fashion-MNIST {only}." in texts
    told = (
        "The GPU is worth it on Fashion-MNIST: training faster for 4 of 4 (1.78 to 3.84 times as fast), "
        "the result faster for 4 of 4 (1.78 to 3.83 times), accuracy "
    )
    assert any(text.startswith(told) for text in texts)
    assert any(text.startswith("No evidence of a difference from SVM") for text in texts)


def test_no_gpu_no_claim(small):
    texts = _texts(small.study)
    [about] = [text for text in texts if "GPU" in text]
    assert about == "Whether a GPU is worth it was not measured: no GPU was visible or asked for."


def test_equal_optimizers_give_no_sentence(tmp_path):
    runs = [studies.run(studies._network(16, 0.01, 4, "fp32"), 0.95)]
    cells = [studies.cell("digits", "resnet18", name, "cpu", list(runs)) for name in ("adam", "sgd")]
    assert not any("better than" in text for text in _texts(collected(tmp_path, cells)))


def test_one_competitor_has_no_rival(tmp_path):
    texts = _texts(collected(tmp_path, studies.small()[2:3]))
    assert texts[0].startswith("SVM (RBF) is the only model that finished")
    assert len(texts) == 2


def test_runs_are_counted(small):
    counted = coverage.of(small.study)
    assert counted.sentence == "21 of 22 runs finished; 1 diverged."
    [line] = [coverage.reason(cell, run) for cell, run in counted.unfinished]
    assert line.endswith("diverged: the loss became NaN in epoch 1")


def test_best_uses_come_from_the_measurements(tmp_path, small):
    for found, shortest in (
        (small.study, []),  # timed in the grid alone
        (collected(tmp_path, studies.alone(studies.small())), ["the shortest training on Digits"]),
    ):
        tables = _tables(found)
        uses = {each.competitor: each.uses for each in methods.summary(found, tables.best, tables.tests)}
        assert uses["svm_rbf"] == ["the highest validation accuracy on Digits"]
        assert uses["svm_poly"] == shortest
        assert uses["resnet18"] == []


def test_a_runs_own_command_narrows_the_cells():
    [cell, *_] = studies.study(studies.small(seeds=2), studies.ROOT).records
    run = cell.runs[3]
    words = shlex.split(reproduce.command(cell, run))
    assert words[words.index("--seeds") + 1] == "1"
    assert words[words.index("--output") + 1] == "results/digits/rerun.json"
    [block] = json.loads(words[words.index("--grid") + 1])
    assert block == run.settings
    assert words[words.index("--threads") + 1] == "8"


def test_a_setting_that_is_a_list_is_one_value_of_the_grid():
    [cell, *_] = studies.small()
    cell["runs"][0]["settings"]["betas"] = [0.8, 0.99]
    [record] = studies.study([cell], studies.ROOT).records
    words = shlex.split(reproduce.command(record, record.runs[0]))
    [block] = json.loads(words[words.index("--grid") + 1])
    assert block["betas"] == [[0.8, 0.99]]


def test_a_command_without_a_grid_stays():
    [*_, cell] = studies.study(studies.small(), studies.ROOT).records
    assert reproduce.command(cell, cell.runs[0]) == cell.command


@pytest.mark.parametrize(("fold", "said"), [(0, "0"), (2, "2"), ("refit", "refit")])
def test_a_runs_own_command_names_its_fold(fold, said):
    cell = studies.small()[0]
    cell["data"]["folds"] = 3
    cell["runs"][0] |= {"fold": fold, "validation_accuracy": None if fold == "refit" else 0.9}
    [record] = studies.study([cell], studies.ROOT).records
    words = shlex.split(reproduce.command(record, record.runs[0]))
    assert words[words.index("--fold") + 1] == said
    once = reproduce.command(replace(record, command=shlex.join(words)), record.runs[0])
    assert shlex.split(once).count("--fold") == 1
    assert "--fold" not in reproduce.command(record, record.runs[1])


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


def _level(seconds: dict[str, float], parameters: dict[str, int] | None = None) -> list[dict]:
    """Return cells of a network and an SVM that validation cannot tell apart, with times alone."""
    network = studies.run(studies._network(16, 0.001, 2, "fp32"), 0.95, train_s=seconds["resnet18"])
    machine = studies.run(studies._svm(1.0, "scale"), 0.95, train_s=seconds["svm_rbf"])
    cells = [
        studies.cell("digits", "resnet18", "sgd", "cpu", [network]),
        studies.cell("digits", "svm", "rbf", "cpu", [machine]),
    ]
    for cell, name in zip(cells, ("resnet18", "svm_rbf"), strict=True):
        cell["compute"]["parameters"] = (parameters or {}).get(name, 1000)
    return studies.alone(cells)


@pytest.mark.parametrize(
    ("seconds", "parameters", "chosen"),
    [
        ({"resnet18": 600.0, "svm_rbf": 1.0}, None, "SVM (RBF)"),
        ({"resnet18": 1.0, "svm_rbf": 600.0}, None, "ResNet-18"),
        ({"resnet18": 100.0, "svm_rbf": 105.0}, {"svm_rbf": 10}, "SVM (RBF)"),
        ({"resnet18": 105.0, "svm_rbf": 100.0}, {"resnet18": 10}, "ResNet-18"),
    ],
)
def test_a_tie_on_validation_goes_to_the_cheaper_and_is_said(tmp_path, seconds, parameters, chosen):
    found = collected(tmp_path, _level(seconds, parameters))
    first = findings.of_dataset(found, _tables(found), "digits")[0]
    assert first.text.startswith(f"{chosen} is the choice")
    assert "tied with " in first.evidence
    assert "the cheaper one by time to result, within 10 % the smaller one" in first.evidence


def test_the_margin_on_validation_is_said_in_images(tmp_path):
    cells = _level({"resnet18": 1.0, "svm_rbf": 1.0})
    for cell in cells:
        if cell["group"] == "SVMs":
            for run in cell["runs"]:
                run["validation_accuracy"] = 136 / 144
        else:
            for run in cell["runs"]:
                run["validation_accuracy"] = 137 / 144
    found = collected(tmp_path, cells)
    first = findings.of_dataset(found, _tables(found), "digits")[0]
    assert first.evidence.endswith("95.14 %: 137 against 136 of 144 right, SVM (RBF) next")


def _seeds(model: str, choice: str, accuracies: tuple[float, ...], validation: float) -> list[dict]:
    """Return a cell whose seeds agree on validation, and its choice trained again with these accuracies."""
    settings = studies._network(16, 0.001, 2, "fp32")
    grid = [studies.run(settings, 0.9, validation=validation, seed=0)]
    again = [studies.run(settings, each, seed=1 + number) for number, each in enumerate(accuracies)]
    make = (model, choice, "cpu")
    return [
        studies.cell("fashion", *make, grid),
        studies.cell("fashion", *make, again, purpose="alone"),
    ]


def test_the_direction_of_a_sentence_is_that_of_its_test(tmp_path):
    # The first seed alone says the contrary of the mean over seeds.
    cells = _seeds("resnet18", "sgd", (0.85, 0.92, 0.93), 0.95)
    cells += _seeds("resnet50", "sgd", (0.88, 0.88, 0.88), 0.94)
    found = collected(tmp_path, cells)
    [test] = contrasts.rows(found)
    assert test.tested.compared == "methods"
    assert test.tested.difference == pytest.approx(0.02, abs=1e-4)
    assert (test.better is None) == (test.tested.p_holm >= 0.05)
    said = [finding.text for finding in findings.of_dataset(found, _tables(found), "fashion")]
    # Three seeds that lie seven points apart show nothing, whatever ten thousand images say of one of them.
    assert "No evidence of a difference from ResNet-50." in said


def test_seeds_that_agree_show_a_difference_of_methods(tmp_path):
    cells = _seeds("resnet18", "sgd", (0.93, 0.931, 0.932), 0.95)
    cells += _seeds("resnet50", "sgd", (0.88, 0.881, 0.882), 0.94)
    found = collected(tmp_path, cells)
    [test] = contrasts.rows(found)
    assert (test.better, test.seeds_a, test.seeds_b) == ("resnet18", 3, 3)
    texts = [finding.text for finding in findings.overall(found, _tables(found))]
    assert "ResNet-18 beats ResNet-50 on Fashion-MNIST." in texts


@pytest.mark.parametrize(
    ("adam", "said"),
    [(0.95, ", which validation did not tell."), (0.94, ", although validation preferred SGD."), (0.96, ".")],
)
def test_an_optimizer_that_validation_did_not_prefer_is_said_so(tmp_path, adam, said):
    cells = _seeds("resnet18", "adam", (0.93, 0.931, 0.932), adam)
    cells += _seeds("resnet18", "sgd", (0.88, 0.881, 0.882), 0.95)
    found = collected(tmp_path, cells)
    [text] = [f.text for f in findings.overall(found, _tables(found)) if f.topic == "optimizer"]
    assert text == f"Adam is better than SGD on Fashion-MNIST for ResNet-18{said}"
