"""All images of a row in memory, at the size that the row says; what is odd about them is counted and said.

Owns how many may be unreadable, and whether the data are grey. Must not know any kind of row.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bakeoff import values
from bakeoff.command import UserError
from bakeoff.data import pictures
from bakeoff.data.own import Own
from bakeoff.data.raw import Raw
from bakeoff.data.source import Item, Picture, Source, Unreadable

if TYPE_CHECKING:
    import numpy as np

Log = Callable[[str], None]
TEST, VALIDATION = "test", "validation"


def load(row: Own, log: Log) -> Raw:
    """Return the images of a row, those of its validation part among the ones to learn from.

    UserError where the row names no data set, or more images are unreadable than it allows.
    """
    import numpy as np

    source = row.source()
    listed = source.list()
    for reason, count in listed.left_out.items():
        log(f"left out: {reason}: {count:,}")
    items, squares = _read(source, listed.items, row, log)
    images = _as_one(squares, row)
    labels = np.array([item.label for item in items], np.int64)
    if count := sum(item.part == VALIDATION for item in items):
        log(f"{values.plural(count, 'image')} of the validation part: split anew with those of train")
    test = np.array([item.part == TEST for item in items], bool)
    for name, seen in zip(
        listed.classes, np.bincount(labels[~test], minlength=len(listed.classes)), strict=True
    ):
        if not seen:
            raise UserError(
                f"{listed.source}: class {values.shown(name)} has no image to learn from; add some"
            )
    grey = images.ndim == 3
    return Raw(images[~test], labels[~test], images[test], labels[test], listed.classes, grey, listed.source)


def _read(source: Source, items: Sequence[Item], row: Own, log: Log) -> tuple[list[Item], "list[np.ndarray]"]:
    """Return the readable images as squares, and their items; the others are named."""
    kept, squares, unreadable = [], [], 0
    notes: Counter[str] = Counter()
    for item in items:
        try:
            picture = source.image(item, row.input_size)
        except Unreadable as fault:
            unreadable += 1
            if unreadable > row.max_unreadable:
                raise UserError(
                    f"{item.path}: unreadable: {fault}; this is number {unreadable}, of which the row allows "
                    f"{row.max_unreadable}: mend or remove them, or raise max_unreadable"
                ) from fault
            log(f"{item.path}: left out, unreadable: {fault}")
            continue
        notes.update(picture.notes)
        kept.append(item)
        squares.append(_square(picture, row))
    for note, count in notes.items():
        log(f"{note}: {values.plural(count, 'image')}")
    return kept, squares


def _square(picture: Picture, row: Own) -> "np.ndarray":
    """Return an image of the row's size, of one channel where it is grey, or is to be taken as grey."""
    if row.grey is True:
        picture = picture._replace(image=picture.image.convert("L"))
    found = pictures.square(picture, row.input_size, row.resize)
    return found[..., 0] if found.ndim == 3 and pictures.is_grey(found) else found


def _as_one(squares: "list[np.ndarray]", row: Own) -> "np.ndarray":
    """Return uint8 (n, size, size) where all are grey and may be, else (n, size, size, 3)."""
    import numpy as np

    grey = row.grey is not False and all(each.ndim == 2 for each in squares)
    shape = (row.input_size, row.input_size) if grey else (row.input_size, row.input_size, 3)
    images = np.empty((len(squares), *shape), np.uint8)
    for number, each in enumerate(squares):
        images[number] = each if grey or each.ndim == 3 else each[..., None]
    return images
