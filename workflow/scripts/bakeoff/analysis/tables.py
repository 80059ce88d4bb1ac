"""Tables as CSV files: what is written is read back as the same rows of a type.

Owns the columns of a type, of which parts are laid side by side, and the text form of a value, which no
spreadsheet takes for a formula. Must not know what any column means.
"""

import csv
import dataclasses
import io
import json
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from bakeoff import fields
from bakeoff.files import reading, write_text

Row = dict[str, Any]
Made = TypeVar("Made")
# In the metadata of a field that holds a part: what its columns begin with; the field's own name if absent.
PREFIX = "prefix"

# What spreadsheets calculate, in one language or another: full-width signs too, and behind what is not seen.
FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x1f\x7f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+](inf|nan)", re.A | re.I)


def columns(kind: type[Any]) -> dict[str, Any]:
    """Return the columns of a type's CSV file with the type of their values; parts are laid side by side."""
    hints = typing.get_type_hints(kind)
    found: dict[str, Any] = {}
    for each in dataclasses.fields(kind):
        inner = fields.plain(hints[each.name])
        if dataclasses.is_dataclass(inner):
            found |= {f"{_prefix(each)}{name}": of for name, of in columns(cast(Any, inner)).items()}
        else:
            found[each.name] = inner
    return found


def _prefix(of: "dataclasses.Field[Any]") -> str:
    prefix: str = of.metadata.get(PREFIX, f"{of.name}_")
    return prefix


def flat(row: Any) -> dict[str, Any]:
    """Return a row's values by column, None for what it does not say."""
    hints = typing.get_type_hints(type(row))
    found: dict[str, Any] = {}
    for each in dataclasses.fields(row):
        value, inner = getattr(row, each.name), fields.plain(hints[each.name])
        if dataclasses.is_dataclass(inner):
            part = flat(value) if value is not None else dict.fromkeys(columns(cast(Any, inner)))
            found |= {f"{_prefix(each)}{name}": of for name, of in part.items()}
        else:
            found[each.name] = json.dumps(dict(value)) if isinstance(value, Mapping) else value
    return found


def write(path: Path, kind: type[Any], rows: Iterable[Any]) -> None:
    """Write the rows of a type as a CSV file, whole or not at all."""
    write_text(path, text(columns(kind), map(flat, rows)))


def read(path: Path, kind: type[Made]) -> list[Made]:
    """Read a CSV file that `write` made; UserError where it is absent, DamagedError where it is another."""
    readers = {name: _reader(of) for name, of in columns(kind).items()}
    with reading(path):
        content = Path(path).read_bytes().decode("utf-8")
        head, *lines = values(content) or [[]]
        names = [_unguarded(name) for name in head]
        if missing := [name for name in readers if name not in names]:
            raise ValueError(f"column {missing[0]} is missing")
        if not content.endswith("\n") or any(len(line) < len(names) for line in lines):
            raise ValueError("it ends too early")
        rows = [dict(zip(names, line, strict=False)) for line in lines]
        return [
            _made(kind, {name: read(row[name]) if row[name] else None for name, read in readers.items()})
            for row in rows
        ]


def _reader(kind: Any) -> Callable[[str], Any]:
    known: dict[Any, Callable[[str], Any]] = {
        str: _unguarded,
        bool: lambda text: text == "true",
        int: int,
        float: float,
    }
    return known.get(kind, _mapping)


def _mapping(text: str) -> Any:
    """Return what a JSON text says, its lists as tuples: as a record has them."""
    return json.loads(text, object_hook=_with_tuples)


def _with_tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(item) if isinstance(item, list) else item for name, item in given.items()}


def _made(kind: type[Made], line: Mapping[str, Any], prefix: str = "") -> Made:
    """Return a row, or a part of one, from the values of its columns; ValueError where one lacks."""
    hints = typing.get_type_hints(kind)
    given: dict[str, Any] = {}
    for each in dataclasses.fields(cast(Any, kind)):
        inner = fields.plain(hints[each.name])
        optional = inner is not hints[each.name]
        if dataclasses.is_dataclass(inner):
            begins = prefix + _prefix(each)
            said = any(line[f"{begins}{name}"] is not None for name in columns(cast(Any, inner)))
            given[each.name] = _made(cast(Any, inner), line, begins) if said or not optional else None
        else:
            given[each.name] = line[prefix + each.name]
            if given[each.name] is None and not optional:
                raise ValueError(f"column {prefix}{each.name} says nothing")
    return kind(**given)


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
    return _guarded(str(list(value) if isinstance(value, tuple) else value))


def is_formula(value: str) -> bool:
    """Tell whether a spreadsheet takes a value of a CSV file for more than text or a number."""
    return FORMULA.match(value) is not None and NUMBER.fullmatch(value) is None


def _guarded(value: str) -> str:
    """Return a text with an apostrophe in front where it, less those that it has, is a formula."""
    return f"'{value}" if is_formula(value.lstrip("'")) else value


def _unguarded(value: str) -> str:
    return value[1:] if value.startswith("'") and is_formula(value.lstrip("'")) else value
