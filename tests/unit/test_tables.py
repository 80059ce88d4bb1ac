"""Derived tables as data frames and as CSV: every value is read back as what it was."""

import dataclasses
import random
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from bakeoff.analysis import derivation, mistakes, tables
from bakeoff.analysis.derived import BestRow, ClassRow, TestRow
from bakeoff.command import DamagedError


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a row."""

    share: float
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of every kind of value."""

    name: str
    count: int | None
    right: bool | None
    settings: Mapping[str, Any]
    part: Part | None


LINE = Line(name="a", count=3, right=True, settings={"betas": (0.9, 0.99), "C": 1}, part=Part(share=0.1))


def back(folder, rows: list[Any], kind: type[Any] = Line) -> list[Any]:
    """Return rows as they are read after they were written."""
    tables.write(folder / "table.csv", kind, rows)
    return tables.read(folder / "table.csv", kind)


def test_a_frame_has_a_column_per_value_and_none_where_a_row_says_nothing():
    found = tables.frame(Line, [LINE, dataclasses.replace(LINE, count=None, part=None)])
    assert (
        list(found)
        == tables.columns(Line)
        == ["name", "count", "right", "settings", "part_share", "part_note"]
    )
    assert found.to_numpy().tolist() == [
        ["a", 3, True, '{"betas": [0.9, 0.99], "C": 1}', 0.1, None],
        ["a", None, True, '{"betas": [0.9, 0.99], "C": 1}', None, None],
    ]


def test_every_kind_of_value_is_read_back(tmp_path):
    rows = [LINE, dataclasses.replace(LINE, count=10**30, right=False), dataclasses.replace(LINE, part=None)]
    assert back(tmp_path, rows) == rows
    text = (tmp_path / "table.csv").read_bytes().decode()
    assert (
        text.splitlines()[2]
        == 'a,1000000000000000000000000000000,false,"{""betas"": [0.9, 0.99], ""C"": 1}",0.1,'
    )


def test_a_table_without_rows_is_its_head(tmp_path):
    assert back(tmp_path, []) == []
    assert (tmp_path / "table.csv").read_text() == "name,count,right,settings,part_share,part_note\n"


def test_floats_are_read_back_to_the_last_bit(tmp_path):
    draw = random.Random(1)
    drawn = [struct.unpack("<d", draw.randbytes(8))[0] for _ in range(2000)]
    extremes = [0.1 + 0.2, 5e-324, sys.float_info.max, -0.0, 1e16, 1e-5, float("inf")]
    floats = np.array([each for each in drawn if each == each] + extremes)
    found = back(tmp_path, [Part(share=float(each)) for each in floats], Part)
    assert np.array([row.share for row in found]).tobytes() == floats.tobytes()


@pytest.mark.parametrize(
    "name", ["NA", "nan", "null", "None", "", " ", "true", "1", "1e5", "#N/A", "a\rb", "a\r\nb"]
)
def test_a_class_may_be_called_anything(small, tmp_path, name):
    rows = [dataclasses.replace(row, class_name=name) for row in mistakes.rows(small.study)]
    assert back(tmp_path, rows, ClassRow) == rows


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("part_share", "share", "column part_share is missing"),
        (",0.1,", ",much,", "0/part/share: much: input should be a valid number"),
        (",0.1,", ",0.1,x,y", "Expected 6 fields in line 2, saw 7"),
        (",0.1,", ',0.1,"', "EOF inside string"),
        (",0.1,\n", ",0.1,", "it ends too early"),
    ],
)
def test_a_table_of_another_kind_is_one_line_that_says_where(tmp_path, old, new, said):
    back(tmp_path, [LINE])
    path = tmp_path / "table.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DamagedError) as caught:
        tables.read(path, Line)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: damaged: ")
    assert said in line


def test_a_part_that_no_row_has_has_no_columns_where_that_is_said(small, tmp_path):
    rows = derivation.every(small.study, None).best
    without = [
        dataclasses.replace(row, chosen=dataclasses.replace(row.measured, holdout=None)) for row in rows
    ]
    assert back(tmp_path, without, BestRow) == without
    heads = [list(tables.frame(BestRow, each)) for each in (rows, without)]
    assert ["holdout_accuracy" in head for head in heads] == [True, False]
    assert ["alone_n" in head for head in heads] == [True, True]
    mixed = [*rows[:1], *without[1:]]
    assert back(tmp_path, mixed, BestRow) == mixed
    path = tmp_path / "table.csv"
    path.write_text(path.read_text().replace("holdout_accuracy", "other", 1))
    with pytest.raises(DamagedError, match="column holdout_accuracy is missing"):
        tables.read(path, BestRow)


def test_the_tables_of_a_study_are_read_back(small, tmp_path):
    found = derivation.every(small.study, None)
    for kind, rows in (BestRow, found.best), (TestRow, found.tests), (ClassRow, found.classes):
        assert rows
        assert back(tmp_path, rows, kind) == rows
