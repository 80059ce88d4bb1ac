"""All settings of a grid in one fit: per pair of classes one matrix of inner products, then a solve each.

Every two-class problem starts from nothing, so a machine is the same whether it is fitted alone or
among others, and on any number of threads.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from time import perf_counter
from typing import NamedTuple

import numpy as np

from bakeoff.command import UserError
from bakeoff.families.svm import sound
from bakeoff.families.svm.blocks import Blocks, Problem, Solves
from bakeoff.families.svm.distinct import distinct
from bakeoff.families.svm.machine import Machine

# Of a thousand classes, each of half a million pairs as a task of its own would take a gigabyte.
TASKS = 2000


class Solution(NamedTuple):
    """One fitted machine, its seconds of the whole fit, and how the solves of its pairs ended.

    train_s is the machine's own share of the fit's wall time, amortised_s its share of what it had in
    common with the other machines. distinct: the rows that stand for their equals, weights: for how many.
    """

    machine: Machine
    train_s: float
    amortised_s: float
    solves: Solves
    distinct: np.ndarray
    weights: np.ndarray


def workers(sizes: Sequence[int], kernels: int, itemsize: int, threads: int, mem_mb: int) -> int:
    """Return how many pairs may be solved side by side within mem_mb; 0 where not even one fits.

    sizes: rows per class; kernels: how many different ones there are. Held are the inner products within
    every class, and per worker those of a pair and, with several kernels, its kernel values.
    """
    pair = sum(sorted(sizes)[-2:]) ** 2 * min(kernels, 2)
    room = mem_mb * 1_000_000 / itemsize - sum(size**2 for size in sizes)
    return max(0, min(threads, int(room // pair)))


def too_large(sizes: Sequence[int], mem_mb: int) -> str:
    """Return what to tell a person whose memory bound is too small."""
    largest = sum(sorted(sizes)[-2:])
    return (
        f"svm/mem_mb {mem_mb} does not hold the kernel matrix of the two largest classes ({largest:,} rows): "
        "raise it, or set svm/engine to sklearn"
    )


def fit(
    features: np.ndarray,
    labels: np.ndarray,
    problems: Sequence[Problem],
    threads: int = 1,
    mem_mb: int = 4000,
    device: str = "cpu",
    tick: Callable[[float], None] = lambda share: None,
) -> list[Solution]:
    """Fit a machine to every problem on features (n, f) and labels (n,), and tell `tick` of shares done.

    features decide the precision: float32 or float64. Raises UserError where mem_mb is too little for
    the two largest classes, where there is but one class, or where a feature is not finite.
    """
    sound.require_finite({"train": features})
    start = perf_counter()
    rows, weights = distinct(features, labels)
    classes, numbers = np.unique(labels[rows], return_inverse=True)
    if len(classes) < 2:
        raise UserError("the number of classes has to be greater than one")
    own = [numbers == number for number in range(len(classes))]
    members = [rows[each] for each in own]
    sizes = [len(each) for each in members]
    kernels = len({kernel for kernel, _ in problems})
    side_by_side = workers(sizes, kernels, features.itemsize, threads, mem_mb)
    if not side_by_side:
        raise UserError(too_large(sizes, mem_mb))
    found = [Solves.empty(len(classes), len(rows)) for _ in problems]
    blocks = Blocks([features[each] for each in members], [weights[each] for each in own], device)
    shared = _solve(blocks, len(classes), problems, found, side_by_side, tick)
    machines = [
        _machine(each, classes, features, members, solves)
        for each, solves in zip(problems, found, strict=True)
    ]
    scale = (perf_counter() - start) / (shared + sum(solves.seconds.sum() for solves in found))
    common = shared * scale / len(problems)
    return [
        Solution(machine, float(solves.seconds.sum() * scale), float(common), solves, rows, weights)
        for machine, solves in zip(machines, found, strict=True)
    ]


def _solve(
    blocks: Blocks,
    classes: int,
    problems: Sequence[Problem],
    found: Sequence[Solves],
    side_by_side: int,
    tick: Callable[[float], None],
) -> float:
    """Solve all pairs; return the seconds that all workers together spent on what machines share."""
    first, second = (each.tolist() for each in np.triu_indices(classes, 1))
    step = -(-len(first) // TASKS)

    def solve(start: int) -> float:
        columns = range(start, min(start + step, len(first)))
        return sum(blocks.solve((first[n], second[n]), n, problems, found) for n in columns)

    with ThreadPoolExecutor(side_by_side, initializer=_one_thread) as pool:
        shared = sum(pool.map(blocks.make_diagonal, range(classes)))
        starts = range(0, len(first), step)
        for seconds in pool.map(solve, starts):
            shared += seconds
            tick(1 / len(starts))
    return shared


def _one_thread() -> None:
    """Keep torch from starting threads of its own beside the pool's."""
    import torch

    torch.set_num_threads(1)


def _machine(
    problem: Problem, classes: np.ndarray, features: np.ndarray, members: Sequence[np.ndarray], solves: Solves
) -> Machine:
    """Collect the vectors that any pair uses."""
    used = (solves.dual != 0).any(axis=0)
    ends = np.cumsum([0, *map(len, members)])
    counts = [used[start:end].sum() for start, end in pairwise(ends)]
    return Machine(
        kernel=problem.kernel,
        C=problem.C,
        classes=classes,
        vectors=features,
        support=np.concatenate(members)[used],
        counts=np.array(counts),
        dual=np.ascontiguousarray(solves.dual[:, used]),
        intercept=solves.intercept,
    )
