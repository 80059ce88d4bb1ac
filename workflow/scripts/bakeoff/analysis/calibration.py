"""Whether a confidence can be believed: reliability bins, expected calibration error and log loss."""

from dataclasses import dataclass

import numpy as np

from bakeoff.records.predictions import Predictions

BINS = 10
EPSILON = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Bin:
    """Images with a confidence in (low, high]: how many, how many right, and their mean confidence."""

    low: float
    high: float
    images: int
    right: int
    confidence: float

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return self.right / self.images


def bins(given: Predictions, number: int = BINS) -> list[Bin]:
    """Return the bins that hold images; scores are probabilities, confidence is the answer's own."""
    confidence = given.scores[np.arange(len(given.labels)), given.predictions].astype(float)
    right = given.predictions == given.labels
    place = np.clip(np.ceil(confidence * number).astype(int) - 1, 0, number - 1)
    return [
        Bin(
            index / number,
            (index + 1) / number,
            int(here.sum()),
            int(right[here].sum()),
            float(confidence[here].mean()),
        )
        for index in range(number)
        if (here := place == index).any()
    ]


def log_loss(given: Predictions) -> float:
    """Return the mean -log of the probability of the true class, in nats.

    A probability of 0 counts as single precision's epsilon, as in scikit-learn.
    """
    of_true = given.scores[np.arange(len(given.labels)), given.labels].astype(float)
    return float(-np.log(np.clip(of_true, EPSILON, 1)).mean())


def answered_otherwise(given: Predictions) -> int:
    """Return for how many images the answer is not the class with the highest probability."""
    own = given.scores[np.arange(len(given.labels)), given.predictions]
    return int((own < given.scores.max(axis=1)).sum())


def expected_error(found: list[Bin]) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy (Naeini 2015)."""
    images = sum(item.images for item in found)
    return sum(item.images * abs(item.accuracy - item.confidence) for item in found) / images
