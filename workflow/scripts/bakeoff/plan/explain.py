"""A plan in words for people: the cells, and what each costs in runs."""

from collections.abc import Iterator
from itertools import groupby

from bakeoff.plan import make
from bakeoff.plan.make import Plan


def lines(plan: Plan) -> Iterator[str]:
    """Yield what will be done, data set by data set, and how much it is in all."""
    known = make.counts(plan.study, plan.rows)
    for dataset, cells in groupby(plan.grids, key=lambda cell: cell.dataset):
        images = ", ".join(f"{count:,} {part}" for part, count in known.get(dataset, {}).items())
        yield f"{dataset}: {images or 'not read yet'} images"
        for cell in cells:
            yield f"  {cell.name:<40} {_runs(cell.runs)}"
    again, timed = len(plan.grids) * plan.study.final_seeds, sum(cell.runs for cell in plan.compared)
    yield f"{len(plan.grids)} cells, {_runs(sum(cell.runs for cell in plan.grids))} to choose by;"
    yield f"what each chose, {plan.study.final_seeds} times again: {_runs(again)}, each alone on the machine;"
    yield f"{len(plan.compared)} cells of the comparison: {_runs(timed)}, each alone on the machine."
    yield f"GPU: {'one takes part' if plan.gpu_missing is None else plan.gpu_missing}."


def _runs(count: int) -> str:
    return f"{count:,} run{'s' if count != 1 else ''}"
