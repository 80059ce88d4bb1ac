"""A table of paths and labels (.csv), its columns named by the row."""

import contextlib
import csv
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import located, own
from bakeoff.data.source import PARTS, Item, Listed, part_called
from bakeoff.typed import Text, said

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# Between the labels of an image that has several, as tables are published.
BETWEEN = "|;,"
ONE_LABEL = "an image has one label here; make one column of one name each"


def _column(given: Any) -> Any:
    if isinstance(given, list | tuple):
        raise ValueError(f"names several columns, but {ONE_LABEL}")
    return given


Column = Annotated[Text, BeforeValidator(_column)]


@typed.settings
class Table(own.Own):
    """A table of paths and labels, in UTF-8, its first line the names of its columns.

    Spaces around what stands in a cell are no part of it. `group` is the name of a column.
    """

    kind: Literal["csv"] = said("csv")
    file: Text = said("The table; `~` and `$NAME` are expanded.")
    root: Text | None = said(
        "The folder that paths are relative to; null: the one that the table is in.", None
    )
    path_column: Column = said("The column of paths.", "path")
    label_column: Column = said("The column of labels, which are any text.", "label")
    part_column: Column | None = said("The column of parts: train, validation or test.", None)
    separator: Literal["comma", "semicolon", "tab"] | None = said(
        "What stands between cells; null: a tab in a .tsv, else a comma.", None
    )

    def source(self) -> "TableSource":
        """Return the table, made ready."""
        file = own.place(self.file)
        return TableSource(own.place(self.root) if self.root else file.parent, file, self)

    def places(self) -> list[Path]:
        """Return the table, and the folder that paths are relative to."""
        source = self.source()
        return [source.file, source.root]

    def files(self) -> Iterator[Path]:
        """Return the table and the files that its lines name, none where it cannot be read."""
        source = self.source()
        yield source.file
        with contextlib.suppress(UserError):
            yield from (source.root / line.path for line in source.lines())


@dataclass(frozen=True)
class _Line:
    """What a line of the table says; number: where it ends in the file, from 1."""

    number: int
    path: str
    label: str
    part: str | None
    group: str | None


@dataclass(frozen=True)
class TableSource(located.Files):
    """A row's table, made ready."""

    file: Path
    row: Table

    def list(self) -> Listed:
        """Return its images in its order; UserError, with the line, for what is none or has no one label."""
        located.folder(self.root)
        lines = [self._checked(line) for line in self.lines()]
        _check_once(self.file, lines)
        _check_one_label(self.file, lines)
        self._check_there(lines)
        classes = own.classes_of(line.label for line in lines)
        numbers = {name: number for number, name in enumerate(classes)}
        items = [Item(line.path, numbers[line.label], line.part, line.group) for line in lines]
        listed = Listed(items, classes, {}, f"table {self.file.name}")
        return own.taken(own.checked(listed, self.file), self.row)

    def lines(self) -> Iterator[_Line]:
        """Yield the lines that say something, in the columns that the row names."""
        rows = _read(self.file, SEPARATORS[self.row.separator or self._usual()])
        _, header = next(rows, (0, []))
        named = (self.row.path_column, self.row.label_column, self.row.part_column, self.row.group)
        known = _columns(self.file, header, named, rows)
        for number, cells in rows:
            if len(cells) != len(header):
                fault = f"line {number} has {values.plural(len(cells), 'cell')}, the first {len(header)}"
                raise UserError(f"{self.file}: {fault}; put quotes around a cell that holds the separator")
            path, label, part, group = (None if at is None else cells[at] for at in known)
            yield _Line(number, path or "", label or "", part or None, group)

    def _usual(self) -> str:
        return "tab" if self.file.suffix.lower() == ".tsv" else "comma"

    def _checked(self, line: _Line) -> _Line:
        """Return a line with its path relative to the root and its part as one of ours."""
        where = f"{self.file}: line {line.number}"
        if not line.path:
            raise UserError(f"{where}: a label without an image; name its path, or remove the line")
        if not line.label:
            raise UserError(f"{where}: {line.path} has no label; give it one, or remove the line")
        if line.group == "":
            raise UserError(f"{where}: {line.path} has no group; give every image one")
        part = line.part and part_called(line.part)
        if line.part and not part:
            raise UserError(
                f"{where}: part {values.shown(line.part)} is unknown; known are {', '.join(PARTS)}"
            )
        located.text(line.path, f"{where}: {line.path}")
        path = os.path.relpath(os.path.join(self.root, line.path), self.root)
        if path.split(os.sep)[0] == os.pardir:
            raise UserError(
                f"{where}: {line.path} is not below {self.root}; name the folder above it by `root`"
            )
        return _Line(line.number, Path(path).as_posix(), line.label, part, line.group)

    def _check_there(self, lines: Sequence[_Line]) -> None:
        """Raise UserError where a path is no file below the root."""
        root = os.path.realpath(self.root)
        leads = cache(lambda folder: located.within(self.root / folder, root, str(self.root / folder)))
        lacking = []
        for line in lines:
            try:
                mode = os.lstat(self.root / line.path).st_mode
            except OSError:
                mode = 0
            folder = leads(os.path.dirname(line.path)) if mode else None
            linked = stat.S_ISLNK(mode) and leads(line.path)
            if not (folder and (stat.S_ISREG(mode) or (linked and os.path.isfile(linked)))):
                lacking.append(line)
        if lacking:
            first = lacking[0]
            more = f", nor are {len(lacking) - 1:,} more" if len(lacking) > 1 else ""
            raise UserError(
                f"{self.file}: line {first.number}: {first.path} is no file in {self.root}{more}; "
                "name the folder that paths are relative to by `root`, or remove the lines"
            )


