"""Known values of intervals, paired tests and corrections."""

import numpy as np
import pytest
from scipy import stats

from bakeoff.analysis.intervals import median_ratio, overlap, wilson
from bakeoff.analysis.paired import holm, mcnemar

pytestmark = pytest.mark.numeric


@pytest.mark.parametrize(("right", "n"), [(8, 10), (0, 20), (20, 20), (8924, 10000)])
def test_wilson_is_scipys(right, n):
    expected = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right / n, n) == pytest.approx((expected.low, expected.high))


def test_wilson_by_hand():
    # Wilson's interval for 8 of 10, as textbooks print it.
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    with pytest.raises(ValueError, match="at least one case"):
        wilson(0.5, 0)


def _pair(only_a: int, only_b: int, both: int = 50) -> tuple[np.ndarray, np.ndarray]:
    a = np.array([True] * only_a + [False] * only_b + [True] * both)
    b = np.array([False] * only_a + [True] * only_b + [True] * both)
    return a, b


def test_mcnemar_is_exact_with_few_discordant_images():
    test = mcnemar(*_pair(2, 9))
    assert (test.only_a_right, test.only_b_right, test.method) == (2, 9, "exact")
    assert test.p == pytest.approx(stats.binomtest(2, 11).pvalue)
    assert test.statistic is None


def test_mcnemar_corrects_for_continuity_with_many():
    test = mcnemar(*_pair(15, 35))
    assert test.method == "chi-square"
    assert test.statistic == pytest.approx(19**2 / 50)
    assert test.p == pytest.approx(stats.chi2.sf(19**2 / 50, 1))


@pytest.mark.parametrize("many", [0, 5, 40])
def test_mcnemar_of_equals_is_one(many):
    assert mcnemar(*_pair(many, many)).p == pytest.approx(1.0)


def test_the_exact_test_ends_at_25():
    assert mcnemar(*_pair(12, 12)).method == "exact"
    assert mcnemar(*_pair(12, 13)).method == "chi-square"


def test_holm_steps_down_and_keeps_the_order():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_median_ratio_has_an_interval_from_repeats_only():
    ratio, low, high = median_ratio([10.0, 11.0, 12.0], [5.0, 5.5, 6.0])
    assert ratio == 2.0
    assert low == pytest.approx(10 / 6)
    assert high == pytest.approx(12 / 5)
    assert median_ratio([10.0, 11.0, 12.0], [5.0, 5.5, 6.0]) == (ratio, low, high)
    assert median_ratio([10.0], [5.0, 5.1]) == (10 / 5.05, None, None)


def test_overlap():
    assert overlap((0.1, 0.3), (0.3, 0.5))
    assert not overlap((0.1, 0.2), (0.3, 0.5))
