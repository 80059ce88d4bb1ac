"""The methods side by side: accuracy and time per data set, and what each is best used for.

"Best use" is derived from the measurements: a method that leads nowhere gets none.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bakeoff.analysis import wording
from bakeoff.analysis.contrasts import COMPETITOR, NO_EVIDENCE
from bakeoff.analysis.derived import BestRow, TestRow
from bakeoff.analysis.intervals import Interval, overlap, shorter
from bakeoff.analysis.study import Study
from bakeoff.records.selection import prefer


@dataclass
class Method:
    """One competitor: its best row per data set, and in words what it is best used for."""

    competitor: str
    best: dict[str, BestRow]
    uses: list[str] = field(default_factory=list)


def summary(study: Study, best: Iterable[BestRow], tests: Sequence[TestRow]) -> list[Method]:
    """Return the competitors in the study's order, with their uses."""
    finished = [row for row in best if row.chosen]
    methods = [
        Method(competitor, {row.dataset: row for row in finished if row.competitor == competitor})
        for competitor in study.competitors
    ]
    for dataset in study.datasets:
        rows = [row for row in finished if row.dataset == dataset]
        if len(rows) > 1:
            _uses(study.title(dataset), rows, tests, {method.competitor: method for method in methods})
    return [method for method in methods if method.best]


def _uses(title: str, rows: list[BestRow], tests: Sequence[TestRow], methods: dict[str, Method]) -> None:
    chosen = winner(rows)
    for row in (chosen, *level(chosen, rows)):
        methods[row.competitor].uses.append(f"the highest validation accuracy on {title}")
    timed = [row for row in rows if row.measured.ranked]
    if not timed:
        return
    first = quickest(timed)
    if first is not None and first is not chosen:
        some = "" if len(timed) == len(rows) else ", of those timed alone on one machine"
        methods[first.competitor].uses.append(f"the shortest training on {title}{some}")
    tied = [row for row in timed if row is not chosen and ties(chosen, row, tests)]
    for row in tied:
        ratio = row.measured.train_s / chosen.measured.train_s
        if quicker(row, chosen) and ratio < 0.5:
            share = wording.percent(ratio, 0)
            methods[row.competitor].uses.append(
                f"{title} when time counts: no evidence of a lower accuracy, {share} % of the time"
            )


def quickest(rows: Sequence[BestRow]) -> BestRow | None:
    """Return the row whose training was shown to be shorter than any other's; None where none was."""
    if len(rows) < 2:
        return None
    return next((row for row in rows if all(quicker(row, other) for other in rows if other is not row)), None)


def quicker(first: BestRow, second: BestRow) -> bool:
    """Tell whether the first training was shown to be shorter, on one machine."""
    mine, other = _span(first), _span(second)
    return mine is not None and other is not None and shorter(mine, other)


def _span(row: BestRow) -> Interval | None:
    """Return the interval of a training time that may be compared, None where there is none."""
    alone = row.measured.alone
    if not row.measured.ranked or alone is None or alone.train_s_low is None or alone.train_s_high is None:
        return None
    return alone.train_s_low, alone.train_s_high


def winner(rows: Sequence[BestRow]) -> BestRow:
    """Return the row with the highest validation accuracy.

    Of equals the one with the shortest time to its result, alone on the machine; within 10 % the one with
    fewer parameters; times that cannot be ranked (not alone, or on another machine) come last.
    """

    def rate(row: BestRow) -> tuple[float, float, float]:
        found = row.measured
        cost = found.time_to_result_s if found.ranked else math.inf
        return found.validation.accuracy, cost, found.parameters or math.inf

    return prefer(rows, rate)


def level(chosen: BestRow, rows: Sequence[BestRow]) -> list[BestRow]:
    """Return the others that validation could not tell from the chosen row."""
    best = chosen.measured.validation.accuracy
    return [row for row in rows if row.measured.validation.accuracy == best and row is not chosen]


def test_between(first: BestRow, second: BestRow, tests: Iterable[TestRow]) -> TestRow | None:
    """Return the paired test between the best rows of two competitors, if it could be made."""
    names = {first.competitor, second.competitor}
    for test in tests:
        same = test.dataset == first.dataset and test.contrast == COMPETITOR
        if same and {test.a, test.b} == names and test.tested is not None:
            return test
    return None


def ties(first: BestRow, second: BestRow, tests: Iterable[TestRow]) -> bool:
    """Tell whether two competitors tie: by the paired test, or without one by overlapping intervals."""
    test = test_between(first, second, tests)
    if test is not None:
        return test.verdict == NO_EVIDENCE
    spans = ((row.measured.test.low, row.measured.test.high) for row in (first, second))
    return overlap(*spans)
