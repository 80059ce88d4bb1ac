"""A plan in words for people: the cells, and what each costs in runs."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from bakeoff.data.rows import DATASETS
from bakeoff.data.split import Split
from bakeoff.families.section import Cell
from bakeoff.plan import make
from bakeoff.plan.make import Plan
from bakeoff.plan.sizing import minutes
from bakeoff.records import folds
from bakeoff.values import plural


def sized(plan: Plan) -> Iterator[str]:
    """Yield what a study of own images will do and take, nothing of any other, nor of a partial report."""
    facts = plan.study.sized
    if facts is None or plan.study.partial:
        return
    names = [getattr(plan.rows[DATASETS.name][name], "title", None) or name for name in plan.study.datasets]
    again = plural(len(plan.grids) * plan.study.final_seeds, "run")
    images = f"{plural(facts.get('images', 0), 'image')} of {facts.get('classes', 0):,} classes"
    runs = f"{_runs(plan.grids)} to choose by and {again} timed alone"
    yield f"{', '.join(names)}: {images}; {plural(len(plan.grids), 'cell')}, {runs};"
    yield (
        f"{minutes(facts.get('seconds', 0))} as it was sized, {facts.get('disk_mb', 0):,} MB of disk, "
        f"{facts.get('memory_mb', 0):,} MB of memory."
    )


def lines(plan: Plan) -> Iterator[str]:
    """Yield what will be done, data set by data set, and how much it is in all."""
    views = make.views(plan.study, plan.rows)
    known, split = make.counts(plan.study, plan.rows), plan.study.split
    for dataset, cells in groupby(plan.grids, key=lambda cell: cell.dataset):
        images = ", ".join(f"{count:,} {part}" for part, count in _parts(known.get(dataset, {}), split))
        yield f"{dataset}: {images or 'not read yet'} images"
        for cell in cells:
            size = views.get(cell.competitor)
            seen = f", of {size} x {size} pixels" if size else ""
            yield f"  {cell.name:<40} {_runs([cell])}{seen}"
    chosen, timed = (plural(len(cells), "cell") for cells in (plan.grids, plan.compared))
    again = plural(len(plan.grids) * plan.study.final_seeds, "run")
    yield f"{chosen}, {_runs(plan.grids)} to choose by;"
    if split.folds:
        yield f"what each chose, fitted again on all {split.folds} folds;"
    yield f"what each chose, {plan.study.final_seeds} times again: {again}, each alone on the machine;"
    yield f"{timed} of the comparison: {_runs(plan.compared)}, each alone on the machine."
    yield f"GPU: {'one takes part' if plan.gpu_missing is None else plan.gpu_missing}."


def _parts(known: dict[str, int], split: Split) -> Iterator[tuple[str, int]]:
    """Yield the parts of a data set and their images; folds are of training and validation together."""
    if known and split.folds:
        yield f"in {folds.said(split.folds, split.repeats)}", known["train"] + known["validation"]
        known = {part: count for part, count in known.items() if part not in ("train", "validation")}
    yield from ((part, count) for part, count in known.items() if count)


def _runs(cells: Sequence[Cell]) -> str:
    most = any(cell.bound for cell in cells)
    return f"{'up to ' if most else ''}{plural(sum(cell.runs for cell in cells), 'run')}"
