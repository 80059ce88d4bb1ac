"""The nearest of many vectors by an index: cells around the centres of k-means, of which a few are searched.

Never all pairs: of n vectors about 3 n ** 1.5 distances are taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit.spectra import Vectors

# Cells that are searched for a vector, and how many vectors make another cell.
PROBED, LEAST = 3, 64
# Distances that are in memory at a time.
BLOCK = 4_000_000


@dataclass(frozen=True)
class Index:
    """Vectors (n, d) in cells.

    centres: (c, d) of the cells; order: the vectors' numbers by their cells; starts: where each cell begins.
    """

    vectors: Vectors
    centres: Vectors
    order: NDArray[np.intp]
    starts: NDArray[np.intp]

    def nearest(self, asked: Vectors, count: int) -> tuple[Vectors, NDArray[np.intp]]:
        """Return distances and numbers (m, count) of those nearest to each vector asked for, in order.

        What was not found is at an infinite distance, with number -1.
        """
        distances = np.full((len(asked), count), np.inf, np.float32)
        numbers = np.full((len(asked), count), -1, np.intp)
        probed = _closest(self.centres, asked, min(PROBED, len(self.centres)))
        for cell in range(len(self.centres)):
            own = self.order[self.starts[cell] : self.starts[cell + 1]]
            askers = np.flatnonzero((probed == cell).any(axis=1))
            if not len(own):
                continue
            for rows in _pieces(askers, len(own)):
                apart = _squares(asked[rows], self.vectors[own])
                known = np.concatenate([distances[rows], apart], axis=1)
                names = np.concatenate([numbers[rows], np.broadcast_to(own, apart.shape)], axis=1)
                first = np.argpartition(known, count - 1, axis=1)[:, :count]
                distances[rows] = np.take_along_axis(known, first, axis=1)
                numbers[rows] = np.take_along_axis(names, first, axis=1)
        order = np.argsort(distances, axis=1, kind="stable")
        ranked = np.take_along_axis(distances, order, axis=1)
        return np.sqrt(ranked), np.take_along_axis(numbers, order, axis=1)


def index(vectors: Vectors) -> Index:
    """Return an index of vectors (n, d); the same of the same vectors."""
    from sklearn.cluster import MiniBatchKMeans

    cells = max(1, min(int(len(vectors) ** 0.5), len(vectors) // LEAST))
    found: Any = MiniBatchKMeans(cells, random_state=0, n_init=1, batch_size=4096, max_iter=20)
    centres = found.fit(vectors).cluster_centers_.astype(np.float32)
    home = _closest(centres, vectors, 1)[:, 0]
    order = np.argsort(home, kind="stable")
    return Index(vectors, centres, order, np.searchsorted(home[order], np.arange(cells + 1)))


def _closest(centres: Vectors, vectors: Vectors, count: int) -> NDArray[np.intp]:
    """Return the numbers (n, count) of the centres nearest to each vector."""
    found = [
        np.argpartition(_squares(vectors[rows], centres), count - 1, axis=1)[:, :count]
        for rows in _pieces(np.arange(len(vectors)), len(centres))
    ]
    return np.concatenate(found)


def _pieces(rows: NDArray[np.intp], each: int) -> Iterator[NDArray[np.intp]]:
    step = max(1, BLOCK // each)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _squares(one: Vectors, other: Vectors) -> Vectors:
    """Return the squared distances (m, n) of vectors (m, d) and (n, d)."""
    apart = (one * one).sum(axis=1)[:, None] + (other * other).sum(axis=1) - 2 * one @ other.T
    found: Vectors = np.maximum(apart, 0)
    return found