def _read(file: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield where each line ends and its cells, none of blank lines; UserError where the file is no table."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened, delimiter=separator, strict=True)
            for cells in reader:
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield reader.line_num, stripped
    except UnicodeDecodeError:
        raise UserError(f"{file}: not UTF-8; save the table as UTF-8") from None
    except csv.Error as error:
        raise UserError(f"{file}: line {reader.line_num}: {error}; mend the line") from error
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; name the table that holds the labels") from error


def _columns(
    file: Path, header: list[str], named: Sequence[str | None], rows: Iterator[tuple[int, list[str]]]
) -> list[int | None]:
    """Return which column each name is; UserError for one that is not there, or there twice."""
    if not header:
        raise UserError(f"{file}: empty; its first line names its columns, such as path and label")
    for name in named:
        if name is None or header.count(name) == 1:
            continue
        if name in header:
            raise UserError(f"{file}: two columns are called {values.shown(name)}; name each column once")
        if name == named[1] and len(several := _of_zeros_and_ones(header, rows)) > 1:
            raise UserError(f"{file}: {values.shown(', '.join(several))} are 0 or 1, but {ONE_LABEL}")
        if len(header) == 1 and any(mark in header[0] for mark in ";\t,"):
            raise UserError(
                f"{file}: one column, {values.shown(header[0])}; say what parts it by `separator`"
            )
        raise UserError(f"{file}: no column {values.shown(name)}{typed.nearest(name, header)}")
    return [None if name is None else header.index(name) for name in named]


def _of_zeros_and_ones(header: list[str], rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    whole = [cells for _, cells in rows if len(cells) == len(header)]
    flags = {"0", "1", "0.0", "1.0", "True", "False", "true", "false"}
    return [name for at, name in enumerate(header) if whole and {cells[at] for cells in whole} <= flags]


def _check_once(file: Path, lines: Sequence[_Line]) -> None:
    """Raise UserError where a path stands twice."""
    seen: dict[str, _Line] = {}
    for line in lines:
        first = seen.setdefault(line.path, line)
        if first is line:
            continue
        where = f"{file}: {line.path} stands in line {first.number} and in line {line.number}"
        if first.label != line.label:
            both = f"{values.shown(first.label)} and {values.shown(line.label)}"
            raise UserError(f"{where}, as {both}; an image has one label here")
        raise UserError(f"{where}; remove one of them")


def _check_one_label(file: Path, lines: Sequence[_Line]) -> None:
    """Raise UserError where a label is several: its pieces are labels of other images by themselves."""
    known = {line.label for line in lines}
    for line in lines:
        for mark in BETWEEN:
            pieces = [piece.strip() for piece in line.label.split(mark)]
            if len(pieces) > 1 and known.issuperset(pieces):
                several = values.shown(line.label)
                raise UserError(f"{file}: line {line.number}: {several} is several labels, but {ONE_LABEL}")
