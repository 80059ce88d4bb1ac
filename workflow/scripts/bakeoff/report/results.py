"""Tables of results: best configurations, methods, published values, paired tests, arithmetic."""

import json

from bakeoff.analysis import wording
from bakeoff.analysis.best import difference
from bakeoff.analysis.methods import Method
from bakeoff.analysis.study import Study, unique
from bakeoff.analysis.tables import Row
from bakeoff.records import cell_name
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table

PACKED, IN_THE_GRID = "packed", "in the grid"


def best(study: Study, rows: list[Row], published: list[Row]) -> list[Table]:
    """Return one table per data set, the choice by validation accuracy first."""
    tables = []
    for dataset in study.datasets:
        mine = [row for row in rows if row["dataset"] == dataset]
        headlines = {
            row["model"]: row["published_test"]
            for row in published
            if row["dataset"] == dataset and row["table"] == "headline"
        }
        if mine:
            tables.append(_best(study, dataset, mine, headlines))
    return tables


def _best(study: Study, dataset: str, rows: list[Row], headlines: dict[str, float]) -> Table:
    rows = sorted(rows, key=lambda row: -(row["validation_accuracy"] or 0))
    digits = parts.column_digits(row["train_s"] for row in rows)
    n = next((row for row in rows if row["status"] == "ok"), None)
    fresh = any(row["fresh_n"] for row in rows)
    columns = [
        Column("Model"),
        Column("Settings"),
        Column("Validation", "%, 95 %", True),
        Column("Test", "%, 95 %", True),
        Column("Gap", "points", True),
        *([Column("Other seeds", "test %", True)] if fresh else []),
        Column("Training", "s", True),
        *(
            [
                Column("Published", "test %", True),
                Column("Ours \N{MINUS SIGN} theirs", "points", True),
            ]
            if headlines
            else []
        ),
    ]
    caption = f"{study.title(dataset)}: the best configuration of every model"
    if n is None:
        return Table(f"best-{dataset}", caption, columns, [_unfinished(row, len(columns)) for row in rows])
    note = (
        f"Chosen by validation accuracy (n = {wording.count(n['validation_n'])}), never by test "
        f"accuracy (n = {wording.count(n['test_n'])}). Small: Wilson 95 % interval. Gap: "
        "validation minus test."
    )
    if any(row["alone"] for row in rows):
        note += " Training: the chosen settings again, alone on the machine, with all its cores; median."
    if any(row["alone"] is False for row in rows):
        note += f" {IN_THE_GRID.capitalize()}: beside other work or on few threads, not comparable."
    if elsewhere := sorted({row["machine"] for row in rows if row["alone"] and not row["ranked"]}):
        named = wording.listed([f"machine {number}" for number in elsewhere])
        note += f" Times on {named} are not ranked with the others."
    if any(row["fresh_n"] for row in rows):
        note += " Other seeds: the chosen settings trained again from seeds that had no part in the choice."
    cells = [_best_row(row, headlines, digits, len(columns), fresh) for row in rows]
    return Table(f"best-{dataset}", caption, columns, cells, note)


def _unfinished(row: Row, width: int) -> list[Cell]:
    return [
        parts.text(wording.model(row["model"])),
        parts.text("no run finished", look="hint"),
        *[parts.text(None)] * (width - 2),
    ]


def _best_row(row: Row, headlines: dict[str, float], digits: int, width: int, fresh: bool) -> list[Cell]:
    if row["status"] != "ok":
        return _unfinished(row, width)
    settings = wording.settings(json.loads(row["settings"]), row["optimizer"])
    seeds = f"{row['cell']}, {wording.plural(row['seeds'], 'seed')}" if row["seeds"] > 1 else row["cell"]
    cells = [
        parts.text(wording.model(row["model"])),
        parts.text(settings, note=seeds),
        parts.interval(row, "validation"),
        parts.interval(row, "test"),
        parts.points(row["optimism_gap"]),
        *([_fresh(row)] if fresh else []),
        _time(row, digits),
    ]
    if headlines:
        theirs = headlines.get(row["model"])
        cells += [parts.percent(theirs), parts.points(difference(row["test_accuracy"], theirs))]
    return cells


def _fresh(row: Row) -> Cell:
    """Return what seeds come to that had no part in the choice; nothing where nothing is random."""
    if not row["fresh_n"]:
        return parts.text(None)
    spread = f"sd {wording.percent(row['fresh_sd'])}, " if row["fresh_sd"] is not None else ""
    return parts.percent(row["fresh_accuracy"], note=f"{spread}n = {row['fresh_n']}")


def _time(row: Row, digits: int) -> Cell:
    """Return a training time with its device, or that it was measured beside other runs."""
    where = wording.device(row["device"])
    return parts.seconds(
        row["train_s"], digits, note=f"{where}, {_timed(row)}" if row["alone"] else IN_THE_GRID
    )


