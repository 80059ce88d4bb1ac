"""The runs for the explorer: one flat list that the page's script draws from, and its choices."""

from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, unique
from bakeoff.records.run import ACCURACIES, Run
from bakeoff.report.runs import Numbered

# Where the reader starts: what the trade-off figure shows.
FIRST = ("train_s", "test_accuracy")
FACTS = ("run", "dataset", "competitor", "device", "title", "settings", "packed")
MEASURED = (
    *((name, f"{name.split('_')[0].capitalize()} accuracy", "%") for name in ACCURACIES),
    ("train_s", "Training time", "s"),
    ("time_to_result_s", "Time to result", "s"),
    ("parameters", "Parameters", ""),
)


@dataclass(frozen=True)
class Explorer:
    """The choices of the explorer, each with what it is called, and its data.

    A competitor has its place in the study too: the same place, the same colour and shape as in the figures.
    """

    datasets: list[tuple[str, str]]
    competitors: list[tuple[int, str, str]]
    devices: list[tuple[str, str]]
    axes: list[dict[str, str]]
    first: tuple[str, str]
    data: dict[str, Any]


def of(study: Study, numbered: list[Numbered]) -> Explorer | None:
    """Return the finished runs of the grid, or None where there is not even a pair to look at."""
    items = [i for i in numbered if i.cell.purpose == "selection" and i.run.finished]
    if len(items) < 2:
        return None
    axes = [
        {"name": name, "label": label, "unit": unit} for name, label, unit in (*MEASURED, *_settings(items))
    ]
    columns = [*({"name": name} for name in FACTS), *axes]
    here = {item.cell.competitor for item in items}
    return Explorer(
        datasets=[(name, study.title(name)) for name in unique(i.cell.dataset for i in items)],
        competitors=[
            (n, name, study.label(name)) for n, name in enumerate(study.competitors) if name in here
        ],
        devices=[(name, wording.device(name)) for name in sorted({i.cell.device for i in items})],
        axes=axes,
        first=FIRST,
        data={
            "columns": columns,
            "competitors": study.competitors,
            "runs": [_row(study, item, [axis["name"] for axis in axes]) for item in items],
        },
    )


def _settings(items: list[Numbered]) -> list[tuple[str, str, str]]:
    """Return the settings that can be an axis: numbers that differ between runs."""
    names = unique(name for item in items for name in item.run.settings)
    found = []
    for name in names:
        values = unique(item.run.settings.get(name) for item in items)
        if len([value for value in values if _is_number(value)]) > 1:
            said = wording.setting(name)
            found.append((name, said[:1].upper() + said[1:], ""))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _row(study: Study, item: Numbered, axes: list[str]) -> list[Any]:
    cell, run = item.cell, item.run
    title = f"{study.label(cell.competitor)} {wording.device(cell.device)}"
    settings = wording.settings(wording.as_run(run), [level.label for level in cell.factors.values()])
    known = {**run.settings, **_measured(run), "parameters": cell.compute.parameters}
    numbers = [known.get(name) if _is_number(known.get(name)) else None for name in axes]
    facts = [item.number, cell.dataset, cell.competitor, cell.device, title, settings, run.packed]
    return [*facts, *numbers]


def _measured(run: Run) -> dict[str, Any]:
    # In percent, rounded to what is read: the file is for looking, the tables keep every digit.
    found: dict[str, float | None] = {name: getattr(run, name) for name in ACCURACIES}
    shares = {name: None if share is None else round(100 * share, 3) for name, share in found.items()}
    return {**shares, "train_s": run.train_s, "time_to_result_s": run.time_to_result_s}
