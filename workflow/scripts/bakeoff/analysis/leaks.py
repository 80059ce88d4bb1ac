"""What copies among the test images do to an accuracy: every chosen run's with and without them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bakeoff.analysis import mistakes
from bakeoff.analysis.intervals import Interval, of_difference
from bakeoff.analysis.study import Study
from bakeoff.records.audit import Audit

EXACT = "exact copies"
NEAR = "exact copies and suspects"
# Of fewer copies the interval holds the truth in 89 % of cases (benchmarks/intervals.py): none is given.
LEAST = 10


class Without(NamedTuple):
    """A competitor's accuracy on all test images, and on those that are no copies of what is learnt from.

    difference: the one less the other, with its 95 % interval, None where copies are too few for one.
    """

    competitor: str
    which: str
    copies: int
    whole: float
    without: float
    difference: float
    interval: Interval | None


def of(study: Study, dataset: str, audits: Mapping[str, Audit]) -> list[Without]:
    """Return what leaving out copies does to the choice of every competitor whose answers were kept.

    audits: by the digest of the data. None of data without copies, or of nothing but copies.
    """
    found = []
    for answers in mistakes.of(study, dataset):
        audit = audits.get(answers.cell.data.digest)
        right = answers.given.right
        for which, rows in _sets(audit).items() if audit else ():
            if rows and len(rows) < len(right) and max(rows) < len(right):
                found.append(_without(answers.competitor, which, right, rows))
    return found


def _sets(audit: Audit) -> dict[str, Sequence[int]]:
    exact = audit.copies.leaked
    both = tuple(sorted({*exact, *audit.near.suspected}))
    return {EXACT: exact, NEAR: both} if both != exact else {EXACT: exact}


def _without(competitor: str, which: str, right: np.ndarray, rows: Sequence[int]) -> Without:
    copy = np.zeros(len(right), np.bool_)
    copy[list(rows)] = True
    ours, others = int(right[copy].sum()), int(right[~copy].sum())
    share = len(rows) / len(right)
    difference, (low, high) = of_difference(ours, len(rows), others, len(right) - len(rows))
    whole, without = float(right.mean()), others / (len(right) - len(rows))
    # An accuracy on all less that on the rest is the copies' share of the difference of the two.
    interval = (share * low, share * high) if len(rows) >= LEAST else None
    return Without(competitor, which, len(rows), whole, without, share * difference, interval)