def _timed(row: Row) -> str:
    """Say how many trainings a time is the median of, how many of these others disturbed, and where else."""
    some = f", {row['disturbed']} disturbed" if row["disturbed"] else ""
    elsewhere = "" if row["ranked"] else f", machine {row['machine']}"
    return f"n = {row['timed_n']}{some}{elsewhere}"


def methods(study: Study, found: list[Method]) -> list[Table]:
    """Return the methods side by side, or nothing when there is only one."""
    if len(found) < 2:
        return []
    datasets = study.datasets
    times = [method.best[d]["train_s"] for method in found for d in method.best]
    digits = parts.column_digits(times)
    columns = [Column("Method")]
    for dataset in datasets:
        columns += [
            Column(f"{study.title(dataset)} test", "%", True),
            Column("Training", "s", True),
        ]
    rows = []
    for method in found:
        cells = [parts.text(wording.model(method.model))]
        for dataset in datasets:
            row = method.best.get(dataset)
            cells += (
                [parts.percent(row["test_accuracy"]), _time(row, digits)] if row else [parts.text(None)] * 2
            )
        uses = "; ".join(method.uses)
        cells.append(Cell(f"{uses[:1].upper()}{uses[1:]}" if uses else "\N{EN DASH}"))
        rows.append(cells)
    note = "Derived from the measurements above; a method that leads in nothing gets no use."
    return [Table("methods", "The methods side by side", [*columns, Column("Best used for")], rows, note)]


def published(study: Study, rows: list[Row]) -> list[Table]:
    """Return the published rows beside ours, one table per data set."""
    columns = [
        Column("Model"),
        Column("Settings"),
        Column("Published", "test %", True),
        Column("Ours", "test %", True),
        Column("Difference", "points, to their mean", True),
        Column("Band", "\N{PLUS-MINUS SIGN} points", True),
        Column("Theirs", "s", True),
        Column("Ours", "s", True),
        Column("Verdict"),
    ]
    tables = []
    for dataset in study.datasets:
        mine = [row for row in rows if row["dataset"] == dataset]
        if mine:
            results = wording.plural(len(mine), "published result")
            caption = f"{study.title(dataset)}: {results} beside ours"
            kinds = unique(filter(None, map(_precision, mine)))
            note = f"Precision of our networks: {kinds[0]}." if len(kinds) == 1 else ""
            cells = [_published(row, "" if note else _precision(row)) for row in mine]
            name = f"published-{dataset}"
            tables.append(Table(name, caption, columns, cells, note, folded=True, dense=True))
    return tables


def _precision(row: Row) -> str:
    """Return the precision that our run of a published one was carried out in; nothing for an SVM's."""
    ours = json.loads(row["our_settings"]) if row["our_settings"] else {}
    return wording.used(ours).get("precision", "")


def _published(row: Row, precision: str) -> list[Cell]:
    settings = json.loads(row["settings"])
    where = {"cpu_vs_gpu": f"timed on the {wording.device(row['device'])}", "headline": "headline"}
    verdict = row["verdict"]
    return [
        parts.text(wording.model(row["model"])),
        parts.text(
            wording.settings(settings, row["optimizer"], short=True) or None,
            note=where.get(row["table"], ""),
        ),
        parts.percent(row["published_test"]),
        parts.percent(row["our_test"], note=precision),
        parts.points(row["difference"]),
        Cell(wording.percent(row["band"]), row["band"]),
        parts.seconds(row["published_train_s"], 1),
        parts.seconds(row["our_train_s"], 1, note=PACKED if row["our_packed"] else ""),
        parts.text(verdict[:1].upper() + verdict[1:], look="hint" if verdict.startswith("not") else ""),
    ]


def arithmetic(study: Study, rows: list[Row]) -> list[Table]:
    """Return what one image costs each best model: parameters, MACs and FLOPs."""
    cells = {(cell["dataset"], cell_name(cell)): cell for cell in study.selection}
    columns = [
        Column("Model"),
        Column("Data set"),
        Column("Parameters", "", True),
        Column("MACs forward", "", True),
        Column("FLOPs forward", "", True),
        Column("FLOPs training", "", True),
        Column("Counted by"),
    ]
    found = []
    for row in rows:
        cell = cells.get((row["dataset"], row["cell"]))
        if cell:
            compute = cell["compute"]
            numbers = ("parameters", "macs_forward", "flops_forward", "flops_train")
            found.append(
                [
                    parts.text(wording.model(row["model"])),
                    parts.text(study.title(row["dataset"])),
                    *(parts.scaled(compute[name]) for name in numbers),
                    parts.text(compute["method"]),
                ]
            )
    return [Table("cost", "Cost of one image", columns, found)] if found else []
