"""Intervals for accuracies and for ratios of times; knows numbers only, no records."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

Z95 = 1.959963984540054
# Of a median, over that of a mean. For fewer than ten repeats it is a little less: the interval errs wide.
MEDIAN_VARIANCE = math.pi / 2
# By what share a machine may drift between two trainings that did not take turns.
DRIFT = 0.1
Interval = tuple[float, float]


def wilson(accuracy: float, n: int, z: float = Z95) -> Interval:
    """Return the 95 % score interval of a proportion seen on n cases (Wilson 1927).

    The accuracy is a fraction in 0..1; ValueError when n is not positive.
    """
    # proportion_confint of statsmodels (0.15.0) says the same to within 3e-16, tried on 35 shares of 1 to
    # 10,000 cases; it is imported in 2 s where this needs nothing, and rounds ends past the accuracy itself.
    if n <= 0:
        raise ValueError(f"an interval needs at least one case, got n = {n}")
    centre = (accuracy + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(accuracy * (1 - accuracy) / n + z * z / (4 * n * n))
    # What rounding leaves on the wrong side of the accuracy itself is not said.
    return max(0.0, min(centre - half, accuracy)), min(1.0, max(centre + half, accuracy))


def of_difference(right: int, n: int, other_right: int, other_n: int) -> tuple[float, Interval]:
    """Return the difference of two proportions seen on different cases, and its 95 % interval.

    The score intervals of both, put together (Newcombe 1998, method 10).
    """
    first, second = right / n, other_right / other_n
    (low, high), (other_low, other_high) = wilson(first, n), wilson(second, other_n)
    below = math.hypot(first - low, other_high - second)
    above = math.hypot(high - first, second - other_low)
    return first - second, (first - second - below, first - second + above)


def overlap(first: Interval, second: Interval) -> bool:
    """Tell whether two intervals share a point."""
    return first[0] <= second[1] and second[0] <= first[1]


def satterthwaite(parts: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the standard error of a sum of independent parts, and its degrees of freedom.

    A part is a variance and its own degrees of freedom (Satterthwaite 1946, Welch 1947).
    """
    parts = list(parts)
    total = sum(variance for variance, _ in parts)
    spread = sum(variance**2 / df for variance, df in parts)
    return math.sqrt(total), total**2 / spread if spread else math.inf


def t_quantile(df: float) -> float:
    """Return how many standard errors a 95 % interval of Student's t reaches to either side."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975))


def median_interval(times: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of a median of times, or of ratios of times (positive); None for a single one.

    Student's t on the logarithms, around the median, whose standard error is taken as for `median_ratio`.
    """
    if len(times) < 2:
        return None
    error, df = satterthwaite([_of_median(times)])
    factor = math.exp(t_quantile(df) * error)
    middle = float(np.median(times))
    return middle / factor, middle * factor


def shorter(first: Interval, second: Interval) -> bool:
    """Tell whether a time was shown to be shorter: intervals further apart than a machine's drift."""
    return first[1] * (1 + DRIFT) < second[0]


def _of_median(times: Sequence[float]) -> tuple[float, float]:
    """Return the variance of the logarithm of a median of times, and its degrees of freedom."""
    return MEDIAN_VARIANCE * float(np.var(np.log(times), ddof=1)) / len(times), len(times) - 1


def median_ratio(
    numerator: Sequence[float], denominator: Sequence[float]
) -> tuple[float, float | None, float | None]:
    """Return the ratio of two medians of times (positive, same unit) with its 95 % interval.

    Welch's t on the logarithms, around the medians: their standard error is taken as sqrt(pi / 2) times
    that of the means, what it comes to under log-normal noise with many repeats (Cramer 1946, 28.5).
    With a single value on either side the spread is unknown and both ends are None.
    """
    ratio = float(np.median(numerator) / np.median(denominator))
    if min(len(numerator), len(denominator)) < 2:
        return ratio, None, None
    error, df = satterthwaite(map(_of_median, (numerator, denominator)))
    factor = math.exp(t_quantile(df) * error)
    return ratio, ratio / factor, ratio * factor
