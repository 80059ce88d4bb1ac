"""Folds by number: which cut a fold is of, and which images are in it.

Folds may be cut several times. A fold's number is 100 times the number of its cut and its place in that one:
of 5 folds cut 2 times, 0 to 4 and 100 to 104. Where there is one cut, folds are numbered from 0.
"""

from collections.abc import Iterable

from bakeoff.values import plural

# A cut has no more folds than this, so that a number says which cut it is of, whatever their number.
MOST = 100


def numbers(folds: int, repeats: int) -> list[int]:
    """Return the numbers of all folds, cut by cut."""
    return [number(cut, place) for cut in range(repeats) for place in range(folds)]


def known(fold: int, folds: int, repeats: int) -> bool:
    """Tell whether there is a fold of that number."""
    return fold // MOST < repeats and fold % MOST < folds


def number(cut: int, place: int) -> int:
    """Return the number of a fold, of its cut and its place in it, both from 0."""
    return MOST * cut + place


def said(folds: int, repeats: int = 1) -> str:
    """Say how many there are: 5 folds, or 5 folds, cut 2 times."""
    return plural(folds, "fold") + (f", cut {repeats} times" if repeats > 1 else "")


def told(found: Iterable[int]) -> str | None:
    """Say how many folds these are, None where they are not the same places of every cut."""
    found = {*found}
    cuts, places = {fold // MOST for fold in found}, {fold % MOST for fold in found}
    return said(len(places), len(cuts)) if len(cuts) * len(places) == len(found) else None
