"""From an original data set to the parts that models see: permuted once, split, resized once."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.command import UserError
from bakeoff.data.raw import Raw
from bakeoff.data.split import Split
from bakeoff.records.folded import columns
from bakeoff.records.parts import PARTS

HOLDOUT = "holdout"
# Squares of a view that are in memory at a time.
BLOCK = 256


def split_indices(
    count: int, split: Split, official_test: int, limit_train: int | None, limit_test: int | None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return row numbers of train, validation and holdout (none where its share is 0), and of the test set.

    Test rows number the official test set, or the same images as the others where that is empty.
    Both are drawn from seeded permutations, so a limit takes a random sample, not the first images:
    MNIST's first 5,000 test images are easier than the rest.
    """
    counts = split.counts(count, official_test, limit_train, limit_test)
    asked = [name for name in PARTS if name != HOLDOUT or split.holdout]
    if empty := [name for name in asked if counts[name] == 0]:
        raise UserError(f"the {empty[0]} part is empty: raise limit_train, limit_test or its share in split")
    order = permutation(count, split.seed)
    if official_test:
        test = permutation(official_test, split.seed)
    else:
        set_aside = int(split.test * count)
        test, order = order[:set_aside], order[set_aside:]
    test = test[: counts["test"]]
    parts, start = {}, 0
    for part in ("train", "validation", HOLDOUT):
        parts[part] = order[start : start + counts[part]]
        start += counts[part]
    # The test set is read in its published order; sorting keeps that under a limit too.
    return parts, np.sort(test)


def permutation(count: int, seed: int) -> np.ndarray:
    """Return torch's seeded permutation of 0..count-1.

    The published study split with torch.utils.data.random_split and seed 42, which takes consecutive
    slices of this permutation; so its 42,000 training images are ours.
    """
    import torch

    return torch.randperm(count, generator=torch.Generator().manual_seed(seed)).numpy()


def folds(labels: np.ndarray, count: int, seeds: Sequence[int]) -> np.ndarray:
    """Return the fold (n,) of each image, or its folds (n, cuts): of every class, as many in each as can be.

    seeds: one of each cut. UserError where the largest class has fewer images than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    if (most := int(np.bincount(labels).max())) < count:
        raise UserError(f"split/folds: {count}, but no class has more than {most} images to learn from")
    found = np.empty((len(seeds), len(labels)), np.int64)
    with warnings.catch_warnings():
        # Of classes with fewer images than folds: these are in as many folds as there are images.
        warnings.simplefilter("ignore", UserWarning)
        for cut, seed in zip(found, seeds, strict=True):
            folded = StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels)
            for fold, (_, scored) in enumerate(folded):
                cut[scored] = fold
    return columns(found)


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """Resize uint8 images (n, rows, columns, ...) to (n, size, size, ...), bilinear with antialiasing.

    Pillow's filter is what torchvision.transforms.Resize applies to an image.
    """
    from PIL import Image

    if images.shape[1:3] == (size, size):
        return images
    resized = np.empty((len(images), size, size, *images.shape[3:]), np.uint8)
    for row, image in enumerate(images):
        small = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
        resized[row] = np.asarray(small)
    return resized


@dataclass(frozen=True)
class Resized:
    """Images of a part (n, rows, columns, ...) as squares of so many rows, a few at a time in memory."""

    images: np.ndarray
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (n, size, size, ...)."""
        return (len(self.images), self.size, self.size, *self.images.shape[3:])

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Return the type of a pixel."""
        return self.images.dtype

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield so many squares at a time."""
        for start in range(0, len(self.images), BLOCK):
            yield resize(self.images[start : start + BLOCK], self.size)


def prepare(
    raw: Raw, split: Split, input_size: int, limit_train: int | None, limit_test: int | None
) -> dict[str, np.ndarray]:
    """Return {part}_images, {part}_resized and {part}_labels of the four parts, and folds if asked for.

    folds: of each training image, and of each validation image behind them, one or one of each cut.
    """
    rows, test_rows = split_indices(
        len(raw.train_images), split, len(raw.test_images), limit_train, limit_test
    )
    official = len(raw.test_images) > 0
    sources: Mapping[str, tuple[np.ndarray, np.ndarray]] = {
        "test": (raw.test_images, raw.test_labels) if official else (raw.train_images, raw.train_labels)
    }
    arrays: dict[str, np.ndarray] = {}
    for part in PARTS:
        images, labels = sources.get(part, (raw.train_images, raw.train_labels))
        chosen = test_rows if part == "test" else rows[part]
        arrays[f"{part}_images"] = images[chosen]
        arrays[f"{part}_resized"] = resize(images[chosen], input_size)
        arrays[f"{part}_labels"] = labels[chosen]
    if split.folds is not None:
        learnt = np.concatenate([arrays["train_labels"], arrays["validation_labels"]])
        arrays["folds"] = folds(learnt, split.folds, split.fold_seeds)
    return arrays
