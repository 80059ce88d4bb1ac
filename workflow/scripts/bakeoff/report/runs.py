"""Every run as a row, numbered, and for every number the command that makes the run again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bakeoff.analysis import disturbance, reproduce, wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, by, place, unique
from bakeoff.analysis.wording import CarriedOut
from bakeoff.records.record import Purpose, Record
from bakeoff.records.request import REFIT
from bakeoff.records.run import Run
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table

SHARES = {
    "validation_accuracy": Column("Validation", "%", True),
    "test_accuracy": Column("Test", "%", True),
    "holdout_accuracy": Column("Holdout", "%", True),
    "train_accuracy": Column("Train", "%", True),
}
# What a timed run, which nothing is chosen from, is told by.
OF_TIMED = ("validation_accuracy", "test_accuracy")
TIMES = (Column("Training", "s", True), Column("To result", "s", True))

# Of a run's details, those that say how a device did its work.
FACTS = {"execution": "Steps", "autocast": "Autocast"}
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
class Commands:
    """The commands of one cell: the whole cell's, and one per run."""

    title: str
    command: str
    runs: Sequence[tuple[Numbered, str, str]]


def numbered(study: Study) -> list[Numbered]:
    """Number every run, selection first, in the order of the records."""
    cells = [*study.selection, *study.alone, *study.speed]
    pairs = [(cell, run) for cell in cells for run in cell.runs]
    return [Numbered(number, cell, run) for number, (cell, run) in enumerate(pairs, start=1)]


def grids(study: Study, runs: list[Numbered]) -> list[Table]:
    """Return the whole grid: a table per data set and group of competitors."""
    tables = []
    for dataset in study.datasets:
        best = _best(study, dataset)
        for number, (group, items) in enumerate(_groups(study, runs, dataset, "selection"), start=1):
            caption = f"{study.title(dataset)}: the {group}, {wording.plural(len(items), 'run')}"
            tables.append(_table(study, f"grid-{dataset}-{number}", caption, items, best))
    return tables


def _groups(
    study: Study, runs: list[Numbered], dataset: str, purpose: Purpose
) -> list[tuple[str, list[Numbered]]]:
    """Return the runs of each group of competitors, in the order of these."""
    mine = [item for item in runs if (item.cell.dataset, item.cell.purpose) == (dataset, purpose)]
    mine.sort(key=lambda item: study.competitors.index(item.cell.competitor))
    order = list(by(mine, lambda item: item.cell.group))
    found = by(sorted(mine, key=lambda item: item.number), lambda item: item.cell.group)
    return [(group, found[group]) for group in order]


def _best(study: Study, dataset: str) -> set[int]:
    """Return which runs are of the best choices, by identity: comparing them takes as long as a record."""
    cells = [cell for cell in study.selection if cell.dataset == dataset]
    pairs = [best_cell(study, members) for members in by(cells, lambda cell: cell.competitor).values()]
    return {id(run) for pair in pairs if pair for run in (*pair[1].scored, *pair[1].final)}


def timed(study: Study, runs: list[Numbered]) -> list[Table]:
    """Return every run that was timed alone: of what cells chose, and of the comparison of devices."""
    tables = []
    for dataset in study.datasets:
        for purpose, words in TIMED.items():
            for number, (group, items) in enumerate(_groups(study, runs, dataset, purpose), start=1):
                noun = words.format(wording.singular(group))
                caption = f"{study.title(dataset)}: {wording.plural(len(items), noun)}"
                tables.append(_table(study, f"{purpose}-{dataset}-{number}", caption, items, set()))
    return tables


def _table(study: Study, name: str, caption: str, items: list[Numbered], best: set[int]) -> Table:
    settings, shared = _shown(items)
    shares = OF_TIMED if items[0].cell.purpose in TIMED else tuple(SHARES)
    digits = [
        parts.column_digits(item.run.train_s for item in items),
        parts.column_digits(item.run.time_to_result_s for item in items),
    ]
    columns = [
        Column("Run", "", True),
        Column("Model"),
        Column("Device"),
        *(Column(_head(name), "", _numbers(name, items)) for name in settings),
        *(SHARES[name] for name in shares),
        *TIMES,
        Column("State"),
    ]
    rows = [_row(study, item, settings, shares, digits, id(item.run) in best) for item in items]
    notes = [
        *(["Best: chosen for its model."] if best else []),
        "The run's number leads to the command that makes it again (in the HTML report, of a large study).",
        *([f"All runs: {wording.settings(shared)}."] if shared else []),
        *_facts(items),
    ]
    note = " ".join(notes)
    table = Table(name, caption, columns, rows, note, folded=len(rows) > 12, dense=True)
    worst = [-(item.run.validation_accuracy or 0) for item in items]
    return parts.excerpted(table, worst, "best", "validation accuracy")


