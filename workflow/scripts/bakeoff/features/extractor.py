"""What makes numbers of images: the form of it, and what those have in common that no network makes.

Must not know where images come from.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from bakeoff import faults
from bakeoff.command import UnfitError
from bakeoff.records.kinds import Device
from bakeoff.surroundings import reason


class Extractor(ABC):
    """Makes one row of numbers of each image."""

    @abstractmethod
    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return the numbers, float32 (n, numbers), of normalised pixels (n, rows, columns, channels)."""

    def trial(self, shape: Sequence[int]) -> int:
        """Return how many numbers it makes of an image (rows, columns, channels).

        UnfitError where it cannot take such images.
        """
        try:
            return int(self(np.zeros((2, *shape), np.float32)).shape[1])
        except UnfitError:
            raise
        except Exception as error:
            if faults.of_machine(error):
                raise
            across = " x ".join(map(str, shape[:2]))
            raise UnfitError(f"cannot take images of {across}: {reason(error)}") from error

    def macs(self, shape: Sequence[int]) -> int | None:
        """Return the multiply-accumulates of one image's numbers; None where they are not counted."""
        return None

    def move(self, device: Device) -> Device:
        """Bring it to a device, and return where it computes: by hand, on the CPU."""
        return "cpu"

    def tensors(self) -> bytes:
        """Return its own tensors as safetensors: by hand, none."""
        from safetensors.numpy import save

        return bytes(save({}))
