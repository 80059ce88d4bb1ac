"""How far machines are from their optimum: the violation of the KKT conditions, measured in float64.

A solver knows the violation of the problem that it was given, whose kernel values were rounded. Here they
are computed anew, from the rows. On a large training part not every row is looked at: that would cost as
much as deciding it once more, in twice the precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.machine import Machine

# Multiply-accumulates that a measurement may take, a tenth of a second; but so many rows are always seen.
# 256 rows of 42,000 take a second, beside minutes of fitting.
AFFORDABLE = 1_000_000_000
LEAST_ROWS = 256
AT_BOUND = 1e-12  # of a bound: a coefficient so near is at it


@dataclass(frozen=True)
class Rows:
    """A training part (n, f) with labels, of its equal rows the first (u,), and how many each stands for."""

    features: np.ndarray
    labels: np.ndarray
    distinct: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Seen:
    """Rows (s, f) in float64, their squared lengths, numbers of classes, rooms (per unit of C), numbers."""

    rows: np.ndarray
    lengths: np.ndarray
    classes: np.ndarray
    weights: np.ndarray
    numbers: np.ndarray


def violations(machines: Sequence[Machine], part: Rows) -> tuple[list[float], int]:
    """Return the largest violation of every machine, and on how many rows it was looked for.

    The machines share classes; their `support` numbers rows of the part.
    """
    from threadpoolctl import threadpool_limits

    union = np.unique(np.concatenate([machine.support for machine in machines]))
    seen = _sample(part, len(union), machines[0].classes)
    # Threads of a matrix product spin for a while after it, and the next machine's fit is timed.
    with threadpool_limits(1, "blas"):
        sums = _decided(machines, part.features, seen)
    return [_violation(*pair, seen) for pair in zip(machines, sums, strict=True)], len(seen.rows)


def _sample(part: Rows, vectors: int, classes: np.ndarray) -> Seen:
    """Return all rows where these are affordable; else the longest, which round most, and others evenly."""
    candidates = part.features[part.distinct]
    lengths = np.einsum("ij,ij->i", candidates, candidates, dtype=np.float64)
    affordable = max(LEAST_ROWS, AFFORDABLE // (vectors * candidates.shape[1] or 1))
    chosen = np.arange(len(candidates))
    if affordable < len(candidates):
        half = affordable // 2
        evenly = np.linspace(0, len(candidates) - 1, affordable - half).astype(int)
        chosen = np.union1d(np.argsort(lengths)[-half:], evenly)
    numbers = part.distinct[chosen]
    return Seen(
        candidates[chosen].astype(np.float64),
        lengths[chosen],
        np.searchsorted(classes, part.labels[numbers]),
        part.weights[chosen],
        numbers,
    )


def _decided(machines: Sequence[Machine], features: np.ndarray, seen: Seen) -> list[np.ndarray]:
    """Return per machine Kb of every row seen against each of the other classes: (s, k - 1)."""
    others = len(machines[0].classes) - 1
    found = [np.zeros((len(seen.rows), others)) for _ in machines]
    for label in range(others + 1):
        owned = [machine.of_class(label) for machine in machines]
        members = np.unique(np.concatenate([support for support, _ in owned]))
        vectors = features[members].astype(np.float64)
        lengths = np.einsum("ij,ij->i", vectors, vectors)
        inner = seen.rows @ vectors.T
        mine = seen.classes == label
        theirs, rest = seen.classes[~mine], np.flatnonzero(~mine)
        values: dict[Kernel, np.ndarray] = {}
        for machine, (support, dual), sums in zip(machines, owned, found, strict=True):
            if machine.kernel not in values:
                values = {machine.kernel: machine.kernel.exact(inner, seen.lengths, lengths)}
            part = values[machine.kernel][:, np.searchsorted(members, support)] @ dual.T
            sums[mine] += part[mine]
            sums[rest, label - (label > theirs)] += part[rest, theirs - (theirs > label)]
    return found


def _violation(machine: Machine, sums: np.ndarray, seen: Seen) -> float:
    classes = len(machine.classes)
    own = np.zeros_like(sums)
    order = np.argsort(machine.support)
    place = np.searchsorted(machine.support, seen.numbers, sorter=order).clip(max=len(order) - 1)
    is_vector = machine.support[order[place]] == seen.numbers
    own[is_vector] = machine.dual[:, order[place[is_vector]]].T
    # Of the r-th other class: its number, which decides the sign.
    other = np.arange(classes - 1) + (np.arange(classes - 1) >= seen.classes[:, None])
    signs = np.where(seen.classes[:, None] < other, 1.0, -1.0)
    rooms = machine.C * seen.weights[:, None] * signs * (1 - AT_BOUND)
    gradient = signs - sums
    top, bottom = np.full((classes, classes), -np.inf), np.full((classes, classes), np.inf)
    pairs = np.minimum(seen.classes[:, None], other), np.maximum(seen.classes[:, None], other)
    np.maximum.at(top, pairs, np.where(own < np.maximum(rooms, 0), gradient, -np.inf))
    np.minimum.at(bottom, pairs, np.where(own > np.minimum(rooms, 0), gradient, np.inf))
    return float(max(0.0, (top - bottom).max()))
