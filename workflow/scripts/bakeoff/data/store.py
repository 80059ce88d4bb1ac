"""Data sets on disk: one .npz each, with what a record has to say about the data inside it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.archive import Blocks, WrongContent, as_kept, opened, save, saving
from bakeoff.command import UserError
from bakeoff.data import held
from bakeoff.data.held import FEATURES
from bakeoff.data.prepare import HOLDOUT
from bakeoff.data.raw import Raw
from bakeoff.records import folded, folds, written
from bakeoff.records.features import Features
from bakeoff.records.parts import PARTS, Data
from bakeoff.records.record import adapter, to_json
from bakeoff.records.request import REFIT, Fold

RAW_IMAGES, RAW_LABELS = ("train_images", "test_images"), ("train_labels", "test_labels")
FOLDS, REPEATS = "folds", "repeats"
# What a file of features holds beside them, with its ranks: their network, and some images that it saw.
BESIDE = {"extractor": (1,), "sample": (3, 4)}
# What the meta of a view has beside that of its data set: the digest of its own arrays.
VIEW = "view_digest"
ORIGINAL, PREPARED = "an original data set of this workflow", "a prepared data set of this workflow"


def save_raw(path: Path, raw: Raw) -> None:
    """Write an original data set."""
    labels = {name: as_kept(getattr(raw, name), len(raw.classes)) for name in RAW_LABELS}
    about = {"source": raw.source, "classes": raw.classes, "grey": raw.grey}
    images = {name: getattr(raw, name) for name in RAW_IMAGES}
    save(path, {**images, **labels, "meta": np.array(json.dumps(about))})


def load_raw(path: Path) -> Raw:
    """Read an original data set; UserError where it is a prepared one."""
    with opened(path, ORIGINAL) as file:
        if "validation_labels" in file:
            raise UserError(f"{path}: a prepared data set; name the original that fetch_dataset.py made")
        parts = (*held.part(file, "train", "images"), *held.part(file, "test", "images"))
        meta = held.meta(file)
        source, classes = meta.get("source"), meta.get("classes")
        if not isinstance(source, str):
            raise WrongContent("its meta names no source")
        if not isinstance(classes, list) or not all(isinstance(each, str) for each in classes):
            raise WrongContent("its meta names no classes")
        return Raw(*parts, tuple(classes), meta.get("grey") is True, source)


def save_prepared(
    path: Path, arrays: Mapping[str, np.ndarray | Blocks], meta: Mapping[str, Any], key: str = "digest"
) -> None:
    """Write a prepared data set; its digest covers every array's shape and bytes, as they are kept.

    Without {part}_resized, a network sees the images as they are. key: of the digest in what the file says
    of itself. UserError for labels that are none of its classes.
    """
    classes, digest = len(meta["classes"]), hashlib.sha256()
    labels = {part: np.asarray(arrays[f"{part}_labels"]) for part in PARTS}
    if (highest := max(each.max(initial=0) for each in labels.values())) >= classes:
        raise UserError(f"{path}: not written: a label is {highest}, of {classes} classes; name its data set")
    arrays = {**arrays, **{f"{part}_labels": as_kept(each, classes) for part, each in labels.items()}}
    if FOLDS in arrays:
        cuts = np.asarray(arrays[FOLDS])
        meta = {**meta, **folded.count(cuts)}
        arrays[FOLDS] = as_kept(cuts, int(cuts.max()) + 1)
    counts = {part: len(each) for part, each in labels.items()}
    per_class = {part: np.bincount(each, minlength=classes).tolist() for part, each in labels.items()}
    with saving(path) as file:
        for name in sorted(arrays):
            digest.update(f"{name}{arrays[name].shape}".encode())
            file.add(name, arrays[name], digest.update)
        found = {key: digest.hexdigest(), "counts": counts, "class_counts": per_class}
        file.add("meta", np.array(json.dumps({**meta, **found})))


def save_view(
    path: Path, main: "Dataset", images: Mapping[str, np.ndarray | Blocks], features: Features | None = None
) -> None:
    """Write a data set with other {part}_images: what it says of itself stays, its digest too.

    features: of {part}_features in their place, float32 (n, numbers), with `extractor` and `sample`.
    """
    labels = {f"{part}_labels": each.labels for part, each in main.parts.items()}
    folds = {} if main.folds is None else {FOLDS: main.folds}
    more = {} if features is None else {FEATURES: to_json(features)}
    save_prepared(path, {**images, **labels, **folds}, {**main.meta, **more}, VIEW)


@dataclass(frozen=True)
class Part:
    """Images, uint8 (n, rows, columns) or in colour (n, rows, columns, 3), and labels, int64 (n,).

    Of features, `images` are numbers in their place, float32 (n, numbers).
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, rows: np.ndarray | slice) -> "Part":
        """Return some of the images, in the order of the rows; of a slice without a copy."""
        return Part(self.images[rows], self.labels[rows])


