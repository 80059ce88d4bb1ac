"""What competitors get wrong: counted by hand on a few images, then drawn and tabled."""

import csv
import re

import numpy as np
import pytest
from sklearn.metrics import log_loss

import studies
from bakeoff.analysis import calibration, mistakes
from bakeoff.analysis.mistakes import Answers
from bakeoff.plots import confusion, reliability
from bakeoff.records import written
from bakeoff.records.predictions import Predictions
from bakeoff.report import classes, confusions, render
from rendered import TEMPLATES, collected, drawn

pytestmark = pytest.mark.numeric

LABELS = np.array([0, 0, 0, 1, 1, 2])
SAID = {"resnet18": np.array([0, 1, 1, 1, 0, 0]), "svm_rbf": np.array([0, 1, 0, 1, 2, 0])}


@pytest.fixture(scope="module")
def every():
    cell = studies.cell("digits", "svm", "rbf", "cpu", [], classes=["a", "b", "c"])
    record = written.from_json(cell)
    return [Answers(name, record, Predictions(LABELS, said, np.eye(3)[said])) for name, said in SAID.items()]


def test_pairs_count_every_model_and_show_what_most_confuse_first(every):
    pairs = mistakes.confused(every, 2)
    assert [(pair.true, pair.predicted) for pair in pairs] == [(0, 1), (2, 0)]
    assert pairs[0].counts == {"resnet18": 2, "svm_rbf": 1}
    assert pairs[0].images == [1, 2]
    assert pairs[1].images == [5]


def test_what_all_models_get_wrong_has_the_agreed_ones_first(every):
    assert [(m.image, m.true, m.said) for m in mistakes.missed_by_all(every)] == [
        (1, 0, (1, 1)),
        (5, 2, (0, 0)),
        (4, 1, (0, 2)),
    ]


def test_nothing_to_compare_is_no_error():
    assert mistakes.confused([], 3) == []
    assert mistakes.missed_by_all([]) == []


def test_precision_and_recall_agree_with_scikit_learn(small):
    from sklearn.metrics import precision_recall_fscore_support

    rows = mistakes.rows(small.study)
    assert {row.competitor for row in rows} == {"resnet18", "svm_rbf", "svm_poly"}
    for answers in mistakes.of(small.study, "digits"):
        mine = [row for row in rows if row.competitor == answers.competitor]
        given = answers.given
        precision, recall, _, images = precision_recall_fscore_support(given.labels, given.predictions)
        assert [row.precision for row in mine] == pytest.approx(precision)
        assert [row.recall for row in mine] == pytest.approx(recall)
        assert [row.images for row in mine] == list(images)


def test_a_class_that_nobody_names_has_no_precision(tmp_path):
    cells = studies.small()[2:3]
    cells[0]["data"]["classes"] = [*studies.DIGITS, "never"]
    rows = mistakes.rows(collected(tmp_path, cells))
    path = tmp_path / "digits/predictions/svm_rbf_cpu.npz"
    with np.load(path) as file:
        given = dict(file)
    absent = sorted(set(range(11)) - set(given["test"][0]) - set(given["labels"]))
    assert [row.class_index for row in rows if row.precision is None] == absent


def test_the_calibration_error_is_the_mean_gap():
    # Ten answers at 0.8, of which 8 are right; ten at 0.95, of which 5 are.
    confidence = np.array([0.8] * 10 + [0.95] * 10)
    labels = np.array([0] * 8 + [1] * 2 + [0] * 5 + [1] * 5)
    scores = np.stack([confidence, 1 - confidence], axis=1)
    found = calibration.bins(Predictions(labels, np.zeros(20, int), scores))
    assert [(item.images, item.right) for item in found] == [(10, 8), (10, 5)]
    assert (found[0].low, found[0].high) == (0.7, 0.8)
    assert calibration.expected_error(found) == pytest.approx(0.45 / 2)


def test_certain_answers_belong_to_the_last_bin():
    found = calibration.bins(Predictions(np.zeros(3, int), np.zeros(3, int), np.array([[1.0, 0.0]] * 3)))
    assert [(item.low, item.high, item.images) for item in found] == [(0.9, 1.0, 3)]


def test_the_log_loss_is_scikit_learn_s():
    scores = np.random.default_rng(0).dirichlet(np.ones(4), 30).astype(np.float32)
    scores[0] = [0, 1, 0, 0]
    labels = np.arange(30) % 4
    given = Predictions(labels, scores.argmax(1), scores)
    assert calibration.log_loss(given) == pytest.approx(log_loss(labels, scores), rel=1e-6)


def test_an_answer_is_otherwise_only_where_another_class_is_more_probable():
    scores = np.array([[0.5, 0.5, 0.0], [0.4, 0.5, 0.1], [0.2, 0.1, 0.7]])
    given = Predictions(np.zeros(3, int), np.array([1, 0, 2]), scores)
    assert calibration.answered_otherwise(given) == 1


