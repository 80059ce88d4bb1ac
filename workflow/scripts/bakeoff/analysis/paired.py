"""Paired tests on the same test images: McNemar's test and Holm's correction; no records here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ALPHA = 0.05
# Below this many discordant images the chi-square approximation is too coarse (McNemar 1947).
EXACT_BELOW = 25


@dataclass(frozen=True)
class McNemar:
    """One paired comparison; the statistic is None where the test is exact."""

    only_a_right: int
    only_b_right: int
    method: str
    statistic: float | None
    p: float


def mcnemar(right_a: np.ndarray, right_b: np.ndarray) -> McNemar:
    """Compare two models by the images that only one of them gets right (McNemar 1947).

    Both arguments are boolean arrays (n,) over the same images. Exact binomial with fewer than 25
    discordant images, otherwise chi-square with continuity correction; the p value is two-sided.
    """
    only_a = int(np.sum(right_a & ~right_b))
    only_b = int(np.sum(~right_a & right_b))
    discordant = only_a + only_b
    if discordant < EXACT_BELOW:
        return McNemar(only_a, only_b, "exact", None, _binomial(min(only_a, only_b), discordant))
    statistic = max(0, abs(only_a - only_b) - 1) ** 2 / discordant
    # The upper tail of chi-square with one degree of freedom.
    return McNemar(only_a, only_b, "chi-square", statistic, math.erfc(math.sqrt(statistic / 2)))


def _binomial(smaller: int, n: int) -> float:
    tail = sum(math.comb(n, k) for k in range(smaller + 1)) / 2**n
    return min(1.0, 2 * tail)


def holm(values: Sequence[float]) -> list[float]:
    """Return the p values corrected for their number, step-down (Holm 1979), in the same order."""
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected = [0.0] * len(values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = running
    return corrected
