"""Ranks over many data sets: the published constants, the groups, and when there is no diagram."""

import math

import numpy as np
import pytest

import studies
from bakeoff.analysis import best, ranks
from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.study import Study
from bakeoff.plots import ranks as plots

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


def ranked(folder, datasets: int, missing: tuple = ()) -> Study:
    """Return a study of so many data sets, of which these pairs of number and competitor did not finish."""
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
            cells.append(
                studies.cell(f"set{number}", *made[name], "cpu", [studies.run({"C": 1.0}, accuracy)])
            )
    return studies.study(cells, folder)


def rows(folder, datasets: int, missing: tuple = ()) -> list[BestRow]:
    return best.rows(ranked(folder, datasets, missing))


def test_too_few_data_sets_or_competitors_are_not_ranked(tmp_path):
    assert ranks.of(rows(tmp_path, 4)) is None
    assert ranks.of(rows(tmp_path, 5, missing=((0, "resnet18"), (1, "svm_rbf")))) is None


def test_a_competitor_that_did_not_finish_everywhere_takes_no_part(tmp_path):
    assert ranks.of(rows(tmp_path, 5, missing=((0, "resnet50"),))).competitors == [
        "resnet18",
        "svm_rbf",
        "svm_poly",
    ]


def test_the_diagram_shows_every_competitor_and_the_difference_that_counts(tmp_path):
    found = ranked(tmp_path, 6)
    [plot] = plots.plots(found, best.rows(found))
    assert plot.title == "Mean ranks over 6 data sets"
    assert [(row["competitor"], row["mean_rank"]) for row in plot.rows] == list(
        zip(COMPETITORS, (1, 2, 3, 4), strict=True)
    )
    words = [text.get_text() for text in plot.figure.axes[0].texts]
    assert words == ["ResNet-18  1.00", "ResNet-50  2.00", "SVM (RBF)  3.00", "SVM (polynomial)  4.00"]
    # q of four competitors is 2.569 (Demsar 2006): 2.569 sqrt(4 * 5 / (6 * 6)).
    assert "1.91, the critical difference" in plot.caption
    few = ranked(tmp_path, 4)
    assert list(plots.plots(few, best.rows(few))) == []
