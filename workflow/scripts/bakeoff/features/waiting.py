"""Rows of numbers on their way into a data set's file: they wait in one that grows by whole batches.

Owns that file. Must not know who makes the numbers.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff import files

# Rows that are read at a time.
BLOCK = 1024


@dataclass(frozen=True)
class Waiting:
    """A file of rows of numbers that grows by whole batches."""

    path: Path
    numbers: int

    @property
    def rows(self) -> int:
        """Return how many whole rows are in it."""
        return self.path.stat().st_size // (4 * self.numbers) if self.path.exists() else 0

    def add(self, rows: np.ndarray, at: int) -> None:
        """Write rows (n, numbers) behind so many; what a kill left of a later batch is written over."""
        with files.changing(self.path), open(self.path, "r+b" if self.path.exists() else "wb") as file:
            file.truncate(4 * self.numbers * at)
            file.seek(0, os.SEEK_END)
            file.write(np.ascontiguousarray(rows, np.float32).tobytes())
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True)
class Numbers:
    """Rows of a part, float32 (n, numbers), read from the file in which they wait."""

    path: Path
    numbers: int
    start: int
    end: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (n, numbers)."""
        return self.end - self.start, self.numbers

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Return the type of a number."""
        return np.dtype(np.float32)

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield so many rows at a time."""
        with open(self.path, "rb") as file:
            file.seek(4 * self.numbers * self.start)
            for start in range(self.start, self.end, BLOCK):
                rows = min(BLOCK, self.end - start)
                yield np.fromfile(file, np.float32, rows * self.numbers).reshape(rows, self.numbers)
