"""What it takes to use the models: how long a prediction is, where the file lies, what it expects."""

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, unique
from bakeoff.analysis.tables import Row
from bakeoff.records.record import Record, cell_name, model_name
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table


def predictions(study: Study, best: list[Row]) -> list[Table]:
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
    rows = [_prediction(study, row) for row in best if row["one_s"] is not None]
    return [Table("predictions", "Prediction times", columns, rows, note)] if rows else []


def _prediction(study: Study, row: Row) -> list[Cell]:
    low, high = (wording.milliseconds(row[f"one_s_{end}"]) for end in ("low", "high"))
    device = wording.device(row["predicting_device"])
    if row["elsewhere"]:
        device += f", machine {row['machine']}"
    return [
        parts.text(wording.model(row["model"])),
        parts.text(study.title(row["dataset"])),
        parts.text(device, note="disturbed" if row["predicting_disturbed"] else ""),
        Cell(wording.milliseconds(row["one_s"]), row["one_s"], note=f"{low}\N{EN DASH}{high}"),
        Cell(wording.milliseconds(row["batch_each_s"]), row["batch_each_s"], note=f"of {row['batch_n']}"),
        Cell(wording.count(round(row["images_per_s"])), row["images_per_s"]),
    ]


def models(study: Study, best: list[Row]) -> list[Table]:
    """Return what the saved model of every best configuration takes, for those whose record says it."""
    saved = {(each["dataset"], cell_name(each)): each for each in study.selection if "saved" in each}
    chosen = [saved[key] for row in best if (key := (row["dataset"], row["cell"])) in saved]
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
    rows = [_model(study, record) for record in chosen]
    return [Table("saved", "Saved models", columns, rows, note)] if rows else []


def _model(study: Study, record: Record) -> list[Cell]:
    saved = record["saved"]
    file = f"{record['dataset']}/{saved['file']}"
    low, high = (wording.value(end).replace("-", "\N{MINUS SIGN}") for end in saved["range"])
    scaling = zip(saved["mean"], saved["deviation"], strict=True)
    pairs = unique(f"{wording.value(mean)}, {wording.value(deviation)}" for mean, deviation in scaling)
    return [
        parts.text(wording.model(model_name(record))),
        parts.text(study.title(record["dataset"])),
        Cell(file, file, look="code"),
        parts.text(" \N{MULTIPLICATION SIGN} ".join(map(str, (*saved["size"], saved["channels"])))),
        parts.text(f"{low} to {high}"),
        parts.text("; ".join(pairs)),
    ]
