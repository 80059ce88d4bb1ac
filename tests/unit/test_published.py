"""The published study beside ours."""

import math

import pytest

import studies
from bakeoff.analysis import published
from rendered import collected


@pytest.fixture(scope="module")
def reference():
    return published.read_reference(studies.REFERENCE)


@pytest.fixture(scope="module")
def rows(fashion, reference):
    return published.rows(fashion.study, reference)


def test_the_band_comes_from_their_own_repeats(reference):
    bands = published.repeatability(reference)
    assert len(bands) == 8
    # ResNet-50 with Adam on Fashion-MNIST: the eight pairs of the published file, in points.
    pairs = [(81.86, 83.47), (81.19, 82.46), (80.31, 74.03), (81.16, 82.05),
             (83.33, 84.41), (82.60, 83.91), (83.20, 83.00), (84.38, 84.02)]  # fmt: skip
    square = sum((a - b) ** 2 for a, b in pairs) / len(pairs)
    expected = 1.959964 * math.sqrt(square) / 100
    assert bands["fashion", "resnet50", "adam"] == pytest.approx(expected, rel=1e-5)


def test_every_published_row_of_the_data_set_is_joined(rows):
    assert len(rows) == 64 + 12 + 8 + 4
    joined = [row for row in rows if row["our_cell"]]
    assert len(joined) == len(rows) - 1
    [unnamed] = [row for row in rows if not row["our_cell"]]
    assert unnamed["verdict"] == "settings not published"


def test_difference_and_verdict(rows):
    [row] = [
        row
        for row in rows
        if row["table"] == "hyperparameter_grid"
        and (row["model"], row["optimizer"]) == ("resnet18", "adam")
        and row["settings"].startswith('{"batch_size": 32, "learning_rate": 0.001, "epochs": 3')
        and '"pin_memory": true' in row["settings"]
    ]
    assert row["published_test"] == 0.8856
    assert row["our_test"] == pytest.approx(0.8886)
    assert row["difference"] == pytest.approx(0.003)
    assert row["verdict"] == "within their spread"


def test_svms_have_no_band(rows):
    verdicts = {row["verdict"] for row in rows if row["table"] == "svm_grid"}
    assert verdicts == {"not judged: no published repeat"}


def test_timed_rows_stay_on_their_device(rows):
    timed = [row for row in rows if row["table"] == "cpu_vs_gpu"]
    assert [row["device"] for row in timed] == [row["our_device"] for row in timed]


def test_an_svm_on_other_pixels_is_not_the_published_one(tmp_path, reference):
    cells = [cell for cell in studies.published() if cell["dataset"] == "mnist" and cell["family"] == "svm"]
    for cell in cells:
        for run in cell["runs"]:
            run["settings"]["scale"] = "none"
    found = published.rows(collected(tmp_path, cells), reference)
    assert {row["verdict"] for row in found if row["table"] == "svm_grid"} == {"not run"}


def test_what_was_tried_and_did_not_finish_was_not_left_out(tmp_path, reference):
    cells = [cell for cell in studies.published() if cell["dataset"] == "mnist" and cell["family"] == "svm"]
    for cell in cells:
        for run in cell["runs"]:
            run |= {"status": "diverged", "error": "the loss was not finite", "test_accuracy": None}
    found = published.rows(collected(tmp_path, cells), reference)
    assert {row["verdict"] for row in found if row["table"] == "svm_grid"} == {"did not finish"}


def test_cut_down_data_are_not_judged(tmp_path, reference):
    cells = [cell for cell in studies.published() if cell["dataset"] == "mnist"][:2]
    for cell in cells:
        cell["data"]["limit_train"] = 2000
    judged = {row["verdict"] for row in published.rows(collected(tmp_path, cells), reference)}
    assert "not judged: cut-down data" in judged
    assert not any(verdict.endswith("spread") for verdict in judged)


def test_nothing_for_data_sets_that_nobody_published(small, reference):
    assert published.rows(small.study, reference) == []
