"""Main effects: what one setting does to validation accuracy, on average over all others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.study import by, unique
from bakeoff.records import selection
from bakeoff.records.record import Record
from bakeoff.records.request import REFIT, settings_key
from bakeoff.records.run import finished


@dataclass(frozen=True)
class Effect:
    """A setting's values with the mean validation accuracy at each, over the same other settings.

    A factor and the device are settings, too. groups: how many combinations of the other settings finished
    at every value; compared: of how many.
    """

    competitor: str
    setting: str
    means: dict[Any, float]
    groups: int
    compared: int

    @property
    def range(self) -> float:
        """Return the largest mean less the smallest."""
        return max(self.means.values()) - min(self.means.values())


def of(cells: Iterable[Record]) -> list[Effect]:
    """Return the effect of every setting that varies within a competitor and has a whole group to compare."""
    found = []
    for competitor, members in by(cells, lambda cell: cell.competitor).items():
        points = [point for cell in members for point in _points(cell)]
        for name in unique(name for axes, _ in points for name in axes):
            effect = _effect(competitor, name, points)
            if effect is not None:
                found.append(_as_used(effect, members) if name == "precision" else effect)
    return found


def _as_used(effect: Effect, cells: list[Record]) -> Effect:
    """Return the effect of the precision with its values as they were used; `auto` is of several at times."""
    runs = [run for cell in cells for run in finished(cell.runs)]
    asked = by(runs, lambda run: run.settings.get("precision"))
    names = {
        wish: wording.used(wording.as_run(*members))["precision"] for wish, members in asked.items() if wish
    }
    return replace(effect, means={names[wish]: mean for wish, mean in effect.means.items()})


Point = tuple[Mapping[str, Any], float | None]


def _points(cell: Record) -> list[Point]:
    """Return each setting of a cell with its mean over seeds and folds, None where one did not finish."""
    fixed = {"device": cell.device, **{factor: level.name for factor, level in cell.factors.items()}}
    scored = [run for run in cell.runs if run.fold != REFIT]
    return [
        (
            {**fixed, **runs[0].settings},
            selection.mean(runs, "validation_accuracy") if len(finished(runs)) == len(runs) else None,
        )
        for runs in selection.groups(scored)
    ]


def _effect(competitor: str, name: str, points: list[Point]) -> Effect | None:
    # None: the setting means nothing there, as pinned memory without a loader.
    points = [(axes, accuracy) for axes, accuracy in points if axes.get(name) is not None]
    values = unique(axes[name] for axes, _ in points)
    if len(values) < 2:
        return None
    groups: dict[str, dict[Any, float | None]] = {}
    for axes, accuracy in points:
        others = settings_key({key: item for key, item in axes.items() if key != name})
        groups.setdefault(others, {})[axes[name]] = accuracy
    asked = [group for group in groups.values() if len(group) == len(values)]
    whole = [group for group in asked if None not in group.values()]
    if not whole:
        return None
    means = {value: fmean(group[value] or 0.0 for group in whole) for value in ordered(values)}
    return Effect(competitor, name, means, len(whole), len(asked))


def ordered(values: list[Any]) -> list[Any]:
    """Return words in the order given, then numbers by size."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return [value for value in values if value not in numbers] + sorted(numbers)
