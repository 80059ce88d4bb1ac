"""Precision and recall of every class: one table each per data set, a column per model."""

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, unique
from bakeoff.analysis.tables import Row
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table

MEANINGS = {
    "recall": "share of the images of a class that were found",
    "precision": "share of the answers with this class that were right",
}


def tables(study: Study, rows: list[Row]) -> list[Table]:
    """Return recall and precision by class, for every data set that has predictions."""
    found = []
    for dataset in study.datasets:
        mine = [row for row in rows if row["dataset"] == dataset]
        found += [_table(study, dataset, measure, mine) for measure in MEANINGS if mine]
    return found


def _table(study: Study, dataset: str, measure: str, rows: list[Row]) -> Table:
    models = unique(row["model"] for row in rows)
    by_class: dict[int, dict[str, Row]] = {}
    for row in rows:
        by_class.setdefault(row["class_index"], {})[row["model"]] = row
    lowest = {model: _lowest(rows, model, measure) for model in models}
    columns = [
        Column("Class"),
        Column("Images", "", True),
        *(Column(wording.model(model), "%", True) for model in models),
    ]
    cells = [
        [*_class(found), *(_cell(found.get(model), measure, lowest[model]) for model in models)]
        for found in by_class.values()
    ]
    title = f"{study.title(dataset)}: {measure} by class"
    note = f"{measure.title()}: {MEANINGS[measure]}. Marked: the lowest of each model, below 100 %."
    table = Table(f"{measure}-{dataset}", title, columns, cells, note, folded=len(cells) > 12, dense=True)
    lowest_of = [
        min((row[measure] for row in found.values() if row[measure] is not None), default=1.0)
        for found in by_class.values()
    ]
    return parts.excerpted(table, lowest_of, "weakest", f"their lowest {measure}")


def _lowest(rows: list[Row], model: str, measure: str) -> float | None:
    known = [row[measure] for row in rows if row["model"] == model and row[measure] is not None]
    return min(known, default=None)


def _class(found: dict[str, Row]) -> list[Cell]:
    row = next(iter(found.values()))
    return [parts.text(row["class_name"]), parts.count(row["images"])]


def _cell(row: Row | None, measure: str, lowest: float | None) -> Cell:
    share = row[measure] if row else None
    return parts.percent(share, look="bad" if share is not None and share == lowest and share < 1 else "")
