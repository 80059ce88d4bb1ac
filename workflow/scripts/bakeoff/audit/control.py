"""What the search for copies would find in this very data set: copies made of some of its images, looked for.

Where images are too small or too alike it finds few, which says what was not looked for.
"""

import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit.copies import Field
from bakeoff.audit.look import Pixels
from bakeoff.records.audit import Trial

# Copies of each kind; and what is done to them, in the small size in which images are compared.
TRIED, QUALITY, SHIFT, CROP, SCALE = 100, 60, 1 / 16, 0.95, 0.7


def _stored(image: Pixels) -> Pixels:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(file))


def _shifted(image: Pixels) -> Pixels:
    by = max(1, round(SHIFT * image.shape[1]))
    return np.concatenate([np.repeat(image[:, :1], by, axis=1), image[:, :-by]], axis=1)


def _resized(image: Pixels) -> Pixels:
    from PIL import Image

    rows, columns = image.shape
    less = Image.fromarray(image).resize((round(SCALE * columns), round(SCALE * rows)))
    return np.asarray(less.resize((columns, rows)))


def _cropped(image: Pixels) -> Pixels:
    from PIL import Image

    rows, columns = image.shape
    off = columns * (1 - CROP) / 2, rows * (1 - CROP) / 2
    box = (*off, columns - off[0], rows - off[1])
    return np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.BILINEAR, box))


MADE: Mapping[str, Callable[[Pixels], NDArray[np.uint8]]] = {
    "stored as JPEG anew": _stored,
    "shifted": _shifted,
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "made smaller": _resized,
    "cropped": _cropped,
}


def trials(known: Sequence[Field]) -> dict[str, Trial]:
    """Return how many made copies were found, by what was done to them; of the largest field's images."""
    if not known:
        return {}
    field = max(known, key=lambda each: len(each.numbers))
    count = len(field.numbers)
    taken = np.random.default_rng(0).permutation(count)[:TRIED]
    found = {}
    for how, make in MADE.items():
        pairs = field.like(np.stack([make(field.pixels[place]) for place in taken]))
        right = {each.first for each in pairs if taken[each.first] == each.second}
        found[how] = Trial(made=len(taken), found=len(right))
    return found
