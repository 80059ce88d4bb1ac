"""Tables as data frames and as CSV files: what is written is read back as the same rows of a type.

Owns the columns of a type, of which parts are laid side by side, and the text form of a value, which no
spreadsheet takes for a formula. Must not know what any column means.
"""

import dataclasses
import io
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import ValidationError

from bakeoff import fields
from bakeoff.files import reading, write_text
from bakeoff.formulas import guarded, unguarded
from bakeoff.records import written
from bakeoff.records.record import adapter

if TYPE_CHECKING:
    from pandas import DataFrame

Row = dict[str, Any]
Made = TypeVar("Made")
# In the metadata of a field that holds a part: what its columns begin with; the field's own name if absent.
PREFIX = "prefix"
# In the metadata of a field that holds a part: a table has no columns of it where no row says it.
LEFT_OUT = "left out"
# What a text is read as without more ado.
SCALARS = (str, bool, int, float)


class _Field(NamedTuple):
    """A field of a row: what it holds, whether it may be None, its columns and what a part's begin with.

    left_out: whether a table in which no row says it has no columns of it.
    """

    name: str
    kind: Any
    optional: bool
    columns: list[str]
    prefix: str
    left_out: bool

    @property
    def part(self) -> bool:
        return dataclasses.is_dataclass(self.kind)


def _read_fields(kind: type[Any]) -> list[_Field]:
    hints, found = typing.get_type_hints(kind), []
    for each in dataclasses.fields(kind):
        inner, prefix = fields.plain(hints[each.name]), each.metadata.get(PREFIX, f"{each.name}_")
        names = [prefix + name for name in columns(inner)] if dataclasses.is_dataclass(inner) else [each.name]
        optional, left_out = inner is not hints[each.name], each.metadata.get(LEFT_OUT, False)
        found.append(_Field(each.name, inner, optional, names, prefix, left_out))
    return found


_fields: Callable[[Any], list[_Field]] = cache(_read_fields)


def columns(kind: Any) -> list[str]:
    """Return the columns of a type's table; parts are laid side by side."""
    return [name for each in _fields(kind) for name in each.columns]


def _may_lack(kind: Any, prefix: str = "") -> list[list[str]]:
    """Return the columns of each part that a whole table may lack."""
    found = []
    for each in _fields(kind):
        if each.left_out:
            found.append([prefix + name for name in each.columns])
        elif each.part:
            found += _may_lack(each.kind, prefix + each.prefix)
    return found


def flat(row: Any) -> Row:
    """Return a row's values by column, None for what it does not say."""
    found: Row = {}
    for each in _fields(type(row)):
        value = getattr(row, each.name)
        if each.part:
            values = dict.fromkeys(columns(each.kind)) if value is None else flat(value)
            found |= zip(each.columns, values.values(), strict=True)
        else:
            found[each.name] = json.dumps(dict(value)) if isinstance(value, Mapping) else value
    return found


def frame(kind: type[Any], rows: Iterable[Any]) -> "DataFrame":
    """Return the rows of a type as a data frame: every value as it is, None for what a row does not say.

    A part that may be left out, and that no row has, is.
    """
    found = list(map(flat, rows))
    unsaid = [names for names in _may_lack(kind) if all(row[name] is None for row in found for name in names)]
    absent = {name for names in unsaid for name in names}
    return _frame([name for name in columns(kind) if name not in absent], found)


def _frame(names: list[str], rows: Iterable[Row]) -> "DataFrame":
    import pandas

    return pandas.DataFrame([[row.get(name) for name in names] for row in rows], columns=names, dtype=object)


def write(path: Path, kind: type[Any], rows: Iterable[Any]) -> None:
    """Write the rows of a type as a CSV file, whole or not at all."""
    write_text(path, _text(frame(kind, rows)))


def text(columns: Iterable[str], rows: Iterable[Row]) -> str:
    """Return the rows as CSV: nothing for None, true and false, floats in full precision."""
    return _text(_frame(list(columns), rows))


def _text(table: "DataFrame") -> str:
    lines = _Lines()
    table.map(_to_text).rename(columns=guarded).to_csv(lines, index=False, lineterminator="\r\n")
    return lines.getvalue()


class _Lines(io.StringIO):
    """The lines of a CSV, written with the long end that has a lone carriage return in a value quoted too."""

    def write(self, line: str) -> int:
        return super().write(line.removesuffix("\r\n") + "\n")


def read(path: Path, kind: type[Made]) -> list[Made]:
    """Read a CSV file that `write` made; UserError where it is absent, DamagedError where it is another."""
    with reading(path):
        content = Path(path).read_bytes().decode("utf-8")
        if not content.endswith("\n"):
            raise ValueError("it ends too early")
        head, *lines = _parsed(content).map(unguarded).to_numpy().tolist()
        absent = {name: "" for names in _may_lack(kind) if not {*names}.intersection(head) for name in names}
        if missing := [name for name in columns(kind) if name not in {*head, *absent}]:
            raise ValueError(f"column {missing[0]} is missing")
        rows = [_nested(kind, absent | dict(zip(head, line, strict=True))) for line in lines]
        try:
            made: list[Made] = adapter(list[kind]).validate_python(rows)  # type: ignore[valid-type]
            return made
        except ValidationError as error:
            raise ValueError(written.complaint(rows, error)) from error


def _parsed(content: str) -> "DataFrame":
    """Return the texts of a CSV file, its head among them; ValueError where a line is longer than that."""
    import pandas

    return pandas.read_csv(io.StringIO(content, newline=""), header=None, dtype=object, na_filter=False)


def _nested(kind: Any, row: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
    """Return the texts of a row, or of a part of one, by field; None for what it does not say."""
    found: dict[str, Any] = {}
    for each in _fields(kind):
        texts = [row[prefix + name] for name in each.columns]
        if each.part:
            said = any(texts) or not each.optional
            found[each.name] = _nested(each.kind, row, prefix + each.prefix) if said else None
        elif texts == [""] and (each.optional or each.kind is not str):
            found[each.name] = None
        else:
            found[each.name] = texts[0] if each.kind in SCALARS else _mapping(texts[0])
    return found


def _mapping(text: str) -> Any:
    """Return what a JSON text says, its lists as tuples: as a record has them."""
    return json.loads(text, object_hook=_with_tuples)


def _with_tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(item) if isinstance(item, list) else item for name, item in given.items()}


def values(content: str) -> list[list[str]]:
    """Return the lines of a CSV file, their values as they are written; ValueError where it is none."""
    found: list[list[str]] = _parsed(content).to_numpy().tolist()
    return found


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return guarded(str(list(value) if isinstance(value, tuple) else value))
