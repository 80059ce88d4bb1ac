"""The images that are audited, small and in memory, with what is known of each.

Owns how prepared parts, and the originals behind them, become one list. Must not know what is looked for.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit import look
from bakeoff.audit.look import Look, Pixels
from bakeoff.command import UserError
from bakeoff.data.part_list import Placed
from bakeoff.data.source import Item, Source, Unreadable
from bakeoff.data.store import Dataset
from bakeoff.processes import shared
from bakeoff.records.parts import PARTS

# Images that a process is given at a time, and how few are read without other processes.
BATCH, PAYS = 64, 400
LIBRARIES = ("numpy", "PIL.Image")


@dataclass(frozen=True)
class Images:
    """Images of all parts, one after another.

    looks: of each; labels: int64 (n,); parts: the name of each one's, empty where there are none; rows: its
    number in its part; paths: as people know them; groups: None where none are given.
    """

    looks: Sequence[Look]
    labels: NDArray[np.int64]
    parts: Sequence[str]
    rows: Sequence[int]
    paths: Sequence[str]
    groups: Sequence[str] | None
    classes: Sequence[str]
    files: bool
    unreadable: int = 0

    def __len__(self) -> int:
        return len(self.looks)


def prepared(data: Dataset) -> Images:
    """Return the images of prepared parts; a path is a part and a number in it."""
    looks, parts, rows = [], [], []
    for name in PARTS:
        for row, pixels in enumerate(data.parts[name].images):
            looks.append(look.of_pixels(np.asarray(pixels)))
            parts.append(name)
            rows.append(row)
    labels = np.concatenate([data.parts[name].labels for name in PARTS])
    paths = [f"{part}/{row}" for part, row in zip(parts, rows, strict=True)]
    return Images(looks, labels, parts, rows, paths, None, tuple(data.meta["classes"]), files=False)


def originals(source: Source, placed: Sequence[Placed] | None, processes: int) -> Images:
    """Return the images of a row of one's own as they are stored.

    placed: what its parts.csv lists, in that order; without it all that can be read, in the publisher's parts
    where there are some. UserError where a listed image is gone.
    """
    listed = source.list()
    parts = {each.path: each.part for each in placed or ()}
    items: Sequence[Item] = listed.items
    if placed is not None:
        known = {item.path: item for item in listed.items}
        if gone := [each.path for each in placed if each.path not in known]:
            raise UserError(f"{gone[0]}: is another than when the parts were cut; call again")
        items = [known[each.path] for each in placed]
    found = [pair for pair in zip(items, _looks(source, items, processes), strict=True) if pair[1]]
    named = [parts.get(item.path, item.part or "") for item, _ in found]
    groups = [item.group or "" for item, _ in found]
    return Images(
        [each for _, each in found if each],
        np.array([item.label for item, _ in found], np.int64),
        named,
        _numbered(named),
        [item.path for item, _ in found],
        groups if any(groups) else None,
        listed.classes,
        files=source.apart,
        unreadable=len(items) - len(found),
    )


def _numbered(parts: Sequence[str]) -> list[int]:
    numbers: defaultdict[str, Iterator[int]] = defaultdict(count)
    return [next(numbers[part]) for part in parts]


def _looks(source: Source, items: Sequence[Item], processes: int) -> Iterator[Look | None]:
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    several = processes if source.apart and len(items) >= PAYS else 1
    with shared(partial(_batch, source), batches, several, LIBRARIES, "--threads 1") as every:
        for found in every:
            yield from found


def _batch(source: Source, items: Sequence[Item]) -> list[Look | None]:
    return [_look(source, item) for item in items]


def _look(source: Source, item: Item) -> Look | None:
    try:
        content = source.content(item)
        picture = source.image(item, look.DECODED, content)
        return look.of_file(picture, content) if source.apart else look.of_pixels(np.asarray(picture.image))
    except Unreadable:
        return None


def small(images: Images) -> Mapping[tuple[int, int], tuple[NDArray[np.intp], Pixels]]:
    """Return the small copies by their shape: the numbers of the images, and the copies (m, rows, columns).

    Images of other shapes are no copies of each other but by a change of size, which makes squares of them.
    """
    shapes: dict[tuple[int, int], list[int]] = {}
    for number, each in enumerate(images.looks):
        shapes.setdefault((each.small.shape[0], each.small.shape[1]), []).append(number)
    return {
        shape: (np.array(numbers), np.stack([images.looks[number].small for number in numbers]))
        for shape, numbers in shapes.items()
    }
