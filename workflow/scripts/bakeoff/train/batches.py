"""Parts of a data set as tensors, and batches of them in an order that the seed gives."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.models import CHANNELS, PIXEL_DEVIATION, PIXEL_MEAN

if TYPE_CHECKING:
    import torch

    Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]

LOADER_WORKERS = 2


@dataclass(frozen=True)
class Part:
    """One part of a data set: uint8 images (n, size, size) and int64 labels (n,), as tensors."""

    images: "torch.Tensor"
    labels: "torch.Tensor"

    @classmethod
    def from_arrays(cls, images: np.ndarray, labels: np.ndarray) -> "Part":
        """Wrap arrays on the host."""
        import torch

        return cls(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))

    def to(self, device: "torch.device") -> "Part":
        """Copy to a device; on the CPU this is the same memory."""
        return Part(self.images.to(device), self.labels.to(device))

    def __len__(self) -> int:
        return len(self.labels)


def normalise(images: "torch.Tensor") -> "torch.Tensor":
    """Turn uint8 (n, size, size) into float32 (n, 3, size, size) in -1..1, as the published study did."""
    scaled = images.unsqueeze(1).float().div_(255 * PIXEL_DEVIATION).sub_(PIXEL_MEAN / PIXEL_DEVIATION)
    return scaled.expand(-1, CHANNELS, -1, -1)


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


def dataloader(part: Part, indices: "torch.Tensor", batch_size: int, pin_memory: bool) -> "Batches":
    """Yield batches that a torch DataLoader with workers assembles on the host, image by image."""
    from torch.utils.data import DataLoader

    rows = indices.tolist()
    batches = [rows[start:end] for start, end in batch_bounds(len(rows), batch_size)]
    images: Any = _Images(part)  # map-style: all that DataLoader asks of a data set
    yield from DataLoader(images, batch_sampler=batches, num_workers=LOADER_WORKERS, pin_memory=pin_memory)


class _Images:
    """A map-style data set of single normalised images."""

    def __init__(self, part: Part) -> None:
        self._part = part

    def __len__(self) -> int:
        return len(self._part)

    def __getitem__(self, row: int) -> tuple["torch.Tensor", "torch.Tensor"]:
        image = self._part.images[row : row + 1]
        return normalise(image)[0], self._part.labels[row]
