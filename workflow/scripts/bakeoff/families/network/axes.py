"""The axes of a network's grid: their defaults, the values that are known, and what means something where."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bakeoff import fields, typed, values
from bakeoff.command import UserError
from bakeoff.families.network import augmentation, schedules
from bakeoff.search import grid
from bakeoff.typed import said

# Of less than two images batch normalisation has no variance.
BatchSize = Annotated[typed.Whole, Field(ge=2, le=values.MOST)]
Precision = Literal["fp32", "mixed"]
NONE = "none"
WEIGHTS = (NONE, "balanced")


def _class_weights(given: Any) -> Any:
    if given in WEIGHTS:
        return given
    if not isinstance(given, list | tuple) or len(given) < 2:
        known = (
            f"take {' or '.join(WEIGHTS)}, or [[1, 2, 5]]: a list, in that of the axis, of a number per class"
        )
        raise ValueError(f"is unknown; {known}")
    return [typed.positive(each) for each in given]


def _augmentation(given: Any) -> str:
    known = [NONE, *augmentation.CHANGES]
    words = given.split("+") if isinstance(given, str) else [""]
    for word in words:
        if word not in (known if given == NONE else known[1:]):
            raise ValueError(f"is unknown{typed.nearest(word, known)}")
    values.each_once(words)
    # Whatever order they are said in, they are carried out in one.
    return "+".join(sorted(words, key=known.index))


@typed.settings
class NetworkSettings:
    """Settings of one training."""

    batch_size: BatchSize = said("Images per step, at least 2.", 32)
    learning_rate: typed.Positive = said("Step size of the optimizer.", 0.001)
    epochs: typed.Count = said("Passes over the training part.", 3)
    precision: Literal[Precision, "auto"] = said("fp32, mixed (autocast), or auto.", "fp32")
    engine: Literal["resident", "dataloader", "auto"] = said(
        "Where batches come from: resident, dataloader, or auto: resident where the device holds the images.",
        "resident",
    )
    pin_memory: typed.Switch | None = said(
        "Page-locked host memory; only the dataloader engine on a GPU copies from it.", None
    )
    schedule: Literal["constant", "cosine", "one_cycle", "step"] = said(
        "How the learning rate goes on: constant; cosine, to 0; one_cycle, up and down; step, to a tenth "
        "after half of the steps and again after three quarters.",
        "constant",
    )
    warmup: Annotated[typed.Number, Field(ge=0, lt=1)] = said(
        "Share of all steps in which the learning rate first rises; of one_cycle 0 stands for its 0.3.", 0.0
    )
    label_smoothing: Annotated[typed.Number, Field(ge=0, lt=1)] = said(
        "Share of an image's label that is spread over all classes.", 0.0
    )
    class_weights: Annotated[Any, BeforeValidator(_class_weights)] = said(
        "What an image counts by its class: none (all the same), balanced (by the inverse of its class's "
        "share), or a list of a number per class.",
        NONE,
    )
    augmentation: Annotated[str, BeforeValidator(_augmentation)] = said(
        "How training images are changed at random, anew in every epoch: none, flip (left and right), shift "
        "(by an eighth of a side at most), crop (a third of the area at least, brought back to the size), "
        "jitter (brightness, contrast, saturation), trivial (torchvision's TrivialAugment); several with +, "
        "such as crop+flip.",
        NONE,
    )
    clip: Annotated[typed.Number, Field(ge=0)] = said(
        "The largest norm of all gradients together; a larger one is scaled down to it. 0 for none.", 0.0
    )
    ema: Annotated[typed.Number, Field(ge=0, lt=1)] = said(
        "Decay of an exponential moving average of the weights, which then answers in their place, such as "
        "0.999. 0 for none.",
        0.0,
    )
    early_stop: Annotated[typed.Whole, Field(ge=0, le=values.MOST)] = said(
        "Epochs without a better validation accuracy (or as good with a lower loss) after which a training "
        "stops; the best epoch is kept. 0 for none.",
        0,
    )


# These are in the settings of every run. Any other is where it is not its default: with it, an earlier
# version's runs are the same runs, by the same keys.
ALWAYS = frozenset(("batch_size", "learning_rate", "epochs", "precision", "engine", "pin_memory"))
DEFAULTS = {field.name: fields.default(field) for field in dataclasses.fields(NetworkSettings)}
# Those by which a step depends on how many epochs there will be, where they are said.
FOLLOW_EPOCHS: frozenset[str] = frozenset(("schedule", "warmup", "early_stop"))

# Those by which a step takes longer, where they are said.
LENGTHEN = ("augmentation", "clip", "ema")


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


UNSTOPPED = (
    "with folds the chosen training is on all images and none is left to stop it by; leave one of the two out"
)


def check_data(settings: Sequence[Mapping[str, Any]], classes: int, folded: bool) -> None:
    """Raise UserError for settings that do not fit the data that a grid is to be trained on."""
    for each in settings:
        if folded and each.get("early_stop"):
            raise UserError(f"early_stop: {UNSTOPPED}")
        weights = each.get("class_weights")
        if isinstance(weights, tuple) and len(weights) != classes:
            raise UserError(f"class_weights: {len(weights)} for {classes} classes; name one for each")


def follows_epochs(settings: Mapping[str, Any]) -> bool:
    """Return whether a training of fewer epochs is another than the beginning of a longer one."""
    return any(settings.get(name, DEFAULTS[name]) != DEFAULTS[name] for name in FOLLOW_EPOCHS)


def _applicable(settings: grid.Settings, device: str) -> grid.Settings:
    # Pinned memory means something only where batches are copied to a GPU.
    copied = settings["engine"] == "dataloader" and device == "gpu"
    meant = {**settings, "pin_memory": bool(settings["pin_memory"]) if copied else None}
    if meant["schedule"] == "one_cycle" and meant["warmup"] == schedules.RISE:
        meant["warmup"] = DEFAULTS["warmup"]
    unsaid = {name for name, default in DEFAULTS.items() if name not in ALWAYS and meant[name] == default}
    return {name: value for name, value in meant.items() if name not in unsaid}
