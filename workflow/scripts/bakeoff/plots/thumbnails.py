"""Images of the data, small enough for a page: which of a class are shown, and how large they are kept.

Must not know where an image comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
# Classes of a contact sheet and images of each; up to so many classes they stand beneath each other.
CLASSES, EACH, BENEATH = 24, 8, 8
# Pixels of an image's longer side, of few classes and of many: what paper shows of it at 150 an inch.
LARGE, SMALL = 96, 48


class Part(Protocol):
    """Images, uint8 (n, rows, columns) or in colour, and their labels (n,)."""

    @property
    def images(self) -> Images:
        """Return the images, which may lie on disk."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Return the class number of each."""


@dataclass(frozen=True)
class Samples:
    """Images of some classes by the class's number, each (n, rows, columns) or in colour, from one part.

    shape: rows and columns of an image before it was made small.
    """

    images: Mapping[int, Images]
    shape: tuple[int, int]


def samples(part: Part, classes: int) -> Samples:
    """Return a few images of each class, or of many classes of some, spread evenly over all there are.

    No others of the part are read.
    """
    images, labels = part.images, part.labels
    there = np.flatnonzero(np.bincount(labels, minlength=classes))
    chosen = there[spread(len(there), CLASSES)].tolist()
    side = LARGE if len(chosen) <= BENEATH else SMALL
    found = {}
    for label in chosen:
        own = np.flatnonzero(labels == label)
        shown = np.asarray(images[own[spread(len(own), EACH)]])
        found[label] = np.stack([small(image, side) for image in shown])
    return Samples(found, (int(images.shape[1]), int(images.shape[2])))


def spread(count: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of the numbers 0 to count - 1, evenly spread from the first to the last."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def small(image: Images, side: int) -> Images:
    """Return an image of at most so many pixels a side; a smaller one as it is."""
    from PIL import Image

    rows, columns = image.shape[:2]
    share = side / max(rows, columns)
    if share >= 1:
        return image
    size = max(1, round(columns * share)), max(1, round(rows * share))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def in_colour(image: Images) -> Images:
    """Return an image as (rows, columns, 3); of a grey one the brightest is white, as some data end at 16."""
    if image.ndim == 3:
        return image
    brightest = max(1, int(image.max()))
    grey = (image * (255 / brightest)).round().astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
