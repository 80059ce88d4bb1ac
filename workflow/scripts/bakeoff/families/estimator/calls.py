"""A classifier's own code, called: whatever it raises is one type, what it answers is looked at first."""

import random
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.cells.predictor import per_class
from bakeoff.families.estimator.making import METHODS, first_line
from bakeoff.records.record import Scores

# By so much a probability may miss 0 or 1.
ROUNDED = 1e-5
# Of versions to come, not of a fit.
OF_LATER = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)


class ClassifierError(Exception):
    """What a classifier raised, or what it answered in place of an answer."""


@contextmanager
def guarded(call: str) -> Iterator[None]:
    """Turn whatever is raised into a ClassifierError that names the call."""
    try:
        yield
    except ClassifierError:
        raise
    except Exception as error:
        raise ClassifierError(f"{call}: {first_line(error)}") from error


@contextmanager
def listening() -> Iterator[dict[str, None]]:
    """Keep warnings from being printed; yield the first line of each, once, as they are said."""
    heard: dict[str, None] = {}

    def hear(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, OF_LATER):
            heard[str(message).strip().partition("\n")[0]] = None

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = hear
        yield heard


def fit(estimator: Any, rows: NDArray[np.float32], labels: NDArray[np.int64], seed: int | None) -> None:
    """Fit; what takes no seed of its own finds the process's random numbers at the same place each time."""
    random.seed(seed or 0)
    np.random.seed(seed or 0)
    with guarded("fit"):
        estimator.fit(rows, labels)


def numbers(estimator: Any, rows: NDArray[np.float32], classes: int) -> NDArray[np.int64]:
    """Return the class numbers (n,) that a classifier predicts."""
    with guarded("predict"):
        found = np.asarray(estimator.predict(rows))
        if found.shape != (len(rows),):
            raise ValueError(f"returned {found.shape} for {len(rows)} images")
        whole = found.astype(np.int64)
        if not (np.array_equal(whole, found) and ((whole >= 0) & (whole < classes)).all()):
            raise ValueError("returned other than class numbers")
        return whole


def scores(
    estimator: Any, kind: Scores, rows: NDArray[np.float32], classes: int
) -> NDArray[np.float64] | None:
    """Return what a classifier says of every class, (n, classes); None where it says nothing.

    A class that it was not fitted on has no probability, and the lowest decision value.
    """
    if kind == "none":
        return None
    with guarded(METHODS[kind]):
        found = np.asarray(getattr(estimator, METHODS[kind])(rows), np.float64)
        seen = np.asarray(getattr(estimator, "classes_", np.arange(classes))).astype(np.int64)
        one_column = kind == "decisions" and len(seen) == 2 and found.shape == (len(rows),)
        if not one_column and found.shape != (len(rows), len(seen)):
            raise ValueError(f"returned {found.shape} for {len(rows)} images of {len(seen)} classes")
        if kind == "probabilities" and ((found < -ROUNDED) | (found > 1 + ROUNDED)).any():
            raise ValueError("returned other than probabilities, 0 to 1")
        return per_class(found, seen, classes, 0.0 if kind == "probabilities" else None)


def fault(arrays: Mapping[str, NDArray[Any]]) -> str | None:
    """Return which numbers are not finite in single precision, in which they are kept; None where all are."""
    largest = float(np.finfo(np.float32).max)
    for name, values in arrays.items():
        # False for a NaN, too.
        if not (np.abs(values) <= largest).all():
            return f"its {name} are not finite"
    return None
