"""From a source's images to squares in a folder: read once, hashed and decoded, by several processes.

Owns how the work is shared out and what is said of it meanwhile. Must not know any kind of row.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bakeoff.data.decoded import Decoded, Kept
from bakeoff.data.source import Item, Source, Unreadable
from bakeoff.data.view import View
from bakeoff.processes import shared
from bakeoff.progress import Progress
from bakeoff.values import plural

# Images that a process is given at a time.
BATCH = 32
# Fewer are decoded before other processes have read the libraries.
PAYS = 200
LIBRARIES = ("numpy", "PIL.Image")
# Between two lines of progress in a log.
APART_S = 5.0


@dataclass(frozen=True, slots=True)
class Failed:
    """An image that could not be decoded, and why."""

    path: str
    why: str


Found = Decoded | Failed
Batch = tuple[int, Sequence[Item]]


@dataclass(frozen=True)
class Decoder:
    """Decodes a source's images into a file of squares.

    known: what is decoded already, by the sha256 of its content.
    """

    source: Source
    view: View
    pixels: Path
    known: Mapping[str, Decoded]

    def batch(self, batch: Batch) -> list[Found]:
        """Decode images into the squares from a place on."""
        first, items = batch
        with open(self.pixels, "r+b") as file:
            return [self._one(item, first + number, file.fileno()) for number, item in enumerate(items)]

    def _one(self, item: Item, place: int, file: int) -> Found:
        stamp = self.source.stamp(item)
        try:
            content = self.source.content(item)
            digest = hashlib.sha256(content).hexdigest()
            if digest in self.known:
                return replace(self.known[digest], path=item.path, stamp=stamp)
            picture = self.source.image(item, self.view.size, content)
            square, grey = self.view.of(picture)
        except Unreadable as fault:
            return Failed(item.path, str(fault))
        os.pwrite(file, square.data, place * self.view.bytes)
        return Decoded(item.path, stamp, digest, place, zlib.crc32(square), grey, picture.notes)


def decode(
    source: Source, items: Sequence[Item], kept: Kept, processes: int, unreadable: Callable[[Failed], None]
) -> list[Decoded]:
    """Return the images of a list that can be decoded, in its order; `unreadable` is told of each other one.

    What lies in the folder of an image whose path and stamp are the same is taken from there.
    """
    stamped: dict[tuple[str, str | None], Decoded] = {
        (image.path, image.stamp): image for image in kept.images if image.stamp is not None
    }
    there = [stamped.get((item.path, source.stamp(item))) for item in items]
    fresh = [item for item, image in zip(items, there, strict=True) if image is None]
    decoder = Decoder(source, kept.view, kept.pixels, {image.sha256: image for image in kept.images})
    batches = _batches(fresh, kept.next_place())
    label = f"decoding to {kept.view.size} x {kept.view.size}"
    progress = Progress(label, len(fresh), APART_S) if fresh else None
    made: dict[str, Decoded] = {}
    several = processes if source.apart and len(fresh) >= PAYS else 1
    with shared(decoder.batch, batches, several, LIBRARIES, "--threads 1") as every:
        for found in every:
            decoded = [each for each in found if isinstance(each, Decoded)]
            kept.add(decoded)
            made |= {each.path: each for each in decoded}
            for each in found:
                if isinstance(each, Failed):
                    unreadable(each)
            if progress:
                progress.advance(len(found), f"{len(made):,} of {plural(len(fresh), 'image')}")
    if progress:
        progress.close()
    whole = (image or made.get(item.path) for item, image in zip(items, there, strict=True))
    return [image for image in whole if image]


def _batches(items: Sequence[Item], place: int) -> list[Batch]:
    return [(place + start, items[start : start + BATCH]) for start in range(0, len(items), BATCH)]
