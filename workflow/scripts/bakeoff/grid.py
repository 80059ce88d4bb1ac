"""The sub-grid inside a cell: blocks of settings, multiplied out as scikit-learn's ParameterGrid does."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from bakeoff.command import UserError, taken
from bakeoff.values import Take, shown

Settings = dict[str, Any]
Blocks = Sequence[Mapping[str, Any]]


def expand(blocks: Any, defaults: Mapping[str, Any], takes: Mapping[str, Take]) -> list[Settings]:
    """Multiply out each block over its lists, fill in defaults and drop repeats.

    A value may be a list or a scalar; the settings come in the order of the blocks. UserError says which
    block is none, which name is unknown and which value `takes` refuses of a setting.
    """
    if not isinstance(blocks, list | tuple) or not blocks:
        raise UserError(f"a grid is a list of blocks, such as [{_example(defaults)}], not {shown(blocks)}")
    expanded: list[Settings] = []
    for number, block in enumerate(blocks, start=1):
        try:
            expanded += multiply(block, defaults, takes)
        except ValueError as error:
            raise UserError(f"block {number}: {error}" if len(blocks) > 1 else str(error)) from error
    return unique(expanded)


def multiply(block: Any, defaults: Mapping[str, Any], takes: Mapping[str, Take]) -> list[Settings]:
    """Return the settings of one block; UserError as for expand."""
    if not isinstance(block, Mapping):
        raise UserError(f"settings are an object, such as {_example(defaults)}, not {shown(block)}")
    if unknown := set(block) - set(defaults):
        names = ", ".join(map(shown, sorted(unknown)))
        raise UserError(f"unknown setting {names}; known are {', '.join(defaults)}")
    axes = {name: as_list(block.get(name, default)) for name, default in defaults.items()}
    if empty := [name for name, values in axes.items() if not values]:
        raise UserError(f"setting {empty[0]} has an empty list: give it at least one value")
    taken = [
        [_take(name, value, defaults[name], takes.get(name)) for value in values]
        for name, values in axes.items()
    ]
    return [dict(zip(axes, values, strict=True)) for values in product(*taken)]


def _take(name: str, value: Any, default: Any, take: Take | None) -> Any:
    # What says nothing by default may be told to say nothing.
    if take is None or (value is None and default is None):
        return value
    return taken(name, value, take)


def _example(defaults: Mapping[str, Any]) -> str:
    name, value = next(iter(defaults.items()))
    return json.dumps({name: value})


def unique(settings: Iterable[Settings]) -> list[Settings]:
    """Return settings without repeats, in the order of first appearance."""
    found: list[Settings] = []
    for item in settings:
        if item not in found:
            found.append(item)
    return found


def as_list(value: Any) -> list[Any]:
    """Return a list as it is and a scalar as a list of one."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
