"""Image files to pixels: upright, 8 bits, grey or RGB, in a square; what was done on the way is said.

Owns how any file that Pillow reads becomes a picture. Must not know where files lie.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Literal

from bakeoff.data.source import Picture, Unreadable

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# What Pillow opens and does not decode by itself: another program (Ghostscript), another library or nothing.
NO_PICTURES = frozenset({"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "FPX", "MIC", "PDF"})
# A decoder that leaves pixels out gives at least twice the rows and columns that are wanted, to be filtered.
DRAFT = 2
NOT_TAKEN = "32 bits a pixel, whose range of values is not known; save it with 8 or 16"
ORIENTATION = 0x0112
WIDE = "16 bits a channel, of which the upper 8 are taken"


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that are taken, as Pillow calls them."""
    from PIL import Image

    Image.init()
    return tuple(sorted(set(Image.OPEN) - NO_PICTURES))


@cache
def extensions() -> frozenset[str]:
    """Return the ends of names that images have, in small letters."""
    from PIL import Image

    known = frozenset(formats())
    return frozenset(end for end, kind in Image.registered_extensions().items() if kind in known)


def decode(content: bytes, size: int | None = None) -> Picture:
    """Return the picture in a file's bytes; Unreadable where there is none, or not all of it.

    size: as for Source.image: JPEGs are decoded at a half, a quarter or an eighth of their size where that
    leaves twice as many rows and columns.
    """
    from PIL import Image, ImageOps

    with _readable(), Image.open(io.BytesIO(content), formats=formats()) as image:
        notes = _noted(image)  # first: of a PNG, its EXIF is known when all of it is decoded
        turned = image.getexif().get(ORIENTATION, 1)
        drafted = size is not None and image.draft(None, (DRAFT * size, DRAFT * size))
        image.load()
        box = _turned_box(drafted[1], image.size, turned) if drafted else None
        # Pillow turns a TIFF by itself, and then says no more that it should be turned.
        upright = ImageOps.exif_transpose(image)
        if turned in range(2, 9):
            notes = (*notes, "turned upright, as its EXIF says")
        plain, more, _ = eight_bits(upright)
        return Picture(plain, (*notes, *more), box)


Box = tuple[float, float, float, float]


def _turned_box(box: Box, size: tuple[int, int], turned: int) -> Box:
    """Return where a box of an image, from its upper left, lies when the image is turned upright."""
    right, lower = size[0] - box[2], size[1] - box[3]
    left = {2: right, 3: right, 6: lower, 7: lower}.get(turned, 0)
    upper = {3: lower, 4: lower, 7: right, 8: right}.get(turned, 0)
    columns, rows = box[2:] if turned < 5 else (box[3], box[2])
    return left, upper, left + columns, upper + rows


@contextmanager
def _readable() -> Iterator[None]:
    """Turn whatever a decoder raises into Unreadable: its plugins let through errors of every type."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    before = ImageFile.LOAD_TRUNCATED_IMAGES
    # Libraries that draw pages switch it on for the whole process, when they are imported.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            # Of large pictures, which are read, and of odd metadata, which are not used.
            warnings.simplefilter("ignore")
            yield
    except (Unreadable, MemoryError):
        raise
    except UnidentifiedImageError:
        raise Unreadable("no image of a known format") from None
    except Image.DecompressionBombError:
        raise Unreadable(f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels") from None
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise Unreadable(said or type(error).__name__) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _noted(image: "Image.Image") -> tuple[str, ...]:
    """Return what is odd about a file before it is decoded."""
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("several frames, of which the first is taken")
    # Pillow gives colours of 16 bits as 8, and greys of 32 as those of 16: what its decoder is told says so.
    told = str([tile[3] for tile in getattr(image, "tile", ())])
    if ";32" in told or image.mode == "F":
        raise Unreadable(NOT_TAKEN)
    if not image.mode.startswith("I") and (";16" in told or "65535" in told):
        notes.append(WIDE)
    return tuple(notes)


def eight_bits(image: "Image.Image") -> Picture:
    """Return an image of any mode as grey (L) or RGB; Unreadable where its range of values is not known."""
    mode = image.mode
    notes: list[str] = []
    if mode.startswith("I") or mode == "F":
        image, notes = _wide(image), [WIDE]
    elif mode in ("P", "PA"):
        notes.append("a palette")
    if image.has_transparency_data:
        from PIL import Image

        grey = mode in ("LA", "La", "L", "1")
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            notes.append("transparent pixels, laid over white")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert(
            "L" if grey else "RGB"
        )
    if image.mode not in ("L", "RGB"):
        if mode in ("CMYK", "YCbCr", "LAB", "HSV"):
            notes.append(f"{mode} in place of RGB")
        image = _from_lab(image) if mode == "LAB" else image.convert("L" if mode == "1" else "RGB")
    return Picture(image, tuple(notes))


def _wide(image: "Image.Image") -> "Image.Image":
    """Return a grey image of 16 bits as one of 8."""
    import numpy as np
    from PIL import Image

    values = np.asarray(image)
    if image.mode == "F" or (values.size and (values.min() < 0 or values.max() > 65535)):
        raise Unreadable(NOT_TAKEN)
    return Image.fromarray((values >> 8).astype(np.uint8))


def _from_lab(image: "Image.Image") -> "Image.Image":
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    made = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if made is None:
        raise Unreadable("LAB colours that cannot be brought to RGB")
    return made


def square(picture: Picture, size: int, resize: Literal["squash", "crop", "pad"]) -> "np.ndarray":
    """Return a picture as uint8 (size, size) or (size, size, 3), bilinear with antialiasing."""
    import numpy as np
    from PIL import Image

    image, filtered = picture.image, Image.Resampling.BILINEAR
    left, upper, right, lower = picture.box or (0, 0, *image.size)
    width, height = right - left, lower - upper
    if resize == "crop":
        side = min(width, height)
        left, upper = left + (width - side) / 2, upper + (height - side) / 2
        width = height = side
    box = (left, upper, left + width, upper + height)
    if resize != "pad" or width == height:
        return np.asarray(image.resize((size, size), filtered, box))
    scale = size / max(width, height)
    small = image.resize((max(1, round(width * scale)), max(1, round(height * scale))), filtered, box)
    whole = Image.new(image.mode, (size, size))
    whole.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
    return np.asarray(whole)


def is_grey(pixels: "np.ndarray") -> bool:
    """Tell whether pixels have one channel, or three that are equal."""
    if pixels.ndim == 2:
        return True
    return bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all())
