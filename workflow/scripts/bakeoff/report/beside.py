"""The published study's results beside ours: accuracies and times, speedups, pinned memory."""

from bakeoff.analysis import pinned, published, wording
from bakeoff.analysis.derived import PublishedRow
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.pinned import Effect
from bakeoff.analysis.study import Study, by, unique
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table

PACKED = "packed"
TIMES = "\N{MULTIPLICATION SIGN}"


def folded(rows: list[PublishedRow]) -> str:
    """Say how many published results are in no table: beside ours on other data, or none at all."""
    unlike = {published.CUT_DOWN: "on cut-down data", published.OTHER_SIZE: "on images of another size"}
    counts = {words: sum(row.verdict == verdict for row in rows) for verdict, words in unlike.items()}
    alone = len(rows) - sum(counts.values()) - sum(map(len, _shown(rows).values()))
    said = [
        *(f"{wording.plural(n, 'published result')} beside ours {words}" for words, n in counts.items() if n),
        *([f"{wording.plural(alone, 'published result')} without a counterpart here"] if alone else []),
    ]
    return f"Not in the tables, as nothing is to be compared: {wording.listed(said)}." if said else ""


def _shown(rows: list[PublishedRow]) -> dict[str, list[PublishedRow]]:
    """Return the rows of each data set's table; none where none of them has ours beside it."""
    whole = by((row for row in rows if row.verdict not in published.UNLIKE), lambda row: row.dataset)
    return {dataset: mine for dataset, mine in whole.items() if any(row.ours for row in mine)}


def results(study: Study, rows: list[PublishedRow]) -> list[Table]:
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
    for dataset, mine in _shown(rows).items():
        count = wording.plural(len(mine), "published result")
        ours = sum(row.ours is not None for row in mine)
        caption = f"{study.title(dataset)}: {count}, {ours} with ours beside"
        kinds = unique(filter(None, map(_precision, mine)))
        said = [f"Precision of our networks: {kinds[0]}."] if len(kinds) == 1 else []
        entries = [_result(study, row, "" if said else _precision(row)) for row in mine]
        if any(row.published_train is not None for row in mine):
            said.append("Train: accuracy on the training images.")
        name = f"published-{dataset}"
        tables.append(Table(name, caption, columns, entries, " ".join(said), folded=True, dense=True))
    return tables


def _precision(row: PublishedRow) -> str:
    """Return the precision that our run of a published one was carried out in; nothing without one."""
    used = wording.used(row.ours.settings) if row.ours else {}
    return str(used.get("precision", ""))


def _result(study: Study, row: PublishedRow, precision: str) -> list[Entry]:
    where = {published.DEVICES: f"timed on the {wording.device(row.device)}", "headline": "headline"}
    verdict, theirs, ours = row.verdict, row.published_train, row.ours
    beside = precision or (_train(ours.train) if ours and theirs else "")
    settings = wording.settings(row.settings, published.levels(row), short=True)
    return [
        parts.text(_label(study, row.competitor)),
        parts.text(settings or None, note=where.get(row.table, "")),
        parts.percent(row.published_test, note=_train(theirs)),
        parts.percent(ours.test if ours else None, note=beside),
        parts.points(row.difference),
        Entry(wording.percent(row.band), row.band),
        parts.seconds(row.published_train_s, 1),
        parts.seconds(ours.train_s if ours else None, 1, note=PACKED if ours and ours.packed else ""),
        parts.text(verdict[:1].upper() + verdict[1:], look="hint" if verdict.startswith("not") else ""),
    ]


def _train(accuracy: float | None) -> str:
    return "" if accuracy is None else f"train {wording.percent(accuracy)}"


def speedups(study: Study, rows: list[PublishedRow], speedup: list[SpeedupRow]) -> list[Table]:
    """Return the published speedups of the GPU beside ours; nothing is judged between machines."""
    columns = (
        Column("Training"),
        Column("Data set"),
        Column("Published CPU", "s", True),
        Column("Published GPU", "s", True),
        Column("Published", TIMES, True),
        Column("Ours", f"{TIMES}, 95 %", True),
    )
    ours = {(row.dataset, row.competitor, *row.factors.values()): row for row in speedup}
    timed = by((row for row in rows if row.table == published.DEVICES), _training)
    found = []
    for key, each in timed.items():
        named = [_label(study, each[0].competitor), *published.levels(each[0])]
        times = {row.device: row.published_train_s for row in each}
        cpu, gpu = times["cpu"], times["gpu"]
        ratio = cpu / gpu if cpu and gpu else None
        found.append(
            [
                parts.text(" ".join(named)),
                parts.text(study.title(each[0].dataset)),
                parts.seconds(cpu, 1),
                parts.seconds(gpu, 1),
                Entry(wording.ratio(ratio), ratio),
                _ours(ours.get(key), each),
            ]
        )
    note = (
        "CPU time over GPU time. Theirs are of one training each, on another machine: shown beside ours, not "
        "judged."
    )
    caption = "The published speedups beside ours"
    return [Table("published-speedup", caption, columns, found, note)] if found else []


def _training(row: PublishedRow) -> tuple[str, ...]:
    return (row.dataset, row.competitor, *([row.optimizer] if row.optimizer else []))


def _ours(row: SpeedupRow | None, theirs: list[PublishedRow]) -> Entry:
    for each in theirs:
        if each.verdict in published.UNLIKE:
            return Entry(each.verdict.split(": ")[1], None, look="hint")
    if row is None or row.ratios is None:
        return Entry(wording.NOT_MEASURED, None, look="hint")
    if any(each.ours is None for each in theirs):
        return Entry("timed with other settings", None, look="hint")
    ratios = row.ratios
    span = _span(ratios.speedup_low, ratios.speedup_high)
    return Entry(wording.ratio(ratios.speedup), ratios.speedup, note=span)


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "no interval"
    return wording.ratio_span(low, high)


def memory(study: Study, rows: list[PublishedRow]) -> list[Table]:
    """Return what pinned memory did to the training times of the published grid and of ours."""
    theirs, ours = pinned.theirs(rows), pinned.ours(study)
    columns = (
        Column("Model"),
        Column("Data set"),
        Column("Published", f"{TIMES}, 95 %", True),
        Column("Ours", f"{TIMES}, 95 %", True),
    )
    found = [
        [
            parts.text(_label(study, competitor)),
            parts.text(study.title(dataset)),
            _effect(theirs.get((dataset, competitor))),
            _effect(ours.get((dataset, competitor))),
        ]
        for dataset, competitor in unique([*theirs, *ours])
    ]
    note = (
        "Training time without pinned memory over the time with it: above 1, pinned memory was quicker. "
        "Median of pairs that differ in nothing else, with Student's t on the logarithms. Both grids were "
        "timed as they ran, so these are no times of a machine alone. Pinned memory means something "
        "only where a loader copies batches to a GPU."
    )
    return [Table("pinned", "What pinned memory does to the time", columns, found, note)] if found else []


def _label(study: Study, competitor: str) -> str:
    known = competitor in study.competitors
    return study.label(competitor) if known else published.label(competitor)


def _effect(effect: Effect | None) -> Entry:
    if effect is None:
        return Entry(wording.NOT_MEASURED, None, look="hint")
    note = f"{_span(effect.low, effect.high)}; {wording.plural(effect.pairs, 'pair')}"
    return Entry(wording.ratio(effect.ratio), effect.ratio, note=note)
