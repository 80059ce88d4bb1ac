"""Pairs that look like copies, side by side, as pictures that people look through."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bakeoff.audit.copies import Pair
from bakeoff.audit.images import Images
from bakeoff.files import writing
from bakeoff.records.audit import THUMBNAIL

# How many are kept, the pixels of an image on them, and of the white between two.
MOST, SIDE, GAP = 24, 96, 6


def write(folder: Path | None, images: Images, pairs: Sequence[Pair]) -> None:
    """Make the folder anew, if one is named: a picture of each of the first pairs, across parts first."""
    if folder is None:
        return
    from PIL import Image

    order = sorted(pairs, key=lambda pair: images.parts[pair.first] == images.parts[pair.second])
    with writing(folder) as place:
        place.mkdir()
        for number, pair in enumerate(order[:MOST]):
            sides = [images.looks[each].small for each in (pair.first, pair.second)]
            whole = Image.new("L", (2 * SIDE + GAP, SIDE), 255)
            for column, small in enumerate(sides):
                times = SIDE / max(small.shape)
                size = round(times * small.shape[1]), round(times * small.shape[0])
                large = Image.fromarray(np.asarray(small)).resize(size, Image.Resampling.NEAREST)
                whole.paste(large, (column * (SIDE + GAP), 0))
            whole.save(place / THUMBNAIL.format(number))
