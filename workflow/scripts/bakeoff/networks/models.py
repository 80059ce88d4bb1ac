"""Networks as rows: what builds one, and with which settings."""

from typing import TYPE_CHECKING

from bakeoff import plugins, typed
from bakeoff.rows import Built, Kind

if TYPE_CHECKING:
    from torch import nn

CHANNELS = 3
# Of pixels in 0..1, in every channel: networks are trained on -1..1, as in the published study.
PIXEL_MEAN, PIXEL_DEVIATION = 0.5, 0.5


@typed.settings
class Network(Built):
    """A network: a function like torchvision.models', called with num_classes and its settings."""


def import_library(network: Network) -> None:
    """Import what builds a network now, seconds that must not count as part of the first training."""
    plugins.find(network.build)


def build(network: Network, classes: int, seed: int) -> "nn.Module":
    """Return a freshly initialised network for (n, 3, size, size) images.

    The weights depend on the seed alone: they are drawn on the CPU, whatever device trains them.
    """
    import torch

    make = plugins.find(network.build)
    torch.manual_seed(seed)
    return make(num_classes=classes, **network.settings)


def is_torchvisions(network: Network) -> bool:
    """Return whether a network is one that torchvision lists, with no weights to be fetched."""
    from torchvision.models import list_models

    module, _, name = network.build.partition(":")
    fetched = any(keyword.startswith("weights") for keyword in network.settings)
    return f"{module}.".startswith("torchvision.models.") and name in list_models() and not fetched


NETWORKS = Kind("networks", lambda given: Network, "Networks")
