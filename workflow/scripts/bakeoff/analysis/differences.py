"""Differences of accuracy on the same test images: of two methods over seeds, of two devices over repeats.

Takes arrays of right answers, a row per training and a column per image. Must not know records.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.analysis.intervals import satterthwaite

Right = NDArray[np.bool_]

# A difference of accuracy that nobody would act on. One point is what another seed of the same settings
# changes anyway: the demo's networks deviate by 0.6 to 1.4 points (benchmarks/demo_spread.py).
MARGIN = 0.01
SMALLEST_P = 1e-12


@dataclass(frozen=True)
class Difference:
    """A difference of mean accuracies in -1..1, with its 95 % interval and two-sided p value."""

    value: float
    low: float
    high: float
    p: float


def of_methods(
    right_a: Right, right_b: Right, seeded_a: bool = True, seeded_b: bool = True
) -> Difference | None:
    """Return how much more accurate method a is than b, on other images and with other seeds, too.

    Boolean arrays (seeds, n) over the same images, a row per fresh seed; a method without randomness
    (seeded: False) has one row. None where a seeded method has a single one: those are two trained
    models, for mcnemar. ValueError where a method without seeds has several rows.
    """
    seeds = []
    for right, seeded in ((right_a, seeded_a), (right_b, seeded_b)):
        count = len(right)
        if not seeded and count != 1:
            raise ValueError(f"a method without seeds has one row of answers, got {count}")
        if seeded and count == 1:
            return None
        if seeded:
            seeds.append(_of_mean(right.mean(axis=1)))
    return _difference(right_a.mean(axis=0) - right_b.mean(axis=0), seeds)


def of_repeats(right_a: Right, right_b: Right, seeded: bool = True) -> Difference | None:
    """Return how much more accurate a training is on a than on b, from paired repeats.

    Boolean arrays (repeats, n) over the same images; a row of both has the same seed. None where a training
    with seeds has a single pair: devices round differently, which acts like another seed.
    """
    if seeded and len(right_a) == 1:
        return None
    differences = right_a.astype(float) - right_b
    repeats = [_of_mean(differences.mean(axis=1))] if len(differences) > 1 else []
    return _difference(differences.mean(axis=0), repeats)


def against(margin: float, found: Difference) -> str:
    """Say what a difference's interval shows about a margin (a fraction), both ways: the first side's."""
    points = f"{100 * margin:g} point{'' if margin == 0.01 else 's'}"
    if -margin < found.low and found.high < margin:
        return f"equivalent within {points}"
    for word, least in (("worse", -found.high), ("better", found.low)):
        if least > 0:
            # A hundredth of a point is the least that is said in numbers.
            return f"{word} by at least {100 * least:.2f} points" if least >= 1e-4 else word
    return f"equivalence within {points} not shown"


def _of_mean(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the variance of a mean of independent values and its degrees of freedom."""
    return float(np.var(values, ddof=1)) / len(values), len(values) - 1


def _difference(images: NDArray[np.float64], trainings: Iterable[tuple[float, float]]) -> Difference:
    """Return the mean of the images' differences (n,) with the spread of images and of trainings.

    Two images more, one for each side, keep the interval honest where few differ (Bonett and Price 2012).
    An interval over images and one over trainings (Welch's t) are joined: their halves are added as squares
    (Howe 1974). One t for both, with Satterthwaite's degrees of freedom, errs in up to 14 % of cases where
    one side alone has seeds, and two of them.
    """
    widened = np.append(images, [1.0, -1.0])
    sources = [satterthwaite([_of_mean(widened)]), satterthwaite(trainings)]
    centre, half = float(widened.mean()), _half(0.05, sources)
    value = float(images.mean())
    return Difference(value, max(-1.0, centre - half), min(1.0, centre + half), _p_value(centre, sources))


def _half(p: float, sources: Iterable[tuple[float, float]]) -> float:
    """Return half the interval that misses with probability p; a source has a standard error and its df."""
    from scipy.special import stdtrit

    return math.hypot(*(float(stdtrit(df, p / 2)) * error for error, df in sources))


def _p_value(centre: float, sources: list[tuple[float, float]]) -> float:
    """Return the p whose interval ends at zero; no smaller one than SMALLEST_P is looked for."""
    from scipy.optimize import brentq

    if _half(SMALLEST_P, sources) <= abs(centre):
        return SMALLEST_P
    return float(brentq(lambda p: _half(p, sources) - abs(centre), SMALLEST_P, 1.0, xtol=SMALLEST_P))
