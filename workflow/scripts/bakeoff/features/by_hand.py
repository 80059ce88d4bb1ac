"""What makes numbers of images without a network: their pixels, or histograms of their gradients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.features.extractor import Extractor

# The weights of red, green and blue in grey: ITU-R BT.601, as Pillow has them.
GREY = (0.299, 0.587, 0.114)


class Flat(Extractor):
    """Makes rows of pixels."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return all values of each image, float32 (n, rows x columns x channels)."""
        return pixels.reshape(len(pixels), -1)

    def macs(self, shape: Sequence[int]) -> int:
        """Return that nothing is computed."""
        return 0


@dataclass(frozen=True)
class Gradients(Extractor):
    """Makes histograms of oriented gradients of grey values, as scikit-image's hog does.

    cell: rows and columns of pixels; block: rows and columns of cells.
    """

    orientations: int
    cell: int
    block: int

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return the histograms of each image, float32 (n, numbers)."""
        from skimage.feature import hog

        grey = pixels[..., 0] if pixels.shape[3] == 1 else pixels @ np.array(GREY, np.float32)
        sides = {"pixels_per_cell": (self.cell,) * 2, "cells_per_block": (self.block,) * 2}
        found = [hog(image, self.orientations, **sides) for image in grey]
        return np.array(found, np.float32).reshape(len(pixels), -1)
