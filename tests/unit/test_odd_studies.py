"""Studies that are odd but possible: what the page says of them is true, and none ends in a traceback."""

from dataclasses import replace

import pytest

import studies
from bakeoff.analysis import (
    agreement,
    best,
    contrasts,
    coverage,
    devices,
    findings,
    methods,
    mistakes,
    published,
    speedup,
    study,
    wording,
)
from bakeoff.analysis.differences import Difference, against
from bakeoff.analysis.findings import Tables
from bakeoff.analysis.intervals import wilson
from bakeoff.command import DamagedError
from bakeoff.plots import devices as device_plots
from bakeoff.plots import tradeoff
from bakeoff.records import selection
from bakeoff.report import beside, classes, comparisons, datasets, provenance
from rendered import collected, published_rows

NETWORK = {"batch_size": 16, "learning_rate": 0.001, "epochs": 2, "precision": "fp32"}
MACHINE = studies._svm(1.0, "scale")
OTHER = "fedcba9876543210" * 4


def _two(network: float = 0.95, machine: float = 0.90, **changes) -> list[dict]:
    """Return a network and an SVM, with what both chose trained again alone."""
    cells = [
        studies.cell("digits", "resnet18", "sgd", "cpu", [studies.run(NETWORK, network, **changes)]),
        studies.cell("digits", "svm", "rbf", "cpu", [studies.run(MACHINE, machine, train_s=1.0)]),
    ]
    return studies.alone(cells)


def _said(tmp_path, cells: list[dict]) -> list[str]:
    study = collected(tmp_path, cells)
    tables = Tables(best.rows(study), contrasts.rows(study), speedup.rows(study), [], [])
    return [f"{found.text} [{found.evidence}]" for found in findings.of_dataset(study, tables, "digits")]


def _of(cells: list[dict], purpose: str, group: str = "networks") -> dict:
    [cell] = [each for each in cells if (each["purpose"], each["group"]) == (purpose, group)]
    return cell


@pytest.mark.parametrize("n", [7, 10, 13, 359, 360, 10_000])
def test_an_interval_holds_its_own_accuracy(n):
    for right in (0, n):
        low, high = wilson(right / n, n)
        assert 0 <= low <= right / n <= high <= 1


def test_lone_trainings_on_other_data_are_no_repeats_of_the_choice(tmp_path):
    cells = _two()
    lone = _of(cells, "alone")
    lone["data"] = lone["data"] | {"digest": OTHER, "counts": studies.COUNTS["digits"] | {"test": 100}}
    study = collected(tmp_path, cells)
    [row] = [row for row in best.rows(study) if row.competitor == "resnet18"]
    assert (row.chosen.alone, row.chosen.predicting, row.chosen.fresh) == (None, None, None)
    [test] = contrasts.rows(study)
    assert test.tested.compared == contrasts.MODELS
    assert any("2 different preparations" in line for line in coverage.limits(study))
    notes = [table.note for table in datasets.tables(study)]
    assert "The data of digits/alone/resnet18_sgd_cpu." in notes


def test_timed_cells_on_other_data_are_not_the_same_training(tmp_path):
    sides = [
        studies.cell("digits", "resnet18", "sgd", device, [studies.run(NETWORK, 0.9)] * 3, purpose="speed")
        for device in ("cpu", "gpu")
    ]
    sides[1]["data"] = sides[1]["data"] | {"digest": OTHER}
    rows = speedup.rows(collected(tmp_path, sides))
    assert [row.ratios for row in rows] == [None, None]
    assert rows[0].reason == "no GPU run of these settings and data was made"


def test_answers_of_other_classes_are_not_counted_with_those_of_these(tmp_path):
    cells = _two()[:2]
    cells[1]["data"] = cells[1]["data"] | {"classes": [*studies.DIGITS[:9], "nine"]}
    found = mistakes.of(collected(tmp_path, cells), "digits")
    assert [answers.competitor for answers in found] == ["resnet18"]