@dataclass(frozen=True)
class Dataset:
    """One prepared data set, in one of its two forms.

    parts: by name; meta: name, title, classes, digest, counts and the like; folds: int64 (n,) of each
    training image and of each validation image behind them, (n, repeats) of several cuts, None where there
    is one validation part. Of features: extractor, their network as safetensors' bytes, and sample, some test
    images as it saw them.
    """

    parts: dict[str, Part]
    meta: dict[str, Any]
    folds: np.ndarray | None = None
    extractor: np.ndarray | None = None
    sample: np.ndarray | None = None

    @property
    def name(self) -> str:
        """Return what the data set is called in the study."""
        return str(self.meta["name"])

    @property
    def classes(self) -> int:
        """Return how many classes there are."""
        return len(self.meta["classes"])

    @cached_property
    def features(self) -> Features | None:
        """Return what is said of the features that stand for images, None of images."""
        return adapter(Features | None).validate_json(json.dumps(self.meta.get(FEATURES)))

    @property
    def digest(self) -> str:
        """Return the sha256 over the prepared arrays, by which their runs are known again."""
        return str(self.meta.get(VIEW, self.main_digest))

    @property
    def main_digest(self) -> str:
        """Return the digest of the data set that these images are a view of, by which cells are compared."""
        return str(self.meta["digest"])

    @property
    def held_back(self) -> dict[str, Part]:
        """Return the parts that no choice sees, by name: the holdout where there is one, and the test set."""
        return {name: self.parts[name] for name in (HOLDOUT, "test") if len(self.parts[name])}

    @cached_property
    def learnt(self) -> Part:
        """Return the training images and, behind them, those of validation."""
        both = self.parts["train"], self.parts["validation"]
        images = np.concatenate([part.images for part in both])
        return Part(images, np.concatenate([part.labels for part in both]))

    @property
    def fold_names(self) -> list[Fold]:
        """Return the folds that a setting is scored on: their numbers, or None for the validation part."""
        return [None] if self.folds is None else [*folds.numbers(*self.cuts)]

    @property
    def cuts(self) -> tuple[int, int]:
        """Return how many folds a cut has, and how many cuts there are."""
        return self.meta[FOLDS], self.meta.get(REPEATS, 1)

    def fold(self, fold: Fold) -> tuple[Part, Part]:
        """Return the images to fit on and those to score on; a refit is scored on none."""
        if fold is None:
            return self.parts["train"], self.parts["validation"]
        if fold == REFIT or self.folds is None:
            return self.learnt, self.learnt.select(slice(0))
        scored = folded.scored(self.folds, fold)
        return self.learnt.select(~scored), self.learnt.select(scored)

    def fitted_on(self, fold: Fold) -> int:
        """Return how many images `fold` gives to fit on, without a copy of any."""
        if fold is None:
            return len(self.parts["train"])
        if fold == REFIT or self.folds is None:
            return len(self.parts["train"]) + len(self.parts["validation"])
        return int((~folded.scored(self.folds, fold)).sum())

    def describe(self, input_shape: tuple[int, ...]) -> Data:
        """Return the `data` entry of a cell record."""
        text = json.dumps(_data(self.meta, input_shape))
        data: Data = adapter(Data).validate_json(text)
        return data


def _data(meta: Mapping[str, Any], input_shape: tuple[int, ...]) -> dict[str, Any]:
    """Return what a record says of the data of a file."""
    known = {key: value for key, value in meta.items() if key not in ("name", VIEW, FEATURES)}
    return {**known, "input_shape": list(input_shape)}


def load(path: Path, form: str, size: int | None = None) -> Dataset:
    """Read a prepared data set: form "images" (original size) or "resized" (network input).

    size: rows and columns that a row asks for; UserError where the images have others.
    """
    with opened(path, PREPARED) as file:
        # Where both are of one size, one is kept.
        there = (each for each in (FEATURES, form) if f"{PARTS[0]}_{each}" in file)
        kept = next(there, "images")
        if kept == FEATURES and form == "resized":
            raise UserError(f"{path}: holds features; name the data set that they are of")
        parts = {part: Part(*held.part(file, part, kept)) for part in PARTS}
        folds = file.class_numbers(FOLDS, 1, 2) if FOLDS in file else None
        beside = {name: file.mapped(name, "u", *ranks) for name, ranks in BESIDE.items() if name in file}
        found = Dataset(parts, held.meta(file), folds, **beside)
        _check(found)
    across = found.parts["train"].images.shape[1:3]
    if size is not None and across != (size, size):
        shown = " x ".join(map(str, across))
        raise UserError(
            f"{path}: holds images of {shown} pixels, but the row's input_size is {size}; "
            f"`snakemake resources/{found.name}@{size}.npz` makes such a view"
        )
    return found


def _check(found: Dataset) -> None:
    """Raise WrongContent where a data set could not stand in a record, or is not what it says of itself."""
    if fault := written.data_fault(found.meta.get("name"), _data(found.meta, (1,))):
        raise WrongContent(f"its meta: {fault}")
    if len({part.images.shape[1:] for part in found.parts.values()}) > 1:
        raise WrongContent("its parts have images of several sizes")
    for name, part in found.parts.items():
        if len(part) != found.meta["counts"][name]:
            raise WrongContent(f"{len(part)} {name} images, but its meta says otherwise")
        if part.labels.max(initial=0) >= found.classes:
            raise WrongContent(f"a {name} label is {part.labels.max()}, of {found.classes} classes")
    learnt = len(found.parts["train"]) + len(found.parts["validation"])
    cuts = found.folds
    if (cuts is None) != (found.meta.get(FOLDS) is None):
        raise WrongContent("its meta and its arrays differ in whether it has folds")
    if cuts is not None and not folded.fit(cuts, learnt, *found.cuts):
        raise WrongContent(f"folds of {len(cuts)} images, for {learnt}, or not {folds.said(*found.cuts)}")
