"""What a frozen beginning of a network makes of images, kept on the device that steps."""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.families.network.batches import Part
from bakeoff.machine import room
from bakeoff.networks.boundary import Boundary

if TYPE_CHECKING:
    import torch

    Inside = tuple[torch.Size, tuple[int, ...]]  # of an activation: shape and strides, without the images'

# Of the memory or disk that there is, what may be taken at most.
SHARE = 0.25


class Unfit(Exception):
    """Why a prefix is computed anew in every step."""


@dataclass
class Kept:
    """Activations of all images of a part, each as it lies in memory, on the device that steps.

    size: of the batches that they are computed in; sizes: of those that they are right for.
    """

    found: Boundary
    part: Part
    size: int
    inside: "Inside"
    values: "torch.Tensor"  # (images, numbers)
    sizes: set[int] = field(default_factory=set)

    def rest(self, activations: "torch.Tensor") -> "torch.Tensor":
        """Return the scores that a network answers with from these."""
        return self.found.after(activations)

    def batch(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return the activations of some images, laid out as the network itself lays them out."""
        shape, strides = self.inside
        flat = self.values.index_select(0, rows)
        return flat.as_strided((len(rows), *shape), (flat.shape[1], *strides))

    def read(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Compute the activations of some images, (images, numbers) as they lie in memory."""
        return flat(self.found.before(images_of(self.part, rows)), self.inside)

    def keep(self, rows: "torch.Tensor") -> None:
        """Compute the activations of a batch of images, and keep them."""
        self.values.index_copy_(0, rows, self.read(rows))

    def fill(self) -> None:
        """Do so for all images; the last batch is filled up with some of the one before."""
        import torch

        count = len(self.part)
        for start in range(0, count, self.size):
            first = min(start, count - self.size)
            self.keep(torch.arange(first, first + self.size, device=self.values.device))


def flat(activation: "torch.Tensor", inside: "Inside") -> "torch.Tensor":
    """Return activations (images, numbers) as they lie in memory; Unfit where that is not as said."""
    shape, strides = inside
    width = 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    dense = width == shape.numel() and (len(activation) == 1 or activation.stride(0) == width)
    if not dense or (activation.shape[1:], activation.stride()[1:]) != inside:
        raise Unfit("its activations do not lie one after another in memory")
    return activation.as_strided((len(activation), width), (width, 1))


def images_of(part: Part, rows: "torch.Tensor") -> "torch.Tensor":
    """Return some images of a part as a network sees them."""
    return part.pixels.normalise(part.images.index_select(0, rows))


def room_for(count: int, width: int, like: "torch.Tensor") -> "torch.Tensor":
    """Return room for activations (count, width) on their device, on a CPU in a file that goes with them."""
    import torch

    needs = count * width * like.itemsize
    if like.is_cuda:
        what, has = "the GPU's memory", torch.cuda.mem_get_info(like.device)[0]
    else:
        disk = room.disk_mb(Path(tempfile.gettempdir()))
        what, has = "memory or disk", min(room.memory_mb(), disk) * room.MB
    if needs > SHARE * has:
        raise Unfit(f"its activations need {needs // room.MB:,} MB, more than a quarter of {what}")
    if like.is_cuda:
        return torch.zeros(count, width, dtype=like.dtype, device=like.device)
    with tempfile.TemporaryFile() as file:
        try:
            # What the disk cannot hold must be known now: a write into the map would end the process.
            os.posix_fallocate(file.fileno(), 0, needs)
        except OSError as error:
            raise Unfit(f"its activations cannot be kept: {error.strerror}") from error
        raw = np.memmap(file, np.uint8, "r+", shape=(needs,))
    return torch.from_numpy(raw).view(like.dtype).view(count, width)
