"""What a saved model is, what it takes and what it answers: one key in the header of its file.

Owns the key, its format and the way from an image to what a model takes. Must not know any family of models.
"""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.command import UserError
from bakeoff.files import reading
from bakeoff.records.parts import Data, Saved
from bakeoff.records.record import Competitor

KEY, FORMAT = "bakeoff", 1
# What the tensors of an extractor are called by, beside those of the model on its numbers.
EXTRACTOR = "extractor."


@dataclass(frozen=True)
class Signature:
    """What a model takes and answers.

    model: the competitor's name; parameters: what else its arrays do not say (an SVM's kernel). It takes
    images of size (rows, columns) with so many channels, as (pixel / 255 - mean) / deviation per channel:
    values within `range`. It answers with places in `classes`. data: the prepared data set's digest.
    features: what makes numbers of such images, which the model is fitted on; None where it takes the images.
    """

    family: str
    model: str
    parameters: dict[str, Any]
    size: tuple[int, ...]
    channels: int
    range: tuple[float, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    classes: tuple[str, ...]
    data: str
    features: dict[str, Any] | None = None

    @property
    def numbers(self) -> int:
        """Return how many numbers of an image the model is fitted on: of a projection, its components."""
        if self.features is None:
            return prod(self.size) * self.channels
        return int(self.features["row"].get("pca") or self.features["numbers"])

    def normalise(self, images: np.ndarray) -> np.ndarray:
        """Return uint8 images (n, rows, columns) or (n, rows, columns, channels) as the model takes them.

        float32 (n, rows, columns, channels); grey images fill all channels. UserError for other images.
        """
        images = np.asarray(images)
        self._check(images)
        return normalised(images, self.mean, self.deviation)

    def _check(self, images: np.ndarray) -> None:
        if images.dtype != np.uint8:
            raise UserError(f"images must be uint8, 0 to 255, not {images.dtype}")
        channels = images.shape[3] if images.ndim == 4 else 1
        right = images.ndim in (3, 4) and images.shape[1:3] == self.size and channels in (1, self.channels)
        if not right:
            rows, columns = self.size
            more = f" or (n, {rows}, {columns}, {self.channels})" if self.channels > 1 else ""
            raise UserError(
                f"images must be (n, {rows}, {columns}){more}, not {images.shape}: this {self.model} was "
                f"trained on {rows} x {columns} pixels"
            )

    def about(self, file: str) -> Saved:
        """Return what the record of the model's cell says of it and its file."""
        told = {"family", "model", "classes", "data", "features"}
        known = {name: each for name, each in vars(self).items() if name not in told}
        return Saved(file=file, format=FORMAT, **known)


def normalised(images: np.ndarray, means: Sequence[float], deviations: Sequence[float]) -> np.ndarray:
    """Return images, uint8 (n, rows, columns[, channels]), as (pixel / 255 - mean) / deviation.

    float32 (n, rows, columns, channels); grey images fill all channels.
    """
    grey = images[..., None] if images.ndim == 3 else images
    mean, deviation = (np.array(each, np.float64) for each in (means, deviations))
    # In this order it is, to the last digit, what the models were trained on.
    scaled = grey.astype(np.float32) / (255 * deviation).astype(np.float32)
    return scaled - (mean / deviation).astype(np.float32)


def of(
    of: Competitor,
    parameters: Mapping[str, Any],
    size: Sequence[int],
    scaling: tuple[Sequence[float], Sequence[float]],
    data: Data,
    features: Mapping[str, Any] | None = None,
) -> Signature:
    """Return the signature of a model; scaling: mean and deviation of each of its channels."""
    mean, deviation = map(tuple, scaling)
    both = list(zip(mean, deviation, strict=True))
    return Signature(
        family=of.family,
        model=of.competitor,
        parameters=dict(parameters),
        size=tuple(map(int, size)),
        channels=len(both),
        range=(min((0 - m) / d for m, d in both), max((1 - m) / d for m, d in both)),
        mean=mean,
        deviation=deviation,
        classes=data.classes,
        data=data.digest,
        features=None if features is None else dict(features),
    )


def save(path: Path, arrays: Mapping[str, Any], signature: Signature) -> None:
    """Write a model's arrays (or tensors on the host) with its signature, as safetensors: no code inside."""
    from safetensors.numpy import save as as_bytes

    said = {name: each for name, each in dataclasses.asdict(signature).items() if each is not None}
    text = json.dumps({"format": FORMAT, **said})
    # asarray keeps an array of no dimensions one. The library's own file would be for its owner's eyes alone.
    whole = {name: np.asarray(each, order="C") for name, each in arrays.items()}
    path.write_bytes(as_bytes(whole, {KEY: text}))


def join(path: Path, extractor: bytes, place: Path) -> None:
    """Write a saved model with the tensors of its extractor, which are safetensors themselves, to a place."""
    from safetensors.numpy import load, load_file

    more = {f"{EXTRACTOR}{name}": each for name, each in load(extractor).items()}
    save(place, {**load_file(path), **more}, read(path))


def read(path: Path) -> Signature:
    """Return a saved model's signature.

    UserError where the file is absent, says nothing of itself, or is of a later format; DamagedError where
    it is no model's.
    """
    path = Path(path)
    with reading(path):
        metadata = _header(path).get("__metadata__", {})
        if KEY not in metadata:
            raise UserError(
                f"{path}: does not say what images it takes, as an earlier version saved it: train it again"
            )
        known = json.loads(metadata[KEY])
        found = known.pop("format")
        if found != FORMAT:
            raise UserError(f"{path}: saved in format {found}; this version reads format {FORMAT}")
        lists = {name: tuple(each) for name, each in known.items() if isinstance(each, list)}
        return Signature(**known | lists)


def find(path: Path) -> Signature | None:
    """Return a saved model's signature, or None where the file has none."""
    try:
        return read(path)
    except UserError:
        return None


def _header(path: Path) -> dict[str, Any]:
    """Return the JSON that a safetensors file begins with, after its length in 8 bytes."""
    with open(path, "rb") as file:
        if not (total := os.fstat(file.fileno()).st_size):
            raise UserError(f"{path}: holds no model: no run of its cell finished")
        length = int.from_bytes(file.read(8), "little")
        if length > total - 8:
            raise ValueError("not a safetensors file")
        return dict(json.loads(file.read(length)))
