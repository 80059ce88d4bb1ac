"""From a row of a person's own images to prepared parts: decoded, cut by the ranks of hashes, listed.

Owns the order of these steps, and what is said of images left out. Must not know any kind of row.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff import files, values
from bakeoff.archive import Blocks
from bakeoff.command import UserError
from bakeoff.data import leaks, own, part_list, parts
from bakeoff.data.decoded import Decoded, Kept, Squares
from bakeoff.data.decoding import Failed, decode
from bakeoff.data.own import Own
from bakeoff.data.part_list import Placed
from bakeoff.data.parts import TEST
from bakeoff.data.source import Item, Listed, Source
from bakeoff.data.split import Split
from bakeoff.data.store import Dataset
from bakeoff.records.parts import PARTS
from bakeoff.rows import Named

Log = Callable[[str], None]
UNREADABLE = "unreadable images"
# What images are called at the row's own size, and at the networks'.
FORMS = ("images", "resized")


@dataclass(frozen=True)
class Prepared:
    """arrays: as for store.save_prepared; about: what is said of them; images: what parts.csv lists."""

    arrays: Mapping[str, np.ndarray | Blocks]
    about: Mapping[str, Any]
    images: Sequence[Placed]


@dataclass(frozen=True, slots=True)
class _Image:
    """An image and how it lies in the folder of each size; its part, and its fold of each cut."""

    item: Item
    decoded: Mapping[int, Decoded]
    part: str = ""
    folds: tuple[int, ...] = ()

    @property
    def sha256(self) -> str:
        """Return the digest of its content."""
        return next(iter(self.decoded.values())).sha256


def prepare(
    named: Named,
    split: Split,
    size: int,
    limits: Mapping[str, int | None],
    folder: Path,
    processes: int,
    log: Log,
    on_leak: leaks.OnLeak = "drop",
) -> Prepared:
    """Return the parts of a row's images; UserError where it names no data set, or one that cannot be cut.

    size: rows and columns that networks see; limits: limit_train and limit_test, None for all; folder: where
    decoded images are kept, of which a later call takes what it has; processes: that decode at a time.
    """
    row: Own = named.row
    source = row.source()
    listed = source.list()
    with files.alone_in(folder):
        kept = {each: _kept(row, each, folder) for each in dict.fromkeys((row.input_size, size))}
        images, failed = _decoded(source, listed.items, row, kept, processes, log)
        images, notes = _cut(images, listed.classes, split)
        images, leaked = _staying(images, listed.classes, on_leak)
        images, beyond = _within(images, limits)
        every = [image for each in images for image in each.decoded.values()]
        grey = row.grey is not False and all(image.grey for image in every)
        arrays = _arrays(images, dict(zip(FORMS, kept.items(), strict=False)), grey)
    unread = {UNREADABLE: len(failed)} if failed else {}
    left_out = {**listed.left_out, **unread, **leaked, **beyond}
    notes = [*failed, *_of_decoding(images), *notes]
    for line in (*(f"left out: {reason}: {count:,}" for reason, count in left_out.items()), *notes):
        log(line)
    placed = [_placed(image, listed.classes) for image in images]
    said = {"left_out": left_out, "notes": notes, "part_digests": part_list.digests(placed), **limits}
    shape = list(arrays["train_images"].shape[1:])
    return Prepared(arrays, {**_about(named, listed), **said, "grey": grey, "image_shape": shape}, placed)


def again(
    named: Named, main: Dataset, placed: Sequence[Placed], size: int, folder: Path, processes: int, log: Log
) -> dict[str, Squares]:
    """Return a prepared data set's images at another size; UserError where they are others by now.

    placed: what its parts.csv lists; the rest as for `prepare`.
    """
    row: Own = named.row
    source = row.source()
    items = {item.path: item for item in source.list().items}
    if part_list.digests(placed) != main.meta.get("part_digests"):
        raise UserError(f"{main.name}: its parts.csv is not that of the prepared images; call again")
    for image in placed:
        if image.path not in items:
            raise _changed(image.path)

    def unreadable(each: Failed) -> None:
        raise _changed(each.path)

    with files.alone_in(folder):
        kept = _kept(row, size, folder)
        listed = [items[image.path] for image in placed]
        decoded = decode(source, listed, kept, processes, unreadable)
        # At the row's own size lie others, too, such as those beyond a limit.
        if size != row.input_size:
            decoded = kept.keep(decoded)
    for image, found in zip(placed, decoded, strict=True):
        if image.sha256 != found.sha256:
            raise _changed(image.path)
        if main.meta["grey"] and not found.grey:
            cure = "say `grey: true` in the row, or false"
            raise UserError(f"{image.path}: has colour at {size} x {size} pixels, and at fewer none; {cure}")
    log(f"{values.plural(len(placed), 'image')} at {size} x {size} pixels, in the same parts")
    by_part = {part: [i for i, image in enumerate(placed) if image.part == part] for part in PARTS}
    return {
        f"{part}_images": _squares(kept, [decoded[number] for number in rows], main.meta["grey"])
        for part, rows in by_part.items()
    }


def _changed(path: str) -> UserError:
    return UserError(f"{path}: is another than when the parts were cut; call again")


def _squares(kept: Kept, images: Sequence[Decoded], grey: bool) -> Squares:
    return Squares(kept, [each.place for each in images], [each.check for each in images], grey)


def _about(named: Named, listed: Listed) -> dict[str, Any]:
    """Return what a row says of its data."""
    return {
        "name": named.name,
        "title": named.row.title or named.name,
        "licence": named.row.licence,
        "citation": named.row.citation,
        "classes": list(listed.classes),
        "source": listed.source,
        "fingerprints": {},
    }


def _kept(row: Own, size: int, folder: Path) -> Kept:
    view = dataclasses.replace(row.view, size=size)
    return Kept(folder / "-".join([str(size), view.resize, *(["grey"] if view.grey else [])]), view)


def _decoded(
    source: Source, items: Sequence[Item], row: Own, kept: Mapping[int, Kept], processes: int, log: Log
) -> tuple[list[_Image], list[str]]:
    """Return the images that can be decoded, and a line for each other; UserError for too many of these."""
    failed: dict[str, str] = {}

    def left_out(each: Failed) -> None:
        if each.path not in failed and len(failed) == row.max_unreadable:
            raise UserError(
                f"{each.path}: unreadable: {each.why}; this is number {len(failed) + 1}, of which the row "
                f"allows {row.max_unreadable}: mend or remove them, or raise max_unreadable"
            )
        failed[each.path] = f"{each.path}: left out, unreadable: {each.why}"
        log(failed[each.path])

    found = {}
    for size, place in kept.items():
        decoded = place.keep(decode(source, items, place, processes, left_out))
        found[size] = {image.path: image for image in decoded}
    images = [
        _Image(item, {size: found[size][item.path] for size in kept})
        for item in items
        if item.path not in failed
    ]
    return images, list(failed.values())


def _cut(images: Sequence[_Image], classes: Sequence[str], split: Split) -> tuple[list[_Image], list[str]]:
    """Return the images with their parts and folds, and what people should know of these."""
    items, digests = [image.item for image in images], [image.sha256 for image in images]
    assigned = parts.assign(items, digests, classes, split)
    folds = assigned.folds or [()] * len(images)
    cut = zip(images, assigned.parts, folds, strict=True)
    return [dataclasses.replace(image, part=part, folds=own) for image, part, own in cut], [*assigned.notes]


def _staying(
    images: list[_Image], classes: Sequence[str], on_leak: leaks.OnLeak
) -> tuple[list[_Image], dict[str, int]]:
    """Return the images without copies of held-back ones, and how many of these there were."""
    strata = [(image.part, image.item.label) for image in images]
    stays = leaks.staying(strata, [image.sha256 for image in images], classes, on_leak)
    return list(compress(images, stays)), {leaks.DROPPED: n} if (n := stays.count(False)) else {}


def _within(images: list[_Image], limits: Mapping[str, int | None]) -> tuple[list[_Image], dict[str, int]]:
    """Return the images that the limits of a study leave, and how many each takes away, by its name."""
    beyond = {}
    for name, limit in limits.items():
        strata = {each.item.path: (each.part, each.item.label) for each in images if name == _limit(each)}
        if limit is not None and limit < len(strata):
            taken = own.sample(strata, limit)
            images = [each for each in images if name != _limit(each) or each.item.path in taken]
            beyond[f"beyond {name}: {limit}"] = len(strata) - limit
    return images, beyond


def _limit(image: _Image) -> str:
    return "limit_test" if image.part == TEST else "limit_train"


def _of_decoding(images: Sequence[_Image]) -> list[str]:
    """Return what was done to images to make them 8 bits, upright, grey or RGB: how many, by what."""
    counts = Counter(note for image in images for note in next(iter(image.decoded.values())).notes)
    return [f"{note}: {values.plural(count, 'image')}" for note, count in counts.items()]


def _arrays(
    images: Sequence[_Image], forms: Mapping[str, tuple[int, Kept]], grey: bool
) -> dict[str, np.ndarray | Blocks]:
    arrays: dict[str, np.ndarray | Blocks] = {}
    for part in PARTS:
        here = [image for image in images if image.part == part]
        arrays[f"{part}_labels"] = np.array([image.item.label for image in here], np.int64)
        for form, (size, kept) in forms.items():
            arrays[f"{part}_{form}"] = _squares(kept, [image.decoded[size] for image in here], grey)
    learnt = [image.folds for part in PARTS[:2] for image in images if image.part == part]
    if any(learnt):
        folds = np.array(learnt, np.int64)
        arrays["folds"] = folds[:, 0] if folds.shape[1] == 1 else folds
    return arrays


def _placed(image: _Image, classes: Sequence[str]) -> Placed:
    of = image.item.path, classes[image.item.label], image.part, image.folds
    return Placed(*of, image.item.group, image.sha256)
