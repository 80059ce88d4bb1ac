"""What a network's `build` names: a classifier of torchvision's, one of timm's, or a function by import path.

Owns how each is found and called. Must not know what is then done to a network.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from bakeoff import faults, plugins, typed
from bakeoff.command import UnfitError, UserError
from bakeoff.surroundings import reason

if TYPE_CHECKING:
    from torch import nn

TORCHVISION, TIMM = "torchvision.models", "timm:"
# Keywords by which a library reads files, or fetches them: what they load is in no run's key.
LOADING = ("weights", "pretrained", "checkpoint")
# Of torchvision's, those that answer with a tuple while they train, unless a row asks for that.
ONE_ANSWER = {name: {"aux_logits": False} for name in ("googlenet", "inception_v3")}


def _build(text: str) -> str:
    bare = re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII)
    if not (bare or re.fullmatch(rf"{TIMM}[\w.]+", text, re.ASCII) or plugins.PATH.fullmatch(text)):
        raise ValueError(f"is no network; write the name of torchvision's, {TIMM}NAME, or {plugins.EXAMPLE}")
    return text


Build = Annotated[str, AfterValidator(_build)]


def lacks(build: str) -> str | None:
    """Return what is to be installed or put here before a network can be built, None where nothing is.

    Nothing is imported.
    """
    if build.startswith(TIMM):
        absent = "timm is not installed; `pip install timm` installs it"
        return None if find_spec("timm") else f"{build}: {absent}"
    fault = plugins.missing(build) if ":" in build else None
    return fault and f"{build}: {fault}"


def torchvisions(build: str) -> str | None:
    """Return by what name torchvision lists a network, None for another's."""
    module, _, name = build.rpartition(":")
    if module and not f"{module}.".startswith(f"{TORCHVISION}."):
        return None
    from torchvision import models

    return name if name in models.list_models() else None


def is_known(build: str, settings: Mapping[str, Any]) -> bool:
    """Return whether a network is one that torchvision or timm lists, called so that nothing is loaded."""
    if any(name.startswith(LOADING) for name in settings):
        return False
    if not build.startswith(TIMM):
        return torchvisions(build) is not None
    plain = all(isinstance(value, bool | int | float) for value in settings.values())
    return plain and find_spec("timm") is not None and timm().is_model(_timms(build).partition(".")[0])


def make(build: str, classes: int, settings: Mapping[str, Any]) -> "nn.Module":
    """Return a network for so many classes, with weights as they are drawn.

    UnfitError where there is none of this name, and where it cannot be made; UserError where what builds it
    is not installed.
    """
    from torch import nn

    call, unsaid = find(build), ONE_ANSWER.get(torchvisions(build) or "", {})
    try:
        found = call(num_classes=classes, **{**unsaid, **settings})
    except UserError:
        raise
    except Exception as error:
        if faults.of_machine(error):
            raise
        raise UnfitError(f"{build}: cannot be made for {classes} classes: {reason(error)}") from error
    if not isinstance(found, nn.Module):
        raise UnfitError(
            f"{build}: gives {_a(found)}, and no torch.nn.Module; name a function that gives one"
        )
    return found


def find(build: str) -> Callable[..., Any]:
    """Import and return what is called for a network; UserError says what is not there."""
    if build.startswith(TIMM):
        known, name = timm(), _timms(build)
        if not known.is_model(name.partition(".")[0]):
            raise UnfitError(f"{build}: no model of timm's{_nearest(name, known.list_models())}")
        return partial(known.create_model, name)
    if ":" in build:
        found: Callable[..., Any] = plugins.find(build)
        return found
    from torchvision import models

    listed = models.list_models(module=models)
    if build not in listed:
        raise UnfitError(f"{build}: no classifier of torchvision's{_nearest(build, listed)}")
    return models.get_model_builder(build)


def _timms(build: str) -> str:
    return build.removeprefix(TIMM)


def timm() -> Any:
    """Import timm; UserError where it is not installed."""
    try:
        return importlib.import_module("timm")
    except ModuleNotFoundError as error:
        raise UserError(f"{TIMM}NAME: {error}; `pip install timm` installs what it needs") from error


def _nearest(name: str, known: list[str]) -> str:
    return typed.nearest(name, known)


def _a(value: Any) -> str:
    return f"a {type(value).__name__}"
