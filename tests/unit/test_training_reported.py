"""A report of trainings that differ in how they are trained: settings beside those that go without saying."""

from itertools import product

import pytest

import studies
from bakeoff.analysis import effects
from bakeoff.plots import grids
from bakeoff.report import grid, runs
from rendered import Built, built


def trained() -> list[dict]:
    """Return a grid of which half says nothing of each later axis, and one run with a list as a value."""
    found = []
    for schedule, augmentation, epochs in product((None, "cosine"), (None, "flip"), (4, 8)):
        said = {"schedule": schedule, "augmentation": augmentation}
        later = {name: value for name, value in said.items() if value}
        better = 0.01 * len(later)
        details = {"follows_epochs": True} if schedule else {}
        found.append(studies.run(settings(epochs, **later), 0.95 + better, train_s=epochs, details=details))
    listed = settings(4, class_weights=[1, 2, 1, 1, 1, 1, 1, 1, 1, 1], early_stop=2)
    return [*found, studies.run(listed, 0.9, details={"follows_epochs": True, "kept_epoch": 2})]


def settings(epochs: int, **later) -> dict:
    first = {"batch_size": 16, "learning_rate": 0.01, "epochs": epochs, "precision": "fp32"}
    return {**first, "engine": "resident", "pin_memory": None, **later}


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> Built:
    cells = [studies.cell("digits", "resnet18", "adam", "cpu", trained())]
    return built(tmp_path_factory.mktemp("trained"), cells, {"datasets": ["digits"]})


def test_settings_are_compared_with_their_defaults(reported):
    found = {each.setting: each for each in effects.of(reported.study.selection)}
    assert found["schedule"].means == pytest.approx({"constant": 0.955, "cosine": 0.965}, abs=0.02)
    assert list(found["augmentation"].means) == ["none", "flip"]
    assert found["augmentation"].groups == 4
    assert found["epochs"].groups == 4


def test_the_table_of_runs_says_both(reported):
    for said in ("Schedule", "constant", "cosine", "Augmentation", "flip", "Class weights", "[1, 2, 1, 1"):
        assert said in reported.html


def test_the_curves_say_that_every_number_of_epochs_is_a_training(reported):
    assert "every number of epochs is a training, and so a line, of its own" in " ".join(
        reported.html.split()
    )


def many() -> list[dict]:
    """Return runs of three recipes, which differ in seven settings."""
    plain, one, other = {}, {"schedule": "cosine", "warmup": 0.1, "label_smoothing": 0.1}, {"clip": 1.0}
    other |= {"augmentation": "crop+flip", "ema": 0.99, "class_weights": "balanced"}
    return [studies.run(settings(4, **how), 0.9 + 0.01 * i) for i, how in enumerate((plain, one, other))]


@pytest.fixture(scope="module")
def with_many(tmp_path_factory) -> Built:
    cells = [studies.cell("digits", "resnet18", "adam", "cpu", many())]
    return built(tmp_path_factory.mktemp("many"), cells, {"datasets": ["digits"]})


def test_many_settings_that_mostly_go_without_saying_share_a_column(with_many):
    found = with_many.study
    [table] = grid.tables(found, runs.groups(found, runs.numbered(found)), False)
    place = [column.label for column in table.columns].index("Further settings")
    assert [row[place].text for row in table.rows] == [
        "",
        "schedule cosine, warm-up 0.1, smoothing 0.1",
        "clip 1, augmentation crop+flip, EMA 0.99, classes balanced",
    ]


def test_each_of_a_few_long_settings_is_a_line_of_the_heat_map(with_many):
    [plot] = grids.plots(with_many.study, "digits")
    [axis] = plot.figure.axes
    assert {label.get_text() for label in axis.get_yticklabels()} == {
        "defaults",
        "schedule cosine, warm-up 0.1, smoothing 0.1",
        "clip 1, augmentation crop+flip, EMA 0.99, classes balanced",
    }
    assert len(axis.get_xticks()) == 1
