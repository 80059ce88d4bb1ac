"""Matrices of pairs of classes: inner products, kernel values made of them, and the solves on these."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bakeoff.families.svm import TOLERANCE
from bakeoff.families.svm.kernels import Kernel

if TYPE_CHECKING:
    import torch

STEP_LIMIT = 10_000_000  # per pair; at a limit like this libsvm warns and stops
MAP_ROWS = 64  # rows of a matrix turned into kernel values at once, so that they stay in the cache


class Problem(NamedTuple):
    """What one machine is fitted to, beside the rows."""

    kernel: Kernel
    C: float


@dataclass
class Solves:
    """What the pairs of one machine came to, a column each, filled in as they finish."""

    dual: np.ndarray
    intercept: np.ndarray
    steps: np.ndarray
    violations: np.ndarray
    objectives: np.ndarray
    seconds: np.ndarray

    @classmethod
    def empty(cls, classes: int, rows: int) -> "Solves":
        """Return room for one machine."""
        pairs = classes * (classes - 1) // 2
        return cls(np.zeros((classes - 1, rows)), *np.zeros((5, pairs)))


class Blocks:
    """Inner products and kernel values of pairs of classes; rows lie class by class.

    weights: per class (n,) the number of equal rows that each row stands for.
    """

    def __init__(self, parts: Sequence[np.ndarray], weights: Sequence[np.ndarray], device: str) -> None:
        import torch

        self._weights = weights

        self._parts = [torch.as_tensor(part, device=device) for part in parts]
        self._norms = [(part.double() ** 2).sum(1).to(part.dtype) for part in self._parts]
        self._ends = np.cumsum([0, *map(len, parts)])
        self._diagonals: dict[int, torch.Tensor] = {}
        self._buffers = threading.local()

    def make_diagonal(self, number: int) -> float:
        """Make the inner products within one class, which all its pairs share; return the seconds spent."""
        start = perf_counter()
        self._diagonals[number] = self._parts[number] @ self._parts[number].T
        return perf_counter() - start

    def solve(
        self, pair: tuple[int, int], column: int, problems: Sequence[Problem], found: Sequence[Solves]
    ) -> float:
        """Solve one pair of every problem; return the seconds spent on what they share."""
        import torch

        from bakeoff.families.svm import smo

        start = perf_counter()
        inner = self._inner(*pair)
        y = np.repeat([1.0, -1.0], [len(self._parts[label]) for label in pair])
        weights = np.concatenate([self._weights[label] for label in pair])
        norms = torch.cat([self._norms[label] for label in pair])
        shared = perf_counter() - start
        kernels = list(dict.fromkeys(kernel for kernel, _ in problems))
        for kernel in kernels:
            start = perf_counter()
            last = kernel == kernels[-1]
            values = inner if last else self._buffer("values", len(y))
            for rows in map(slice, range(0, len(y), MAP_ROWS), range(MAP_ROWS, len(y) + MAP_ROWS, MAP_ROWS)):
                kernel(inner[rows], norms[rows], norms, values[rows])
            matrix = values.numpy(force=True)
            members = [number for number, each in enumerate(problems) if each.kernel == kernel]
            mapped = (perf_counter() - start) / len(members)
            for number in members:
                start = perf_counter()
                solved = smo.solve(matrix, y, problems[number].C * weights, TOLERANCE, STEP_LIMIT)
                self._store(found[number], pair, column, solved)
                found[number].seconds[column] = mapped + perf_counter() - start
        return shared

    def _inner(self, a: int, b: int) -> "torch.Tensor":
        import torch

        first = len(self._parts[a])
        inner = self._buffer("inner", first + len(self._parts[b]))
        inner[:first, :first] = self._diagonals[a]
        inner[first:, first:] = self._diagonals[b]
        torch.mm(self._parts[a], self._parts[b].T, out=inner[:first, first:])
        inner[first:, :first] = inner[:first, first:].T
        return inner

    def _buffer(self, name: str, rows: int) -> "torch.Tensor":
        """Return a square matrix; a thread's matrices lie in memory that it keeps from pair to pair."""
        import torch

        room = getattr(self._buffers, name, None)
        if room is None or room.numel() < rows**2:
            part = self._parts[0]
            room = torch.empty(rows**2, dtype=part.dtype, device=part.device)
            setattr(self._buffers, name, room)
        return room[: rows**2].view(rows, rows)

    def _store(self, solves: Solves, pair: tuple[int, int], column: int, solved: tuple[Any, ...]) -> None:
        a, b = pair
        coefficients, *facts = solved
        first = len(self._parts[a])
        # Row r of a vector of class c is its coefficient against the r-th of the other classes.
        solves.dual[b - 1, self._ends[a] : self._ends[a + 1]] = coefficients[:first]
        solves.dual[a, self._ends[b] : self._ends[b + 1]] = coefficients[first:]
        rows = (solves.intercept, solves.steps, solves.violations, solves.objectives)
        for row, fact in zip(rows, facts, strict=True):
            row[column] = fact
