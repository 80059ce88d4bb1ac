"""Images as rows of numbers, for families that fit those: which images, in which order, and how scaled.

Must not know any family.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.data import scaling
from bakeoff.data.held import FEATURES
from bakeoff.data.store import Dataset, Part
from bakeoff.records import signature
from bakeoff.records.record import Competitor
from bakeoff.records.request import REFIT, Fold
from bakeoff.records.signature import Signature

Rows = NDArray[np.float32]
# Of pixels in 0..1, which are taken as they are: the scaler is a part of what is saved.
PIXEL_MEAN, PIXEL_DEVIATION = 0.0, 1.0


class Pixels:
    """The images of a data set's folds as rows; those of the last fold are kept for the next fit on it."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._kept: tuple[Fold, dict[str, Part], dict[str, Rows]] | None = None

    @property
    def features(self) -> int:
        """Return how many numbers a row holds."""
        return int(np.prod(self._dataset.parts["train"].images.shape[1:]))

    @property
    def components(self) -> int | None:
        """Return how many principal components stand for a row; None where the row does itself."""
        return self._dataset.features.components if self._dataset.features else None

    @property
    def fed(self) -> int:
        """Return how many numbers are left of a row for what is fitted behind the scaler."""
        return self.components or self.features

    def scaled(self, scale: str, fitted: Rows) -> tuple["scaling.Scaler", Rows]:
        """Return what was fitted to rows, a scaler or one that projects too, and these as it makes them."""
        return scaling.fitted(scale, fitted, self.components)

    def of(self, fold: Fold) -> tuple[dict[str, Part], dict[str, Rows]]:
        """Return the images to fit on ("train") and those to decide, by part, and their rows (n, f)."""
        if self._kept is None or self._kept[0] != fold:
            parts = self._parts(fold)
            self._kept = fold, parts, {name: rows(part) for name, part in parts.items()}
        return self._kept[1:]

    def _parts(self, fold: Fold) -> dict[str, Part]:
        fitted, scored = self._dataset.fold(fold)
        found = {"train": fitted}
        if fold != REFIT:
            found["validation"] = scored
        return found if isinstance(fold, int) else {**found, **self._dataset.held_back}

    def signature(self, of: Competitor, parameters: Mapping[str, Any]) -> Signature:
        """Return what a model of such rows takes and answers."""
        data = self._dataset.describe((self.features,))
        if (made := self._dataset.features) is not None:
            about = {"row": made.row, "numbers": made.numbers}
            assert self._dataset.sample is not None, "what was extracted has some of its images beside it"
            size = self._dataset.sample.shape[1:3]
            return signature.of(of, parameters, size, (made.mean, made.deviation), data, about)
        height, width, *colours = self._dataset.parts["train"].images.shape[1:]
        channels = colours[0] if colours else 1
        scaling = (PIXEL_MEAN,) * channels, (PIXEL_DEVIATION,) * channels
        return signature.of(of, parameters, (height, width), scaling, data)


def accuracies(answered: Mapping[str, NDArray[np.int64]], parts: Mapping[str, Part]) -> dict[str, Any]:
    """Return the share of right class numbers (n,) on each part, called as a run calls it."""
    return {
        f"{part}_accuracy": float((found == parts[part].labels).mean()) for part, found in answered.items()
    }


def called(dataset: Dataset, competitor: str, label: str) -> tuple[str, str]:
    """Return what a competitor is called on a data set, by files and by people: after features, too."""
    return dataset.features.on(competitor, label) if dataset.features else (competitor, label)


def row_of(dataset: Dataset) -> dict[str, Mapping[str, Any]]:
    """Return what the row of the features says that a data set is of, by its kind; nothing of images."""
    return {FEATURES: dataset.features.row} if dataset.features else {}


def skipped(dataset: Dataset) -> str | None:
    """Return why there are no features to fit on, None where there are, or images."""
    return dataset.features.skipped if dataset.features else None


def rows(part: Part) -> Rows:
    """Return images as float32 rows (n, f) of values in 0..1, features as they are."""
    if part.images.dtype == np.float32:
        return part.images
    return part.images.reshape(len(part), -1).astype(np.float32) / np.float32(255)
