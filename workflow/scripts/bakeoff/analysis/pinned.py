"""What pinned memory does to the training time: pairs of runs that differ in nothing else.

Must not know where it is shown.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from bakeoff.analysis.intervals import median_interval
from bakeoff.analysis.machines import Machines
from bakeoff.analysis.repeatability import GRID
from bakeoff.analysis.study import Study, finished
from bakeoff.analysis.tables import Row
from bakeoff.records.record import Record, Run, model_name
from bakeoff.records.selection import settings_key, training_key

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
    """Return the effect on every network's grid, by data set and model.

    A pair is two trainings of one cell on one machine, each by itself on the device. Numbers of epochs that
    share a training make one pair: the longest.
    """
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for cell in study.selection:
        found = pairs.setdefault((cell["dataset"], model_name(cell)), [])
        found += _pairs(cell, study.machines)
    return _effects(pairs)


def theirs(published: Iterable[Row]) -> Effects:
    """Return the effect on the published grid, from the table of published results."""
    times: dict[tuple[str, ...], dict[bool, float]] = {}
    for row in published:
        if row["table"] == GRID and row["published_train_s"]:
            settings = json.loads(row["settings"])
            pinned = settings.pop(PIN)
            key = (row["dataset"], row["model"], row["optimizer"], settings_key(settings))
            times.setdefault(key, {})[pinned] = row["published_train_s"]
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for (dataset, model, *_), sides in times.items():
        if len(sides) == 2:
            pairs.setdefault((dataset, model), []).append((sides[True], sides[False]))
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
    for run in finished(cell["runs"]):
        settings = run["settings"]
        if settings.get(PIN) is None or run["packed"]:
            continue
        sides = trainings.setdefault(training_key(run, PIN), {})
        known = sides.get(settings[PIN])
        if known is None or known["settings"]["epochs"] < settings["epochs"]:
            sides[settings[PIN]] = run
    return [
        (sides[True]["train_s"], sides[False]["train_s"])
        for sides in trainings.values()
        if len(sides) == 2 and _alike(cell, sides, machines)
    ]


def _alike(cell: Record, sides: dict[bool, Run], machines: Machines) -> bool:
    with_it, without = sides[True], sides[False]
    same_length = with_it["settings"]["epochs"] == without["settings"]["epochs"]
    return same_length and bool(machines.of(cell, with_it) & machines.of(cell, without))
