"""Every kind of data set is one file, and one class in it is the row."""

import dataclasses

import pytest
from modules import MODULES, PACKAGE, imported

from bakeoff import fields
from bakeoff.data import rows

ROOM = "bakeoff.data.kinds"
FILES = sorted(path.stem for path in (PACKAGE / "data/kinds").glob("*.py") if path.stem != "__init__")


def test_every_file_of_the_room_has_the_row_of_a_kind_and_no_other_file_has_one():
    known = [*rows.KINDS.values(), rows.Originals, rows.Function]
    assert sorted(kind.__module__ for kind in known) == [f"{ROOM}.{name}" for name in FILES]


@pytest.mark.parametrize("name", FILES)
def test_no_kind_knows_another(name):
    others = {
        module for module in imported(MODULES[f"{ROOM}.{name}"], typing=True) if module.startswith(ROOM)
    }
    assert others == set()


@pytest.mark.parametrize("kind", [*rows.KINDS.values(), rows.Originals, rows.Function])
def test_every_field_of_a_row_says_what_it_is(kind):
    assert [field.name for field in dataclasses.fields(kind) if not fields.description(field)] == []
