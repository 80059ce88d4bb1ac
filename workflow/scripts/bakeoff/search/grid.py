"""The sub-grid inside a cell: blocks of settings, multiplied out as scikit-learn's ParameterGrid does."""

import dataclasses
import json
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Any, cast

from bakeoff import fields, typed
from bakeoff.command import UserError
from bakeoff.records.request import Scalar
from bakeoff.values import shown

Settings = dict[str, Any]
Blocks = Sequence[Mapping[str, Any]]
# More would take longer to plan than anyone waits, and years to run.
MOST_SETTINGS = 10_000
NO_AXES: Mapping[str, Sequence[Any]] = MappingProxyType({})


class Axes:
    """A block of a grid: of each setting the values to try."""

    def written(self, without: Collection[str] = ()) -> dict[str, Any]:
        """Return the block as short as it can be written: no defaults, lists of one as what is in them."""
        found = {}
        for field in dataclasses.fields(cast(Any, self)):
            axis, default = getattr(self, field.name), fields.default(field)
            if field.name not in without and axis != default:
                found[field.name] = axis[0] if isinstance(default, list) and len(axis) == 1 else axis
        return found


def _block(cls: type[Any]) -> type[Any]:
    """Return the type of a grid's block over settings: of each field a list of values, or one."""
    kinds, axis = typing.get_type_hints(cls, include_extras=True), cast(Any, typed.Axis)
    axes = {
        field.name: (
            axis[kinds[field.name]],
            typed.said(fields.description(field), [fields.default(field)]),
        )
        for field in dataclasses.fields(cls)
    }
    return typed.made(f"{cls.__name__}Block", axes, Axes)


block: Any = cache(_block)


def expand(blocks: Any, cls: type[Any], more: Mapping[str, Sequence[Any]] = NO_AXES) -> list[Settings]:
    """Multiply out each block over its lists, fill in defaults and drop repeats.

    A value may be a list or a scalar; the settings come in the order of the blocks; `more` are axes that all
    blocks have, of which one may name values of its own. UserError says which setting of which block is
    unknown or has a value that it does not take.
    """
    if not isinstance(blocks, list | tuple) or not blocks:
        name = dataclasses.fields(cls)[0].name
        raise UserError(f'a grid is a list of blocks, such as [{{"{name}": 1}}], not {shown(blocks)}')
    found: list[Settings] = []
    for number, given in enumerate(blocks, start=1):
        own, others = _parted(given, more)
        read = typed.read(block(cls), others, ("block", number))
        found += multiply({**vars(read), **more, **own})
    return unique(found)


def _parted(given: Any, more: Mapping[str, Any]) -> tuple[dict[str, list[Any]], Any]:
    """Return a block's values of axes that are not of its type, and the rest of it."""
    if not isinstance(given, Mapping):
        return {}, given
    own = {name: given[name] for name in more if name in given}
    others = {name: value for name, value in given.items() if name not in more}
    return {name: each if isinstance(each, list) else [each] for name, each in own.items()}, others


def multiply(axes: Mapping[str, Sequence[Any]]) -> Iterable[Settings]:
    """Return each choice of one value per axis, the last axis fastest; UserError for a value that is none.

    A list as a value is a tuple in settings, as in a record.
    """
    axes = {name: [_value(name, each) for each in values] for name, values in axes.items()}
    if (count := prod(map(len, axes.values()))) > MOST_SETTINGS:
        raise UserError(f"a block of {count} settings; {MOST_SETTINGS} are the most")
    return (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def _value(name: str, value: Any) -> Any:
    parts = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(each, Scalar) for each in parts):
        raise UserError(
            f"{name}: {shown(value)} is no value of an axis; take texts, numbers, true, false, null and "
            "lists of these, or name it in a row of its own"
        )
    return tuple(value) if isinstance(value, list) else value


def unique(settings: Iterable[Settings]) -> list[Settings]:
    """Return settings without repeats, in the order of first appearance."""
    return list({json.dumps(each, sort_keys=True): each for each in settings}.values())
