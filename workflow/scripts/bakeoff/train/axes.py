"""The axes of a network's grid: their defaults, the values that are known, and what means something where."""

from typing import Any

from bakeoff import grid, values
from bakeoff.command import UserError
from bakeoff.train import engines, precision
from bakeoff.train.optimizers import OPTIMIZERS

DEFAULTS: dict[str, Any] = {
    "batch_size": 32,
    "learning_rate": 0.001,
    "epochs": 3,
    "precision": "fp32",
    "engine": "resident",
    "pin_memory": None,
}
# Of these, those by which a step depends on how many epochs there will be (a schedule's): none does so far.
FOLLOW_EPOCHS: frozenset[str] = frozenset()
# The configuration's schema says the same. Of less than two images batch normalisation has no variance.
TAKES: dict[str, values.Take] = {
    "batch_size": values.whole(2),
    "learning_rate": values.above_0,
    "epochs": values.whole(1),
    "precision": values.one_of(precision.PRECISIONS),
    "engine": values.one_of(engines.ENGINES),
    "pin_memory": values.switch,
}


def check(blocks: Any) -> None:
    """Raise UserError for what is no grid, and for a setting that no training knows."""
    grid.expand(blocks, DEFAULTS, TAKES)


def check_one(settings: Any) -> None:
    """Raise UserError for what is not the settings of one training."""
    if isinstance(settings, dict) and (
        listed := [name for name in settings if isinstance(settings[name], list)]
    ):
        raise UserError(f"{listed[0]} is a list; of one training it is one value")
    grid.multiply(settings, DEFAULTS, TAKES)


def expand(blocks: Any, optimizer: str, device: str) -> list[grid.Settings]:
    """Return the settings of a grid, each once; UserError for one that no training knows."""
    if optimizer not in OPTIMIZERS:
        raise UserError(f"unknown optimizer {optimizer}; known are {', '.join(OPTIMIZERS)}")
    return grid.unique(_applicable(settings, device) for settings in grid.expand(blocks, DEFAULTS, TAKES))


def follows_epochs(settings: grid.Settings) -> bool:
    """Return whether a training of fewer epochs is another than the beginning of a longer one."""
    return any(settings[name] is not None for name in FOLLOW_EPOCHS)


def _applicable(settings: grid.Settings, device: str) -> grid.Settings:
    # Pinned memory means something only where batches are copied to a GPU.
    copied = settings["engine"] == "dataloader" and device == "gpu"
    return {**settings, "pin_memory": bool(settings["pin_memory"]) if copied else None}
