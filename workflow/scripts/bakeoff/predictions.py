"""What a model answered on the test set, on disk: one writer, one reader."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bakeoff.files import reading

SUFFIX = ".npz"


@dataclass(frozen=True)
class Predictions:
    """Answers of a best run to the test set: (n,) labels and predictions, (n, k) scores."""

    labels: np.ndarray
    predictions: np.ndarray
    scores: np.ndarray

    @classmethod
    def none(cls, classes: int) -> "Predictions":
        """Return the answers of a cell of which no run finished."""
        return cls(np.empty(0), np.empty(0), np.empty((0, classes)))


def save(path: Path, found: Predictions) -> None:
    """Write the arrays in small types."""
    with open(path, "wb") as file:
        np.savez(
            file,
            labels=found.labels.astype(np.uint8),
            predictions=found.predictions.astype(np.uint8),
            scores=found.scores.astype(np.float32),
        )


def load(path: Path) -> Predictions | None:
    """Read what `save` wrote; None where no run finished. DamagedError where the file is something else."""
    with reading(path):
        with np.load(path, allow_pickle=False) as arrays:
            found = Predictions(arrays["labels"], arrays["predictions"], arrays["scores"])
        if not len(found.labels) == len(found.predictions) == len(found.scores):
            raise ValueError("arrays of different lengths")
    return found if len(found.labels) else None
