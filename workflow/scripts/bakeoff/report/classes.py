"""Precision and recall of every class: one table each per data set, a column per competitor."""

from bakeoff.analysis.derived import BestRow, ClassRow
from bakeoff.analysis.study import Study, unique
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table

# Columns of models that fit on paper.
MOST = 12
MEANINGS = {
    "recall": "share of the images of a class that were found",
    "precision": "share of the answers with this class that were right",
}


def tables(study: Study, rows: list[ClassRow], best: list[BestRow]) -> list[Table]:
    """Return recall and precision by class, for every data set that has predictions."""
    found = []
    for dataset in study.datasets:
        mine = [row for row in rows if row.dataset == dataset]
        chosen = [row for row in best if row.dataset == dataset and row.chosen]
        shown = best_of(unique(row.competitor for row in mine), chosen, MOST)
        found += [_table(study, dataset, measure, mine, shown) for measure in MEANINGS if mine]
    return found


def best_of(competitors: list[str], chosen: list[BestRow], most: int) -> list[str]:
    """Return the competitors that are shown: all, or of many the best by validation accuracy."""
    accuracy = {row.competitor: row.measured.validation.accuracy for row in chosen}
    first = sorted(competitors, key=lambda name: -accuracy.get(name, 0.0))[:most]
    return [name for name in competitors if name in first]


def _table(study: Study, dataset: str, measure: str, every: list[ClassRow], competitors: list[str]) -> Table:
    rows = [row for row in every if row.competitor in competitors]
    models = len(unique(row.competitor for row in every))
    absent = f" Shown: the {MOST} best of {models} models by validation accuracy." if models > MOST else ""
    by_class: dict[int, dict[str, ClassRow]] = {}
    for row in rows:
        by_class.setdefault(row.class_index, {})[row.competitor] = row
    lowest = {name: _lowest(rows, name, measure) for name in competitors}
    columns = [
        Column("Class"),
        Column("Images", "", True),
        *(Column(study.label(name), "%", True) for name in competitors),
    ]
    cells = [
        [*_class(found), *(_cell(found.get(name), measure, lowest[name]) for name in competitors)]
        for found in by_class.values()
    ]
    title = f"{study.title(dataset)}: {measure} by class"
    note = f"{measure.title()}: {MEANINGS[measure]}. Marked: the lowest of each model, below 100 %.{absent}"
    lowest_of = [
        min((share for row in found.values() if (share := _share(row, measure)) is not None), default=1.0)
        for found in by_class.values()
    ]
    if len(cells) > parts.LONGEST:
        weakest = sorted(range(len(cells)), key=lowest_of.__getitem__)[: parts.EXCERPT]
        note += (
            f" The {parts.EXCERPT} weakest of {len(cells):,} classes by their lowest {measure}; "
            "classes.csv has them all."
        )
        cells = [cells[place] for place in weakest]
    return Table(f"{measure}-{dataset}", title, columns, cells, note, folded=len(cells) > 12, dense=True)


def _lowest(rows: list[ClassRow], competitor: str, measure: str) -> float | None:
    mine = (_share(row, measure) for row in rows if row.competitor == competitor)
    return min((share for share in mine if share is not None), default=None)


def _share(row: ClassRow, measure: str) -> float | None:
    found: float | None = getattr(row, measure)
    return found


def _class(found: dict[str, ClassRow]) -> list[Entry]:
    row = next(iter(found.values()))
    return [parts.text(row.class_name), parts.count(row.images)]


def _cell(row: ClassRow | None, measure: str, lowest: float | None) -> Entry:
    share = _share(row, measure) if row else None
    return parts.percent(share, look="bad" if share is not None and share == lowest and share < 1 else "")
