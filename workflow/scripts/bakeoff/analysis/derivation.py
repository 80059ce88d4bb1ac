"""The derived tables of a study, read from their CSV files or made from its records, for whoever shows them.

Owns which table lies in which file. Must not know how a row comes about.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bakeoff.analysis import best, contrasts, mistakes, speedup, tables
from bakeoff.analysis.derived import BestRow, ClassRow, PublishedRow, TestRow
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.findings import Tables
from bakeoff.analysis.study import Study


def of_best(study: Study, folder: Path | None) -> list[BestRow]:
    """Return the best configurations; of a folder without their table, or of none, they are made."""
    return _rows(folder, "best", BestRow, lambda: best.rows(study))


def of_speedup(study: Study, folder: Path | None) -> list[SpeedupRow]:
    """Return the comparison of devices; of a folder without its table, or of none, it is made."""
    return _rows(folder, "speedup", SpeedupRow, lambda: speedup.rows(study))


def every(study: Study, folder: Path | None) -> Tables:
    """Return all derived tables; what a folder lacks is made."""
    return Tables(
        best=of_best(study, folder),
        tests=_rows(folder, "tests", TestRow, lambda: contrasts.rows(study)),
        speedup=of_speedup(study, folder),
        classes=_rows(folder, "classes", ClassRow, lambda: mistakes.rows(study)),
        # Without the reference there is nothing to make it from.
        published=_rows(folder, "published", PublishedRow, list),
    )


def _rows(folder: Path | None, name: str, kind: type[Any], make: Callable[[], list[Any]]) -> list[Any]:
    path = folder / f"{name}.csv" if folder else None
    return tables.read(path, kind) if path and path.is_file() else make()
