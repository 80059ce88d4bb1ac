"""Known values of intervals, paired tests and corrections."""

from fractions import Fraction
from math import comb

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


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (2, 9), (12, 13), (15, 35), (400, 350)])
def test_mcnemar_is_the_mid_p_test_whatever_the_number(only_a, only_b):
    test = mcnemar(*_pair(only_a, only_b))
    assert (test.only_a_right, test.only_b_right) == (only_a, only_b)
    n, fewer = only_a + only_b, min(only_a, only_b)
    # In whole numbers: the exact two-sided p less the chance of what was seen, unless both are equal.
    tails = 2 * sum(comb(n, k) for k in range(fewer + 1)) - comb(n, fewer)
    assert test.p == pytest.approx(float(Fraction(tails, 2**n)))


def test_mcnemar_by_hand():
    # Bentur et al. 2009, as Fagerland et al. 2013 print it: 1 against 7 of 21, mid-p 0.0391.
    assert mcnemar(*_pair(1, 7, 13)).p == pytest.approx(0.0391, abs=5e-5)


def test_mcnemar_is_stable_with_a_million_images():
    # Close to the normal tail there, and never above one or undefined.
    a = np.zeros(2_000_000, dtype=bool)
    a[:1_002_000] = True
    assert mcnemar(a, ~a).p == pytest.approx(2 * stats.norm.sf(4000 / np.sqrt(2e6)), rel=1e-4)
    assert mcnemar(a[2000:], ~a[2000:]).p <= 1
    assert mcnemar(np.ones(100_000, dtype=bool), np.zeros(100_000, dtype=bool)).p == 0.0


@pytest.mark.parametrize("many", [0, 5, 40, 100_000])
def test_mcnemar_of_equals_is_one(many):
    assert mcnemar(*_pair(many, many)).p == pytest.approx(1.0)


def test_holm_steps_down_and_keeps_the_order():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_median_ratio_has_an_interval_from_repeats_only():
    cpu, gpu = [10.0, 11.0, 12.0, 20.0], [5.0, 5.5, 6.0]
    ratio, low, high = median_ratio(cpu, gpu)
    assert ratio == pytest.approx(11.5 / 5.5)
    # Welch's test of scipy on the logarithms has the error and the degrees of freedom of the means.
    welch = stats.ttest_ind(np.log(cpu), np.log(gpu), equal_var=False)
    of_means = welch.confidence_interval()
    half = np.sqrt(np.pi / 2) * (of_means.high - of_means.low) / 2
    assert np.log([low, high]) == pytest.approx([np.log(ratio) - half, np.log(ratio) + half])
    assert median_ratio([10.0], [5.0, 5.1]) == (10 / 5.05, None, None)


def test_the_interval_of_a_ratio_is_turned_with_it():
    cpu, gpu = [10.0, 11.0, 30.0], [5.0, 5.5, 6.0, 6.1]
    ratio, low, high = median_ratio(cpu, gpu)
    assert median_ratio(gpu, cpu) == pytest.approx((1 / ratio, 1 / high, 1 / low))


def test_repeats_that_are_equal_have_no_spread():
    assert median_ratio([4.0, 4.0], [2.0, 2.0]) == (2.0, 2.0, 2.0)


def test_overlap():
    assert overlap((0.1, 0.3), (0.3, 0.5))
    assert not overlap((0.1, 0.2), (0.3, 0.5))
