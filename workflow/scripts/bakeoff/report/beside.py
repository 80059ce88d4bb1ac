"""The published study's results beside ours: accuracies and times, speedups, pinned memory."""

import json

from bakeoff.analysis import pinned, wording
from bakeoff.analysis.pinned import Effect
from bakeoff.analysis.published import CUT_DOWN, DEVICES, OTHER_SIZE, UNLIKE
from bakeoff.analysis.study import Study, by, unique
from bakeoff.analysis.tables import Row
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table

PACKED = "packed"
TIMES = "\N{MULTIPLICATION SIGN}"


def folded(rows: list[Row]) -> str:
    """Say how many published results are in no table: beside ours on other data, or none at all."""
    unlike = {CUT_DOWN: "on cut-down data", OTHER_SIZE: "on images of another size"}
    counts = {words: sum(row["verdict"] == verdict for row in rows) for verdict, words in unlike.items()}
    alone = len(rows) - sum(counts.values()) - sum(map(len, _shown(rows).values()))
    said = [
        *(f"{wording.plural(n, 'published result')} beside ours {words}" for words, n in counts.items() if n),
        *([f"{wording.plural(alone, 'published result')} without a counterpart here"] if alone else []),
    ]
    return f"Not in the tables, as nothing is to be compared: {wording.listed(said)}." if said else ""


def _shown(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each data set's table; none where none of them has ours beside it."""
    whole = by((row for row in rows if row["verdict"] not in UNLIKE), lambda row: row["dataset"])
    return {dataset: mine for dataset, mine in whole.items() if any(row["our_cell"] for row in mine)}


def results(study: Study, rows: list[Row]) -> list[Table]:
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
        ours = sum(row["our_cell"] is not None for row in mine)
        caption = f"{study.title(dataset)}: {count}, {ours} with ours beside"
        kinds = unique(filter(None, map(_precision, mine)))
        said = [f"Precision of our networks: {kinds[0]}."] if len(kinds) == 1 else []
        cells = [_result(row, "" if said else _precision(row)) for row in mine]
        if any(row["published_train"] is not None for row in mine):
            said.append("Train: accuracy on the training images.")
        name = f"published-{dataset}"
        tables.append(Table(name, caption, columns, cells, " ".join(said), folded=True, dense=True))
    return tables


def _precision(row: Row) -> str:
    """Return the precision that our run of a published one was carried out in; nothing for an SVM's."""
    ours = json.loads(row["our_settings"]) if row["our_settings"] else {}
    return wording.used(ours).get("precision", "")


def _result(row: Row, precision: str) -> list[Cell]:
    settings = json.loads(row["settings"])
    where = {DEVICES: f"timed on the {wording.device(row['device'])}", "headline": "headline"}
    verdict, theirs = row["verdict"], row["published_train"]
    return [
        parts.text(wording.model(row["model"])),
        parts.text(
            wording.settings(settings, row["optimizer"], short=True) or None,
            note=where.get(row["table"], ""),
        ),
        parts.percent(row["published_test"], note=_train(theirs)),
        parts.percent(row["our_test"], note=precision or (_train(row["our_train"]) if theirs else "")),
        parts.points(row["difference"]),
        Cell(wording.percent(row["band"]), row["band"]),
        parts.seconds(row["published_train_s"], 1),
        parts.seconds(row["our_train_s"], 1, note=PACKED if row["our_packed"] else ""),
        parts.text(verdict[:1].upper() + verdict[1:], look="hint" if verdict.startswith("not") else ""),
    ]


def _train(accuracy: float | None) -> str:
    return "" if accuracy is None else f"train {wording.percent(accuracy)}"


def speedups(study: Study, rows: list[Row], speedup: list[Row]) -> list[Table]:
    """Return the published speedups of the GPU beside ours; nothing is judged between machines."""
    columns = (
        Column("Training"),
        Column("Data set"),
        Column("Published CPU", "s", True),
        Column("Published GPU", "s", True),
        Column("Published", TIMES, True),
        Column("Ours", f"{TIMES}, 95 %", True),
    )
    ours = {(row["dataset"], row["model"], row["optimizer"]): row for row in speedup}
    timed = [row for row in rows if row["table"] == DEVICES]
    found = []
    for key, each in by(timed, lambda row: (row["dataset"], row["model"], row["optimizer"])).items():
        times = {row["device"]: row["published_train_s"] for row in each}
        ratio = times["cpu"] / times["gpu"]
        found.append(
            [
                parts.text(f"{wording.model(key[1])} {wording.optimizer(key[2])}"),
                parts.text(study.title(key[0])),
                parts.seconds(times["cpu"], 1),
                parts.seconds(times["gpu"], 1),
                Cell(wording.ratio(ratio), ratio),
                _ours(ours.get(key), each),
            ]
        )
    note = (
        "CPU time over GPU time. Theirs are of one training each, on another machine: shown beside ours, not "
        "judged."
    )
    caption = "The published speedups beside ours"
    return [Table("published-speedup", caption, columns, found, note)] if found else []


def _ours(row: Row | None, published: list[Row]) -> Cell:
    for each in published:
        if each["verdict"] in UNLIKE:
            return Cell(each["verdict"].split(": ")[1], None, look="hint")
    if row is None or row["speedup"] is None:
        return Cell(wording.NOT_MEASURED, None, look="hint")
    if any(each["our_cell"] is None for each in published):
        return Cell("timed with other settings", None, look="hint")
    return Cell(
        wording.ratio(row["speedup"]), row["speedup"], note=_span(row["speedup_low"], row["speedup_high"])
    )


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "no interval"
    return wording.ratio_span(low, high)


def memory(study: Study, rows: list[Row]) -> list[Table]:
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
            parts.text(wording.model(model)),
            parts.text(study.title(dataset)),
            _effect(theirs.get((dataset, model))),
            _effect(ours.get((dataset, model))),
        ]
        for dataset, model in unique([*theirs, *ours])
    ]
    note = (
        "Training time without pinned memory over the time with it: above 1, pinned memory was quicker. "
        "Median of pairs that differ in nothing else, with Student's t on the logarithms. Both grids were "
        "timed as they ran, so these are no times of a machine alone. Pinned memory means something "
        "only where a loader copies batches to a GPU."
    )
    return [Table("pinned", "What pinned memory does to the time", columns, found, note)] if found else []


def _effect(effect: Effect | None) -> Cell:
    if effect is None:
        return Cell(wording.NOT_MEASURED, None, look="hint")
    note = f"{_span(effect.low, effect.high)}; {wording.plural(effect.pairs, 'pair')}"
    return Cell(wording.ratio(effect.ratio), effect.ratio, note=note)
