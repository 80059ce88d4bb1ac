"""Which parameters of a network are trained, and which of its parts stay in evaluation mode meanwhile.

Frozen is what takes no gradient: by a row, or by a person's own network itself.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from bakeoff import typed, values
from bakeoff.command import UnfitError

if TYPE_CHECKING:
    from torch import nn

NONE, BACKBONE = "none", "backbone"


def _freeze(given: Any) -> Any:
    for each in given if isinstance(given, list) and given else [given]:
        if not (isinstance(each, str) and re.fullmatch(r"\w+(\.\w+)*", each, re.ASCII)):
            raise ValueError(
                f"{values.shown(each)} is neither {NONE}, {BACKBONE} nor what parameters' names begin with"
            )
    return given


Freeze = Annotated[Any, AfterValidator(_freeze)]


def freeze(model: "nn.Module", what: str | list[str], classes: int) -> None:
    """Freeze parameters of a network in place; UnfitError where a name begins none, or nothing is left.

    what: none, backbone, or whole steps of names, so that layer1 is not layer10.
    """
    if what == NONE:
        return
    names = [name for name, _ in model.named_parameters()]
    if what == BACKBONE:
        name = head(model, classes)
        if name is None:
            raise UnfitError(
                f"freeze: {BACKBONE} needs a last layer of {classes} outputs, and there is none; "
                "freeze by names"
            )
        last = f"{name}."
        frozen = {name for name in names if not name.startswith(last)}
    else:
        frozen = set()
        for prefix in [what] if isinstance(what, str) else what:
            begun = {name for name in names if f"{name}.".startswith(f"{prefix}.")}
            if not begun:
                known = list(dict.fromkeys(name.partition(".")[0] for name in names))
                raise UnfitError(f"freeze: {prefix} begins no parameter's name{typed.nearest(prefix, known)}")
            frozen |= begun
    if frozen.issuperset(names):
        raise UnfitError("freeze: leaves no parameter to train; freeze less")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in frozen)


def head(model: "nn.Module", classes: int) -> str | None:
    """Return the name of the last layer, which gives a number for each class; None where there is none."""
    from torch import nn

    found = [
        name
        for name, layer in model.named_modules()
        if classes
        == (getattr(layer, "out_features" if isinstance(layer, nn.Linear) else "out_channels", None))
        and isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    return (found or [None])[-1] or None


def trained(model: "nn.Module") -> "list[nn.Parameter]":
    """Return the parameters that an optimizer moves."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def train(model: "nn.Module") -> None:
    """Bring a network into training mode, all but the parts of which every parameter is frozen.

    So the batch normalisation of a frozen part keeps its statistics, and its dropout drops nothing.
    """
    model.train()
    for part in model.modules():
        parameters = list(part.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            part.eval()


def count(model: "nn.Module") -> tuple[int, int]:
    """Return how many numbers of a network are frozen, and how many it has."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(size for size, moved in sizes if not moved), sum(size for size, _ in sizes)
