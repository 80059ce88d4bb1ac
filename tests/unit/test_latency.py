"""How long a prediction takes: measured on the saved model, written into the record, said on the page."""

import dataclasses

import numpy as np
import pytest

import studies
from bakeoff import latency
from bakeoff.analysis import best, contrasts, findings, speedup
from bakeoff.analysis.findings import Tables
from bakeoff.records import written
from bakeoff.report import deployment
from rendered import collected


class _Clock:
    """A clock that every call moves by what the images cost."""

    def __init__(self, cost: float):
        self.now, self.cost, self.seen = 0.0, cost, []

    def __call__(self) -> float:
        return self.now

    def predict(self, images: np.ndarray) -> None:
        self.seen.append(len(images))
        self.now += self.cost * (1 if len(self.seen) > latency.WARM_UP else 1000)


def test_calls_are_timed_after_a_warm_up_and_for_so_long(monkeypatch):
    clock = _Clock(0.01)
    monkeypatch.setattr(latency, "perf_counter", clock)
    times = latency.calls({"": clock.predict}, np.zeros((3, 8, 8)), seconds=1.0)[""]
    assert times == pytest.approx([0.01] * 100)
    assert clock.seen == [3] * (100 + latency.WARM_UP)


def test_slow_predictions_are_made_often_enough(monkeypatch):
    clock = _Clock(30.0)
    monkeypatch.setattr(latency, "perf_counter", clock)
    assert len(latency.calls({"": clock.predict}, np.zeros((1, 8, 8)))[""]) == latency.LEAST


def test_without_a_model_or_a_run_nothing_is_added(tmp_path):
    record = written.from_json(studies.small()[0])
    assert latency.beside(None, record)(None, list(record.runs)) == {}
    empty = dataclasses.replace(record, runs=())
    assert latency.beside(tmp_path / "model.safetensors", empty)(None, []) == {}


def test_the_choice_says_what_a_prediction_takes(tmp_path):
    study = collected(tmp_path, studies.alone(studies.small()))
    tables = Tables(best.rows(study), contrasts.rows(study), speedup.rows(study), [], [])
    [said] = [each for each in findings.of_dataset(study, tables, "digits") if each.topic == "deployment"]
    assert said.text == "SVM (RBF) answers one image in 1.60 ms and a batch of 256 in 14.4 ms on the CPU."
    assert said.evidence == ("17,778 images a second in the batch; medians, decoding of files not counted")
    [table] = deployment.predictions(study, tables.best)
    row = next(row for row in table.rows if row[0].text == "SVM (RBF)")
    assert [cell.text for cell in row[3:]] == ["1.60", "0.056", "17,778"]
    assert [cell.note for cell in row[3:]] == ["1.44\N{EN DASH}2.24", "of 256", ""]


def test_where_it_was_not_measured_nothing_is_said(tmp_path):
    cells = studies.alone(studies.small())
    for cell in cells:
        cell.pop("prediction", None)
    study = collected(tmp_path, cells)
    tables = Tables(best.rows(study), contrasts.rows(study), speedup.rows(study), [], [])
    assert not [each for each in findings.of_dataset(study, tables, "digits") if each.topic == "deployment"]
    assert deployment.predictions(study, tables.best) == []
