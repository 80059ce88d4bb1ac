"""What is kept of one image: a digest of its pixels, a small grey copy, and a few numbers.

Must not know labels, parts, or other images.
"""

import hashlib
import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.pictures import is_grey
from bakeoff.data.source import Picture

# Rows and columns of a small copy at most: what alignment is tried on.
SIDE = 48
# JPEGs are decoded at a scale with at least twice so many rows and columns.
DECODED = 128
# Share of a side that counts as border.
BORDER = 1 / 16
PLAIN, GREY_AS_COLOUR = "grey or in colour", "grey, stored as colour"

Pixels = NDArray[np.uint8]


class Look(NamedTuple):
    """An image: sha256 of its pixels, small grey copy (rows, columns), rows and columns.

    brightness, contrast: mean and deviation of the grey values, 0..255; colour: mean of each of three
    channels; border: mean of each channel, and deviation, of what lies along the sides; bytes, quality: of
    its file and of its JPEG's quantisation (the sum of its tables), 0 where it has none; mode: how it was
    stored, in words.
    """

    digest: str
    small: Pixels
    size: tuple[int, int]
    brightness: float
    contrast: float
    colour: tuple[float, ...]
    border: tuple[float, ...]
    bytes: int = 0
    quality: int = 0
    mode: str = PLAIN


def of_pixels(pixels: Pixels, size: tuple[int, int] | None = None) -> Look:
    """Return what is kept of pixels (rows, columns) or (rows, columns, 3); size: of the whole image."""
    grey_only = is_grey(pixels)
    plain = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 0]) if grey_only else pixels
    rows, columns = plain.shape[:2]
    size = size or (rows, columns)
    digest = hashlib.sha256(f"{size}{plain.shape}".encode())
    digest.update(np.ascontiguousarray(plain).data)
    small = _small(plain)
    edge = max(1, round(BORDER * min(rows, columns)))
    around = np.ones((rows, columns), np.bool_)
    around[edge : rows - edge, edge : columns - edge] = False
    border = plain[around].reshape(int(around.sum()), -1).astype(np.float32)
    return Look(
        digest.hexdigest(),
        small,
        size,
        float(small.mean()),
        float(small.std()),
        _channels(plain.reshape(rows * columns, -1).mean(axis=0)),
        (*_channels(border.mean(axis=0)), float(border.std())),
        mode=GREY_AS_COLOUR if grey_only and pixels.ndim == 3 else PLAIN,
    )


def _channels(means: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.resize(means, 3))


def _small(pixels: Pixels) -> Pixels:
    """Return a grey copy of at most SIDE rows and columns: a square where it is made smaller."""
    from PIL import Image

    image = Image.fromarray(pixels)
    grey = image if image.mode == "L" else image.convert("L")
    if max(grey.size) > SIDE:
        grey = grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(grey)


def of_file(picture: Picture, content: bytes) -> Look:
    """Return what is kept of an image and of the file that it was decoded from."""
    from PIL import Image

    quality, size = 0, picture.image.size[::-1]
    with Image.open(io.BytesIO(content)) as head:
        tables = getattr(head, "quantization", None) or {}
        quality = sum(sum(table) for table in tables.values())
        whole = head.size[::-1]
    # Turned upright or not, and decoded at a scale or not: the file says how large it is.
    upright = whole if (whole[0] < whole[1]) == (size[0] < size[1]) else whole[::-1]
    found = of_pixels(np.asarray(picture.image), upright)
    mode = ", ".join(picture.notes) or found.mode
    return found._replace(bytes=len(content), quality=quality, mode=mode)
