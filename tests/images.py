"""Tiny images in the forms in which people have them, made on the spot."""

import gzip
import io
import sys
import types
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.command import UserError
from bakeoff.data.rows import DATASETS
from bakeoff.data.source import Listed, Source
from originals import idx


def pixels(seed: int = 0, rows: int = 6, columns: int = 5, channels: int = 3) -> np.ndarray:
    shape = (rows, columns, channels) if channels > 1 else (rows, columns)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def smooth(rows: int = 400, columns: int = 300) -> Image.Image:
    """Return a picture as a camera gives it: shades, edges and a little noise."""
    y, x = np.mgrid[0:rows, 0:columns]
    waves = [127 + 90 * np.sin(x / (9 + 7 * c)) * np.cos(y / (13 + 5 * c)) for c in range(3)]
    found = np.stack(waves, axis=2) + np.random.default_rng(1).normal(0, 8, (rows, columns, 3))
    found[rows // 3 : rows // 2, columns // 4 : columns // 2] = (250, 30, 60)
    return Image.fromarray(np.clip(found, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(seed: int = 0, **shape: int) -> bytes:
    return encoded(Image.fromarray(pixels(seed, **shape)))


def lay(folder: Path, *paths: str) -> Path:
    """Write an image at each path below a folder, each another one; a path that ends in / is a folder."""
    for seed, path in enumerate(paths):
        place = folder / path
        if path.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(png(seed))
    return folder


GREY = np.stack([pixels(seed, channels=1) for seed in range(4)])
LABELS = np.array([1, 5, 1, 5])
IDX = {
    "train-images-idx3-ubyte": idx(GREY),
    "train-labels-idx1-ubyte": idx(LABELS),
    "t10k-images-idx3-ubyte": idx(GREY[:2]),
    "t10k-labels-idx1-ubyte": idx(LABELS[:2]),
}


def lay_idx(folder: Path, suffix: str = "", called=str, prefix: str = "") -> str:
    """Write the four files of a data set as MNIST is published, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in IDX.items():
        data = gzip.compress(content) if suffix else content
        (folder / f"{prefix}{called(name)}{suffix}").write_bytes(data)
    return str(folder)


class Feature:
    """What Hugging Face's library says of a column of labels."""

    names = ("no", "yes")


class Saved:
    """What Hugging Face's library gives of a split that was saved to disk."""

    def __init__(self, cells, labels, **more):
        self.columns = {"image": cells, "label": labels, **more}
        self.column_names = list(self.columns)
        self.features = {"label": Feature()}

    def __len__(self):
        return len(self.columns["image"])

    def __getitem__(self, key):
        if isinstance(key, str):
            return self.columns[key]
        return {name: column[key] for name, column in self.columns.items()}


CELLS = [Image.fromarray(pixels(0)), {"bytes": encoded(Image.fromarray(pixels(1)))}, pixels(2).tolist()]


def save_to_disk(monkeypatch: pytest.MonkeyPatch, content) -> None:
    """Have Hugging Face's library installed, which loads this, or raises it."""

    def load_from_disk(path):
        if isinstance(content, Exception):
            raise content
        return content

    library = types.ModuleType("datasets")
    library.load_from_disk = load_from_disk
    monkeypatch.setitem(sys.modules, "datasets", library)


def source(**row) -> Source:
    """Return a row's source, the row written as in a configuration."""
    return DATASETS.read("own", row).source()


def listed(**row) -> Listed:
    return source(**row).list()


def refused(**row) -> str:
    """Return the one line in which a row, or what it names, is refused."""
    with pytest.raises(UserError) as caught:
        listed(**row)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def labels(found: Listed) -> Mapping[str, str]:
    """Return the class of each path."""
    return {item.path: found.classes[item.label] for item in found.items}
