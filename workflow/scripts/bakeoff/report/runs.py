"""Every run as a row, numbered, and for every number the command that makes the run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from bakeoff.analysis import disturbance, reproduce, wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, by, place, unique
from bakeoff.records.record import Record, Run, model_name
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table

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
TIMED = {"alone": "lone {} run", "speed": "timed run"}
FAMILIES = {"network": ("networks", "network"), "svm": ("SVMs", "SVM")}
WORDS = ("precision", "engine", "pin_memory", "gamma", "scale")


@dataclass(frozen=True)
class Numbered:
    """A run with its place in the report (from 1) and the cell that it belongs to."""

    number: int
    cell: Record
    run: Run

    @property
    def settings(self) -> dict[str, Any]:
        """Return its settings, the precision as it was used."""
        return wording.used(wording.as_run(self.run))

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
    pairs = [(cell, run) for cell in cells for run in cell["runs"]]
    return [Numbered(number, cell, run) for number, (cell, run) in enumerate(pairs, start=1)]


def grids(study: Study, runs: list[Numbered]) -> list[Table]:
    """Return the whole grid: a table per data set and family."""
    mine = [item for item in runs if item.cell["purpose"] == "selection"]
    tables = []
    for dataset in study.datasets:
        best = _best(study, dataset)
        for family, (what, _) in FAMILIES.items():
            items = [i for i in mine if i.cell["dataset"] == dataset and i.cell["family"] == family]
            if items:
                caption = f"{study.title(dataset)}: the {what}, {wording.plural(len(items), 'run')}"
                tables.append(_table(f"grid-{dataset}-{family}", caption, items, best))
    return tables


def _best(study: Study, dataset: str) -> list[Run]:
    cells = [cell for cell in study.selection if cell["dataset"] == dataset]
    pairs = [best_cell(study, members) for members in by(cells, model_name).values()]
    return [run for pair in pairs if pair for run in pair[1]]


def timed(study: Study, runs: list[Numbered]) -> list[Table]:
    """Return every run that was timed alone: of what cells chose, and of the comparison of devices."""
    tables = []
    for dataset, purpose, family in product(study.datasets, TIMED, FAMILIES):
        of = (dataset, purpose, family)
        items = [i for i in runs if (i.cell["dataset"], i.cell["purpose"], i.cell["family"]) == of]
        if items:
            noun = TIMED[purpose].format(FAMILIES[family][1])
            caption = f"{study.title(dataset)}: {wording.plural(len(items), noun)}"
            tables.append(_table(f"{purpose}-{dataset}-{family}", caption, items, []))
    return tables


def _table(name: str, caption: str, items: list[Numbered], best: list[Run]) -> Table:
    settings, shared = _shown(items)
    shares = OF_TIMED if items[0].cell["purpose"] in TIMED else tuple(SHARES)
    digits = [
        parts.column_digits(item.run[time] for item in items) for time in ("train_s", "time_to_result_s")
    ]
    columns = [
        Column("Run", "", True),
        Column("Model"),
        Column("Device"),
        *(Column(_head(n), "", n not in WORDS) for n in settings),
        *(SHARES[name] for name in shares),
        *TIMES,
        Column("State"),
    ]
    rows = [_row(item, settings, shares, digits, any(item.run is run for run in best)) for item in items]
    notes = [
        *(["Best: chosen for its model."] if best else []),
        "The run's number leads to the command that makes it again (in the HTML report, of a large study).",
        *([f"All runs: {wording.settings(shared)}."] if shared else []),
        *_facts(items),
    ]
    note = " ".join(notes)
    table = Table(name, caption, columns, rows, note, folded=len(rows) > 12, dense=True)
    worst = [-(item.run["validation_accuracy"] or 0) for item in items]
    return parts.excerpted(table, worst, "best", "validation accuracy")


def _head(name: str) -> str:
    said = wording.setting(name)
    return said[:1].upper() + said[1:]


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
    return shown + [n for n in ("seed", "repeat") if len(unique(i.run[n] for i in items)) > 1], shared


def _facts(items: list[Numbered]) -> list[str]:
    """Say what runs did of themselves: how steps were carried out and in which numbers, on what."""
    found = []
    for name, label in FACTS.items():
        said: dict[str, dict[str, list[str]]] = {}
        for item in items:
            if value := item.run["details"].get(name):
                engines = said.setdefault(item.cell["device"], {}).setdefault(value, [])
                engines.append(str(item.run["settings"].get("engine")))
        words = [
            f"{value} ({', '.join([wording.device(device), *(unique(engines) if len(values) > 1 else [])])})"
            for device, values in said.items()
            for value, engines in values.items()
        ]
        if words:
            found.append(f"{label}: {', '.join(words)}.")
    return found


def _row(
    item: Numbered, settings: list[str], shares: Sequence[str], digits: list[int], best: bool
) -> list[Cell]:
    run, cell = item.run, item.cell
    facts: dict[str, Any] = {**item.settings, "seed": run["seed"], "repeat": run["repeat"]}
    model = wording.model(model_name(cell))
    if cell["optimizer"]:
        model = f"{model} {wording.optimizer(cell['optimizer'])}"
    times = zip(("train_s", "time_to_result_s"), digits, strict=True)
    return [
        Cell(str(item.number), item.number, link=f"#{item.anchor}"),
        parts.text(model),
        parts.text(wording.device(cell["device"])),
        *(Cell(wording.value(facts.get(name)), facts.get(name)) for name in settings),
        *(parts.percent(run[name]) for name in shares),
        *(parts.seconds(run[time], places) for time, places in times),
        _state(run, best),
    ]


def _state(run: Run, best: bool) -> Cell:
    if run["status"] != "ok":
        error = wording.error(run["error"]) if run["error"] else ""
        return Cell(run["status"], run["status"], note=error, look="bad")
    marks = {"best": best, "packed": run["packed"], "disturbed": disturbance.disturbed(run)}
    words = [mark for mark, holds in marks.items() if holds]
    warning = run["details"].get("warning", "")
    look = "bad" if warning else "good" if best else "hint"
    return Cell(", ".join(words) or "ok", "ok", note=warning, look=look)


def commands(runs: list[Numbered]) -> list[Commands]:
    """Return the command of every cell and of every run in it."""
    found: dict[int, list[Numbered]] = {}
    for item in runs:
        found.setdefault(id(item.cell), []).append(item)
    return [_commands(items) for items in found.values()]


def _commands(items: list[Numbered]) -> Commands:
    cell = items[0].cell
    rows = []
    for item in items:
        words = wording.settings(item.settings)
        if cell["purpose"] in TIMED:
            words += f", repeat {item.run['repeat']}"
        elif item.run["seed"] is not None:
            words += f", seed {item.run['seed']}"
        rows.append((item, words, reproduce.command(cell, item.run)))
    return Commands(place(cell), cell["command"], rows)
