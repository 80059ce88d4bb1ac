"""Main effects: means over the same other settings, and what is left out of them."""

import csv
import json

import pytest

import studies
from bakeoff.analysis import effects
from bakeoff.records import written
from rendered import collected, drawn


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


def repeated(pairs: list[tuple], accuracies: dict[tuple, float]) -> dict:
    """Return a cell with a run per setting and pair of seed and fold; of pairs further on, one point more."""
    runs = [
        studies.run(
            {"batch_size": batch, "learning_rate": rate}, accuracy + place / 100, seed=seed, fold=fold
        )
        for (batch, rate), accuracy in accuracies.items()
        for place, (seed, fold) in enumerate(pairs)
    ]
    cell = studies.cell("digits", "resnet18", "sgd", "cpu", runs)
    cell["data"] |= {"folds": 3, "repeats": 2}
    return cell


@pytest.mark.parametrize(
    "pairs",
    [[(0, None), (1, None)], [(None, 0), (None, 1)], [(0, 0), (0, 1), (1, 0), (1, 1)]],
    ids=["seeds", "folds", "both"],
)
def test_every_seed_and_fold_has_means_of_its_own(pairs):
    found = by_name(repeated(pairs, WHOLE))["learning_rate"]
    assert list(found.replicates) == pairs
    for place, pair in enumerate(pairs):
        expected = {0.01: 0.85 + place / 100, 0.1: 0.6 + place / 100}
        assert found.replicates[pair] == pytest.approx(expected)
    more = (len(pairs) - 1) / 200
    assert found.means == pytest.approx({0.01: 0.85 + more, 0.1: 0.6 + more})


def test_what_was_not_run_on_the_same_seeds_has_no_range():
    whole = repeated([(0, None), (1, None)], WHOLE)
    assert by_name(repeated([(0, None)], WHOLE))["learning_rate"].replicates == {}
    assert by_name(whole)["learning_rate"].replicates
    fewer = whole | {"runs": whole["runs"][:-1]}
    found = by_name(fewer)["learning_rate"]
    assert (found.groups, found.replicates) == (2, {})


def test_combinations_left_out_have_no_part_in_the_range():
    cell = repeated([(0, None), (1, None)], WHOLE)
    lost = cell["runs"][0]
    cell["runs"][0] = studies.run(lost["settings"], None, seed=lost["seed"])
    found = by_name(cell)["learning_rate"]
    assert (found.groups, found.compared) == (1, 2)
    assert found.of_replicates(0.1) == pytest.approx([0.7, 0.71])


@pytest.mark.parametrize(
    ("pairs", "row", "words"),
    [
        ([(0, None)], ("", "", ""), ""),
        ([(0, None), (1, None)], ("0.6", "0.61", "2"), "one seed alone (ResNet-18, 2 seeds)."),
        ([(0, 0), (0, 2)], ("0.6", "0.61", "2"), "one fold alone (ResNet-18, 2 folds)."),
        (
            [(0, 0), (0, 2), (0, 100), (0, 102)],
            ("0.6", "0.63", "4"),
            "one fold alone (ResNet-18, 2 folds, cut 2 times).",
        ),
    ],
    ids=["one run", "seeds", "folds", "cuts"],
)
def test_bars_are_drawn_and_told_of_only_where_there_are_several_runs(tmp_path, pairs, row, words):
    drawn(collected(tmp_path, [repeated(pairs, WHOLE)]), tmp_path / "figures")
    listed = json.loads((tmp_path / "figures/figures.json").read_text(encoding="utf-8"))
    [caption] = [each["caption"] for each in listed if each["file"] == "effects_digits.svg"]
    assert ("Bars" in caption) == bool(words)
    assert words in caption
    with (tmp_path / "figures/effects_digits.csv").open(encoding="utf-8") as file:
        lines = [each for each in csv.DictReader(file) if each["value"] == "0.1"]
    assert [tuple(each[name] for name in ("lowest", "highest", "replicates")) for each in lines] == [row]
    # A bar and two caps at each of four values.
    text = (tmp_path / "figures/effects_digits.svg").read_text(encoding="utf-8")
    assert text.count('stroke-width="1.1"') == (4 if words else 0)


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
