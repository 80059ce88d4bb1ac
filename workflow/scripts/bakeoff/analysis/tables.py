"""CSV files with declared column types: what is written is read back as the same values.

Owns the text form of a value in a table, which no spreadsheet takes for a formula. Must not know what any
column means.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bakeoff.files import reading, write_text

Row = dict[str, Any]
Columns = Mapping[str, type]

# What spreadsheets calculate, in one language or another: full-width signs too, and behind what is not seen.
FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x1f\x7f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+](inf|nan)", re.A | re.I)


def complete(columns: Iterable[str], rows: Iterable[Row]) -> list[Row]:
    """Return the rows with every column, None where a row says nothing, as they are read back."""
    names = list(columns)
    return [{name: row.get(name) for name in names} for row in rows]


def text(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """Return the rows as CSV: nothing for None, true and false, floats in full precision."""
    names = list(columns)
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(map(_guarded, names))
    writer.writerows([_to_text(row.get(name)) for name in names] for row in rows)
    return "".join(lines)


class _Lines(list[str]):
    """The lines of a CSV, written with the long end that has a lone carriage return in a value quoted too."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")


def write(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """Write the rows as a CSV file, whole or not at all."""
    write_text(path, text(columns, rows))


def read(path: Path, columns: Columns) -> list[Row]:
    """Read a CSV file that `write` made; UserError where it is absent, DamagedError where it is another."""
    with reading(path):
        content = Path(path).read_bytes().decode("utf-8")
        head, *lines = values(content) or [[]]
        names = [_unguarded(name) for name in head]
        if missing := [name for name in columns if name not in names]:
            raise ValueError(f"column {missing[0]} is missing")
        if not content.endswith("\n") or any(len(line) < len(names) for line in lines):
            raise ValueError("it ends too early")
        rows = [dict(zip(names, line, strict=False)) for line in lines]
        return [{name: _from_text(row[name], kind) for name, kind in columns.items()} for row in rows]


def values(content: str) -> list[list[str]]:
    """Return the lines of a CSV file, their values as they are written; ValueError where it is none."""
    try:
        return [line for line in csv.reader(io.StringIO(content, newline=""), strict=True) if line]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _guarded(str(value))


def _from_text(value: str, kind: type) -> Any:
    if kind is str:
        return _unguarded(value) or None
    if value == "":
        return None
    return value == "true" if kind is bool else kind(value)


def is_formula(value: str) -> bool:
    """Tell whether a spreadsheet takes a value of a CSV file for more than text or a number."""
    return FORMULA.match(value) is not None and NUMBER.fullmatch(value) is None


def _guarded(value: str) -> str:
    """Return a text with an apostrophe in front where it, less those that it has, is a formula."""
    return f"'{value}" if is_formula(value.lstrip("'")) else value


def _unguarded(value: str) -> str:
    return value[1:] if value.startswith("'") and is_formula(value.lstrip("'")) else value
