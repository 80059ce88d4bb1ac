"""Images as decoded at one view, kept in a folder that later calls add to: each content is decoded once.

Owns the folder's form: `pixels`, one square after another, and `index.jsonl`, a line for each image. Nothing
rests on it but time: whoever removes it has all images decoded again. Must not know parts.
"""

import dataclasses
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff import files
from bakeoff.command import DamagedError
from bakeoff.data.view import View

if TYPE_CHECKING:
    import numpy as np

# Squares that are in memory at a time: of 64 x 64 pixels in colour 12 MB.
BLOCK = 1024
# What decodes: another version of it gives other pixels.
LIBRARIES = ("libjpeg_turbo", "jpg", "jpg_2000", "zlib", "libtiff", "webp", "avif")


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image in the folder: its path, its stamp, its content, and where its square lies.

    stamp: as for Source.stamp; place: the square's number in `pixels`; check: its crc32.
    """

    path: str
    stamp: str | None
    sha256: str
    place: int
    check: int
    grey: bool
    notes: tuple[str, ...] = ()


class Kept:
    """A folder of decoded images; one process at a time adds to it (files.alone_in)."""

    def __init__(self, folder: Path, view: View) -> None:
        """Take what lies there; start anew where it is of another view, or of another version's decoder."""
        self.view = view
        self.pixels, self._index = folder / "pixels", folder / "index.jsonl"
        self._folder, self._head = folder, json.dumps({**dataclasses.asdict(view), **_versions()})
        lines = []
        if self._index.is_file():
            lines = self._index.read_text(encoding="utf-8", errors="replace").splitlines()
        same = lines[:1] == [self._head] and self.pixels.is_file()
        self.images = [image for image in map(_image, lines[1:]) if image] if same else []
        if not same:
            folder.mkdir(parents=True, exist_ok=True)
            self._write([])
            with files.changing(self.pixels):
                self.pixels.write_bytes(b"")

    def add(self, images: Sequence[Decoded]) -> None:
        """Note images whose squares are written."""
        self.images.extend(images)
        with files.changing(self._index), open(self._index, "a", encoding="utf-8") as file:
            # It begins with a line's end: a kill may have left half a line.
            file.write("".join(f"\n{_line(image)}" for image in images))

    def next_place(self) -> int:
        """Return where the next square goes: behind all that are noted."""
        return max((image.place for image in self.images), default=-1) + 1

    def keep(self, images: Sequence[Decoded]) -> list[Decoded]:
        """Forget all but these images, and return them as they lie then.

        Their squares are moved together where more than half of those in the file are of none of them.
        """
        places = sorted({image.place for image in images})
        if 2 * len(places) < self.next_place():
            checks = {image.place: image.check for image in images}
            squares = Squares(self, places, [checks[place] for place in places], grey=False)
            with files.writing(self.pixels) as beside, open(beside, "wb") as file:
                for block in squares.blocks():
                    file.write(block)
            moved = {place: number for number, place in enumerate(places)}
            images = [dataclasses.replace(image, place=moved[image.place]) for image in images]
        if set(images) != set(self.images):
            self._write(images)
        return list(images)

    def _write(self, images: Sequence[Decoded]) -> None:
        files.write_text(self._index, "\n".join([self._head, *map(_line, images)]) + "\n")
        self.images = list(images)

    def damaged(self) -> DamagedError:
        """Return what says that the folder does not hold what was written."""
        return DamagedError({self._folder: "damaged: an image's pixels are not those that were decoded"})


def _versions() -> dict[str, str | None]:
    from PIL import __version__, features

    known = [name for name in LIBRARIES if features.check(name)]
    return {"pillow": __version__, **{name: features.version(name) for name in known}}


def _line(image: Decoded) -> str:
    return json.dumps(dataclasses.asdict(image))


def _image(line: str) -> Decoded | None:
    """Return the image of a line, None where a kill has torn it."""
    try:
        said: dict[str, Any] = json.loads(line)
        return Decoded(**{**said, "notes": tuple(said["notes"])})
    except (ValueError, TypeError, KeyError):
        return None


@dataclass(frozen=True)
class Squares:
    """Squares of a folder in a given order, uint8 (n, size, size, 3), read block by block.

    checks: the crc32 of each; grey: that all are, so that one channel is enough: (n, size, size).
    """

    kept: Kept
    places: Sequence[int]
    checks: Sequence[int]
    grey: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (n, rows, columns), and 3 where they are in colour."""
        shape = self.kept.view.shape
        return (len(self.places), *(shape[:2] if self.grey else shape))

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Return the type of a pixel."""
        import numpy as np

        return np.dtype(np.uint8)

    def blocks(self) -> Iterator["np.ndarray"]:
        """Yield so many squares at a time; DamagedError where the file holds others than were written."""
        import numpy as np

        view = self.kept.view
        with files.reading(self.kept.pixels), open(self.kept.pixels, "rb") as file:
            for start in range(0, len(self.places), BLOCK):
                places, checks = (each[start : start + BLOCK] for each in (self.places, self.checks))
                block = np.empty((len(places), *view.shape), np.uint8)
                for square, place, check in zip(block, places, checks, strict=True):
                    file.seek(place * view.bytes)
                    if file.readinto(square.data) != view.bytes or zlib.crc32(square) != check:
                        raise self.kept.damaged()
                yield np.ascontiguousarray(block[..., 0]) if self.grey and block.ndim == 4 else block
