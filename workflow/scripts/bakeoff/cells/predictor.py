"""A saved model ready to use, of whatever family: images in, class numbers and scores out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from bakeoff.records.signature import Signature

BATCH = 1000
Answers = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Predictor(ABC):
    """A saved model; called with images it answers with class numbers (n,) and scores (n, classes).

    Images are uint8, (n, rows, columns) or (n, rows, columns, channels), of the size in its signature; a
    UserError says where they are not.
    """

    signature: Signature

    def __call__(self, images: np.ndarray) -> Answers:
        """Return the class numbers and the scores of images."""
        images = np.asarray(images)
        starts = range(0, max(len(images), 1), BATCH)
        found = [self._answer(self.signature.normalise(images[start : start + BATCH])) for start in starts]
        numbers, scores = (np.concatenate(each) for each in zip(*found, strict=True))
        return numbers, scores

    @property
    def device(self) -> str:
        """Return where it computes, cpu or gpu."""
        return "cpu"

    @abstractmethod
    def _answer(self, pixels: np.ndarray) -> Answers:
        """Return class numbers and scores of normalised pixels (n, rows, columns, channels)."""


def per_class(scores: np.ndarray, seen: np.ndarray, classes: int, absent: float | None = None) -> np.ndarray:
    """Return scores of the seen classes as (n, classes).

    With two classes scikit-learn gives one column of decision values. A class that a cut-down training part
    lacks has none: it is given `absent`, or comes below all others.
    """
    columns = scores if scores.ndim == 2 else np.stack([-scores, scores], axis=1)
    lowest = columns.min(axis=1, keepdims=True) - 1 if absent is None else np.full((len(columns), 1), absent)
    full = np.repeat(lowest, classes, axis=1)
    full[:, seen] = columns
    return full
