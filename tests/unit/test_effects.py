"""Main effects: means over the same other settings, and what is left out of them."""

import csv

import pytest

import studies
from bakeoff.analysis import effects
from bakeoff.records import written


def cell(accuracies: dict[tuple, float | None], optimizer: str = "sgd") -> dict:
    """Return a cell with a run per (batch size, learning rate); None stands for diverged."""
    runs = [
        studies.run({"batch_size": batch, "learning_rate": rate, "epochs": 2}, accuracy)
        for (batch, rate), accuracy in accuracies.items()
    ]
    return studies.cell("digits", "resnet18", optimizer, "cpu", runs)


WHOLE = {(16, 0.1): 0.5, (16, 0.01): 0.9, (32, 0.1): 0.7, (32, 0.01): 0.8}


def by_name(*cells: dict) -> dict[str, effects.Effect]:
    return {effect.setting: effect for effect in effects.of(map(written.from_json, cells))}


def test_means_are_taken_over_all_other_settings():
    found = by_name(cell(WHOLE))
    assert found.keys() == {"batch_size", "learning_rate"}  # epochs did not vary
    assert found["learning_rate"].means == pytest.approx({0.01: 0.85, 0.1: 0.6})
    assert list(found["learning_rate"].means) == [0.01, 0.1]
    assert found["batch_size"].means == pytest.approx({16: 0.7, 32: 0.75})
    assert found["batch_size"].range == pytest.approx(0.05)
    assert (found["batch_size"].groups, found["batch_size"].compared) == (2, 2)


def test_the_optimizer_is_a_setting_across_cells():
    found = by_name(cell(WHOLE), cell({key: value - 0.1 for key, value in WHOLE.items()}, "adam"))
    assert found["optimizer"].means == pytest.approx({"sgd": 0.725, "adam": 0.625})


def test_combinations_that_did_not_finish_everywhere_take_no_part():
    found = by_name(cell({**WHOLE, (16, 0.1): None}))
    assert found["learning_rate"].means == pytest.approx({0.01: 0.8, 0.1: 0.7})
    assert (found["learning_rate"].groups, found["learning_rate"].compared) == (1, 2)


def test_without_a_whole_combination_there_is_no_effect():
    assert by_name(cell({(16, 0.1): 0.5, (32, 0.01): 0.9})) == {}
    assert by_name(cell({(16, 0.1): 0.5})) == {}


def test_what_means_nothing_somewhere_is_compared_where_it_does():
    settings = {"batch_size": 16, "learning_rate": 0.1, "epochs": 2}
    runs = [
        studies.run({**settings, "engine": "resident", "pin_memory": None}, 0.9),
        studies.run({**settings, "engine": "dataloader", "pin_memory": True}, 0.8),
        studies.run({**settings, "engine": "dataloader", "pin_memory": False}, 0.7),
    ]
    found = by_name(studies.cell("digits", "resnet18", "sgd", "gpu", runs))
    assert found.keys() == {"pin_memory"}
    assert found["pin_memory"].means == {True: 0.8, False: 0.7}


def test_the_figure_s_numbers_are_the_effects(small):
    with (small.folder / "figures" / "effects_digits.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = [
        (effect.competitor, effect.setting, mean)
        for effect in effects.of(small.study.selection)
        for mean in effect.means.values()
    ]
    found = [(row["competitor"], row["setting"], float(row["validation_accuracy"])) for row in rows]
    assert len(found) > 4
    assert found == [(name, setting, pytest.approx(mean)) for name, setting, mean in expected]
