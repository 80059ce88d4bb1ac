"""Main effects: what one setting does to validation accuracy, on average over all others.

And how far that differs from seed to seed and from fold to fold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.study import by, unique
from bakeoff.analysis.wording import Replicate
from bakeoff.records import selection
from bakeoff.records.record import Record
from bakeoff.records.request import REFIT, settings_key
from bakeoff.records.run import Run, finished


@dataclass(frozen=True)
class Effect:
    """A setting's values with the mean validation accuracy at each, over the same other settings.

    A factor and the device are settings, too. groups: how many combinations of the other settings finished
    at every value; compared: of how many. replicates: the means again, of one seed and fold each; none where
    the runs behind the means are not of the same several seeds and folds everywhere.
    """

    competitor: str
    setting: str
    means: dict[Any, float]
    groups: int
    compared: int
    replicates: dict[Replicate, dict[Any, float]] = field(default_factory=dict)

    def of_replicates(self, value: Any) -> list[float]:
        """Return the mean at a value of every replicate."""
        return [means[value] for means in self.replicates.values()]

    @property
    def range(self) -> float:
        """Return the largest mean less the smallest."""
        return max(self.means.values()) - min(self.means.values())


def of(cells: Iterable[Record]) -> list[Effect]:
    """Return the effect of every setting that varies within a competitor and has a whole group to compare."""
    found = []
    for competitor, members in by(cells, lambda cell: cell.competitor).items():
        points = [point for cell in members for point in _points(cell)]
        names = unique(name for axes, _ in points for name in axes)
        # What goes without saying is in no record of a run that has it.
        unsaid = {name: wording.UNSAID[name] for name in names if name in wording.UNSAID}
        points = [({**unsaid, **axes}, runs) for axes, runs in points]
        for name in names:
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

    def named(means: dict[Any, float]) -> dict[Any, float]:
        return {names[wish]: mean for wish, mean in means.items()}

    replicates = {replicate: named(means) for replicate, means in effect.replicates.items()}
    return replace(effect, means=named(effect.means), replicates=replicates)


# Settings, and their runs on every seed and fold, none where one did not finish.
Point = tuple[Mapping[str, Any], list[Run]]


def _points(cell: Record) -> list[Point]:
    """Return each setting of a cell with its runs."""
    fixed = {"device": cell.device, **{factor: level.name for factor, level in cell.factors.items()}}
    scored = [run for run in cell.runs if run.fold != REFIT]
    return [
        ({**fixed, **runs[0].settings}, runs if len(finished(runs)) == len(runs) else [])
        for runs in selection.groups(scored)
    ]


def _effect(competitor: str, name: str, points: list[Point]) -> Effect | None:
    # None: the setting means nothing there, as pinned memory without a loader.
    points = [(axes, runs) for axes, runs in points if axes.get(name) is not None]
    values = unique(axes[name] for axes, _ in points)
    if len(values) < 2:
        return None
    groups: dict[str, dict[Any, list[Run]]] = {}
    for axes, runs in points:
        others = settings_key({key: item for key, item in axes.items() if key != name})
        groups.setdefault(others, {})[axes[name]] = runs
    asked = [group for group in groups.values() if len(group) == len(values)]
    whole = [group for group in asked if all(group.values())]
    if not whole:
        return None
    means = {
        value: fmean(selection.mean(group[value], "validation_accuracy") for group in whole)
        for value in ordered(values)
    }
    return Effect(competitor, name, means, len(whole), len(asked), _replicates(whole, list(means)))


def _replicates(groups: list[dict[Any, list[Run]]], values: list[Any]) -> dict[Replicate, dict[Any, float]]:
    """Return the means over groups at each value, of one seed and fold at a time."""
    found = [
        {value: {(run.seed, run.fold): run for run in group[value]} for value in values} for group in groups
    ]
    pairs = list(found[0][values[0]])
    alike = all(runs.keys() == set(pairs) for group in found for runs in group.values())
    if len(pairs) < 2 or not alike:
        return {}
    return {
        pair: {
            value: selection.mean((group[value][pair] for group in found), "validation_accuracy")
            for value in values
        }
        for pair in pairs
    }


def ordered(values: list[Any]) -> list[Any]:
    """Return words in the order given, then numbers by size."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return [value for value in values if value not in numbers] + sorted(numbers)
