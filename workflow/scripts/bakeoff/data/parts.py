"""Which image is in which part, so that images added later leave where they are those that are there.

Owns the rule. A publisher's parts stand; what lacks is cut from the training images. Images of one group, or
of equal content, are one unit, and a unit is in one part. Units are ranked, by sha256 of the seed and of what
they are called, in the class of most of their images; the ranks are cut where the shares of its images end.
Must not know any file, nor how an image is decoded.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.command import UserError
from bakeoff.data.source import Item
from bakeoff.data.split import Split
from bakeoff.data.units import Units, Whole, units
from bakeoff.records import folded, folds
from bakeoff.values import plural, shown

TRAIN, VALIDATION, HOLDOUT, TEST = "train", "validation", "holdout", "test"
# In the order of the ranks: more images move the border of the training part, which has most, last.
CUT = (TEST, VALIDATION, HOLDOUT, TRAIN)


@dataclass(frozen=True)
class Assigned:
    """The part of each image, and its folds, one of each cut; none where it is not one to learn from.

    folds: None where there are none; notes: what people should know of it, a line each.
    """

    parts: tuple[str, ...]
    folds: tuple[tuple[int, ...], ...] | None
    notes: tuple[str, ...]


def assign(items: Sequence[Item], digests: Sequence[str], classes: Sequence[str], split: Split) -> Assigned:
    """Return the part and the folds of each image; digests: the sha256 of each one's content.

    UserError names a class that has too few images for the split.
    """
    found = units(items, digests, len(classes), split.seed)
    given = _given(items, found)
    shares = _shares(split, {part for part in given if part})
    pool = np.array([part is None for part in given], np.bool_)
    _check(found, pool, classes, list(shares))
    cut = _cut(found, pool, list(shares.values()))
    if missed := _level(found, pool, cut, len(shares)):
        raise UserError(
            f"class {shown(classes[missed[0]])}: whole groups cannot be cut so that it is in each of "
            f"{', '.join(shares)}; add groups with images of it"
        )
    names = list(shares)
    parts = tuple(part or names[cut[unit]] for part, unit in zip(given, found.of.tolist(), strict=True))
    own = None if split.folds is None else _folds(items, digests, parts, classes, split)
    return Assigned(parts, own, tuple(_notes(items, found, digests, parts, classes)))


def _given(items: Sequence[Item], found: Units) -> list[str | None]:
    """Return the part of each image that a publisher holds back, None of those to cut parts from.

    An image without a part goes where the publisher has one of its unit.
    """
    said = [item.part if item.part in (TEST, VALIDATION) else None for item in items]
    of = found.of.tolist()
    held = {
        unit: part for name in (VALIDATION, TEST) for unit, part in zip(of, said, strict=True) if part == name
    }
    return [
        held.get(unit) if item.part is None else part
        for item, part, unit in zip(items, said, of, strict=True)
    ]


def _shares(split: Split, given: set[str]) -> Mapping[str, float]:
    """Return the parts to cut and the share of each: in the proportions of the split, whatever is given."""
    rest = 1 if TEST in given else 1 - split.test
    whole = {TEST: split.test, VALIDATION: rest * split.validation, HOLDOUT: rest * split.holdout}
    whole[TRAIN] = rest * split.train
    asked = {part: whole[part] for part in CUT if part not in given and whole[part]}
    return {part: share / sum(asked.values()) for part, share in asked.items()}


def _check(found: Units, images: NDArray[np.bool_], classes: Sequence[str], asked: Sequence[str]) -> None:
    """Raise UserError where a class has fewer units among these images than there are parts asked for."""
    have = found.per_class(images)
    few = np.flatnonzero(have < len(asked)).tolist()
    if not few:
        return
    count = int(np.sum(found.labels[images] == few[0]))
    groups = f" in {plural(int(have[few[0]]), 'group')}" if have[few[0]] < count else ""
    more = f"; so have {len(few) - 1:,} more classes" if len(few) > 1 else ""
    raise UserError(
        f"class {shown(classes[few[0]])}: {plural(count, 'image')}{groups}, of {len(asked)} needed, one each "
        f"for {', '.join(asked)}{more}; add some, or leave the class out"
    )


def _cut(found: Units, images: NDArray[np.bool_], shares: Sequence[float]) -> Whole:
    """Return the place among the shares of each unit with some of the images, -1 of the others."""
    cut = np.full(len(found), -1)
    for own, sizes in found.strata(images):
        cut[own] = _ranked(sizes, shares)
    return cut


def _ranked(sizes: Whole, shares: Sequence[float]) -> Whole:
    """Return the place among the shares of units (n,) of so many images, in the order of their ranks.

    A unit is where its middle lies. Each share has a unit where there are as many.
    """
    # Sums are rounded, not shares: so no image more moves a border by more than one.
    ends = np.floor(np.cumsum(shares[:-1]) * sizes.sum() + 0.5)
    borders = np.searchsorted(np.cumsum(sizes) - sizes / 2, ends).tolist()
    if len(sizes) >= len(shares):
        for place, border in enumerate(borders):
            least = borders[place - 1] + 1 if place else 1
            borders[place] = min(max(border, least), len(sizes) - len(borders) + place)
    return np.searchsorted(borders, np.arange(len(sizes)), side="right")


def _level(found: Units, images: NDArray[np.bool_], cut: Whole, count: int) -> Sequence[int]:
    """Move units until every class is in each of `count` parts; return the classes that cannot be.

    Those of several classes are ranked in one of them, which may leave another without.
    """
    pairs = found.pairs(images)[0]
    here = np.zeros((found.classes, count), np.int64)
    np.add.at(here, (pairs[1], cut[pairs[0]]), 1)
    missed = []
    for label, part in np.argwhere(here == 0).tolist():
        if here[label, part]:
            continue
        for unit in pairs[0, pairs[1] == label].tolist():
            own = pairs[1, pairs[0] == unit]
            if (here[own, cut[unit]] > 1).all():
                here[own, cut[unit]] -= 1
                here[own, part] += 1
                cut[unit] = part
                break
        else:
            missed.append(label)
    return missed


def _folds(
    items: Sequence[Item], digests: Sequence[str], parts: Sequence[str], classes: Sequence[str], split: Split
) -> tuple[tuple[int, ...], ...]:
    """Return the folds of each image to learn from, by the ranks of each cut's seed."""
    learnt = np.array([part in (TRAIN, VALIDATION) for part in parts], np.bool_)
    asked = folds.numbers(split.folds or 0, 1)
    cuts = []
    for seed in split.fold_seeds:
        found = units(items, digests, len(classes), seed)
        _check(found, learnt, classes, [f"fold {number}" for number in asked])
        cuts.append(_cut(found, learnt, [1 / len(asked)] * len(asked))[found.of])
    of = folded.columns(cuts).reshape(len(items), -1).tolist()
    return tuple(tuple(each) if own else () for each, own in zip(of, learnt, strict=True))


