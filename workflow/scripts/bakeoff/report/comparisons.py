"""The tables of paired comparisons: what was compared, how far apart it is, and the p value."""

from bakeoff.analysis import wording
from bakeoff.analysis.contrasts import METHODS
from bakeoff.analysis.study import Study
from bakeoff.analysis.tables import Row
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table


def tests(study: Study, rows: list[Row]) -> list[Table]:
    """Return the paired tests, models and optimizers in one table per data set."""
    columns = [
        Column("A"),
        Column("B"),
        Column("Compared"),
        Column("A less B", "points, 95 %", True),
        Column("p", "", True),
        Column("p, Holm", "", True),
        Column("Verdict"),
    ]
    tables = []
    for dataset in study.datasets:
        mine = [row for row in rows if row["dataset"] == dataset]
        if mine:
            sizes = sorted({row["n"] for row in mine if row["n"]})
            n = wording.listed([wording.count(size) for size in sizes], "or")
            caption = f"{study.title(dataset)}: paired tests" + (f", n = {n}" if n else "")
            cells = [_test(row) for row in mine]
            tables.append(Table(f"tests-{dataset}", caption, columns, cells, dense=True))
    return tables


def _test(row: Row) -> list[Cell]:
    name = wording.model if row["contrast"] == "model" else wording.optimizer
    within = f"{wording.model(row['within'])}, " if row["within"] else ""
    verdict = row["verdict"]
    return [
        parts.text(f"{within}{name(row['a'])}"),
        parts.text(f"{within}{name(row['b'])}"),
        parts.text(_compared(row), note=_only(row)),
        _difference(row),
        parts.p_value(row["p"]),
        parts.p_value(row["p_holm"]),
        parts.text(verdict[:1].upper() + verdict[1:], look="" if row["better"] else "hint"),
    ]


def _compared(row: Row) -> str | None:
    if row["compared"] != METHODS:
        return row["compared"]
    counts = [row[f"seeds_{side}"] for side in "ab"]
    return f"{METHODS}, {wording.listed([f'{n} seeds' if n else 'no seeds' for n in dict.fromkeys(counts)])}"


def _only(row: Row) -> str:
    if row["only_a_right"] is None:
        return ""
    return f"right: A alone {row['only_a_right']:,}, B alone {row['only_b_right']:,}"


def _difference(row: Row) -> Cell:
    note = ""
    if row["difference_low"] is not None:
        ends = (wording.points(row[f"difference_{end}"]) for end in ("low", "high"))
        note = " to ".join(ends)
    return parts.points(row["difference"], note=note)
