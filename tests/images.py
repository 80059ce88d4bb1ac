"""Folders of tiny image files, made on the spot."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.command import UserError
from bakeoff.data.rows import DATASETS
from bakeoff.data.source import Listed, Source


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
