"""Differences of accuracy: of methods over seeds, of devices over paired repeats, against a margin."""

import numpy as np
import pytest
from scipy import stats

from bakeoff.analysis.differences import MARGIN, Difference, against, of_methods, of_repeats

pytestmark = pytest.mark.numeric


def _rows(wrong: list[int], n: int = 1000) -> np.ndarray:
    """Return answers of trainings over n images, so many wrong each, never the same ones."""
    right = np.ones((len(wrong), n), dtype=bool)
    start = 0
    for row, count in enumerate(wrong):
        right[row, start : start + count] = False
        start += count
    return right


def _half(parts: list[tuple[float, float]], p: float) -> float:
    return float(np.sqrt(sum(variance * stats.t.ppf(1 - p / 2, df) ** 2 for variance, df in parts)))


def test_methods_are_judged_over_seeds_and_images():
    a, b = _rows([20, 30, 40]), _rows([60, 90, 70])[:, ::-1]
    found = of_methods(a, b)
    assert found.value == pytest.approx(0.97 - (1 - 220 / 3000))
    # By hand: Welch over the seeds' accuracies, and the images' mean differences, one more on a side.
    welch = stats.ttest_ind([0.98, 0.97, 0.96], [0.94, 0.91, 0.93], equal_var=False)
    seeds = np.var([0.98, 0.97, 0.96], ddof=1) / 3 + np.var([0.94, 0.91, 0.93], ddof=1) / 3
    images = np.array([-1 / 3] * 90 + [1 / 3] * 220 + [0] * 690 + [1, -1])
    parts = [(seeds, welch.df), (images.var(ddof=1) / 1002, 1001)]
    assert [found.low, found.high] == pytest.approx(
        [images.mean() - _half(parts, 0.05), images.mean() + _half(parts, 0.05)]
    )
    # p is where an interval would end at zero.
    assert _half(parts, found.p) == pytest.approx(images.mean())


def test_methods_are_turned_with_their_sides():
    a, b = _rows([20, 30, 40]), _rows([60, 90])
    one, other = of_methods(a, b), of_methods(b, a)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert one.p == pytest.approx(other.p)


def test_a_single_seed_is_no_method():
    several, one = _rows([20, 30]), _rows([40])
    assert of_methods(several, one) is None
    assert of_methods(one, several) is None
    assert of_methods(one, one) is None


def test_a_method_without_seeds_has_one_row():
    several, one = _rows([20, 30]), _rows([40])
    against_svm = of_methods(several, one, seeded_b=False)
    assert against_svm.low < against_svm.value < against_svm.high
    assert of_methods(one, one, seeded_a=False, seeded_b=False).p == pytest.approx(1.0)
    with pytest.raises(ValueError, match="one row of answers, got 2"):
        of_methods(several, one, seeded_a=False, seeded_b=False)


def test_seeds_far_apart_are_no_better_method():
    # The means differ by six points, image by image beyond doubt; the seeds overlap.
    a, b = _rows([700, 500], 10_000), _rows([1900, 500], 10_000)
    assert of_methods(a, b).p > 0.2
    # One seed each, taken for the method, would be called different.
    alone = of_methods(a[:1], b[:1], seeded_a=False, seeded_b=False)
    assert alone.p < 1e-6


def test_a_certain_difference_has_the_smallest_p_that_is_looked_for():
    n = 10_000
    found = of_methods(np.ones((1, n), bool), np.zeros((1, n), bool), seeded_a=False, seeded_b=False)
    assert found.p == 1e-12
    assert found.value == found.high == 1.0


def test_a_pair_of_repeats_is_judged_over_images():
    a, b = _rows([10]), _rows([30])[:, ::-1]
    found = of_repeats(a, b, seeded=False)
    # Bonett and Price's adjusted interval (2012), with t in the place of z.
    p12, p21, n = 31 / 1002, 11 / 1002, 1002
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((p12 + p21 - (p12 - p21) ** 2) / (n - 1))
    assert [found.low, found.high] == pytest.approx([p12 - p21 - half, p12 - p21 + half])


def test_a_single_pair_of_networks_is_not_judged():
    # Devices round differently, which acts like another seed: a quarter of them would pass as equal.
    assert of_repeats(_rows([10]), _rows([10])) is None


def test_repeats_are_taken_in_pairs():
    # Seeds differ by far more than the devices: only pairs can show how little those do.
    seeds = _rows([100, 900, 300, 600], 10_000)
    other = seeds.copy()
    other[:, -1] = False
    assert against(MARGIN, of_repeats(other, seeds)) == "equivalent within 1 point"
    assert against(MARGIN, of_methods(other, seeds)) == "equivalence within 1 point not shown"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.009, 0.009, "equivalent within 1 point"),
        (0.001, 0.009, "equivalent within 1 point"),
        (-0.011, 0.009, "equivalence within 1 point not shown"),
        (-0.03, -0.0123, "worse by at least 1.23 points"),
        (-0.03, -0.0012, "worse by at least 0.12 points"),
        (0.002, 0.02, "better by at least 0.20 points"),
        (-0.5, 0.5, "equivalence within 1 point not shown"),
    ],
)
def test_the_interval_decides_about_the_margin(low, high, words):
    assert against(0.01, Difference((low + high) / 2, low, high, 0.5)) == words


def test_few_images_never_show_equivalence():
    # All fifty the same: a difference of several points would often look like that.
    alike = of_repeats(_rows([0], 50), _rows([0], 50), seeded=False)
    assert against(MARGIN, alike) == "equivalence within 1 point not shown"
    assert against(0.025, Difference(0, -0.02, 0.02, 1)) == "equivalent within 2.5 points"
