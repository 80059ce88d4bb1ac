"""A report of trainings that differ in how they are trained: settings beside those that go without saying."""

from itertools import product

import pytest

import studies
from bakeoff.analysis import effects
from rendered import Built, built


def runs() -> list[dict]:
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
    cells = [studies.cell("digits", "resnet18", "adam", "cpu", runs())]
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