def test_the_figure_says_how_probabilities_were_made_and_which_answers_are_not_the_most_probable(tmp_path):
    cells = studies.small()
    how = "one curve for all decisions"
    svms = [cell for cell in cells if cell["family"] == "svm"]
    for cell in svms:
        cell |= {"scores": "probabilities", "calibration": how}
    found = collected(tmp_path, cells)
    path = tmp_path / "digits/predictions/svm_rbf_cpu.npz"
    with np.load(path) as file:
        given = dict(file)
    given["scores"][0, :3] = np.eye(10)[
        (given["test"][given["tested"] == given["scored"][0]][0, :3] + 1) % 10
    ]
    np.savez(path, **given)
    (plot,) = reliability.plots(found, "digits")
    own = {cell["competitor"] for cell in svms}
    labels = " and ".join(found.label(name) for name in found.competitors if name in own)
    assert f" Probabilities of {labels}: {how}." in plot.caption
    assert f"of so many of {len(given['labels']):,} images: {found.label('svm_rbf')} 3." in plot.caption
    assert {"svm_rbf", "resnet18"} <= {row["competitor"] for row in plot.rows}
    assert all(row["log_loss"] > 0 for row in plot.rows)


def test_pictures_of_other_data_are_not_shown(tmp_path):
    found = collected(tmp_path, studies.small())
    drawn(found, tmp_path / "figures", {"another digest": np.zeros((360, 8, 8), np.uint8)})
    names = {path.stem for path in (tmp_path / "figures").glob("*.svg")}
    assert "reliability_digits" in names
    assert not {"confused_digits", "missed_digits"} & names


def test_without_the_images_the_report_says_so(tmp_path, small):
    words = "The images themselves were not at hand, so none is shown."
    assert words not in small.html
    found = collected(tmp_path, studies.small()[2:4])
    drawn(found, tmp_path / "figures")
    source = render.Source(tmp_path / "records.jsonl", tmp_path, tmp_path / "figures")
    render.write(source, TEMPLATES, tmp_path / "report.html", tmp_path / "report.pdf")
    assert words in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_figure_of_missed_images_lists_them_all(small):
    with (small.folder / "figures/missed_digits.csv").open(encoding="utf-8") as file:
        listed = {int(row["image"]) for row in csv.DictReader(file)}
    every = mistakes.of(small.study, "digits")
    assert listed == {missed.image for missed in mistakes.missed_by_all(every)}
    assert listed


@pytest.mark.parametrize("classes", [20, 21, 300])
def test_many_classes_have_a_table_of_the_most_confused_pairs_in_the_place_of_a_matrix(tmp_path, classes):
    cell = studies.small()[2]
    cell["data"] |= {"classes": [f"c{number}" for number in range(classes)]}
    cell["data"]["counts"] = cell["data"]["counts"] | {"test": 900}
    found = collected(tmp_path, [cell])
    plots, tables = [*confusion.plots(found, cell["dataset"])], confusions.tables(found, [])
    if classes <= mistakes.MATRIX:
        assert sum(row["count"] for row in plots[0].rows) == 900
        assert tables == []
        return
    assert plots == []
    [answers] = mistakes.of(found, cell["dataset"])
    counts = mistakes.matrix(answers.given.labels, answers.given.predictions, classes)
    images = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    shown = [[entry.value for entry in row] for row in tables[0].rows]
    assert len(shown) == confusions.PAIRS
    assert [row[3] for row in shown] == sorted(counts.ravel(), reverse=True)[: confusions.PAIRS]
    for label, true, predicted, count, share in shown:
        places = int(true[1:]), int(predicted[1:])
        assert (label, count) == ("SVM (RBF)", counts[places])
        assert share == pytest.approx(count / images[places[0]])


def test_of_very_many_classes_the_tables_are_excerpts_that_say_so(tmp_path):
    cell = studies.small()[2]
    cell["data"] |= {"classes": [f"c{number}" for number in range(300)]}
    found = collected(tmp_path, [cell])
    rows = mistakes.rows(found)
    for table in classes.tables(found, rows, []):
        assert len(table.rows) == 30
        assert "The 30 weakest of 300 classes" in table.note
        assert "classes.csv has them all" in table.note


def test_the_classes_tables_mark_the_lowest(small):
    table = re.search(r'<h3 id="recall-digits">.*?</table>', small.html, re.S).group()
    assert table.count('class="number bad"') >= 3
    assert '<h3 id="precision-digits">' in small.html


def test_equally_frequent_errors_are_all_named_or_counted():
    counts = np.diag([5, 5, 5, 5, 5])
    assert confusion._mistake(counts, list("abcde")) == ""
    counts[0, 1] = 2
    assert confusion._mistake(counts, list("abcde")) == " Most frequent error: a taken for b (2 images)."
    counts[3, 2] = 2
    both = " Most frequent errors: a taken for b and d taken for c (2 images each)."
    assert confusion._mistake(counts, list("abcde")) == both
    counts[3, 4] = counts[4, 3] = 2
    many = " No error is more frequent than 2 images, as 4 of them are."
    assert confusion._mistake(counts, list("abcde")) == many
