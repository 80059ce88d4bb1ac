"""The runs for the explorer: one flat list that the page's script draws from, and its choices."""

from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, unique
from bakeoff.records.record import ACCURACIES, Run, model_name
from bakeoff.report.runs import Numbered

# Where the reader starts: what the trade-off figure shows.
FIRST = ("train_s", "test_accuracy")
FACTS = ("run", "dataset", "model", "device", "title", "settings", "packed")
MEASURED = (
    *((name, f"{name.split('_')[0].capitalize()} accuracy", "%") for name in ACCURACIES),
    ("train_s", "Training time", "s"),
    ("time_to_result_s", "Time to result", "s"),
    ("parameters", "Parameters", ""),
)


@dataclass(frozen=True)
class Explorer:
    """The choices of the explorer, each with what it is called, and its data.

    A model has its place in the study too: the same place, the same colour and shape as in the figures.
    """

    datasets: list[tuple[str, str]]
    models: list[tuple[int, str, str]]
    devices: list[tuple[str, str]]
    axes: list[dict[str, str]]
    first: tuple[str, str]
    data: dict[str, Any]


def of(study: Study, numbered: list[Numbered]) -> Explorer | None:
    """Return the finished runs of the grid, or None where there is not even a pair to look at."""
    items = [i for i in numbered if i.cell["purpose"] == "selection" and i.run["status"] == "ok"]
    if len(items) < 2:
        return None
    axes = [
        {"name": name, "label": label, "unit": unit} for name, label, unit in (*MEASURED, *_settings(items))
    ]
    columns = [*({"name": name} for name in FACTS), *axes]
    here = {model_name(item.cell) for item in items}
    return Explorer(
        datasets=[(name, study.title(name)) for name in unique(i.cell["dataset"] for i in items)],
        models=[(n, name, wording.model(name)) for n, name in enumerate(study.models) if name in here],
        devices=[(name, wording.device(name)) for name in sorted({i.cell["device"] for i in items})],
        axes=axes,
        first=FIRST,
        data={
            "columns": columns,
            "models": study.models,
            "runs": [_row(item, [axis["name"] for axis in axes]) for item in items],
        },
    )


def _settings(items: list[Numbered]) -> list[tuple[str, str, str]]:
    """Return the settings that can be an axis: numbers that differ between runs."""
    names = unique(name for item in items for name in item.run["settings"])
    found = []
    for name in names:
        values = unique(item.run["settings"].get(name) for item in items)
        if len([value for value in values if _is_number(value)]) > 1:
            said = wording.setting(name)
            found.append((name, said[:1].upper() + said[1:], ""))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _row(item: Numbered, axes: list[str]) -> list[Any]:
    cell, run = item.cell, item.run
    model = model_name(cell)
    title = f"{wording.model(model)} {wording.device(cell['device'])}"
    settings = wording.settings(wording.as_run(run), cell["optimizer"])
    known = {**run["settings"], **_measured(run), "parameters": cell["compute"]["parameters"]}
    numbers = [known.get(name) if _is_number(known.get(name)) else None for name in axes]
    facts = [item.number, cell["dataset"], model, cell["device"], title, settings, run["packed"]]
    return [*facts, *numbers]


def _measured(run: Run) -> dict[str, Any]:
    # In percent, rounded to what is read: the file is for looking, the tables keep every digit.
    shares = {name: None if run[name] is None else round(100 * run[name], 3) for name in ACCURACIES}
    return {**shares, "train_s": run["train_s"], "time_to_result_s": run["time_to_result_s"]}
