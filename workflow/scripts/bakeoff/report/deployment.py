"""What it takes to use the models: how long a prediction is, where the file lies, what it expects."""

from bakeoff.analysis import wording
from bakeoff.analysis.derived import BestRow, Chosen, Predicting
from bakeoff.analysis.study import Study, unique
from bakeoff.records.parts import Saved
from bakeoff.records.record import Record
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table


def predictions(study: Study, best: list[BestRow]) -> list[Table]:
    """Return how long every best configuration takes to predict, as far as it was measured."""
    columns = (
        Column("Model"),
        Column("Data set"),
        Column("Device"),
        Column("One image", "ms, median", True),
        Column("Batch", "ms an image, median", True),
        Column("Images per second", "in a batch", True),
    )
    note = (
        "By the saved model, with no other job of the study beside it, from pixels in memory to class "
        "numbers and scores: files are neither read nor decoded. Small: 5th to 95th percentile of the calls, "
        "and the images of a batch."
    )
    rows = [
        _prediction(study, row, chosen, chosen.predicting)
        for row in best
        if (chosen := row.chosen) and chosen.predicting
    ]
    return [Table("predictions", "Prediction times", columns, rows, note)] if rows else []


def _prediction(study: Study, row: BestRow, chosen: Chosen, found: Predicting) -> list[Entry]:
    low, high = (wording.milliseconds(end) for end in (found.one_s_low, found.one_s_high))
    device = wording.device(found.device)
    if chosen.alone and chosen.alone.elsewhere:
        device += f", machine {chosen.alone.machine}"
    return [
        parts.text(study.label(row.competitor)),
        parts.text(study.title(row.dataset)),
        parts.text(device, note="disturbed" if found.disturbed else ""),
        Entry(wording.milliseconds(found.one_s), found.one_s, note=f"{low}\N{EN DASH}{high}"),
        Entry(wording.milliseconds(found.batch_each_s), found.batch_each_s, note=f"of {found.batch_n}"),
        Entry(wording.count(round(found.images_per_s)), found.images_per_s),
    ]


def models(study: Study, best: list[BestRow]) -> list[Table]:
    """Return what the saved model of every best configuration takes, for those whose record says it."""
    cells = {(each.dataset, each.cell): each for each in study.selection}
    chosen = [cells.get((row.dataset, row.chosen.cell)) for row in best if row.chosen]
    columns = (
        Column("Model"),
        Column("Data set"),
        Column("File"),
        Column("Image", "rows \N{MULTIPLICATION SIGN} columns \N{MULTIPLICATION SIGN} channels"),
        Column("Values"),
        Column("Mean, deviation", "of pixels in 0\N{EN DASH}1"),
    )
    note = (
        "Files lie beside the records. bakeoff.saved.load(file) returns what takes uint8 images of this size "
        "and answers with class numbers and scores; it makes the values, (pixel / 255 \N{MINUS SIGN} mean) / "
        "deviation, itself. Whoever loads the weights otherwise has to."
    )
    rows = [_model(study, record, record.saved) for record in chosen if record and record.saved]
    return [Table("saved", "Saved models", columns, rows, note)] if rows else []


def _model(study: Study, record: Record, saved: Saved) -> list[Entry]:
    file = f"{record.dataset}/{saved.file}"
    low, high = (wording.value(end).replace("-", "\N{MINUS SIGN}") for end in saved.range)
    scaling = zip(saved.mean, saved.deviation, strict=True)
    pairs = unique(f"{wording.value(mean)}, {wording.value(deviation)}" for mean, deviation in scaling)
    return [
        parts.text(study.label(record.competitor)),
        parts.text(study.title(record.dataset)),
        Entry(file, file, look="code"),
        parts.text(" \N{MULTIPLICATION SIGN} ".join(map(str, (*saved.size, saved.channels)))),
        parts.text(f"{low} to {high}"),
        parts.text("; ".join(pairs)),
    ]
