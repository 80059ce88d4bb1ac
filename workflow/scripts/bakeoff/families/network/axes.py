"""The axes of a network's grid: their defaults, the values that are known, and what means something where."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.search import grid
from bakeoff.typed import said

# Of less than two images batch normalisation has no variance.
BatchSize = Annotated[typed.Whole, Field(ge=2, le=values.MOST)]
Precision = Literal["fp32", "mixed"]


@typed.settings
class NetworkSettings:
    """Settings of one training."""

    batch_size: BatchSize = said("Images per step, at least 2.", 32)
    learning_rate: typed.Positive = said("Step size of the optimizer.", 0.001)
    epochs: typed.Count = said("Passes over the training part.", 3)
    precision: Literal[Precision, "auto"] = said("fp32, mixed (autocast), or auto.", "fp32")
    engine: Literal["resident", "dataloader"] = said(
        "Where batches come from: resident or dataloader.", "resident"
    )
    pin_memory: typed.Switch | None = said(
        "Page-locked host memory; only the dataloader engine on a GPU copies from it.", None
    )


# Of these, those by which a step depends on how many epochs there will be (a schedule's): none does so far.
FOLLOW_EPOCHS: frozenset[str] = frozenset()


def check(blocks: Any, more: Mapping[str, Sequence[Any]] = grid.NO_AXES) -> None:
    """Raise UserError for a command's grid that is none, or has a setting that no training knows.

    more: axes that are not a training's own, such as an optimizer's.
    """
    try:
        grid.expand(blocks, NetworkSettings, more)
    except UserError as error:
        raise UserError(f"argument --grid: {error}") from error


def check_one(settings: Any) -> None:
    """Raise UserError for what is not the settings of one training."""
    typed.read(NetworkSettings, settings, ("settings",))


def expand(blocks: Any, device: str, more: Mapping[str, Sequence[Any]] = grid.NO_AXES) -> list[grid.Settings]:
    """Return the settings of a grid, each once; UserError for one that no training knows.

    more: axes that are not a training's own, such as an optimizer's.
    """
    return grid.unique(_applicable(each, device) for each in grid.expand(blocks, NetworkSettings, more))


def follows_epochs(settings: Mapping[str, Any]) -> bool:
    """Return whether a training of fewer epochs is another than the beginning of a longer one."""
    return any(settings[name] is not None for name in FOLLOW_EPOCHS)


def _applicable(settings: grid.Settings, device: str) -> grid.Settings:
    # Pinned memory means something only where batches are copied to a GPU.
    copied = settings["engine"] == "dataloader" and device == "gpu"
    return {**settings, "pin_memory": bool(settings["pin_memory"]) if copied else None}
