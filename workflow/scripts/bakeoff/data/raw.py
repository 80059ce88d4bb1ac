"""A data set as it was published, before it is split."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

UNSTATED = "not stated"  # of a licence


@dataclass(frozen=True)
class Raw:
    """A data set as published: uint8 images, int64 labels (n,), names of its classes, and its source.

    grey: that its images are, so that every channel that a network sees is the same.

    Images are (n, rows, columns) where they are grey, (n, rows, columns, 3) where they are in colour. The
    test arrays are empty where the publisher gave no test set.
    """

    train_images: "np.ndarray"
    train_labels: "np.ndarray"
    test_images: "np.ndarray"
    test_labels: "np.ndarray"
    classes: tuple[str, ...]
    grey: bool
    source: str
