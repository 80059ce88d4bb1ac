"""What a row of any kind of images gives: a list from names and tables alone, then images one by one.

Owns these types and how a publisher's parts are called. Must not know any kind of row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from PIL import Image

# How publishers, Keras and Ultralytics call the parts of a data set, in any case of letters.
PARTS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing"),
}


def part_called(word: str) -> str | None:
    """Return the part that a publisher's word means, None where it is none."""
    return next((part for part, words in PARTS.items() if word.strip().lower() in words), None)


class Unreadable(Exception):
    """Why an image cannot be decoded, in a few words; its path is the caller's to say."""


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a source, not decoded yet.

    path: as people know it, relative to the row's root, unique, never an absolute path of a machine; label:
    its place in the classes; part: train, validation or test as the publisher says it, None where nothing is
    said; group: its patient, session or video, None where no groups are given.
    """

    path: str
    label: int
    part: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Listed:
    """What a source holds, from names and tables alone: nothing is decoded for it.

    left_out: how many things were passed over, by the reason in words; source: for the record, no path of a
    machine.
    """

    items: Sequence[Item]
    classes: tuple[str, ...]
    left_out: Mapping[str, int]
    source: str


class Picture(NamedTuple):
    """A decoded image, upright, 8 bits, grey (L) or RGB; notes: what was done to make it so, in words.

    box: left, upper, right and lower end of the picture in it, None for all of it. A decoder that leaves
    pixels out gives whole ones: of 333, a quarter of them is 84, where the picture is 83.25.
    """

    image: "Image.Image"
    notes: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = None


class Source(Protocol):
    """A row of any kind, made ready."""

    def list(self) -> Listed:
        """Return what there is; UserError, in one line with its cure, for what cannot be a data set."""

    @property
    def apart(self) -> bool:
        """Return whether it can be handed to another process, which then reads by itself."""

    def stamp(self, item: Item) -> str | None:
        """Return what changes when an item does, found without reading it; None where nothing does."""

    def content(self, item: Item) -> bytes:
        """Return what an item's sha256 is of: its file's bytes, or its array's."""

    def image(self, item: Item, size: int | None = None, content: bytes | None = None) -> Picture:
        """Return an item's image; Unreadable where it cannot be decoded.

        size: rows and columns that it will be brought to. A decoder that can decodes at a smaller scale for
        it, of no fewer than twice as many; None asks for all pixels. content: the item's, if at hand.
        """
