"""Data sets on disk: one .npz each, with what a record has to say about the data inside it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.archive import Arrays, WrongContent, as_kept, opened
from bakeoff.command import UserError
from bakeoff.data.prepare import PARTS
from bakeoff.data.raw import Raw
from bakeoff.files import writing
from bakeoff.records import record as records

RAW_IMAGES, RAW_LABELS = ("train_images", "test_images"), ("train_labels", "test_labels")
ORIGINAL, PREPARED = "an original data set of this workflow", "a prepared data set of this workflow"


def save_raw(path: Path, raw: Raw) -> None:
    """Write an original data set."""
    labels = {name: as_kept(getattr(raw, name), len(raw.classes)) for name in RAW_LABELS}
    about = {"source": raw.source, "classes": raw.classes, "grey": raw.grey}
    _save(path, {name: getattr(raw, name) for name in RAW_IMAGES} | labels, about)


def load_raw(path: Path) -> Raw:
    """Read an original data set; UserError where it is a prepared one."""
    with opened(path, ORIGINAL) as file:
        if "train_resized" in file:
            raise UserError(f"{path}: a prepared data set; name the original that fetch_dataset.py made")
        parts = (*_part(file, "train", "images"), *_part(file, "test", "images"))
        meta = _meta(file)
        source, classes = meta.get("source"), meta.get("classes")
        if not isinstance(source, str):
            raise WrongContent("its meta names no source")
        if not isinstance(classes, list) or not all(isinstance(each, str) for each in classes):
            raise WrongContent("its meta names no classes")
        return Raw(*parts, tuple(classes), meta.get("grey") is True, source)


def save_prepared(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write a prepared data set; its digest covers every array's shape and bytes, as they are kept.

    UserError for labels that are none of its classes.
    """
    classes, digest = len(meta["classes"]), hashlib.sha256()
    labels = {name: arrays[name] for name in (f"{part}_labels" for part in PARTS)}
    if (highest := max(each.max(initial=0) for each in labels.values())) >= classes:
        raise UserError(f"{path}: not written: a label is {highest}, of {classes} classes; name its data set")
    arrays = {**arrays, **{name: as_kept(each, classes) for name, each in labels.items()}}
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]))
    counts = {part: len(arrays[f"{part}_labels"]) for part in PARTS}
    _save(path, arrays, {**meta, "digest": digest.hexdigest(), "counts": counts})


def _save(path: Path, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write uncompressed: reading is then a plain copy."""
    with writing(path) as place, open(place, "wb") as file:
        np.savez(file, **{"meta": np.array(json.dumps(meta)), **arrays})  # type: ignore[arg-type]


def _meta(file: Arrays) -> dict[str, Any]:
    """Return what a file says of its data; WrongContent where that is no JSON object."""
    try:
        return dict(json.loads(str(file.read("meta", "U", 0))))
    except (ValueError, TypeError, RecursionError) as error:
        raise WrongContent("its meta is no JSON object") from error


def _part(file: Arrays, part: str, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, rows, columns, ...) and labels, int64 (n,), of a part."""
    images, labels = file.read(f"{part}_{form}", "u", 3, 4), file.class_numbers(f"{part}_labels")
    if images.dtype != np.uint8:
        raise WrongContent(f"{part}_{form} is {images.dtype}, not uint8")
    if len(images) != len(labels):
        raise WrongContent(f"{len(images)} {part}_{form}, but {len(labels)} labels")
    return images, labels


@dataclass(frozen=True)
class Dataset:
    """One prepared data set, in one of its two forms.

    images[part]: uint8, (n, rows, columns) or, in colour, (n, rows, columns, 3); labels[part]: int64 (n,);
    meta: name, title, classes, digest, counts and the like.
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
    with opened(path, PREPARED) as file:
        parts = {part: _part(file, part, form) for part in PARTS}
        found = Dataset(
            {part: images for part, (images, _) in parts.items()},
            {part: labels for part, (_, labels) in parts.items()},
            _meta(file),
        )
        _check(found)
        return found


def _check(found: Dataset) -> None:
    """Raise WrongContent where a data set could not stand in a record, or is not what it says of itself."""
    if fault := records.data_fault(found.meta.get("name"), found.describe((1,))):
        raise WrongContent(f"its meta: {fault}")
    classes, shapes = len(found.meta["classes"]), {images.shape[1:] for images in found.images.values()}
    if len(shapes) > 1:
        raise WrongContent("its parts have images of several sizes")
    for part, labels in found.labels.items():
        if len(labels) != found.meta["counts"][part]:
            raise WrongContent(f"{len(labels)} {part} images, but its meta says otherwise")
        if labels.max() >= classes:
            raise WrongContent(f"a {part} label is {labels.max()}, of {classes} classes")
