"""Decisions of many machines at once: one blocked matrix of inner products serves all of them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.machine import Machine

if TYPE_CHECKING:
    import torch

ROWS = 1024  # rows decided at once: their kernel values with one class's vectors stay near the cache


def decide(
    machines: Sequence[Machine], rows: np.ndarray, threads: int = 1, device: str = "cpu"
) -> list[np.ndarray]:
    """Return per machine the decisions of rows (n, f): (n, pairs), float64, positive for the first class.

    The machines share classes and vectors. `threads` blocks of rows are decided side by side.
    """
    import torch

    shared = _Shared(machines, torch.device(device))
    out = [np.empty((len(rows), len(machine.intercept))) for machine in machines]

    def block(start: int) -> None:
        torch.set_num_threads(1)
        for decisions, found in zip(out, shared.decide(rows[start : start + ROWS]), strict=True):
            decisions[start : start + ROWS] = found

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(block, range(0, len(rows), ROWS)))
    return out


class _Shared:
    """The union of the machines' support vectors, class by class, and their coefficients over it."""

    def __init__(self, machines: Sequence[Machine], device: "torch.device") -> None:
        import torch

        first = machines[0]
        assert all(machine.vectors is first.vectors for machine in machines)
        self._machines = machines
        self._device = device
        self._pairs = {pair: n for n, pair in enumerate(zip(*first.pairs, strict=True))}
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
        """Return per machine the decisions of one block of rows."""
        import torch

        block = torch.as_tensor(rows, dtype=self._classes[0][0].dtype, device=self._device)
        norms = (block**2).sum(1)
        found = [np.tile(machine.intercept, (len(rows), 1)) for machine in self._machines]
        for label, (vectors, vector_norms, dense) in enumerate(self._classes):
            inner = block @ vectors.T
            values = torch.empty_like(inner)
            others = [other for other in range(len(self._classes)) if other != label]
            columns = [self._pairs[min(label, other), max(label, other)] for other in others]
            for kernel, members in self._members.items():
                kernel(inner, norms, vector_norms, values)
                for number in members:
                    found[number][:, columns] += (values @ dense[number]).numpy(force=True)
        return found
