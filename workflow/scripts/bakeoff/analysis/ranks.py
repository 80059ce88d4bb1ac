"""Competitors ranked over many data sets: Friedman's test and Nemenyi's critical difference (Demsar 2006).

Both take the data sets for independent of each other. Two cuts of the same images are not, and would make
much of little: data sets that are known to share originals count as one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.paired import ALPHA
from bakeoff.analysis.study import Study, unique
from bakeoff.records.record import Record

# Fewer say nothing: ranks over four data sets can hardly be told from chance.
MIN_DATASETS = 5
MIN_COMPETITORS = 3


@dataclass(frozen=True)
class Ranking:
    """Mean ranks over data sets, best (lowest) first, and how far apart two must be to differ.

    `shared` holds the names of those that count as one, group by group; `alike` the largest groups of
    competitors that are not told apart, as first and last place in `competitors`.
    """

    datasets: int
    shared: list[list[str]]
    competitors: list[str]
    mean_ranks: list[float]
    p: float
    critical: float
    alike: list[tuple[int, int]]


def of(study: Study, best: Sequence[BestRow]) -> Ranking | None:
    """Rank by test accuracy the competitors that finished on every data set; None with too few of either.

    Of data sets that share originals the mean accuracy counts.
    """
    datasets = unique(row.dataset for row in best)
    groups = related(record for record in study.selection if record.dataset in datasets)
    found = {(row.dataset, row.competitor): row.chosen.test.accuracy for row in best if row.chosen}
    competitors = [
        name
        for name in unique(row.competitor for row in best)
        if all((dataset, name) in found for dataset in datasets)
    ]
    if len(groups) < MIN_DATASETS or len(competitors) < MIN_COMPETITORS:
        return None
    scores = [
        np.mean([[found[dataset, name] for name in competitors] for dataset in group], axis=0)
        for group in groups
    ]
    return replace(rank(competitors, np.array(scores)), shared=[group for group in groups if len(group) > 1])


def related(records: Iterable[Record]) -> list[list[str]]:
    """Return the data sets in groups: those of one share an original file, or hold the same arrays."""
    marks: dict[str, set[str]] = {}
    for record in records:
        data = record.data
        marks.setdefault(record.dataset, set()).update([data.digest, *(data.fingerprints or {}).values()])
    groups: list[list[str]] = []
    for dataset, own in marks.items():
        joined = [group for group in groups if any(own & marks[other] for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(name for group in joined for name in group), dataset])
    return [[name for name in marks if name in group] for group in groups]


def rank(competitors: Sequence[str], scores: NDArray[np.float64]) -> Ranking:
    """Rank by scores (data sets, competitors), higher is better; equal scores share their mean rank."""
    from scipy.stats import friedmanchisquare, rankdata

    count, k = scores.shape
    means = rankdata(-scores, axis=1).mean(0)
    order = np.argsort(means, kind="stable")
    sorted_means = [float(means[place]) for place in order]
    # Where all score the same everywhere, the statistic is zero over zero.
    p = float(friedmanchisquare(*scores.T).pvalue) if np.ptp(scores, axis=1).any() else 1.0
    critical = critical_difference(k, count)
    return Ranking(
        datasets=count,
        shared=[],
        competitors=[competitors[place] for place in order],
        mean_ranks=sorted_means,
        p=p,
        critical=critical,
        alike=_alike(sorted_means, critical),
    )


def critical_difference(competitors: int, datasets: int) -> float:
    """Return Nemenyi's: q sqrt(k (k + 1) / 6 N), q of the studentised range over sqrt 2 (Demsar 2006)."""
    from scipy.stats import studentized_range

    q = studentized_range.ppf(1 - ALPHA, competitors, math.inf) / math.sqrt(2)
    return float(q * math.sqrt(competitors * (competitors + 1) / (6 * datasets)))


def _alike(means: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """Return the longest stretches of sorted mean ranks within the critical difference."""
    found: list[tuple[int, int]] = []
    for first, mean in enumerate(means):
        last = max(place for place, other in enumerate(means) if other - mean <= critical)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found
