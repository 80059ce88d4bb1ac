"""Which image is in which fold, as arrays: (n,) of images, or (n, repeats) where folds were cut again.

Owns their form. What folds are called is in folds.py, which a plan needs without numpy.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bakeoff.records.folds import MOST, number
from bakeoff.records.request import Fold

Whole = NDArray[np.int64]


def columns(found: Sequence[Whole] | Whole) -> Whole:
    """Return the fold of each image, from places cut by cut (repeats, n): (n,), of several (n, repeats)."""
    folds = np.array([number(cut, 0) + places for cut, places in enumerate(found)], np.int64)
    return folds[0] if len(folds) == 1 else folds.T


def count(folds: Whole) -> dict[str, int]:
    """Return `folds`, how many a cut has, and `repeats`, how many cuts there are, where there are several."""
    repeats = {} if folds.ndim == 1 else {"repeats": folds.shape[1]}
    return {"folds": int((folds % MOST).max()) + 1, **repeats}


def scored(folds: Whole, fold: Fold) -> NDArray[np.bool_]:
    """Return which images are in a fold (n,); folds: (n,), or (n, repeats)."""
    found: NDArray[np.bool_] = (folds.reshape(len(folds), -1) == fold).any(axis=1)
    return found


def fit(found: Whole, images: int, folds: int, repeats: int) -> bool:
    """Tell whether an array is the folds of so many images, none of them empty."""
    cuts = found.reshape(len(found), -1).T
    if len(found) != images or len(cuts) != repeats:
        return False
    asked = [{number(cut, place) for place in range(folds)} for cut in range(repeats)]
    return [{*cut.tolist()} for cut in cuts] == asked
