"""Descriptors of images that stay as they are when an image is shifted, mirrored or stored anew.

The magnitude of a Fourier transform is the same wherever its image lies, and mirroring exchanges F(u, v) and
F(-u, v): the larger and the smaller of the two are kept.
"""

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit.look import Pixels

Vectors = NDArray[np.float32]
# Frequencies up to so many waves a side; of their numbers the principal components that are kept.
WAVES, KEPT = 6, 32
BLOCK = 4096


def describe(images: Pixels, workers: int) -> Vectors:
    """Return the descriptors (n, d) of images (n, rows, columns), each of norm 1; 0 of a constant image."""
    from scipy import fft

    waves = min(WAVES, (min(images.shape[1:]) - 1) // 2)
    u, v = np.mgrid[0 : waves + 1, 0 : waves + 1]
    taken = (u + v > 0) & (u * u + v * v <= waves * waves)
    twofold = taken & (u > 0) & (v > 0)
    found = []
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK].astype(np.float32)
        block -= block.mean(axis=(1, 2), keepdims=True)
        size = np.abs(fft.rfft2(block, workers=workers))[:, :, : waves + 1]
        one, other = size[:, : waves + 1], size[:, -np.arange(waves + 1)]
        larger, smaller = np.sqrt(np.maximum(one, other)), np.sqrt(np.minimum(one, other))
        vectors = np.concatenate([larger[:, taken], smaller[:, twofold]], axis=1)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        found.append((vectors / np.maximum(norms, 1e-6)).astype(np.float32))
    return np.concatenate(found)


def projected(vectors: Vectors, mean: Vectors, directions: Vectors) -> Vectors:
    """Return the coordinates (n, k) of vectors (n, d) along directions (d, k)."""
    return np.asarray((vectors - mean) @ directions, np.float32)


def principal(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Return the mean (d,) of vectors and their first principal directions (d, k)."""
    mean = vectors.mean(axis=0)
    rows = vectors[:: max(1, len(vectors) // 10_000)] - mean
    directions = np.linalg.svd(rows, full_matrices=False)[2][:KEPT]
    return mean, np.ascontiguousarray(directions.T)
