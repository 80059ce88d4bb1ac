"""How a family's room is found by the name that records and saved models say: by its module `entry`."""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from bakeoff import families
from bakeoff.cells.family import Family, Resources
from bakeoff.cells.predictor import Predictor
from bakeoff.command import UserError
from bakeoff.records.record import Record
from bakeoff.records.signature import Signature
from bakeoff.values import shown

# What models that earlier versions saved call theirs.
FORMER = {"resnet": "network"}


class Entry(Protocol):
    """The way into a family: every room has it as its module `entry`."""

    def code(self) -> list[Path]:
        """Return the sources whose change makes fits of the past stale."""

    def again(self, record: Record, data: Path, resources: Resources) -> Family:
        """Return the family of a record's cell, with no grid, on the prepared data set."""

    def load(self, known: Signature, path: Path, device: str, own_code: bool) -> Predictor:
        """Return a saved model, ready to be called with images."""


def again(record: Record, data: Path, resources: Resources) -> Family:
    """Return the family of a record's cell, with no grid, on prepared data; UserError where it had none."""
    if record.purpose != "selection" or not record.runs:
        raise UserError(f"{record.cell} chose nothing: it is no record of a grid; name the cell's own")
    return named(record.family).again(record, data, resources)


def named(name: str) -> Entry:
    """Return the way into a family by its name; UserError where there is none of it."""
    room = FORMER.get(name, name)
    if room not in families.ALL:
        raise UserError(f"{shown(name)} is no family of this version; take the version that wrote the file")
    return cast(Entry, import_module(f"{families.__name__}.{room}.entry"))
