"""Tiny prepared data sets for tests: noisy class patterns that a model learns in a few steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bakeoff.data import prepare, store

COUNTS = {"train": 48, "validation": 24, "holdout": 16, "test": 20}
LIMITS = {"limit_train": None, "limit_test": None}


def prepared(
    size: int = 8,
    counts: Mapping[str, int] | None = None,
    classes: int = 3,
    noise: float = 60,
    seed: int = 0,
    seen: Sequence[int] | None = None,
    folds: int | None = None,
    repeats: int = 1,
) -> dict[str, np.ndarray]:
    """Return the arrays of a prepared data set; original and resized images are the same.

    seen: the classes that images are of, all where None; folds: how many there are, none where None;
    repeats: how often they are cut.
    """
    random = np.random.default_rng(seed)
    patterns = random.integers(0, 256, (classes, size, size))
    arrays = {}
    for part, count in {**COUNTS, **(counts or {})}.items():
        known = np.array(range(classes) if seen is None else seen)
        labels = known[np.arange(count) % len(known)]
        images = patterns[labels] + random.normal(0, noise, (count, size, size))
        arrays[f"{part}_images"] = np.clip(images, 0, 255).astype(np.uint8)
        arrays[f"{part}_resized"] = arrays[f"{part}_images"]
        arrays[f"{part}_labels"] = labels
    if folds is not None:
        learnt = np.concatenate([arrays["train_labels"], arrays["validation_labels"]])
        arrays["folds"] = prepare.folds(learnt, folds, range(seed, seed + repeats))
    return arrays


def about(name: str, classes: int, size: int) -> dict:
    """Return what prepare_dataset notes about a data set."""
    return {
        "name": name,
        "title": name.title(),
        "classes": [f"class {number}" for number in range(classes)],
        "licence": "MIT",
        "grey": True,
        "source": "made up",
        "image_shape": [size, size],
        "fingerprints": {},
        **LIMITS,
    }


def save(path: Path, size: int = 8, classes: int = 3, **wishes) -> Path:
    """Write a tiny data set as prepare_dataset would, named after its file."""
    store.save_prepared(path, prepared(size, classes=classes, **wishes), about(path.stem, classes, size))
    return path
