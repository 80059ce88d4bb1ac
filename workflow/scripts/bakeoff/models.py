"""Networks by name: torchvision's ResNets with their stock stem."""

from typing import TYPE_CHECKING

from bakeoff.command import UserError

if TYPE_CHECKING:
    from torch import nn

CHANNELS = 3
# Of pixels in 0..1, in every channel: networks are trained on -1..1, as in the published study.
PIXEL_MEAN, PIXEL_DEVIATION = 0.5, 0.5
RESNETS = ("resnet18", "resnet50")


def import_library() -> None:
    """Import torchvision now, seconds that must not count as part of the first training."""
    import torchvision.models.resnet  # noqa: F401


def build(name: str, classes: int, seed: int) -> "nn.Module":
    """Return a freshly initialised network for (n, 3, size, size) images.

    The weights depend on the seed alone: they are drawn on the CPU, whatever device trains them.
    """
    if name not in RESNETS:
        raise UserError(f"unknown network {name}; known are {', '.join(RESNETS)}")
    import torch
    from torchvision.models import resnet

    torch.manual_seed(seed)
    return getattr(resnet, name)(num_classes=classes)
