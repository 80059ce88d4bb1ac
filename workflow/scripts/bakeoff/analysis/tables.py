"""CSV files with declared column types: what is written is read back as the same values.

Owns the text form of a value in a table. Must not know what any column means.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bakeoff.files import reading, write_text

Row = dict[str, Any]
Columns = Mapping[str, type]


def complete(columns: Iterable[str], rows: Iterable[Row]) -> list[Row]:
    """Return the rows with every column, None where a row says nothing, as they are read back."""
    names = list(columns)
    return [{name: row.get(name) for name in names} for row in rows]


def text(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """Return the rows as CSV: nothing for None, true and false, floats in full precision."""
    names = list(columns)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_to_text(row.get(name)) for name in names] for row in rows)
    return buffer.getvalue()


def write(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """Write the rows as a CSV file, whole or not at all."""
    write_text(path, text(columns, rows))


def read(path: Path, columns: Columns) -> list[Row]:
    """Read a CSV file that `write` made; UserError where it is absent, DamagedError where it is another."""
    with reading(path):
        content = Path(path).read_bytes().decode("utf-8")
        reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
        if missing := [name for name in columns if name not in (reader.fieldnames or [])]:
            raise ValueError(f"column {missing[0]} is missing")
        rows = list(reader)
        if not content.endswith("\n") or any(None in row.values() for row in rows):
            raise ValueError("it ends too early")
        return [{name: _from_text(row[name], kind) for name, kind in columns.items()} for row in rows]


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _from_text(value: str, kind: type) -> Any:
    if kind is str:
        return value or None
    if value == "":
        return None
    return value == "true" if kind is bool else kind(value)
