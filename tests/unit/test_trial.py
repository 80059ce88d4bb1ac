"""precision: auto, with the clock and the losses replaced, and once with both as they are."""

import numpy as np
import pytest

from bakeoff.families.network import precision, trial
from bakeoff.families.network.family import NetworkFamily
from bakeoff.records.run import Run
from fits import fit_all, rows

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

BLOCK = {"batch_size": 16, "learning_rate": [0.01, 0.02], "epochs": 1, "precision": "auto"}


def runs(dataset) -> list[Run]:
    family = NetworkFamily(dataset, *rows("resnet18", "sgd"), "cpu", [BLOCK], [0])
    return [fitted.run for fitted in fit_all(family)]


def tried(monkeypatch, speedup: float, fp32: list[float], mixed: list[float]) -> list:
    """Replace what a trial measures; return the list that notes every comparison of losses."""
    asked = []

    def losses(training, *rest):
        asked.append(training.precision)
        return fp32 if training.precision == "fp32" else mixed

    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: True)
    monkeypatch.setattr(trial, "_speedup", lambda *rest: speedup)
    monkeypatch.setattr(trial, "_losses", losses)
    return asked


def test_faster_and_as_good_is_taken(dataset, monkeypatch):
    asked = tried(monkeypatch, 1.4, [0.50, 0.56, 0.53], [0.55, 0.58, 0.58])
    first, second = runs(dataset)
    assert first.settings["precision"] == "auto"
    assert first.details["autocast"] == second.details["autocast"] == "bfloat16"
    assert first.details["mixed_speedup"] == 1.4
    assert first.details["mixed_loss_gap"] == pytest.approx(0.04)
    assert first.details["seed_spread"] == pytest.approx(0.06)
    assert asked == ["fp32", "mixed"]  # once per batch size, not per run


def test_faster_and_worse_than_the_seeds_spread_is_not_taken(dataset, monkeypatch):
    tried(monkeypatch, 1.4, [0.50, 0.56, 0.53], [0.60, 0.61, 0.62])
    assert {run.details["autocast"] for run in runs(dataset)} == {None}


def test_what_is_not_faster_is_not_taken_and_not_trained(dataset, monkeypatch):
    asked = tried(monkeypatch, 1.01, [], [])
    assert {run.details["autocast"] for run in runs(dataset)} == {None}
    assert asked == []


def test_without_low_precision_there_is_nothing_to_try(dataset, monkeypatch):
    asked = tried(monkeypatch, 9.0, [], [])
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: False)
    (first, _) = runs(dataset)
    assert first.details["autocast"] is None
    assert "mixed_speedup" not in first.details
    assert asked == []


def test_a_real_trial_measures_both(dataset, monkeypatch):
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: True)
    monkeypatch.setattr(trial, "WORTH", 0.0)  # an emulated bfloat16 is slow: compare the losses all the same
    details = runs(dataset)[0].details
    assert details["mixed_speedup"] > 0
    assert np.isfinite(details["mixed_loss_gap"])
    assert details["seed_spread"] > 0
