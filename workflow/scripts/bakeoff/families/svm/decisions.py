"""Decisions of many machines at once: one blocked matrix of inner products serves all of them.

A thousand classes are 499,500 pairs, 4 MB of decisions a row: no more of them are held than a block's, and
what is handed on are votes and scores.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.machine import Machine, from_svc, of_svc

if TYPE_CHECKING:
    from sklearn.svm import SVC

ROWS = 1024  # rows decided at once: their kernel values with one class's vectors stay near the cache
# Pairs up to which libsvm decides by itself; of more, products take two thirds of its time
# (benchmarks/svm_classes.py).
OWN_WAY = 30_000
BLOCK_BYTES = 256_000_000  # of the decisions that are held at once


@dataclass(frozen=True)
class Decided:
    """What a machine makes of rows: class numbers (n,), scores as `Machine.scores` has them, or none.

    largest: of all decisions the largest, without its sign; NaN where one is no number.
    """

    labels: np.ndarray
    scores: np.ndarray | None
    largest: float

    @classmethod
    def of(cls, machine: Machine, decisions: np.ndarray, scored: bool) -> "Decided":
        """Return what decisions (n, pairs) come to."""
        # Not of their absolute values, which would be as much memory again.
        largest = np.max([decisions.max(initial=0), -decisions.min(initial=0)])
        scores = machine.scores(decisions).astype(np.float32) if scored else None
        return cls(machine.labels(decisions), scores, float(largest))

    @classmethod
    def joined(cls, blocks: Sequence["Decided"]) -> "Decided":
        """Return what rows come to that were decided block by block."""
        scores = [each.scores for each in blocks if each.scores is not None]
        return cls(
            np.concatenate([each.labels for each in blocks]),
            np.concatenate(scores) if scores else None,
            float(np.max([each.largest for each in blocks])),
        )


def rows_at_once(pairs: int, held: int = 1) -> int:
    """Return how many rows are decided at once, where so many matrices of decisions are held."""
    return max(1, min(ROWS, BLOCK_BYTES // (8 * pairs * held)))


def in_blocks(
    decide: Callable[[np.ndarray], Sequence[Decided]], rows: np.ndarray, at_once: int, threads: int = 1
) -> list[Decided]:
    """Return per machine what rows (n, f) come to, blocks of them decided side by side."""
    starts = range(0, max(len(rows), 1), at_once)
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda start: decide(rows[start : start + at_once]), starts))
    return [Decided.joined(each) for each in zip(*blocks, strict=True)]


def of_library(svc: "SVC") -> Callable[[np.ndarray, bool], Decided]:
    """Return how a fitted SVC's rows (n, f) are decided, with scores or without.

    svc: one whose decision_function_shape is ovo.
    """
    machine = from_svc(svc)
    by_pair: Callable[[np.ndarray], np.ndarray] = partial(of_svc, svc)
    if len(machine.intercept) > OWN_WAY:
        by_pair = partial(_alone, Shared([machine], "cpu"))
    at_once = rows_at_once(len(machine.intercept))

    def decided(rows: np.ndarray, scored: bool) -> Decided:
        (found,) = in_blocks(lambda block: [Decided.of(machine, by_pair(block), scored)], rows, at_once)
        return found

    return decided


def decide(
    machines: Sequence[Machine], rows: np.ndarray, threads: int = 1, device: str = "cpu", scored: bool = True
) -> list[Decided]:
    """Return per machine what rows (n, f) come to, with scores where these are asked for.

    The machines share classes and vectors. `threads` blocks of rows are decided side by side.
    """
    shared = Shared(machines, device)

    def block(rows: np.ndarray) -> list[Decided]:
        pairs = zip(machines, shared.decide(rows), strict=True)
        return [Decided.of(*pair, scored) for pair in pairs]

    return in_blocks(block, rows, rows_at_once(len(machines[0].intercept), len(machines) * threads), threads)


def _alone(shared: "Shared", rows: np.ndarray) -> np.ndarray:
    return shared.decide(rows)[0]


class Shared:
    """The union of the machines' support vectors, class by class, and their coefficients over it."""

    def __init__(self, machines: Sequence[Machine], device: str) -> None:
        import torch

        first = machines[0]
        assert all(machine.vectors is first.vectors for machine in machines)
        self._machines = machines
        self._device = device
        self._first = first
        self._members: dict[Kernel, list[int]] = {}
        for number, machine in enumerate(machines):
            self._members.setdefault(machine.kernel, []).append(number)
        self._classes = []
        for label in range(len(first.classes)):
            owned = [machine.of_class(label) for machine in machines]
            union = np.unique(np.concatenate([support for support, _ in owned]))
            vectors = torch.as_tensor(first.vectors[union], device=device)
            dense = np.zeros((len(machines), len(union), len(first.classes) - 1), first.vectors.dtype)
            for number, (support, dual) in enumerate(owned):
                dense[number, np.searchsorted(union, support)] = dual.T
            self._classes.append((vectors, (vectors**2).sum(1), torch.as_tensor(dense, device=device)))

    def decide(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return per machine the decisions (n, pairs) of rows (n, f), positive for the first class."""
        import torch

        # Of this thread: for products as small as these, threads of their own are slower.
        torch.set_num_threads(1)
        block = torch.as_tensor(rows, dtype=self._classes[0][0].dtype, device=self._device)
        norms = (block**2).sum(1)
        found = [np.tile(machine.intercept[:, None], (1, len(rows))) for machine in self._machines]
        for label, (vectors, vector_norms, dense) in enumerate(self._classes):
            inner = block @ vectors.T
            values = torch.empty_like(inner)
            columns = self._first.columns_of(label)
            for kernel, members in self._members.items():
                kernel(inner, norms, vector_norms, values)
                for number in members:
                    found[number][columns] += (dense[number].T @ values.T).numpy(force=True)
        return [each.T for each in found]
