"""Every setting that was tried of a competitor, with what came of it over seeds and folds.

Must not know how it is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, unique
from bakeoff.records import selection
from bakeoff.records.record import Record
from bakeoff.records.request import REFIT
from bakeoff.records.run import Run, finished
from bakeoff.records.selection import Choice


@dataclass(frozen=True, kw_only=True)
class Tried:
    """Settings of a cell with their mean over seeds and folds (None: not all finished).

    axes: all that may vary within a competitor, by name; factors: those of them that are factors.
    """

    axes: Mapping[str, Any]
    factors: Sequence[str]
    competitor: str
    cell: str
    settings: str
    validation_accuracy: float | None
    runs: int
    finished: int
    status: str
    chosen: bool


def of(study: Study, cells: list[Record]) -> list[Tried]:
    """Return what was tried of a competitor, cell by cell; of what was skipped nothing."""
    best = best_cell(study, cells)
    found = []
    for cell in (each for each in cells if each.skipped is None):
        for runs in selection.groups(cell.runs):
            if any(run.fold != REFIT for run in runs):
                found.append(_mean(cell, runs, best is not None and _same(best, cell, runs)))
    return found


def _same(best: tuple[Record, Choice], cell: Record, runs: list[Run]) -> bool:
    return best[0] is cell and best[1].settings == runs[0].settings


def _mean(cell: Record, runs: list[Run], chosen: bool) -> Tried:
    whole, said = len(finished(runs)) == len(runs), unique(run.status for run in runs)
    scored = [run for run in runs if run.fold != REFIT]
    levels = {name: level.name for name, level in cell.factors.items()}
    return Tried(
        axes={"device": cell.device, **levels, **wording.used(wording.as_run(*runs))},
        factors=list(levels),
        competitor=cell.competitor,
        cell=cell.cell,
        settings=wording.settings(wording.as_run(*runs)),
        validation_accuracy=selection.mean(scored, "validation_accuracy") if whole else None,
        runs=len(runs),
        finished=len(finished(runs)),
        status="ok" if whole else "diverged" if "diverged" in said else "failed",
        chosen=chosen,
    )
