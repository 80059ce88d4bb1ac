"""Decisions of many machines at once: one blocked matrix of inner products serves all of them.

A thousand classes are 499,500 pairs, 4 MB of decisions a row: no more of them are held than a block's, and
what is handed on are votes, probabilities and, of images whose class is known, the decisions on that class.
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
    """What a machine makes of rows: class numbers (n,), probabilities (n, k) where they were asked for.

    largest: of all decisions the largest, without its sign; NaN where one is no number.
    """

    labels: np.ndarray
    probabilities: np.ndarray | None
    largest: float

    @classmethod
    def of(cls, machine: Machine, decisions: np.ndarray, slope: float | None = None) -> "Decided":
        """Return what decisions (n, pairs) come to: probabilities by the slope, none without one."""
        # Not of their absolute values, which would be as much memory again.
        largest = np.max([decisions.max(initial=0), -decisions.min(initial=0)])
        found = None if slope is None else machine.probabilities(decisions, slope)
        return cls(machine.labels(decisions), found, float(largest))

    @classmethod
    def joined(cls, blocks: Sequence["Decided"]) -> "Decided":
        """Return what rows come to that were decided block by block."""
        found = [each.probabilities for each in blocks if each.probabilities is not None]
        return cls(
            np.concatenate([each.labels for each in blocks]),
            np.concatenate(found) if found else None,
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


def of_library(svc: "SVC", slope: float | None = None) -> Callable[[np.ndarray], Decided]:
    """Return how a fitted SVC's rows (n, f) are decided, with probabilities by the slope, if there is one.

    svc: one whose decision_function_shape is ovo.
    """
    machine = from_svc(svc)
    by_pair: Callable[[np.ndarray], np.ndarray] = partial(of_svc, svc)
    if len(machine.intercept) > OWN_WAY:
        by_pair = partial(_alone, Shared([machine], "cpu"))
    at_once = rows_at_once(len(machine.intercept), _held(slope))

    def decided(rows: np.ndarray) -> Decided:
        (found,) = in_blocks(lambda block: [Decided.of(machine, by_pair(block), slope)], rows, at_once)
        return found

    return decided


def decide(
    machines: Sequence[Machine],
    rows: np.ndarray,
    threads: int = 1,
    device: str = "cpu",
    slope: float | None = None,
) -> list[Decided]:
    """Return per machine what rows (n, f) come to, with probabilities by the slope, if there is one.

    The machines share classes and vectors. `threads` blocks of rows are decided side by side.
    """
    shared = Shared(machines, device)

    def block(rows: np.ndarray) -> list[Decided]:
        pairs = zip(machines, shared.decide(rows), strict=True)
        return [Decided.of(*pair, slope) for pair in pairs]

    held = len(machines) * threads * _held(slope)
    return in_blocks(block, rows, rows_at_once(len(machines[0].intercept), held), threads)


def _held(slope: float | None) -> int:
    """Return how many matrices of its decisions one machine takes: with probabilities their odds, too."""
    return 1 if slope is None else 2


def of_own_class(
    machine: Machine, rows: np.ndarray, labels: np.ndarray, threads: int = 1, device: str = "cpu"
) -> np.ndarray:
    """Return the decisions on rows' own class against each of the others, positive where right.

    rows: (n, f), labels: (n,); of the m rows of classes that the machine knows (m, k - 1), class by class.
    """
    shared = Shared([machine], device)
    at_once = rows_at_once(len(machine.intercept), threads)

    def of_class(number: int) -> list[np.ndarray]:
        own, columns = rows[labels == machine.classes[number]], machine.columns_of(number)
        signs = np.where(np.arange(len(columns)) < number, -1.0, 1.0)
        blocks = (own[start : start + at_once] for start in range(0, len(own), at_once))
        return [shared.decide(block)[0][:, columns] * signs for block in blocks]

    with ThreadPoolExecutor(threads) as pool:
        found = [block for blocks in pool.map(of_class, range(len(machine.classes))) for block in blocks]
    return np.concatenate([np.empty((0, len(machine.classes) - 1)), *found])


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
