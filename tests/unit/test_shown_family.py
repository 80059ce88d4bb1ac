"""A family that no room of the report knows by name: it is in every figure and table where it makes sense."""

import csv
import json
from itertools import product
from pathlib import Path

import pytest
from test_report import Page

import studies
from bakeoff.analysis import best, derivation
from bakeoff.analysis.study import Study
from bakeoff.plots import grids
from bakeoff.report import context, explorer, grid, runs
from bakeoff.report.parts import Table
from rendered import Built, built, collected, drawn

NAME, GROUP = "Nearest neighbours", "classifiers"


def _run(neighbours: int, weights: str, test: float = 0.99, **changes) -> dict:
    return studies.run({"n_neighbors": neighbours, "weights": weights}, test, train_s=0.02, **changes)


def _neighbours(**changes) -> dict:
    tried = product((1, 5), ("uniform", "distance"))
    found = [_run(*each, test=0.985 + 0.001 * place) for place, each in enumerate(tried)]
    for run in found:
        run["details"] = {}
    return studies.cell("digits", "knn", None, "cpu", found, **{"label": NAME, **changes})


@pytest.fixture(scope="module")
def third(tmp_path_factory) -> Built:
    """The demo's like with a third family, its choices made again alone."""
    cells = studies.alone([*studies.small(), _neighbours()])
    return built(tmp_path_factory.mktemp("third"), cells)


def _numbers(third: Built, name: str) -> list[dict[str, str]]:
    with (third.folder / "figures" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("figure", ["tradeoff", "grid", "effects", "reliability", "confused"])
def test_it_is_in_the_figures_of_all(third, figure):
    assert "knn" in {row["competitor"] for row in _numbers(third, f"{figure}_digits")}


def test_it_has_a_confusion_matrix_and_no_curves_without_epochs(third):
    listed = json.loads((third.folder / "figures/figures.json").read_text(encoding="utf-8"))
    titles = {each["file"]: each["title"] for each in listed}
    assert titles["confusion_digits_knn.svg"] == f"{NAME} on Digits"
    assert {row["cell"].split("_")[0] for row in _numbers(third, "curves_digits")} == {"resnet18"}


def test_it_has_its_row_in_every_table(third):
    derived = derivation.every(third.study, third.folder)
    assert "knn" in {row.competitor for row in derived.best}
    assert "knn" in {row.competitor for row in derived.classes}
    assert "knn" in {side for row in derived.tests for side in (row.a, row.b)}
    sections = {each.name: each for each in context.build(third.study, derived, []).sections}
    for name in ("best", "deployment", "arithmetic", "statistics"):
        assert NAME in {entry.text for table in sections[name].tables for row in table.rows for entry in row}
    assert NAME in {column.label for table in sections["confusion"].tables for column in table.columns}


def _grids(study: Study) -> list[Table]:
    """Return the tables of the grid's runs."""
    groups = [group for group in runs.groups(study, runs.numbered(study)) if not group.timed]
    return grid.tables(study, groups, embedded=False)


def test_its_runs_have_tables_of_their_own_that_are_called_as_its_group(third):
    text = Page(third.html).text
    assert f"Digits: the {GROUP}, 4 runs" in text
    assert "Digits: 3 lone classifier runs" in text
    tables = _grids(third.study)
    assert [table.caption.split(", ")[0] for table in tables] == [
        f"Digits: the {group}" for group in (GROUP, "networks", "SVMs")
    ]
    columns = {column.label: column.number for column in tables[0].columns}
    assert (columns["N_neighbors"], columns["Weights"]) == (True, False)


def test_it_can_be_chosen_in_the_explorer(third):
    found = explorer.of(third.study, runs.groups(third.study, runs.numbered(third.study)))
    assert ("knn", NAME) in {(name, label) for _, name, label in found.competitors}
    assert "settings.n_neighbors" in {axis["name"] for axis in found.axes}


def test_of_settings_that_the_heat_map_does_not_know_the_first_goes_down(third):
    text = (third.folder / "figures/grid_digits.svg").read_text(encoding="utf-8")
    for words in ("n_neighbors 1", "n_neighbors 5", "weights", "distance"):
        assert text.count(f">{words}<") == 1


@pytest.mark.parametrize("scores", ["decisions", "none"])
def test_without_probabilities_nobody_says_how_sure_it_is(tmp_path, scores):
    drawn(collected(tmp_path, [_neighbours(scores=scores)]), tmp_path / "figures")
    names = {path.stem for path in (tmp_path / "figures").glob("*.svg")}
    assert "confusion_digits_knn" in names
    assert "reliability_digits" not in names


FOLDS = 3


def _folded(folder: Path, repeats: int) -> tuple[Study, str]:
    """Return a study with folds, and its page."""
    found = [
        _run(n, "uniform", test=0.9 + 0.01 * fold + 0.02 * (n == 5), fold=100 * cut + fold)
        for n, cut, fold in product((1, 5), range(repeats), range(FOLDS))
    ]
    found += [_run(n, "uniform", fold="refit") | {"validation_accuracy": None} for n in (1, 5)]
    cell = studies.cell("digits", "knn", None, "cpu", found, label=NAME)
    cell["data"] |= {"folds": FOLDS, "repeats": repeats}
    place = built(folder, [cell])
    return place.study, Page(place.html).text


@pytest.fixture(scope="module")
def folded(tmp_path_factory) -> tuple[Study, str]:
    """A study with folds, and its page."""
    return _folded(tmp_path_factory.mktemp("folded"), 1)


def test_folds_are_one_entry_of_the_heat_map_and_a_refit_is_scored_on_none(folded):
    [plot] = grids.plots(folded[0], "digits")
    shown = [(row["runs"], round(row["validation_accuracy"], 6), row["chosen"]) for row in plot.rows]
    assert shown == [(FOLDS + 1, 0.91, False), (FOLDS + 1, 0.93, True)]


def test_the_fold_of_a_run_is_a_column_and_in_its_command_s_words(folded):
    study, text = folded
    [table] = _grids(study)
    place = [column.label for column in table.columns].index("Fold")
    assert [row[place].text for row in table.rows] == [*map(str, range(FOLDS)), *map(str, range(FOLDS))] + [
        "refit"
    ] * 2
    assert [row[-1].text for row in table.rows] == ["ok"] * 3 + ["best"] * 3 + ["ok", "best"]
    for words in ("n_neighbors 5, weights uniform, fold 0", "weights uniform, all folds"):
        assert words in text
    assert f"Folds of train and validation {FOLDS}" in text
    assert f"Validation over {FOLDS} folds: every image once" in text


def test_the_report_says_how_often_folds_were_cut_and_that_this_makes_no_interval_narrower(folded, tmp_path):
    study, text = _folded(tmp_path / "twice", 2)
    assert f"Folds of train and validation {FOLDS}, cut 2 times" in text
    assert f"Validation over {FOLDS} folds, cut 2 times: in each cut every image once" in text
    assert "n_neighbors 5, weights uniform, fold 102" in text
    once, twice = (best.rows(each)[0].chosen.validation for each in (folded[0], study))
    assert once == twice