def test_a_cell_that_lies_twice_in_one_file_is_named(tmp_path):
    collected(tmp_path, _two())
    path = tmp_path / "records.jsonl"
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(DamagedError) as caught:
        study.load(path)
    assert str(caught.value) == f"{path}: line 5: a second record of digits/alone/resnet18_sgd_cpu"


def test_a_training_whose_arithmetic_was_not_counted_has_no_share_of_it(tmp_path):
    cells = [_speed("cpu", [9, 9.1, 9.2]), _speed("gpu", [4, 4.1, 4.2])]
    for cell in cells:
        cell["compute"]["flops_train"] = None
    [row] = speedup.rows(collected(tmp_path, cells))
    assert [row.timed(device).flops_per_s for device in ("cpu", "gpu")] == [None, None]


def test_lone_trainings_of_another_choice_tell_nothing_of_this_one(tmp_path):
    cells = _two()
    _of(cells, "selection", "SVMs")["runs"].append(studies.run(studies._svm(100.0, "scale"), 0.93))
    [row] = [row for row in best.rows(collected(tmp_path, cells)) if row.competitor == "svm_rbf"]
    assert (row.chosen.alone, row.chosen.predicting) == (None, None)


def test_seeds_that_chose_are_no_other_seeds(tmp_path):
    cells = _two()
    grid = _of(cells, "selection")
    grid["runs"] = [grid["runs"][0] | {"seed": seed} for seed in (0, 1, 2)]
    [row] = [row for row in best.rows(collected(tmp_path, cells)) if row.competitor == "resnet18"]
    assert row.chosen.fresh.n == 1  # of 1, 2 and 3


@pytest.mark.parametrize("lost", [1, 3])
def test_a_choice_that_diverges_from_other_seeds_says_so(tmp_path, lost):
    cells = _two()
    runs = _of(cells, "alone")["runs"]
    for run in runs[:lost]:
        run |= {"status": "diverged", "error": "x", "test_accuracy": None, "train_s": None}
    texts = _said(tmp_path, cells)
    assert any(f"ResNet-18 did not finish on {lost} of 3 other seeds." in text for text in texts)
    rival = next(text for text in texts if "SVM (RBF) " in text and "p " in text)
    told = "over 2 other seeds (1 more did not finish)" if lost == 1 else "other seeds may differ"
    assert told in rival


def test_settings_that_lost_a_seed_each_are_not_called_unfinished(tmp_path):
    runs = [studies.run(NETWORK, accuracy, seed=seed) for seed, accuracy in ((0, 0.9), (1, None), (2, 0.91))]
    cells = [studies.cell("digits", "resnet18", "sgd", "cpu", runs)]
    assert _said(tmp_path / "one", cells) == ["No setting finished on every seed on Digits. []"]
    machine = studies.cell("digits", "svm", "rbf", "cpu", [studies.run(MACHINE, 0.9)])
    first, *_ = _said(tmp_path / "two", [*cells, machine])
    assert first.startswith("SVM (RBF) is the only model with a setting that finished on every seed: ")


def test_a_mean_over_seeds_is_called_one(tmp_path):
    runs = [studies.run(NETWORK, accuracy, seed=seed) for seed, accuracy in ((0, 0.9), (1, 0.92))]
    machine = studies.cell("digits", "svm", "rbf", "cpu", [studies.run(MACHINE, 0.8)])
    cells = [studies.cell("digits", "resnet18", "sgd", "cpu", runs), machine]
    first, second, *_ = _said(tmp_path, cells)
    assert first.startswith("ResNet-18 is the choice: 91.00 % of the test images right (mean of 2 seeds).")
    assert "two trained models, of the first seed" in second


def test_equal_means_are_equal_in_whatever_order_they_were_added():
    counts = ((136, 143, 143), (138, 142, 142))
    means = {selection.average(count / 144 for count in each) for each in counts}
    assert len(means) == 1


