"""Intervals for accuracies and for ratios of times; knows numbers only, no records."""

import math
from collections.abc import Sequence

import numpy as np

Z95 = 1.959963984540054
Interval = tuple[float, float]


def wilson(accuracy: float, n: int, z: float = Z95) -> Interval:
    """Return the 95 % score interval of a proportion seen on n cases (Wilson 1927).

    The accuracy is a fraction in 0..1; ValueError when n is not positive.
    """
    if n <= 0:
        raise ValueError(f"an interval needs at least one case, got n = {n}")
    centre = (accuracy + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(accuracy * (1 - accuracy) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def overlap(first: Interval, second: Interval) -> bool:
    """Tell whether two intervals share a point."""
    return first[0] <= second[1] and second[0] <= first[1]


def median_ratio(
    numerator: Sequence[float], denominator: Sequence[float], draws: int = 10_000, seed: int = 0
) -> tuple[float, float | None, float | None]:
    """Return the ratio of two medians with its 95 % percentile bootstrap interval (Efron 1979).

    Both samples are drawn anew, independently, from a fixed seed. With a single value on either
    side the spread is unknown and both ends are None.
    """
    ratio = float(np.median(numerator) / np.median(denominator))
    if min(len(numerator), len(denominator)) < 2:
        return ratio, None, None
    generator = np.random.default_rng(seed)
    tops, bottoms = (
        np.median(generator.choice(np.asarray(sample), (draws, len(sample))), axis=1)
        for sample in (numerator, denominator)
    )
    low, high = np.quantile(tops / bottoms, [0.025, 0.975])
    return ratio, float(low), float(high)
