"""What pinned memory does to the training time: pairs of runs that differ in nothing else.

Must not know where it is shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from bakeoff.analysis.derived import PublishedRow
from bakeoff.analysis.intervals import median_interval
from bakeoff.analysis.machines import Machines
from bakeoff.analysis.repeatability import GRID
from bakeoff.analysis.study import Study
from bakeoff.records.record import Record
from bakeoff.records.request import settings_key
from bakeoff.records.run import Run, finished
from bakeoff.records.selection import training_key

PIN = "pin_memory"


@dataclass(frozen=True)
class Effect:
    """Times without pinned memory over those with it: the median of pairs, with its 95 % interval."""

    ratio: float
    low: float | None
    high: float | None
    pairs: int


Effects = dict[tuple[str, str], Effect]


def ours(study: Study) -> Effects:
    """Return the effect on every competitor's grid, by data set and competitor.

    A pair is two trainings of one cell on one machine, each by itself on the device. Numbers of epochs that
    share a training make one pair: the longest.
    """
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for cell in study.selection:
        found = pairs.setdefault((cell.dataset, cell.competitor), [])
        found += _pairs(cell, study.machines)
    return _effects(pairs)


def theirs(published: Iterable[PublishedRow]) -> Effects:
    """Return the effect on the published grid, from the table of published results."""
    times: dict[tuple[str, str, str | None, str], dict[bool, float]] = {}
    for row in published:
        if row.table == GRID and row.published_train_s:
            others = {name: item for name, item in row.settings.items() if name != PIN}
            key = (row.dataset, row.competitor, row.optimizer, settings_key(others))
            times.setdefault(key, {})[bool(row.settings[PIN])] = row.published_train_s
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for (dataset, competitor, *_), sides in times.items():
        if len(sides) == 2:
            pairs.setdefault((dataset, competitor), []).append((sides[True], sides[False]))
    return _effects(pairs)


def _effects(pairs: dict[tuple[str, str], list[tuple[float, float]]]) -> Effects:
    return {
        key: _effect([without / with_it for with_it, without in found])
        for key, found in pairs.items()
        if found
    }


def _effect(ratios: list[float]) -> Effect:
    low, high = median_interval(ratios) or (None, None)
    return Effect(median(ratios), low, high, len(ratios))


def _pairs(cell: Record, machines: Machines) -> list[tuple[float, float]]:
    """Return the times with and without pinned memory, pair by pair."""
    trainings: dict[str, dict[bool, Run]] = {}
    for run in finished(cell.runs):
        pinned = run.settings.get(PIN)
        if not isinstance(pinned, bool) or run.packed:
            continue
        sides = trainings.setdefault(training_key(run, PIN), {})
        if pinned not in sides or _epochs(sides[pinned]) < _epochs(run):
            sides[pinned] = run
    whole = (sides for sides in trainings.values() if len(sides) == 2 and _alike(cell, sides, machines))
    return [(sides[True].train_s or 0.0, sides[False].train_s or 0.0) for sides in whole]


def _epochs(run: Run) -> float:
    epochs = run.settings.get("epochs")
    return epochs if isinstance(epochs, int) else 0


def _alike(cell: Record, sides: dict[bool, Run], machines: Machines) -> bool:
    with_it, without = sides[True], sides[False]
    same_length = _epochs(with_it) == _epochs(without)
    return same_length and bool(machines.of(cell, with_it) & machines.of(cell, without))
