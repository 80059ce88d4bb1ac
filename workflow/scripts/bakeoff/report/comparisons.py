"""The tables of paired comparisons: what was compared, how far apart it is, and the p value."""

from bakeoff.analysis import wording
from bakeoff.analysis.contrasts import METHODS, called
from bakeoff.analysis.derived import Tested, TestRow
from bakeoff.analysis.study import Study, unique
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table


def tests(study: Study, rows: list[TestRow]) -> list[Table]:
    """Return the paired tests, competitors and levels of factors in one table per data set."""
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
        mine = [row for row in rows if row.dataset == dataset]
        if mine:
            sizes = sorted({row.tested.n for row in mine if row.tested})
            n = wording.listed([wording.count(size) for size in sizes], "or")
            caption = f"{study.title(dataset)}: paired tests" + (f", n = {n}" if n else "")
            entries = [_test(study, row) for row in mine]
            tables.append(Table(f"tests-{dataset}", caption, columns, entries, dense=True))
    return tables


def _test(study: Study, row: TestRow) -> list[Entry]:
    within = f"{study.label(row.within)}, " if row.within else ""
    verdict, found = row.verdict, row.tested
    return [
        parts.text(f"{within}{called(study, row.contrast, row.a)}"),
        parts.text(f"{within}{called(study, row.contrast, row.b)}"),
        parts.text(_compared(row), note=_only(found) if found else ""),
        _difference(found) if found else parts.points(None),
        parts.p_value(found.p if found else None),
        parts.p_value(found.p_holm if found else None),
        parts.text(verdict[:1].upper() + verdict[1:], look="" if row.better else "hint"),
    ]


def _compared(row: TestRow) -> str | None:
    if row.tested is None:
        return None
    if row.tested.compared != METHODS:
        return row.tested.compared
    counts = unique([row.seeds_a, row.seeds_b])
    return f"{METHODS}, {wording.listed([f'{n} seeds' if n else 'no seeds' for n in counts])}"


def _only(found: Tested) -> str:
    if found.only_a_right is None or found.only_b_right is None:
        return ""
    return f"right: A alone {found.only_a_right:,}, B alone {found.only_b_right:,}"


def _difference(found: Tested) -> Entry:
    note = ""
    if found.difference_low is not None:
        note = f"{wording.points(found.difference_low)} to {wording.points(found.difference_high)}"
    return parts.points(found.difference, note=note)
