"""The axes of a network's grid: their defaults, the values that are known, and what means something where."""

from typing import Any

from bakeoff import grid
from bakeoff.command import UserError
from bakeoff.train import engines, precision
from bakeoff.train.state import OPTIMIZERS

DEFAULTS: dict[str, Any] = {
    "batch_size": 32,
    "learning_rate": 0.001,
    "epochs": 3,
    "precision": "fp32",
    "engine": "resident",
    "pin_memory": None,
}


def expand(blocks: grid.Blocks, optimizer: str, device: str) -> list[grid.Settings]:
    """Return the settings of a grid, each once; UserError for one that no training knows."""
    found = grid.unique(_applicable(settings, device) for settings in grid.expand(blocks, DEFAULTS))
    for settings in found:
        _check(settings, optimizer)
    return found


def _check(settings: grid.Settings, optimizer: str) -> None:
    # The configuration's schema says the same.
    known = {
        "optimizer": (optimizer, tuple(OPTIMIZERS)),
        "engine": (settings["engine"], tuple(engines.ENGINES)),
        "precision": (settings["precision"], precision.PRECISIONS),
    }
    for name, (given, allowed) in known.items():
        if given not in allowed:
            raise UserError(f"unknown {name} {given}; known are {', '.join(allowed)}")
    if settings["batch_size"] < 2:
        raise UserError("batch_size must be at least 2: batch normalisation needs more than one image")


def _applicable(settings: grid.Settings, device: str) -> grid.Settings:
    # Pinned memory means something only where batches are copied to a GPU.
    copied = settings["engine"] == "dataloader" and device == "gpu"
    return {**settings, "pin_memory": bool(settings["pin_memory"]) if copied else None}
