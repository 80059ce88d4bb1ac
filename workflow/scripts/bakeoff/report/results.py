"""Tables of results: best configurations, the methods side by side, arithmetic."""

from bakeoff.analysis import methods, wording
from bakeoff.analysis.derived import Alone, BestRow, Chosen, PublishedRow, TestRow
from bakeoff.analysis.methods import Method, winner
from bakeoff.analysis.published import UNLIKE
from bakeoff.analysis.study import Study, unique
from bakeoff.records.parts import Compute
from bakeoff.report import folded, parts
from bakeoff.report.parts import Column, Entry, Table

Headlines = dict[str, float | None]

IN_THE_GRID = "in the grid"
CHOSEN = (
    "Chosen by validation accuracy (n = {}), never by test accuracy (n = {}). Small: Wilson 95 % interval. "
    "Gap: validation minus test."
)
TRAIN = "Train: while a model learnt, in its last epoch, where it has epochs; else once it was fitted."
ALONE = "Training: the chosen settings again, with no other job of the study beside them, on {}; median."
IN_GRID = f"{IN_THE_GRID.capitalize()}: beside other work or on few threads, not comparable."
MFLOPS = (
    "Published: what that study calls MFLOPs, of images of 32 \N{MULTIPLICATION SIGN} 32 pixels. They are "
    "millions of multiply-accumulates, and of batch normalisation two per value; FLOPs are twice as many."
)
# Data sets side by side on paper, with training times and without.
WITH_TIMES, ABREAST = 4, 10
SEEDS = "Other seeds: the chosen settings trained again from seeds that had no part in the choice."


def best(study: Study, rows: list[BestRow], published: list[PublishedRow]) -> list[Table]:
    """Return one table per data set, the choice by validation accuracy first."""
    tables = []
    for dataset in study.datasets:
        mine = [row for row in rows if row.dataset == dataset]
        theirs = [row for row in published if row.dataset == dataset]
        # Accuracies on other images are not held against theirs.
        whole = not any(row.verdict in UNLIKE for row in theirs)
        headlines = {
            row.competitor: row.published_test for row in theirs if row.table == "headline" and whole
        }
        if mine:
            tables.append(_best(study, dataset, mine, headlines))
    return tables


def _best(study: Study, dataset: str, rows: list[BestRow], headlines: Headlines) -> Table:
    done = [row.chosen for row in rows if row.chosen]
    first = winner([row for row in rows if row.chosen]) if done else None
    rows = sorted(rows, key=lambda row: (row is not first, -_validation(row)))
    digits = parts.column_digits(chosen.train_s for chosen in done)
    fresh = any(chosen.fresh for chosen in done)
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
    lines = [
        [
            parts.text(study.label(row.competitor)),
            *_best_row(study, row.chosen, digits, fresh),
            *(_beside(row.chosen, headlines.get(row.competitor)) if headlines else []),
        ]
        if row.chosen
        else _unfinished(study, row, len(columns))
        for row in rows
    ]
    note = " ".join(filter(None, [_best_note(done), *folded.notes(study, dataset)]))
    return Table(f"best-{dataset}", caption, columns, lines, note)


def _validation(row: BestRow) -> float:
    return row.chosen.validation.accuracy if row.chosen else 0.0


def _best_note(done: list[Chosen]) -> str:
    """Say how the rows came about, as far as it holds for some of them."""
    if not done:
        return ""
    sizes = [unique(chosen.validation.n for chosen in done), unique(chosen.test.n for chosen in done)]
    counts = [wording.listed([wording.count(n) for n in each], "or") for each in sizes]
    said = [CHOSEN.format(*counts), TRAIN]
    alone = [chosen.alone for chosen in done if chosen.alone]
    if alone:
        threads = unique(each.threads for each in alone if not each.elsewhere)
        said.append(ALONE.format(wording.listed([wording.plural(n, "thread") for n in threads], "or")))
    if len(alone) < len(done):
        said.append(IN_GRID)
    if elsewhere := unique(_place(each) for each in alone if each.elsewhere):
        said.append(f"Times on {wording.listed(elsewhere)} are not ranked with the others.")
    if any(each.disturbed == each.n for each in alone):
        said.append("Times of which all were disturbed are not ranked.")
    if any(chosen.fresh for chosen in done):
        said.append(SEEDS)
    return " ".join(said)


def _unfinished(study: Study, row: BestRow, width: int) -> list[Entry]:
    named = [parts.text(study.label(row.competitor)), parts.text(row.status, look="hint")]
    return [*named, *[parts.text(None)] * (width - 2)]


def _best_row(study: Study, chosen: Chosen, digits: int, fresh: bool) -> list[Entry]:
    settings = wording.settings(chosen.settings, study.levels(chosen.factors))
    seeds = f", {wording.plural(chosen.seeds, 'seed')}" if chosen.seeds > 1 else ""
    return [
        parts.text(settings, note=f"{chosen.cell}{seeds}"),
        parts.percent(chosen.train_accuracy),
        parts.interval(chosen.validation),
        parts.interval(chosen.test),
        parts.points(chosen.optimism_gap),
        *([_fresh(chosen)] if fresh else []),
        _time(chosen, digits),
    ]


