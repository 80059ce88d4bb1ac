"""The one copy of the runs that the page holds for its scripts: the explorer, and a large study's tables.

Owns its form: cells, of each its settings, of each run what was measured. Must not know how it is shown.
"""

from typing import Any

from bakeoff.analysis import reproduce, wording
from bakeoff.analysis.study import Study
from bakeoff.records.record import Record, accuracies
from bakeoff.report import commands, runs
from bakeoff.report.runs import AGAIN, Group, Numbered

TIMES = ("train_s", "time_to_result_s")
# What stands of a run, in this order; the setting by its place among those of the cell.
BEFORE, BEHIND = ("run", "setting", *AGAIN), (*TIMES, "finished", "packed", "state", "look", "note")


def of(study: Study, groups: list[Group], whole: bool) -> dict[str, Any]:
    """Return the copy; whole: with the commands, so that the page needs no other row of any run."""
    cells, shares = [], accuracies(study.records)
    for group in groups:
        cells += [_cell(study, group, items, shares, whole) for items in commands.by_cell(group.items)]
    return {"fields": [*BEFORE, *shares, *BEHIND], "competitors": study.competitors, "cells": cells}


def _cell(
    study: Study, group: Group, items: list[Numbered], shares: list[str], whole: bool
) -> dict[str, Any]:
    cell = items[0].cell
    places: dict[str, int] = {}
    settings = []
    rows = []
    for item in items:
        setting = _setting(item, whole)
        if (key := str(setting)) not in places:
            places[key] = len(places)
            settings.append(setting)
        rows.append(_run(item, places[key], shares, group))
    return {
        "dataset": cell.dataset,
        "competitor": cell.competitor,
        "device": cell.device,
        "on": wording.device(cell.device),
        "purpose": cell.purpose,
        "title": runs.title(study, cell),
        "parameters": cell.compute.parameters,
        "settings": settings,
        "runs": rows,
        **(_commands(cell, group) if whole else {}),
    }


def _setting(item: Numbered, whole: bool) -> dict[str, Any]:
    values = {name: wording.value(value) for name, value in item.settings.items() if value is not None}
    found = {"words": wording.settings(item.settings), "values": values}
    return {**found, "grid": reproduce.grid(item.run)} if whole else found


def _run(item: Numbered, setting: int, shares: list[str], group: Group) -> list[Any]:
    run = item.run
    state = runs.state(run, id(run) in group.best)
    return [
        item.number,
        setting,
        *(getattr(run, name) for name in AGAIN),
        # Every digit: rounded twice, some would be shown as other numbers than in a smaller report.
        *(None if (share := getattr(run, name)) is None else 100 * share for name in shares),
        *(getattr(run, name) for name in TIMES),
        int(run.finished),
        int(run.packed),
        state.text,
        state.look,
        state.note,
    ]


def _commands(cell: Record, group: Group) -> dict[str, Any]:
    """Return what the command of each run is made of, and the table that shows the runs."""
    pattern = reproduce.pattern(cell.command)
    found = {"table": group.name}
    if pattern is None:
        return found
    # A list in place of a text is where a run puts its own.
    parts = [[text] if named else text for text, named in pattern.parts]
    return {**found, "command": parts, "seeds": pattern.seeds}
