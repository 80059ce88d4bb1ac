"""Tables of results: best configurations, the methods side by side, arithmetic."""

import json

from bakeoff.analysis import wording
from bakeoff.analysis.best import difference
from bakeoff.analysis.methods import Method, winner
from bakeoff.analysis.published import UNLIKE
from bakeoff.analysis.study import Study, unique
from bakeoff.analysis.tables import Row
from bakeoff.records.record import cell_name
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table

IN_THE_GRID = "in the grid"
CHOSEN = (
    "Chosen by validation accuracy (n = {}), never by test accuracy (n = {}). Small: Wilson 95 % interval. "
    "Gap: validation minus test."
)
TRAIN = "Train: a network's while it learnt, in its last epoch; an SVM's once it was fitted."
ALONE = "Training: the chosen settings again, with no other job of the study beside them, on {}; median."
IN_GRID = f"{IN_THE_GRID.capitalize()}: beside other work or on few threads, not comparable."
MFLOPS = (
    "Published: what that study calls MFLOPs, of images of 32 \N{MULTIPLICATION SIGN} 32 pixels. They are "
    "millions of multiply-accumulates, and of batch normalisation two per value; FLOPs are twice as many."
)
SEEDS = "Other seeds: the chosen settings trained again from seeds that had no part in the choice."


def best(study: Study, rows: list[Row], published: list[Row]) -> list[Table]:
    """Return one table per data set, the choice by validation accuracy first."""
    tables = []
    for dataset in study.datasets:
        mine = [row for row in rows if row["dataset"] == dataset]
        theirs = [row for row in published if row["dataset"] == dataset]
        # Accuracies on other images are not held against theirs.
        whole = not any(row["verdict"] in UNLIKE for row in theirs)
        headlines = {
            row["model"]: row["published_test"] for row in theirs if row["table"] == "headline" and whole
        }
        if mine:
            tables.append(_best(study, dataset, mine, headlines))
    return tables


def _best(study: Study, dataset: str, rows: list[Row], headlines: dict[str, float]) -> Table:
    done = [row for row in rows if row["status"] == "ok"]
    first = winner(done) if done else None
    rows = sorted(rows, key=lambda row: (row is not first, -(row["validation_accuracy"] or 0)))
    digits = parts.column_digits(row["train_s"] for row in rows)
    fresh = any(row["fresh_n"] for row in rows)
    columns = [
        Column("Model"),
        Column("Settings"),
        Column("Train", "%", True),
        Column("Validation", "%, 95 %", True),
        Column("Test", "%, 95 %", True),
        Column("Gap", "points", True),
        *([Column("Other seeds", "test %", True)] if fresh else []),
        Column("Training", "s", True),
    ]
    if headlines:
        columns.append(Column("Published", "test %", True))
        columns.append(Column("Ours \N{MINUS SIGN} theirs", "points", True))
    caption = f"{study.title(dataset)}: the best configuration of every model"
    cells = [_best_row(row, headlines, digits, len(columns), fresh) for row in rows]
    return Table(f"best-{dataset}", caption, columns, cells, _best_note(rows))


def _best_note(rows: list[Row]) -> str:
    """Say how the rows came about, as far as it holds for some of them."""
    done = [row for row in rows if row["status"] == "ok"]
    if not done:
        return ""
    sizes = (unique(row[f"{part}_n"] for row in done) for part in ("validation", "test"))
    counts = [wording.listed([wording.count(n) for n in each], "or") for each in sizes]
    said = [CHOSEN.format(*counts), TRAIN]
    if any(row["alone"] for row in done):
        threads = unique(row["threads"] for row in done if row["alone"] and not row["elsewhere"])
        said.append(ALONE.format(wording.listed([wording.plural(n, "thread") for n in threads], "or")))
    if not all(row["alone"] for row in done):
        said.append(IN_GRID)
    if elsewhere := unique(_place(row) for row in done if row["elsewhere"]):
        said.append(f"Times on {wording.listed(elsewhere)} are not ranked with the others.")
    if any(row["alone"] and row["disturbed"] == row["timed_n"] for row in done):
        said.append("Times of which all were disturbed are not ranked.")
    if any(row["fresh_n"] for row in done):
        said.append(SEEDS)
    return " ".join(said)


def _unfinished(row: Row, width: int) -> list[Cell]:
    return [
        parts.text(wording.model(row["model"])),
        parts.text(row["status"], look="hint"),
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
        parts.percent(row["train_accuracy"]),
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
    lost = f", {row['fresh_lost']} did not finish" if row["fresh_lost"] else ""
    return parts.percent(row["fresh_accuracy"], note=f"{spread}n = {row['fresh_n']}{lost}")


def _time(row: Row, digits: int) -> Cell:
    """Return a training time with its device, or that it was measured beside other runs."""
    where = wording.device(row["device"])
    return parts.seconds(
        row["train_s"], digits, note=f"{where}, {_timed(row)}" if row["alone"] else IN_THE_GRID
    )


def _timed(row: Row) -> str:
    """Say how many trainings a time is the median of, how many of these others disturbed, and where else."""
    some = f", {row['disturbed']} disturbed" if row["disturbed"] else ""
    elsewhere = f", {_place(row)}" if row["elsewhere"] else ""
    return f"n = {row['timed_n']}{some}{elsewhere}"


def _place(row: Row) -> str:
    return f"machine {row['machine']} with {wording.plural(row['threads'], 'thread')}"


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


def arithmetic(study: Study, rows: list[Row], published: list[Row]) -> list[Table]:
    """Return what one image costs each best model, and what the published study says of the same network."""
    cells = {(cell["dataset"], cell_name(cell)): cell for cell in study.selection}
    theirs = {row["model"]: row["published_mflops"] for row in published if row["published_mflops"]}
    beside = any(row["model"] in theirs for row in rows)
    columns = [
        Column("Model"),
        Column("Data set"),
        Column("Parameters", "", True),
        Column("MACs forward", "", True),
        Column("FLOPs forward", "", True),
        Column("FLOPs training", "", True),
        *([Column("Published", "MFLOPs", True)] if beside else []),
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
                    *([_mflops(theirs.get(row["model"]), compute["macs_forward"])] if beside else []),
                    parts.text(compute["method"]),
                ]
            )
    note = MFLOPS if beside else ""
    return [Table("cost", "Cost of one image", columns, found, note)] if found else []


def _mflops(theirs: float | None, macs: int | None) -> Cell:
    """Return the published count with its factor to our multiply-accumulates."""
    if theirs is None or not macs:
        return parts.text(None)
    factor = 1e6 * theirs / macs
    return Cell(f"{theirs:.2f}", theirs, note=f"{factor:.3f} \N{MULTIPLICATION SIGN} our MACs")