def _beside(chosen: Chosen, theirs: float | None) -> list[Entry]:
    """Return a published headline and how much more accurate ours is."""
    difference = None if theirs is None else chosen.test.accuracy - theirs
    return [parts.percent(theirs), parts.points(difference)]


def _fresh(chosen: Chosen) -> Entry:
    """Return what seeds come to that had no part in the choice; nothing where nothing is random."""
    found = chosen.fresh
    if found is None:
        return parts.text(None)
    spread = f"sd {wording.percent(found.sd)}, " if found.sd is not None else ""
    lost = f", {chosen.lost} did not finish" if chosen.lost else ""
    return parts.percent(found.accuracy, note=f"{spread}n = {found.n}{lost}")


def _time(chosen: Chosen, digits: int) -> Entry:
    """Return a training time with its device, or that it was measured beside other runs."""
    where = wording.device(chosen.device)
    note = f"{where}, {_timed(chosen.alone)}" if chosen.alone else IN_THE_GRID
    return parts.seconds(chosen.train_s, digits, note=note)


def _timed(alone: Alone) -> str:
    """Say how many trainings a time is the median of, how many of these others disturbed, and where else."""
    some = f", {alone.disturbed} disturbed" if alone.disturbed else ""
    elsewhere = f", {_place(alone)}" if alone.elsewhere else ""
    return f"n = {alone.n}{some}{elsewhere}"


def _place(alone: Alone) -> str:
    return f"machine {alone.machine} with {wording.plural(alone.threads, 'thread')}"


def side_by_side(study: Study, best: list[BestRow], tests: list[TestRow]) -> list[Table]:
    """Return the methods side by side, many data sets in several tables; nothing of a single method."""
    every = study.datasets
    timed = len(every) <= WITH_TIMES
    found = []
    for some in (every[start : start + ABREAST] for start in range(0, len(every), ABREAST)):
        each = methods.summary(study, [row for row in best if row.dataset in some], tests)
        found += [_abreast(study, each, some, timed)] if len(each) > 1 else []
    return found


def _abreast(study: Study, found: list[Method], datasets: list[str], timed: bool) -> Table:
    """Return the methods on some data sets, with their training times if there is room for these."""
    digits = parts.column_digits(row.measured.train_s for method in found for row in method.best.values())
    columns = [Column("Method")]
    for dataset in datasets:
        columns.append(Column(f"{study.title(dataset)} test", "%", True))
        columns += [Column("Training", "s", True)] if timed else []
    rows = []
    for method in found:
        entries = [parts.text(study.label(method.competitor))]
        for dataset in datasets:
            row = method.best.get(dataset)
            entries.append(parts.percent(row.measured.test.accuracy) if row else parts.text(None))
            if timed:
                entries.append(_time(row.measured, digits) if row else parts.text(None))
        uses = "; ".join(method.uses)
        entries.append(Entry(f"{uses[:1].upper()}{uses[1:]}" if uses else "\N{EN DASH}"))
        rows.append(entries)
    note = "Derived from the measurements above; a method that leads in nothing gets no use."
    start = study.datasets.index(datasets[0])
    name, caption = (
        ("methods", "The methods side by side") if not start else (f"methods-{start}", "Continued")
    )
    return Table(name, caption, [*columns, Column("Best used for")], rows, note, dense=not timed)


def arithmetic(study: Study, rows: list[BestRow], published: list[PublishedRow]) -> list[Table]:
    """Return what one image costs each best model, and what the published study says of the same one."""
    cells = {(cell.dataset, cell.cell): cell.compute for cell in study.selection}
    theirs = {row.competitor: row.published_mflops for row in published if row.published_mflops}
    beside = any(row.competitor in theirs for row in rows)
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
        compute = cells.get((row.dataset, row.chosen.cell)) if row.chosen else None
        if compute:
            numbers = compute.parameters, compute.macs_forward, compute.flops_forward, compute.flops_train
            found.append(
                [
                    parts.text(study.label(row.competitor)),
                    parts.text(study.title(row.dataset)),
                    *map(parts.scaled, numbers),
                    *([_mflops(theirs.get(row.competitor), compute.macs_forward)] if beside else []),
                    Entry(compute.method, note=_operators(compute)),
                ]
            )
    note = MFLOPS if beside else ""
    return [Table("cost", "Cost of one image", columns, found, note)] if found else []


def _operators(compute: Compute) -> str:
    """Say what was counted of each operator, the most first."""
    counted = sorted((compute.operators or {}).items(), key=lambda each: -each[1])
    return ", ".join(f"{name} {wording.scaled(number)}" for name, number in counted)


def _mflops(theirs: float | None, macs: int | None) -> Entry:
    """Return the published count with its factor to our multiply-accumulates."""
    if theirs is None or not macs:
        return parts.text(None)
    factor = 1e6 * theirs / macs
    return Entry(f"{theirs:.2f}", theirs, note=f"{factor:.3f} \N{MULTIPLICATION SIGN} our MACs")