def _notes(
    items: Sequence[Item], found: Units, digests: Sequence[str], parts: Sequence[str], classes: Sequence[str]
) -> Iterator[str]:
    """Yield what is worth a line: of images whose part nobody said, of equal ones, of a publisher's parts."""
    silent = [part for item, part in zip(items, parts, strict=True) if item.part is None]
    if 0 < len(silent) < len(items):
        yield (
            f"{plural(len(silent), 'image')} without a part: where others of their group or content are held "
            "back, so are they; the rest count as training images, of which what lacks is cut"
        )
    if again := len(digests) - len({*digests}):
        yield f"{plural(again, 'image')} with the content of another, in the same part as that one"
    if several := len({*zip(digests, (item.label for item in items), strict=True)}) - len({*digests}):
        yield f"{plural(several, 'image')} with the content of another of another class"
    sides = {*zip(found.of.tolist(), parts, strict=True)}
    if both := sum(count > 1 for count in Counter(unit for unit, _ in sides).values()):
        yield f"{plural(both, 'group')} of images that belong together in several parts, as published"
    for part in (name for name in CUT if name in parts):
        here = {item.label for item, own in zip(items, parts, strict=True) if own == part}
        if missing := [name for label, name in enumerate(classes) if label not in here]:
            more = f" and of {len(missing) - 1:,} more classes" if len(missing) > 1 else ""
            yield f"no image of class {shown(missing[0])}{more} in {part}, as published"
