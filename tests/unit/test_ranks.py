"""Ranks over many data sets: the published constants, the groups, and when there is no diagram."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import studies
from bakeoff.analysis import best, ranks
from bakeoff.analysis.study import Study
from bakeoff.plots import ranks as plots
from bakeoff.plots import style
from bakeoff.records.record import to_json

COMPETITORS = ("resnet18", "resnet50", "svm_rbf", "svm_poly")


# Table 5(a) of Demsar (2006): q of 0.05 by the number of competitors.
@pytest.mark.parametrize(("competitors", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_is_the_published_one(competitors, q):
    expected = q * math.sqrt(competitors * (competitors + 1) / (6 * 14))
    assert ranks.critical_difference(competitors, 14) == pytest.approx(expected, rel=3e-4)


def test_equal_scores_share_their_rank_and_the_best_comes_first():
    scores = np.array([[0.8, 0.9, 0.9], [0.7, 0.95, 0.9], [0.6, 0.9, 0.8], [0.7, 0.9, 0.8], [0.5, 0.7, 0.6]])
    found = ranks.rank(["a", "b", "c"], scores)
    assert found.competitors == ["b", "c", "a"]
    assert found.mean_ranks == pytest.approx([1.1, 1.9, 3.0])
    assert found.p < 0.05
    assert found.alike == [(0, 1), (1, 2)]  # the critical difference of 3 over 5 is 1.48


def test_the_same_score_everywhere_is_no_difference():
    found = ranks.rank(["a", "b", "c"], np.full((6, 3), 0.9))
    assert (found.p, found.alike) == (1.0, [(0, 2)])


def ranked(folder, datasets: int, missing: tuple = (), files: Sequence[tuple[str, ...]] = ()) -> Study:
    """Return a study of so many data sets, of which these pairs of number and competitor did not finish.

    files: the original files of each data set, known by nothing but their names.
    """
    made = {
        "resnet18": ("resnet18", "sgd"),
        "resnet50": ("resnet50", "sgd"),
        "svm_rbf": ("svm", "rbf"),
        "svm_poly": ("svm", "poly"),
    }
    cells = []
    for number in range(datasets):
        for place, name in enumerate(COMPETITORS):
            accuracy = None if (number, name) in missing else 0.9 - 0.01 * place
            cell = studies.cell(f"set{number}", *made[name], "cpu", [studies.run({"C": 1.0}, accuracy)])
            cell["data"]["digest"] = f"{number:064x}"
            cell["data"]["fingerprints"] = {
                file: f"sha256 of {file}" for file in (files[number] if files else ())
            }
            cells.append(cell)
    return studies.study(cells, folder)


def ranking(study: Study) -> ranks.Ranking | None:
    return ranks.of(study, best.rows(study))


def test_too_few_data_sets_or_competitors_are_not_ranked(tmp_path):
    assert ranking(ranked(tmp_path, 4)) is None
    assert ranking(ranked(tmp_path, 5, missing=((0, "resnet18"), (1, "svm_rbf")))) is None


def test_a_competitor_that_did_not_finish_everywhere_takes_no_part(tmp_path):
    assert ranking(ranked(tmp_path, 5, missing=((0, "resnet50"),))).competitors == [
        "resnet18",
        "svm_rbf",
        "svm_poly",
    ]


def test_cuts_of_the_same_images_count_as_one_data_set(tmp_path):
    # The first and the last have nothing in common but what the one between them has of both.
    files = [("a",), ("b",), ("c",), ("d",), ("e",), ("f",), ("a", "b")]
    found = ranked(tmp_path, 7, files=files)
    assert ranking(found).datasets == 5
    assert list(map(set, ranking(found).shared)) == [{"set0", "set1", "set6"}]
    [plot] = plots.plots(found, best.rows(found))
    assert plot.title == "Mean ranks over 5 data sets"
    assert plot.caption.endswith("set0, set1 and set6 share original images and count as one, by their mean.")
    assert ranking(ranked(tmp_path, 6, files=files[:5] + files[-1:])) is None


def test_of_the_cuts_of_the_same_images_the_mean_accuracy_counts(tmp_path):
    cells = ranked(tmp_path, 6, files=[("a",), ("b",), ("c",), ("d",), ("e",), ("a",)]).records
    rows = best.rows(studies.study([to_json(each) for each in cells], tmp_path))
    # Last on one cut by much more than it is first by on the other.
    changed = [
        replace(row, chosen=replace(row.chosen, test=replace(row.chosen.test, accuracy=accuracy)))
        if (row.dataset, row.competitor) in (("set0", "svm_poly"), ("set5", "svm_poly"))
        else row
        for row, accuracy in ((row, 0.91 if row.dataset == "set0" else 0.1) for row in rows)
    ]
    found = ranks.of(studies.study([to_json(each) for each in cells], tmp_path), changed)
    assert found.mean_ranks[found.competitors.index("svm_poly")] == 4.0


def test_the_same_arrays_under_two_names_are_one_data_set(tmp_path):
    cells = [to_json(each) for each in ranked(tmp_path, 6).records]
    for cell in cells[:4]:
        cell["data"]["digest"] = cells[-1]["data"]["digest"]
    found = ranking(studies.study(cells, tmp_path))
    assert (found.datasets, found.shared) == (5, [["set0", "set5"]])


def test_the_diagram_shows_every_competitor_and_the_difference_that_counts(tmp_path):
    found = ranked(tmp_path, 6)
    [plot] = plots.plots(found, best.rows(found))
    assert plot.title == "Mean ranks over 6 data sets"
    assert [(row["competitor"], row["mean_rank"]) for row in plot.rows] == list(
        zip(COMPETITORS, (1, 2, 3, 4), strict=True)
    )
    (axis,) = plot.figure.axes
    words = [text.get_text() for text in axis.get_yticklabels()]
    assert words == ["ResNet-18: 1.00", "ResNet-50: 2.00", "SVM (RBF): 3.00", "SVM (polynomial): 4.00"]
    # q of four competitors is 2.569 (Demsar 2006): 2.569 sqrt(4 * 5 / (6 * 6)).
    assert "1.91, the critical difference" in plot.caption
    assert [text.get_text() for text in axis.texts] == ["critical difference 1.91"]
    few = ranked(tmp_path, 4)
    assert list(plots.plots(few, best.rows(few))) == []


def test_no_name_runs_into_another_or_out_of_the_diagram(tmp_path):
    cells = [to_json(each) for each in ranked(tmp_path, 5).records]
    for cell in cells:
        cell["label"] = f"{cell['label']} on what a network of quite another kind makes of the same images"
    found = studies.study(cells, tmp_path)
    with style.used():
        [plot] = plots.plots(found, best.rows(found))
        plot.figure.draw_without_rendering()
        (axis,) = plot.figure.axes
        boxes = [text.get_window_extent() for text in axis.get_yticklabels()]
    assert len(boxes) == 4
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0
    assert axis.get_window_extent().width > 0.5 * plot.figure.bbox.width
