"""Paired tests, per data set: the best of every two competitors, and of every two levels of a factor."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bakeoff.analysis.best import Picked, best_cell
from bakeoff.analysis.derived import Tested, TestRow
from bakeoff.analysis.differences import of_methods
from bakeoff.analysis.paired import ALPHA, holm, mcnemar
from bakeoff.analysis.study import Study, by, unique
from bakeoff.records.record import Record
from bakeoff.records.run import finished
from bakeoff.records.selection import Choice

# The contrast that is of no factor.
COMPETITOR = "competitor"
# What a test speaks of: settings with whatever seed, or the two models that were kept.
METHODS, MODELS = "methods", "two trained models"
NO_EVIDENCE = "no evidence of a difference"


def rows(study: Study) -> list[TestRow]:
    """Return every paired test; p values are Holm-corrected within a data set and kind of contrast.

    Compared are the best cells of every two competitors, and within a competitor (`within`) those of every
    two levels of a factor, such as two optimizers of one network.
    """
    found = []
    for cells in by(study.selection, lambda record: record.dataset).values():
        competitors = by(cells, lambda record: record.competitor)
        found += _corrected(study, _pairs(study, COMPETITOR, None, competitors))
        for factor in unique(factor for cell in cells for factor in cell.factors):
            within: list[TestRow] = []
            for competitor, members in competitors.items():
                within += _pairs(study, factor, competitor, _levels(factor, members))
            found += _corrected(study, within)
    return found


def _levels(factor: str, cells: list[Record]) -> dict[str, list[Record]]:
    """Return the cells of every level of a factor; those without the factor are of none."""
    having = [cell for cell in cells if factor in cell.factors]
    return by(having, lambda record: record.factors[factor].name)


def called(study: Study, contrast: str, name: str) -> str:
    """Return how people call a side of a test: a competitor, or a level of the factor that it is about."""
    return study.label(name) if contrast == COMPETITOR else study.level(contrast, name)


def _pairs(
    study: Study, contrast: str, within: str | None, groups: Mapping[str, list[Record]]
) -> list[TestRow]:
    """Return the tests of every two groups of cells, their p values not corrected yet."""
    best = {name: cell for name, cells in groups.items() if (cell := best_cell(study, cells))}
    found = []
    for a, b in combinations(best, 2):
        (cell_a, choice_a), (cell_b, choice_b) = best[a], best[b]
        tested, seeds = _compared(study, best[a], best[b])
        row = TestRow(
            dataset=cell_a.dataset,
            contrast=contrast,
            within=within,
            a=a,
            b=b,
            cell_a=cell_a.cell,
            cell_b=cell_b.cell,
            seeds_a=seeds[0],
            seeds_b=seeds[1],
            lost_a=study.lost(*best[a]),
            lost_b=study.lost(*best[b]),
            validation_a=choice_a.validation_accuracy,
            validation_b=choice_b.validation_accuracy,
            tested=tested if isinstance(tested, Tested) else None,
            better=None,
            verdict=NO_EVIDENCE if isinstance(tested, Tested) else f"not tested: {tested}",
        )
        found.append(row)
    return found


def _compared(study: Study, a: Picked, b: Picked) -> tuple[Tested | str, tuple[int, int]]:
    """Return the test of two cells, or why there is none, with the numbers of seeds that it is of."""
    if found := _methods(study, a, b):
        return found
    seeds = _seeds(a[1]), _seeds(b[1])
    answers_a, answers_b = study.predictions(a[0]), study.predictions(b[0])
    if answers_a is None or answers_b is None:
        cell = a[0] if answers_a is None else b[0]
        return f"no predictions were kept for {cell.cell}", seeds
    if not np.array_equal(answers_a.labels, answers_b.labels):
        return "the two were tested on different images", seeds
    return _models(answers_a.right, answers_b.right), seeds


def _seeds(choice: Choice) -> int:
    """Return how many seeds chose, 0 where nothing is random."""
    return sum(seed is not None for seed in choice.seeds)


def _methods(study: Study, a: Picked, b: Picked) -> tuple[Tested, tuple[int, int]] | None:
    """Compare what was trained again from fresh seeds; None where a side has too few of them for that."""
    sides = [_fresh(study, *cell) for cell in (a, b)]
    if None in sides or a[0].data.digest != b[0].data.digest:
        return None
    (right_a, seeded_a), (right_b, seeded_b) = filter(None, sides)
    found = of_methods(right_a, right_b, seeded_a, seeded_b)
    if found is None:
        return None
    tested = Tested(
        compared=METHODS,
        n=right_a.shape[1],
        accuracy_a=float(right_a.mean()),
        accuracy_b=float(right_b.mean()),
        difference=found.value,
        difference_low=found.low,
        difference_high=found.high,
        p=found.p,
        p_holm=found.p,
    )
    return tested, (len(right_a) if seeded_a else 0, len(right_b) if seeded_b else 0)


def _fresh(study: Study, cell: Record, choice: Choice) -> tuple[NDArray[np.bool_], bool] | None:
    """Return which test images the trainings from fresh seeds got right, and whether seeds matter."""
    again, record = finished(study.again(cell, choice)), study.alone_record(cell)
    right = study.right(record, again) if record else None
    if right is None:
        return None
    seeded = again[0].seed is not None
    return right if seeded else right[:1], seeded


def _models(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> Tested:
    """Compare the two trained models that the cells keep, by the test images (n,) that each got right."""
    test = mcnemar(right_a, right_b)
    return Tested(
        compared=MODELS,
        n=len(right_a),
        accuracy_a=float(right_a.mean()),
        accuracy_b=float(right_b.mean()),
        only_a_right=test.only_a_right,
        only_b_right=test.only_b_right,
        difference=float(right_a.mean() - right_b.mean()),
        p=test.p,
        p_holm=test.p,
    )


def _corrected(study: Study, found: list[TestRow]) -> list[TestRow]:
    """Return the tests with p values that are corrected for their number, and the verdicts by these."""
    corrected = iter(holm([row.tested.p for row in found if row.tested]))
    return [
        _judged(study, row, replace(row.tested, p_holm=next(corrected))) if row.tested else row
        for row in found
    ]


def _judged(study: Study, row: TestRow, tested: Tested) -> TestRow:
    if tested.p_holm >= ALPHA:
        return replace(row, tested=tested)
    better, worse = (row.a, row.b) if tested.difference > 0 else (row.b, row.a)
    said = [called(study, row.contrast, name) for name in (better, worse)]
    some = f" ({MODELS})" if tested.compared == MODELS else ""
    return replace(row, tested=tested, better=better, verdict=f"{said[0]} is better than {said[1]}{some}")
