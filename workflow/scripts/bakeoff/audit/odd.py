"""Images that are odd: constant, dark, bright, faint, of an odd shape; sizes, and how images were stored."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit.copies import FLAT
from bakeoff.audit.images import Images
from bakeoff.audit.look import PLAIN
from bakeoff.records.audit import Odd, Seen, Sizes

# Tukey's far out: so many times the spread of the middle half beyond it. Grey values of 0..255.
FAR, EXAMPLES = 3.0, 8
# Half again as wide as high: squashed to a square, all in it is a fifth or more out of shape.
OUT_OF_SHAPE = 1.5
CONSTANT = 0.5

Values = NDArray[np.float64]


def seen(images: Images, number: int) -> Seen:
    """Return an image's place in the data set."""
    place = images.paths[number], int(images.labels[number]), images.parts[number], images.rows[number]
    return Seen(path=place[0], label=place[1], part=place[2], row=place[3])


def odd(images: Images) -> dict[str, Odd]:
    """Return the images that are odd, by what is odd, the most so first."""
    brightness = np.array([each.brightness for each in images.looks])
    contrast = np.array([each.contrast for each in images.looks])
    aspect = np.array([each.size[1] / each.size[0] for each in images.looks])
    log_aspect = np.log(aspect)
    low_b, high_b = fences(brightness)
    low_c, _ = fences(contrast)
    low_a, high_a = fences(log_aspect)
    tests: Mapping[str, tuple[NDArray[np.bool_], Values]] = {
        "constant": (contrast <= CONSTANT, contrast),
        "faint": ((contrast > CONSTANT) & ((contrast < FLAT) | (contrast < low_c)), contrast),
        "much darker than others": (brightness < low_b, brightness),
        "much brighter than others": (brightness > high_b, -brightness),
        "of another shape than others": ((log_aspect < low_a) | (log_aspect > high_a), -abs(log_aspect)),
    }
    found = {}
    for what, (taken, rank) in tests.items():
        numbers = np.flatnonzero(taken)
        if len(numbers):
            first = numbers[np.argsort(rank[numbers], kind="stable")][:EXAMPLES].tolist()
            found[what] = Odd(images=len(numbers), examples=tuple(seen(images, n) for n in first))
    return found


def fences(values: Values) -> tuple[float, float]:
    """Return between which values lies what is not far out (Tukey 1977); ends of equal values stay wide."""
    low, high = np.quantile(values, [0.25, 0.75])
    reach = FAR * max(float(high - low), 1e-6)
    return float(low) - reach, float(high) + reach


def sizes(images: Images) -> Sizes:
    """Return rows and columns of the images, and their shapes."""
    found = np.array([each.size for each in images.looks])
    aspect = found[:, 1] / found[:, 0]
    (rows, columns), (most_rows, most_columns) = found.min(axis=0).tolist(), found.max(axis=0).tolist()
    return Sizes(
        kinds=len({*map(tuple, found.tolist())}),
        rows=(rows, most_rows),
        columns=(columns, most_columns),
        aspect=(float(aspect.min()), float(aspect.max())),
        far=int((np.maximum(aspect, 1 / aspect) > OUT_OF_SHAPE).sum()),
    )


def modes(images: Images) -> dict[str, int]:
    """Return how many images were stored in each way that is worth a word."""
    return {how: n for how, n in Counter(each.mode for each in images.looks).most_common() if how != PLAIN}