def test_svms_have_no_other_seeds(tmp_path):
    cells = [
        studies.cell("digits", "svm", kernel, "cpu", [studies.run(MACHINE, accuracy)])
        for kernel, accuracy in (("rbf", 0.97), ("poly", 0.80))
    ]
    texts = _said(tmp_path, cells)
    assert any(text.startswith("Better than SVM (polynomial).") for text in texts)
    assert not any("seed" in text for text in texts)


def _speed(device: str, seconds: list[float], model: str = "resnet18", **changes) -> dict:
    runs = [studies.run(NETWORK, 0.9, train_s=time, repeat=n, seed=n) for n, time in enumerate(seconds)]
    return studies.cell("fashion", model, "sgd", device, runs, purpose="speed", **changes)


def _devices(tmp_path, *cells: dict) -> list[str]:
    study = collected(tmp_path, list(cells))
    return [f"{found.text} [{found.evidence}]" for found in devices.found(study, speedup.rows(study))]


def test_a_gpu_timed_on_a_busy_machine_is_not_called_worth_it(tmp_path):
    cells = _speed("cpu", [10, 11, 12]), _speed("gpu", [4, 4.1, 4.2])
    for run in cells[0]["runs"]:
        run["load"] = {
            "started": 0,
            "seconds": 9.0,
            "others_cores": 6.0,
            "stolen_cores": 0.0,
            "switches_per_s": 1.0,
            "load_before": 6.0,
            "cpu_mhz": None,
        }
    [text] = _devices(tmp_path, *cells)
    assert text.startswith("GPU against CPU on Fashion-MNIST")
    assert ", 3 repeats disturbed)" in text


def test_what_was_not_measured_is_counted_under_no_machine(tmp_path):
    cells = [_speed(device, [9, 9.1, 9.2]) for device in ("cpu", "gpu")]
    others = [_speed(device, [9, 9.1, 9.2], "resnet50") for device in ("cpu", "gpu")]
    for cell in others:
        cell["environments"][0]["cpu"] = "Other CPU"
    lonely = studies.cell("fashion", "resnet18", "adam", "cpu", cells[0]["runs"], purpose="speed")
    texts = _devices(tmp_path, *cells, *others, lonely)
    assert [text.split(":")[0] for text in texts] == [
        "GPU against CPU on Fashion-MNIST (machine 1)",
        "GPU against CPU on Fashion-MNIST (machine 2)",
        "GPU against CPU on Fashion-MNIST was not measured for ResNet-18 Adam",
    ]
    assert all("of 1" in text for text in texts[:2])


def test_the_side_with_a_single_repeat_is_named_and_why(tmp_path):
    gpu = _speed("gpu", [4, 4.1, 4.2])
    for run in gpu["runs"][1:]:
        run |= {"status": "diverged", "error": "x", "test_accuracy": None, "train_s": None}
    [row] = speedup.rows(collected(tmp_path, [_speed("cpu", [9, 9.1, 9.2]), gpu]))
    assert row.reason == "a single repeat on the GPU: no interval; 2 more did not finish on the GPU"


def test_times_that_are_there_are_in_the_words_of_their_figure(tmp_path):
    study = collected(tmp_path, [_speed("cpu", [9, 9.1, 9.2])])
    [plot] = device_plots.plots(study, study.datasets[0], speedup.rows(study))
    assert "ResNet-18 SGD: speedup not measured, no GPU was visible or asked for, CPU 9.10 s" in plot.alt


def test_an_equal_point_is_not_beaten_in_the_words_of_the_front(tmp_path):
    study = collected(tmp_path, _two()[:1])
    front = tradeoff.pareto([replace(point, ranked=True) for point in tradeoff.points(best.rows(study))])
    assert (
        tradeoff._front_words(study, front) == "No filled point is quicker or more accurate than ResNet-18's."
    )


