"""The sub-grid inside a cell: blocks of settings, multiplied out as scikit-learn's ParameterGrid does."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from bakeoff.command import UserError

Settings = dict[str, Any]
Blocks = Sequence[Mapping[str, Any]]


def expand(blocks: Blocks, defaults: Mapping[str, Any]) -> list[Settings]:
    """Multiply out each block over its lists, fill in defaults and drop repeats.

    A value may be a list or a scalar; the settings come in the order of the blocks. An unknown name
    or an empty list raises UserError.
    """
    expanded: list[Settings] = []
    for block in blocks:
        if unknown := set(block) - set(defaults):
            raise UserError(f"unknown setting {', '.join(sorted(unknown))}; known are {', '.join(defaults)}")
        axes = {name: as_list(block.get(name, default)) for name, default in defaults.items()}
        if empty := [name for name, values in axes.items() if not values]:
            raise UserError(f"setting {empty[0]} has an empty list: give it at least one value")
        for values in product(*axes.values()):
            expanded.append(dict(zip(axes, values, strict=True)))
    return unique(expanded)


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