def _head(name: str) -> str:
    said = wording.setting(name)
    return said[:1].upper() + said[1:]


def _numbers(name: str, items: list[Numbered]) -> bool:
    """Tell whether all values of a setting are numbers, as far as it has one."""
    values = [value for item in items if (value := item.facts.get(name)) is not None]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _shown(items: list[Numbered]) -> tuple[list[str], dict[str, Any]]:
    """Return the settings worth a column, seeds and repeats last, and those that all runs share."""
    names = unique(name for item in items for name in item.settings)
    tried = {name: unique(item.settings.get(name) for item in items) for name in names}
    shared = {name: values[0] for name, values in tried.items() if len(values) == 1 and len(items) > 1}
    shown = [
        name
        for name, values in tried.items()
        if name not in shared and values not in ([None], [wording.UNSAID.get(name)])
    ]
    shared = {name: item for name, item in shared.items() if item not in (None, wording.UNSAID.get(name))}
    return shown + [name for name in AGAIN if len(unique(item.facts[name] for item in items)) > 1], shared


def _facts(items: list[Numbered]) -> list[str]:
    """Say what runs did of themselves: how steps were carried out and in which numbers, on what."""
    found = []
    for name, label in FACTS.items():
        said: dict[str, dict[str, list[str]]] = {}
        for item in items:
            if value := str(item.run.details.get(name) or ""):
                engines = said.setdefault(item.cell.device, {}).setdefault(value, [])
                engines.append(str(item.run.settings.get("engine")))
        words = [
            f"{value} ({', '.join([wording.device(device), *(unique(engines) if len(values) > 1 else [])])})"
            for device, values in said.items()
            for value, engines in values.items()
        ]
        if words:
            found.append(f"{label}: {', '.join(words)}.")
    return found


def _row(
    study: Study,
    item: Numbered,
    settings: list[str],
    shares: Sequence[str],
    digits: list[int],
    best: bool,
) -> list[Entry]:
    run, cell, facts = item.run, item.cell, item.facts
    competitor = [study.label(cell.competitor), *(level.label for level in cell.factors.values())]
    times = zip((run.train_s, run.time_to_result_s), digits, strict=True)
    return [
        Entry(str(item.number), item.number, link=f"#{item.anchor}"),
        parts.text(" ".join(competitor)),
        parts.text(wording.device(cell.device)),
        *(Entry(wording.value(facts.get(name)), facts.get(name)) for name in settings),
        *(parts.percent(getattr(run, name)) for name in shares),
        *(parts.seconds(time, places) for time, places in times),
        _state(run, best),
    ]


def _state(run: Run, best: bool) -> Entry:
    if not run.finished:
        error = wording.error(run.error) if run.error else ""
        return Entry(run.status, run.status, note=error, look="bad")
    marks = {"best": best, "packed": run.packed, "disturbed": disturbance.disturbed(run)}
    words = [mark for mark, holds in marks.items() if holds]
    warning = run.details.get("warning", "")
    look = "bad" if warning else "good" if best else "hint"
    return Entry(", ".join(words) or "ok", "ok", note=warning, look=look)


def commands(runs: list[Numbered]) -> list[Commands]:
    """Return the command of every cell and of every run in it."""
    found: dict[int, list[Numbered]] = {}
    for item in runs:
        found.setdefault(id(item.cell), []).append(item)
    return [_commands(items) for items in found.values()]


def _commands(items: list[Numbered]) -> Commands:
    cell = items[0].cell
    rows = [(item, _words(item), reproduce.command(cell, item.run)) for item in items]
    return Commands(place(cell), cell.command, rows)


def _words(item: Numbered) -> str:
    words, run = [wording.settings(item.settings)], item.run
    if item.cell.purpose in TIMED:
        words.append(f"repeat {run.repeat}")
    elif run.seed is not None:
        words.append(f"seed {run.seed}")
    if run.fold is not None:
        words.append("all folds" if run.fold == REFIT else f"fold {run.fold}")
    return ", ".join(filter(None, words))