def test_images_of_another_size_are_not_held_against_the_published_ones(tmp_path):
    cells = [cell for cell in studies.published() if cell["dataset"] == "fashion"]
    for cell in cells:
        if cell["group"] == "networks":
            cell["data"]["input_shape"] = [3, 64, 64]
    study = collected(tmp_path, cells)
    rows = published_rows(study)
    networks = [row for row in rows if row.competitor.startswith("resnet") and row.ours]
    assert {row.verdict for row in networks} == {published.OTHER_SIZE}
    assert not any("network" in found.text for found in agreement.found(study, rows))
    [table] = beside.speedups(study, rows, speedup.rows(study))
    assert {row[5].text for row in table.rows} == {"images of another size"}


def test_published_results_that_were_not_run_are_not_said_to_differ(tmp_path):
    [cell] = [c for c in studies.published() if (c["dataset"], c["competitor"]) == ("mnist", "svm_rbf")]
    cell["runs"] = cell["runs"][:2]
    study = collected(tmp_path, [cell])
    [found] = agreement.found(study, published_rows(study))
    assert found.text.startswith(
        "The 2 published SVM results of 12 that were run here and ours differ by at most"
    )


def test_a_comparison_with_other_settings_was_measured_nonetheless(tmp_path):
    cells = [_speed(device, [9, 9.1, 9.2]) for device in ("cpu", "gpu")]  # of 2 epochs, theirs are of 10
    study = collected(tmp_path, cells)
    [table] = beside.speedups(study, published_rows(study), speedup.rows(study))
    shown = {row[0].text: row[5].text for row in table.rows}
    assert (shown["ResNet-18 SGD"], shown["ResNet-18 Adam"]) == ("timed with other settings", "not measured")


def test_a_cell_gone_on_with_after_a_commit_is_one_cell(tmp_path):
    cells = _two()
    grid = _of(cells, "selection")
    grid["runs"].append(studies.run({**NETWORK, "epochs": 3}, 0.9) | {"environment": 1})
    grid["environments"].append(grid["environments"][0] | {"git_commit": "b" * 40})
    other = cells[1]["environments"][0] | {"cpu": "Other CPU"}
    cells[1]["environments"] = [other]
    notes = [table.note for table in provenance.machines(collected(tmp_path, cells))]
    assert sum("digits/resnet18_sgd_cpu" in note for note in notes) == 1
    assert notes[0].count("digits/resnet18_sgd_cpu") == 1
    assert "of 2 runs" not in notes[0]


def test_tests_on_different_images_say_so_in_their_caption(tmp_path):
    study = collected(tmp_path, _two())
    [row] = contrasts.rows(study)
    [table] = comparisons.tests(study, [row, replace(row, tested=replace(row.tested, n=100))])
    assert table.caption == "Digits: paired tests, n = 100 or 360"


def test_rounding_carries_no_number_over_its_limit():
    assert (wording.p_value(0.0498), wording.p_value(0.0501)) == ("0.0498", "0.0501")
    assert wording.p_value(0.0512) == "0.051"
    assert against(0.01, Difference(0.02, 0.00003, 0.04, 0.049)) == "better"
    assert against(0.01, Difference(0.02, 0.003, 0.04, 0.01)) == "better by at least 0.30 points"


def test_a_competitor_without_an_error_has_no_lowest_class(tmp_path):
    study = collected(tmp_path, _two())
    rows = [replace(row, recall=1.0, precision=1.0) for row in mistakes.rows(study)]
    tables = classes.tables(study, [row for row in rows if row.competitor == "svm_rbf"], [])
    assert not any(cell.look for table in tables for line in table.rows for cell in line)


def test_all_that_validation_cannot_tell_apart_have_its_highest_accuracy(tmp_path):
    study = collected(tmp_path, _two(0.95, 0.95))
    found = methods.summary(study, best.rows(study), contrasts.rows(study))
    assert all("the highest validation accuracy on Digits" in each.uses for each in found)


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_a_perfect_model_and_one_that_gets_nothing_right_are_drawn(tmp_path, accuracy):
    study = collected(tmp_path, _two(accuracy, accuracy, history=[])[:2])
    assert (
        len([plot for name in study.datasets for plot in tradeoff.plots(study, name, best.rows(study))]) == 1
    )
