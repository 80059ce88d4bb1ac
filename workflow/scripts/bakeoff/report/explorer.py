"""The choices of the explorer, in which a reader draws the finished runs of the grid as points."""

from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, unique
from bakeoff.records.record import accuracies
from bakeoff.report.runs import Group, Numbered

# Where the reader starts: what the trade-off figure shows.
FIRST = ("train_s", "test_accuracy")
MEASURED = (
    ("train_s", "Training time", "s"),
    ("time_to_result_s", "Time to result", "s"),
    ("parameters", "Parameters", ""),
)


@dataclass(frozen=True)
class Explorer:
    """The choices, each with what it is called; an axis by the key that it has of an embedded run.

    A competitor has its place in the study too: the same place, the same colour and shape as in the figures.
    """

    datasets: list[tuple[str, str]]
    competitors: list[tuple[int, str, str]]
    devices: list[tuple[str, str]]
    axes: list[dict[str, str]]
    first: tuple[str, str]


def of(study: Study, groups: list[Group]) -> Explorer | None:
    """Return the choices, or None where there is not even a pair of runs to look at."""
    numbered = (item for group in groups if not group.timed for item in group.items)
    items = sorted((item for item in numbered if item.run.finished), key=lambda item: item.number)
    if len(items) < 2:
        return None
    here = {item.cell.competitor for item in items}
    return Explorer(
        datasets=[(name, study.title(name)) for name in unique(i.cell.dataset for i in items)],
        competitors=[
            (n, name, study.label(name)) for n, name in enumerate(study.competitors) if name in here
        ],
        devices=[(name, wording.device(name)) for name in sorted({i.cell.device for i in items})],
        axes=[
            {"name": name, "label": label, "unit": unit}
            for name, label, unit in (*_accuracies(items), *MEASURED, *_settings(items))
        ],
        first=FIRST,
    )


def _accuracies(items: list[Numbered]) -> list[tuple[str, str, str]]:
    measured = accuracies(item.cell for item in items)
    return [(name, f"{name.split('_')[0].capitalize()} accuracy", "%") for name in measured]


def _settings(items: list[Numbered]) -> list[tuple[str, str, str]]:
    """Return the settings that can be an axis: numbers that differ between runs."""
    names = unique(name for item in items for name in item.run.settings)
    found = []
    for name in names:
        values = unique(item.run.settings.get(name) for item in items)
        if len([value for value in values if _is_number(value)]) > 1:
            said = wording.setting(name)
            found.append((f"settings.{name}", said[:1].upper() + said[1:], ""))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
