"""The axes of a classifier's grid: what is done to the pixels, and those that its row names."""

from collections.abc import Mapping
from typing import Any

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.data.scale import SCALE_SAYS, Scale
from bakeoff.search import grid
from bakeoff.typed import said
from bakeoff.values import shown

SCALE = "scale"


@typed.settings
class Pixels:
    """What is set of every classifier."""

    scale: Scale = said(SCALE_SAYS, "standard")


def check(blocks: Any) -> None:
    """Raise UserError for what is no grid."""
    expand(blocks)


def expand(blocks: Any) -> list[grid.Settings]:
    """Return the settings of a grid, each once: `scale`, and a value of every axis that a block names.

    UserError for what is no grid.
    """
    if not isinstance(blocks, list | tuple) or not blocks:
        raise UserError(f'a grid is a list of blocks, such as [{{"{SCALE}": "none"}}], not {shown(blocks)}')
    found: list[grid.Settings] = []
    for number, block in enumerate(blocks, start=1):
        if not isinstance(block, Mapping):
            raise UserError(f"block/{number}: {shown(block)} is no section")
        axes = {name: each if isinstance(each, list) else [each] for name, each in block.items()}
        for name, values in axes.items():
            if not name.isidentifier() or not values:
                fault = "is empty; name one value at least" if name.isidentifier() else "is no keyword"
                raise UserError(f"block/{number}/{shown(name)}: {fault}")
        pixels = {SCALE: axes.pop(SCALE)} if SCALE in axes else {}
        known = typed.read(grid.block(Pixels), pixels, ("block", number))
        found += grid.multiply({**vars(known), **axes})
    return grid.unique(found)
