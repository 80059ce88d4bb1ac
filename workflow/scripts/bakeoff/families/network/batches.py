"""Parts of a data set as tensors, and batches of them in an order that the seed gives."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.families.network.augmentation import Drawn
from bakeoff.networks.models import CHANNELS, PIXEL_DEVIATION, PIXEL_MEAN

if TYPE_CHECKING:
    import torch

    Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]

LOADER_WORKERS = 2


@dataclass(frozen=True)
class Pixels:
    """What is said of images: whether they are grey, and the mean and deviation to normalise each channel by.

    Grey is what the data say of themselves; mean and deviation are of pixels in 0..1.
    """

    grey: bool = False
    mean: tuple[float, ...] = (PIXEL_MEAN,) * CHANNELS
    deviation: tuple[float, ...] = (PIXEL_DEVIATION,) * CHANNELS

    @property
    def unlike(self) -> str | None:
        """Return why the channels of a normalised image may differ, None where they cannot."""
        if not self.grey:
            return "the data do not say that they are grey"
        return None if self._alike else "mean and deviation are not the same in all channels"

    @property
    def _alike(self) -> bool:
        return len(set(zip(self.mean, self.deviation, strict=True))) == 1

    def normalise(self, images: "torch.Tensor") -> "torch.Tensor":
        """Turn uint8 (n, size, size) or (n, size, size, 3) into float32 (n, 3, size, size).

        With the published study's mean and deviation pixels become -1..1.
        """
        import torch

        maps = images.unsqueeze(1) if images.ndim == 3 else images.movedim(3, 1)
        if self._alike:
            return _scaled(maps, self.mean[0], self.deviation[0]).expand(-1, CHANNELS, -1, -1)
        channels = maps.expand(-1, CHANNELS, -1, -1).unbind(1)
        return torch.stack(
            [_scaled(*each) for each in zip(channels, self.mean, self.deviation, strict=True)], 1
        )


def _scaled(maps: "torch.Tensor", mean: float, deviation: float) -> "torch.Tensor":
    return maps.float().div_(255 * deviation).sub_(mean / deviation)


@dataclass(frozen=True)
class Part:
    """One part of a data set: uint8 images (n, size, size[, 3]) and int64 labels (n,), as tensors."""

    images: "torch.Tensor"
    labels: "torch.Tensor"
    pixels: Pixels

    @classmethod
    def from_arrays(cls, images: np.ndarray, labels: np.ndarray, pixels: Pixels) -> "Part":
        """Wrap arrays on the host."""
        import torch

        return cls(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)), pixels)

    @property
    def size(self) -> tuple[int, ...]:
        """Return an image's rows and columns."""
        return tuple(self.images.shape[1:3])

    def to(self, device: "torch.device") -> "Part":
        """Copy to a device; on the CPU this is the same memory."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def first(self, count: int) -> "Part":
        """Return so many images from the start."""
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def __len__(self) -> int:
        return len(self.labels)


def order(count: int, seed: int, epoch: int) -> "torch.Tensor":
    """Return the order of the images in one epoch: the same on every device and engine."""
    import torch

    return torch.randperm(count, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))


def batch_bounds(count: int, batch_size: int) -> list[tuple[int, int]]:
    """Return start and end of each batch, the shorter last one included.

    A last batch of one image is left out: at 32 x 32 a ResNet ends in 1 x 1 maps, and batch
    normalisation has no variance over a single value.
    """
    bounds = [(start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
    return [(start, end) for start, end in bounds if end - start > 1]


def dataloader(
    part: Part, indices: "torch.Tensor", batch_size: int, pin_memory: bool, drawn: Drawn | None = None
) -> "Batches":
    """Yield batches that a torch DataLoader with workers assembles on the host, image by image.

    drawn: how images are changed at random, where they are.
    """
    import torch
    from torch.utils.data import DataLoader

    rows = indices.tolist()
    batches = [rows[start:end] for start, end in batch_bounds(len(rows), batch_size)]
    images: Any = _Images(part, drawn)  # map-style: all that DataLoader asks of a data set
    # It draws a number for its workers, by default from the stream that a network's dropout draws from.
    generator = torch.Generator()
    yield from DataLoader(
        images,
        batch_sampler=batches,
        num_workers=LOADER_WORKERS,
        pin_memory=pin_memory,
        generator=generator,
    )


class _Images:
    """A map-style data set of single normalised images, changed at random where that is asked for."""

    def __init__(self, part: Part, drawn: Drawn | None) -> None:
        self._part, self._drawn = part, drawn

    def __len__(self) -> int:
        return len(self._part)

    def __getitem__(self, row: int) -> tuple["torch.Tensor", "torch.Tensor"]:
        import torch

        image = self._part.images[row : row + 1]
        if self._drawn:
            image = self._drawn.change(image, torch.tensor([row]))
        return self._part.pixels.normalise(image)[0], self._part.labels[row]
