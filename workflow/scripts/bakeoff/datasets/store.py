"""Data sets on disk: one .npz each, with what a record has to say about the data inside it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.command import UserError
from bakeoff.datasets.prepare import PARTS
from bakeoff.datasets.sources import Raw
from bakeoff.files import reading, writing

RAW_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


def save_raw(path: Path, raw: Raw) -> None:
    """Write an original data set."""
    _save(path, {name: getattr(raw, name) for name in RAW_ARRAYS}, {"source": raw.source})


def load_raw(path: Path) -> Raw:
    """Read an original data set; UserError where it is a prepared one."""
    with reading(path), np.load(path, allow_pickle=False) as file:
        if "train_resized" in file.files:
            raise UserError(f"{path}: a prepared data set; name the original that fetch_dataset.py made")
        return Raw(**{name: file[name] for name in RAW_ARRAYS}, source=_meta(file)["source"])


def save_prepared(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write a prepared data set; its digest covers every array's shape and bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]))
    counts = {part: len(arrays[f"{part}_labels"]) for part in PARTS}
    _save(path, arrays, {**meta, "digest": digest.hexdigest(), "counts": counts})


def _save(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write uncompressed: reading is then a plain copy."""
    with writing(path) as place, open(place, "wb") as file:
        np.savez(file, **{"meta": np.array(json.dumps(meta)), **arrays})  # type: ignore[arg-type]


def _meta(file: Any) -> dict[str, Any]:
    return json.loads(str(file["meta"]))


@dataclass(frozen=True)
class Dataset:
    """One prepared data set, in one of its two forms.

    images[part]: uint8, (n, rows, columns); labels[part]: uint8 (n,); meta: name, title, classes,
    digest, counts and the like.
    """

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    meta: dict[str, Any]

    def describe(self, input_shape: tuple[int, ...]) -> dict[str, Any]:
        """Return the `data` entry of a cell record."""
        known = {key: value for key, value in self.meta.items() if key != "name"}
        return {**known, "input_shape": list(input_shape)}


def load(path: Path, form: str) -> Dataset:
    """Read a prepared data set: form "images" (original size) or "resized" (network input)."""
    with reading(path), np.load(path, allow_pickle=False) as file:
        images = {part: file[f"{part}_{form}"] for part in PARTS}
        labels = {part: file[f"{part}_labels"] for part in PARTS}
        return Dataset(images, labels, _meta(file))
