"""A saved model ready to use, of whatever family: images in, class numbers and scores out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bakeoff.records.signature import Signature

# Images at a time; of those that go through a network first, which are large, fewer.
BATCH, EXTRACTED = 1000, 64
Answers = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Predictor(ABC):
    """A saved model; called with images it answers with class numbers (n,) and scores (n, classes).

    Images are uint8, (n, rows, columns) or (n, rows, columns, channels), of the size in its signature; a
    UserError says where they are not. extract: what makes of normalised pixels the numbers (n, f) that it is
    fitted on, None where these are the pixels themselves.
    """

    signature: Signature
    extract: Callable[[np.ndarray], np.ndarray] | None = field(default=None, kw_only=True)

    def __call__(self, images: np.ndarray) -> Answers:
        """Return the class numbers and the scores of images."""
        images = np.asarray(images)
        step = BATCH if self.extract is None else EXTRACTED
        starts = range(0, max(len(images), 1), step)
        found = [self._of(self.signature.normalise(images[start : start + step])) for start in starts]
        numbers, scores = (np.concatenate(each) for each in zip(*found, strict=True))
        return numbers, scores

    def _of(self, pixels: np.ndarray) -> Answers:
        return self._answer(pixels if self.extract is None else self.extract(pixels))

    @property
    def device(self) -> str:
        """Return where it computes, cpu or gpu."""
        return "cpu"

    @abstractmethod
    def _answer(self, pixels: np.ndarray) -> Answers:
        """Return class numbers and scores of normalised pixels (n, rows, columns, channels), or of (n, f)."""


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
