"""What a file of a data set holds, read: what it says of itself, and images or features with their labels.

Must not know what they are used for.
"""

import json
from typing import Any

import numpy as np

from bakeoff.archive import Arrays, WrongContent

FEATURES = "features"


def meta(file: Arrays) -> dict[str, Any]:
    """Return what a file says of its data; WrongContent where that is no JSON object."""
    try:
        return dict(json.loads(str(file.read("meta", "U", 0))))
    except (ValueError, TypeError, RecursionError) as error:
        raise WrongContent("its meta is no JSON object") from error


def part(file: Arrays, name: str, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, rows, columns, ...), or features (n, numbers), and labels, int64 (n,), of a part."""
    kind, kept, *ranks = ("f", np.float32, 2) if form == FEATURES else ("u", np.uint8, 3, 4)
    images, labels = file.mapped(f"{name}_{form}", kind, *ranks), file.class_numbers(f"{name}_labels")
    if images.dtype != kept:
        raise WrongContent(f"{name}_{form} is {images.dtype}, not {np.dtype(kept)}")
    if len(images) != len(labels):
        raise WrongContent(f"{len(images)} {name}_{form}, but {len(labels)} labels")
    return images, labels
