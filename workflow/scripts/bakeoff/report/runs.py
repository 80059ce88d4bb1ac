"""Every run with its number, and which runs share a table.

Owns numbers and groups. Must not know what a table looks like.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import disturbance, wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, by, unique
from bakeoff.analysis.wording import CarriedOut
from bakeoff.records.record import Purpose, Record
from bakeoff.records.run import Run
from bakeoff.report import parts
from bakeoff.report.parts import Entry

# Runs that had the machine to themselves, by purpose; each is a repeat of one setting.
TIMED: Mapping[Purpose, str] = {"alone": "lone {} run", "speed": "timed run"}
# What tells runs of the same settings apart.
AGAIN = ("seed", "fold", "repeat")


@dataclass(frozen=True)
class Numbered:
    """A run with its place in the report (from 1) and the cell that it belongs to."""

    number: int
    cell: Record
    run: Run

    @property
    def settings(self) -> CarriedOut:
        """Return its settings, the precision as it was used."""
        return wording.used(wording.as_run(self.run))

    @property
    def facts(self) -> dict[str, Any]:
        """Return the settings, and what tells runs of the same ones apart."""
        return {**self.settings, **{name: getattr(self.run, name) for name in AGAIN}}

    @property
    def anchor(self) -> str:
        """Return the name of the run's command in the page."""
        return f"run-{self.number}"


@dataclass(frozen=True)
class Group:
    """The runs of a table, with its name and caption, and by identity which are of a competitor's choice."""

    name: str
    caption: str
    items: list[Numbered]
    best: frozenset[int]

    @property
    def timed(self) -> bool:
        """Tell whether the runs had the machine to themselves."""
        return self.items[0].cell.purpose in TIMED


def numbered(study: Study) -> list[Numbered]:
    """Number every run, selection first, in the order of the records."""
    cells = [*study.selection, *study.alone, *study.speed]
    pairs = [(cell, run) for cell in cells for run in cell.runs]
    return [Numbered(number, cell, run) for number, (cell, run) in enumerate(pairs, start=1)]


def groups(study: Study, runs: list[Numbered]) -> list[Group]:
    """Return the runs of every table: those of the grid first, then those that were timed alone.

    A table is of a data set, a purpose and a group of competitors.
    """
    return [*_grids(study, runs), *_timed(study, runs)]


def _grids(study: Study, runs: list[Numbered]) -> list[Group]:
    found = []
    for dataset in study.datasets:
        best = _best(study, dataset)
        for number, (group, items) in enumerate(_groups(study, runs, dataset, "selection"), start=1):
            caption = f"{study.title(dataset)}: the {group}, {wording.plural(len(items), 'run')}"
            found.append(Group(f"grid-{dataset}-{number}", caption, items, best))
    return found


def _timed(study: Study, runs: list[Numbered]) -> list[Group]:
    found = []
    for dataset in study.datasets:
        for purpose, words in TIMED.items():
            for number, (group, items) in enumerate(_groups(study, runs, dataset, purpose), start=1):
                noun = words.format(wording.singular(group))
                caption = f"{study.title(dataset)}: {wording.plural(len(items), noun)}"
                found.append(Group(f"{purpose}-{dataset}-{number}", caption, items, frozenset()))
    return found


def _groups(
    study: Study, runs: list[Numbered], dataset: str, purpose: Purpose
) -> list[tuple[str, list[Numbered]]]:
    """Return the runs of each group of competitors, in the order of these."""
    mine = [item for item in runs if (item.cell.dataset, item.cell.purpose) == (dataset, purpose)]
    mine.sort(key=lambda item: study.competitors.index(item.cell.competitor))
    order = list(by(mine, lambda item: item.cell.group))
    found = by(sorted(mine, key=lambda item: item.number), lambda item: item.cell.group)
    return [(group, found[group]) for group in order]


def _best(study: Study, dataset: str) -> frozenset[int]:
    """Return which runs are of the best choices, by identity: comparing them takes as long as a record."""
    pairs = [best_cell(study, cells) for cells in by(study.of(dataset), lambda it: it.competitor).values()]
    return frozenset(id(run) for pair in pairs if pair for run in (*pair[1].scored, *pair[1].final))


def title(study: Study, cell: Record) -> str:
    """Return what a cell's runs are called: the competitor with its factors."""
    return " ".join([study.label(cell.competitor), *(level.label for level in cell.factors.values())])


def shown(items: list[Numbered]) -> tuple[list[str], dict[str, Any]]:
    """Return the settings worth a column, seeds and repeats last, and those that all runs share."""
    names = unique(name for item in items for name in item.settings)
    tried = {name: unique(item.settings.get(name) for item in items) for name in names}
    shared = {name: values[0] for name, values in tried.items() if len(values) == 1 and len(items) > 1}
    found = [
        name
        for name, values in tried.items()
        if name not in shared and values not in ([None], [wording.UNSAID.get(name)])
    ]
    shared = {name: item for name, item in shared.items() if item not in (None, wording.UNSAID.get(name))}
    return found + [name for name in AGAIN if len(unique(item.facts[name] for item in items)) > 1], shared


def state(run: Run, best: bool) -> Entry:
    """Return how a run ended, or what is to be known of it."""
    if not run.finished:
        error = wording.error(run.error) if run.error else ""
        return Entry(run.status, run.status, note=error, look="hint" if run.status == "skipped" else "bad")
    marks = {"best": best, "packed": run.packed, "disturbed": disturbance.disturbed(run)}
    words = [mark for mark, holds in marks.items() if holds]
    warning = run.details.get("warning", "")
    look = "bad" if warning else "good" if best else "hint"
    return Entry(", ".join(words) or "ok", "ok", note=warning, look=look)


def digits(items: list[Numbered]) -> tuple[int, int]:
    """Return the decimals of training times and of times to result in a table."""
    return (
        parts.column_digits(item.run.train_s for item in items),
        parts.column_digits(item.run.time_to_result_s for item in items),
    )
