"""The tables of runs: every setting that was tried, what it came to and how long it took."""

from dataclasses import replace

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, unique
from bakeoff.records.record import accuracies
from bakeoff.report import parts, runs
from bakeoff.report.parts import Column, Entry, Table
from bakeoff.report.runs import AGAIN, Group, Numbered

SHARES = {
    "validation_accuracy": "Validation",
    "test_accuracy": "Test",
    "holdout_accuracy": "Holdout",
    "train_accuracy": "Train",
}
# What a timed run, which nothing is chosen from, is told by.
OF_TIMED = ("validation_accuracy", "test_accuracy")
TIMES = {"train_s": "Training", "time_to_result_s": "To result"}
# Of so many settings each has a column; of more, those that mostly go without saying share one.
APART = 6
# Of a run's details, those that say how a device did its work.
FACTS = {"execution": "Steps", "autocast": "Autocast"}


def tables(study: Study, groups: list[Group], embedded: bool) -> list[Table]:
    """Return a table of every group's runs, a few of them where the page holds all runs (embedded)."""
    rows = max(parts.FEW, min(parts.EXCERPT, parts.HELD // max(1, len(groups))))
    return [_table(study, group, rows if embedded else None) for group in groups]


def _table(study: Study, group: Group, held: int | None) -> Table:
    """Return a table of all runs of a group, or of so many where the page holds them all."""
    items = group.items
    settings, shared = runs.shown(items)
    # Rows of a large study are the script's, which has a column for each.
    together = [] if held else _together(settings)
    columns = _columns(group, [name for name in settings if name not in together], together)
    notes = [
        *(["Best: chosen for its model."] if group.best else []),
        "The run's number leads to the command that makes it again (in the HTML report, of a large study).",
        *([f"All runs: {wording.settings(shared)}."] if shared else []),
        *_facts(items),
    ]
    rows = [_row(study, group, columns, together, item) for item in items]
    name, caption = group.name, group.caption
    table = Table(name, caption, columns, rows, " ".join(notes), folded=len(rows) > 12, dense=True)
    worst = [-(item.run.validation_accuracy or 0) for item in items]
    if held:
        table = parts.excerpted(table, worst, "{} best", "validation accuracy", held, held)
        return replace(table, embedded=bool(table.excerpt), folded=bool(table.excerpt))
    return parts.excerpted(table, worst, "{} best", "validation accuracy")


def _together(settings: list[str]) -> list[str]:
    """Return the settings that share a column: of many those with a value that goes without saying."""
    told = [name for name in settings if name not in AGAIN]
    return [name for name in told if name in wording.UNSAID] if len(told) > APART else []


def _columns(group: Group, names: list[str], together: list[str]) -> list[Column]:
    """Return the columns, settings by these names among them, each with the key of an embedded run."""
    items = group.items
    settings = [
        Column(_head(name), "", _numbers(name, items), name if name in AGAIN else f"settings.{name}")
        for name in names
    ]
    shares = OF_TIMED if group.timed else accuracies(item.cell for item in items)
    return [
        Column("Run", "", True, "run"),
        Column("Model", key="title"),
        Column("Device", key="on"),
        *settings,
        *([Column("Further settings", key="together")] if together else []),
        *(Column(SHARES[name], "%", True, name, 2) for name in shares),
        *(
            Column(label, "s", True, name, digits)
            for (name, label), digits in zip(TIMES.items(), runs.digits(items), strict=True)
        ),
        Column("State", key="state"),
    ]


def _head(name: str) -> str:
    said = wording.setting(name)
    return said[:1].upper() + said[1:]


def _numbers(name: str, items: list[Numbered]) -> bool:
    """Tell whether all values of a setting are numbers, as far as it has one."""
    values = [value for item in items if (value := item.facts.get(name)) is not None]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _row(
    study: Study, group: Group, columns: list[Column], together: list[str], item: Numbered
) -> list[Entry]:
    facts = item.facts
    further = {name: facts.get(name) for name in together}
    own = {
        "run": Entry(str(item.number), item.number, link=f"#{item.anchor}"),
        "title": parts.text(runs.title(study, item.cell)),
        "on": parts.text(wording.device(item.cell.device)),
        "together": Entry(wording.settings(further, short=True), look="words"),
        "state": runs.state(item.run, id(item.run) in group.best),
    }
    return [own[column.key] if column.key in own else _entry(item, facts, column) for column in columns]


def _entry(item: Numbered, facts: dict[str, object], column: Column) -> Entry:
    """Return a measurement of a run, or a setting of it."""
    if column.key in SHARES:
        return parts.percent(getattr(item.run, column.key))
    if column.key in TIMES:
        return parts.seconds(getattr(item.run, column.key), column.digits)
    name = column.key.removeprefix("settings.")
    found = facts.get(name, wording.UNSAID.get(name))
    return Entry(wording.value(found), found)


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
