"""Training images changed at random, in batches on the device that trains.

What is drawn follows from seed, epoch and image alone, on the host: engines, devices and trainings side by
side see the same images, and no stream is touched that a network draws from. Images of validation and test
never come here.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from bakeoff.families.network import trivial

if TYPE_CHECKING:
    import torch

    # Takes uint8 (n, channels, rows, columns) and what was drawn for each, float32 (n, numbers) in 0..1.
    Change = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

REACH = 1 / 8  # of a side, that images are shifted by at most
AREA = (1 / 3, 1.0)  # of an image, that a crop keeps
RATIO = (3 / 4, 4 / 3)  # of a crop's sides, as torchvision's RandomResizedCrop has them
JITTER = 0.4  # brightness, contrast and saturation are between so much less and so much more
LUMA = (0.299, 0.587, 0.114)
STREAM = 0x5EED_A06  # sets the seed apart from that of the order of images


def _flip(maps: "torch.Tensor", drawn: "torch.Tensor") -> "torch.Tensor":
    """Exchange left and right of every second image."""
    return maps.where(drawn[:, 0].view(-1, 1, 1, 1) < 0.5, maps.flip(3))


def _shift(maps: "torch.Tensor", drawn: "torch.Tensor") -> "torch.Tensor":
    """Move images by whole pixels; what comes in is the pixel at the edge."""
    import torch

    places = []
    for axis, size in enumerate(maps.shape[2:]):
        reach = max(1, round(REACH * size))
        by = (drawn[:, axis] * (2 * reach + 1)).floor().long() - reach
        places.append((torch.arange(size, device=maps.device) - by[:, None]).clamp(0, size - 1))
    rows, columns = places
    image = torch.arange(len(maps), device=maps.device).view(-1, 1, 1)
    return maps.movedim(1, 3)[image, rows[:, :, None], columns[:, None, :]].movedim(3, 1)


def _crop(maps: "torch.Tensor", drawn: "torch.Tensor") -> "torch.Tensor":
    """Cut out a part of each image and bring it back to the whole's size."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    area = AREA[0] + (AREA[1] - AREA[0]) * drawn[:, 0]
    low, high = map(math.log, RATIO)
    ratio = (low + (high - low) * drawn[:, 1]).exp()
    wide, tall = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    # affine_grid counts from -1 to 1: a crop's middle may lie as far from 0 as leaves it whole.
    right, down = (1 - wide) * (2 * drawn[:, 2] - 1), (1 - tall) * (2 * drawn[:, 3] - 1)
    none = torch.zeros_like(wide)
    way = torch.stack([wide, none, right, none, tall, down], 1).view(-1, 2, 3)
    seen = affine_grid(way, list(maps.shape), align_corners=False)
    found = grid_sample(maps.float(), seen, padding_mode="border", align_corners=False)
    return _pixels(found)


def _jitter(maps: "torch.Tensor", drawn: "torch.Tensor") -> "torch.Tensor":
    """Change brightness, then contrast, then saturation where there is colour."""
    bright, contrast, colour = (1 + JITTER * (2 * drawn - 1)).view(-1, 3, 1, 1, 1).unbind(1)
    maps = (maps.float() * bright).clamp(0, 255)
    middle = _grey(maps).mean((1, 2, 3), keepdim=True)
    maps = (middle + contrast * (maps - middle)).clamp(0, 255)
    grey = _grey(maps)
    return _pixels(grey + colour * (maps - grey))


def _grey(maps: "torch.Tensor") -> "torch.Tensor":
    """Return images (n, 1, rows, columns) without colour."""
    if maps.shape[1] == 1:
        return maps
    return (maps * maps.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def _pixels(maps: "torch.Tensor") -> "torch.Tensor":
    return maps.round().clamp(0, 255).byte()


# Of each the change, and how many numbers it draws for an image.
CHANGES: "dict[str, tuple[Change, int]]" = {
    "crop": (_crop, 4),
    "shift": (_shift, 2),
    "flip": (_flip, 1),
    "jitter": (_jitter, 3),
    "trivial": (trivial.change, 3),
}


class Drawn:
    """Changes, by their names joined with +, and what is drawn for each image of a part in an epoch."""

    def __init__(self, names: str, count: int, device: "torch.device") -> None:
        import torch

        self._changes = [CHANGES[name] for name in names.split("+")]
        columns = sum(number for _, number in self._changes)
        self._drawn = torch.zeros(count, columns, device=device)

    def start(self, seed: int, epoch: int) -> None:
        """Draw for an epoch."""
        import torch

        generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) ^ STREAM)
        self._drawn.copy_(torch.rand(self._drawn.shape, generator=generator))

    def change(self, images: "torch.Tensor", rows: "torch.Tensor") -> "torch.Tensor":
        """Return uint8 images (n, rows, columns[, 3]) of these rows of the part as the epoch has them."""
        maps = images.unsqueeze(1) if images.ndim == 3 else images.movedim(3, 1)
        drawn = self._drawn.index_select(0, rows).split([number for _, number in self._changes], 1)
        for (change, _), numbers in zip(self._changes, drawn, strict=True):
            maps = change(maps, numbers)
        return maps.squeeze(1) if images.ndim == 3 else maps.movedim(1, 3)
