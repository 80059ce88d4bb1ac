"""Networks as rows: what builds one, with which settings, from which weights, and what of it is trained."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator

from bakeoff import typed
from bakeoff.networks import builders, freezing, stem, weights
from bakeoff.networks.builders import Build
from bakeoff.networks.freezing import Freeze
from bakeoff.networks.weights import Fit, Weights
from bakeoff.rows import BY_THEMSELVES, FOR_PEOPLE, Built, Kind, content, shipped
from bakeoff.typed import said

if TYPE_CHECKING:
    from torch import nn

CHANNELS = 3
# Of pixels in 0..1, in every channel: networks are trained on -1..1, as in the published study.
PIXEL_MEAN, PIXEL_DEVIATION = 0.5, 0.5
Channels = tuple[float, ...]


def _each(given: Any) -> Any:
    """Take a number for every channel, or one for each."""
    found = [typed.finite(each) for each in given] if isinstance(given, list | tuple) else typed.finite(given)
    if isinstance(found, list) and len(found) != CHANNELS:
        raise ValueError(f"has {len(found)} numbers; write one, or one for each of {CHANNELS} channels")
    return found


def _deviation(given: Any) -> Any:
    found = _each(given)
    for each in found if isinstance(found, list) else [found]:
        typed.positive(each)
    return found


@typed.settings
class Network(Built):
    """A network: a function like torchvision.models', called with num_classes and its settings."""

    build: Build = said(
        "A classifier of torchvision's by its name, `timm:NAME`, or `package.module:name`, called with "
        "`num_classes` and the settings."
    )
    weights: Weights | None = said(
        "What training starts from: a file (.safetensors, .pth, .pt; `package:FILE` of one that is "
        "installed), or a name of torchvision's or timm's weights (`DEFAULT`, `IMAGENET1K_V1`); null: drawn "
        "from the seed.",
        None,
    )
    download: typed.Switch = said("Whether weights that have a name may be fetched, once.", False)
    stem: Literal["stock", "small"] = said(
        "small: the first convolution is 3 x 3 with stride 1, and nothing is pooled before the second.",
        "stock",
    )
    freeze: Freeze = said(
        "What is not trained: none; backbone, all but the last layer; or what parameters' names begin with, "
        "or a list of such.",
        "none",
    )
    input_size: typed.Side | None = said(
        "Rows and columns of the images that it sees; null: `networks.input_size`, as most.", None
    )
    mean: Annotated[Any, AfterValidator(_each)] | None = said(
        "Of pixels in 0 to 1, subtracted from each: a number, or one for each of three channels; null: what "
        "the weights say, else 0.5.",
        None,
    )
    std: Annotated[Any, AfterValidator(_deviation)] | None = said(
        "What each is then divided by, likewise.", None
    )
    # What another size makes another run are the images themselves, by their digest.
    aside: ClassVar[frozenset[str]] = FOR_PEOPLE | BY_THEMSELVES

    def own_files(self) -> dict[str, Path]:
        """Return the file of the weights, unless a package brings it."""
        return {} if weights.package_of(self.weights) else self.files()

    def files(self) -> dict[str, Path]:
        """Return the file of the weights; none of a package that is not installed."""
        here = weights.is_file(self.weights) and not weights.lacks(self.weights)
        return {"weights": weights.place(self.weights)} if here else {}

    def lacks(self) -> str | None:
        """Return what is to be done before the network can be built, else None."""
        return builders.lacks(self.build) or weights.lacks(self.weights)


class Made(NamedTuple):
    """A network ready to be trained, and what of its weights is from a file, None where all are drawn."""

    model: "nn.Module"
    fit: Fit | None


def import_library(network: Network) -> None:
    """Import what builds a network now, seconds that must not count as part of the first training."""
    builders.find(network.build)


def architecture(network: Network, classes: int, seed: int) -> "nn.Module":
    """Return a freshly drawn network for (n, 3, size, size) images, of which all is trained.

    The weights depend on the seed alone: they are drawn on the CPU, whatever device trains them.
    """
    import torch

    torch.manual_seed(seed)
    found = builders.make(network.build, classes, network.settings)
    if network.stem == "small":
        stem.make_small(found, network.build)
    return found


def made(network: Network, classes: int, seed: int) -> Made:
    """Return a network as a training begins with it: with its weights, and frozen as its row says."""
    found = architecture(network, classes, seed)
    fit = None
    if network.weights is not None:
        origin = weights.find(network.build, network.weights, network.download)
        called = network.weights if weights.package_of(network.weights) else str(origin)
        fit = replace(weights.load(found, origin, network.build), origin=called)
    freezing.freeze(found, network.freeze, classes)
    return Made(found, fit)


def build(network: Network, classes: int, seed: int) -> "nn.Module":
    """Return a network as a training begins with it."""
    return made(network, classes, seed).model


def rebuilt_by(network: Network) -> dict[str, Any]:
    """Return of a row's content what a saved network is built by: its own weights are those in its file."""
    begun = {"weights", "freeze", "mean", "std"}
    return {name: value for name, value in content(network).items() if name not in begun}


def scaling(network: Network) -> tuple[Channels, Channels]:
    """Return mean and deviation of each channel, of pixels in 0..1, that images are normalised by."""
    known = (PIXEL_MEAN, PIXEL_DEVIATION)
    if network.weights is not None and None in (network.mean, network.std):
        known = weights.scaling(network.build, network.weights) or known
    own = network.mean, network.std
    mean, deviation = (
        _channels(row if row is not None else other) for row, other in zip(own, known, strict=True)
    )
    return mean, deviation


def _channels(value: Any) -> Channels:
    return tuple(map(float, value)) if isinstance(value, list | tuple) else (float(value),) * CHANNELS


def is_known(network: Network) -> bool:
    """Return whether a network is one that torchvision or timm lists, or a row that comes with the workflow.

    With no weights to be fetched.
    """
    ours = [(row["build"], row.get("settings", {})) for row in shipped()[NETWORKS.name].values()]
    asked = network.build, network.settings
    return asked in ours or builders.is_known(*asked)


NETWORKS = Kind("networks", lambda given: Network, "Networks")
