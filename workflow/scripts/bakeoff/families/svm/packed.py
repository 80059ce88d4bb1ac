"""The pairwise engine's way through a grid: fitted, measured, where need be fitted again, decided.

Single precision is half the memory and twice the speed, and enough for most machines. Whether it was enough
is measured: a machine that rounding has taken from its optimum is fitted again in double precision.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from bakeoff.families.svm import TOLERANCE, decisions, kkt, pairwise, sound
from bakeoff.families.svm.blocks import STEP_LIMIT, Problem
from bakeoff.families.svm.decisions import Decided
from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.pairwise import Solution
from bakeoff.families.svm.task import Outcome, Task
from bakeoff.machine.timing import Stopwatch

SINGLE, DOUBLE = "float32", "float64"
# Up to this C float32 gives libsvm's predictions; above, its rounding shows (tests/unit/test_svm_exact.py).
FLOAT32_C = 100
# Coefficients are as small as kernel values are large: beyond this, float32 cannot hold them in all digits.
FLOAT32_REACH = 1e18
# A solver stops just below one tolerance; rounding was seen to add up to a fifth of it to ordinary machines.
LIMIT = 1.5 * TOLERANCE


@dataclass(frozen=True)
class Fit:
    """One machine of the grid: its place there, how it was fitted, and its violation in float64."""

    place: int
    solution: Solution
    violation: float
    seen: int
    together: int
    earlier_s: float = 0.0

    @property
    def train_s(self) -> float:
        """Return the seconds of every fit that it took."""
        return self.solution.train_s + self.solution.amortised_s + self.earlier_s


def fit(task: Task) -> Iterator[Outcome]:
    """Fit all machines of one precision at once, and decide all at once."""
    length = sound.longest(task.features["train"])
    double = _holds(task, DOUBLE)
    names = [DOUBLE if double and _large(each, length) else dtype_of(each.C) for each in task.problems]
    found: dict[int, Outcome] = {}
    spoilt: list[Fit] = []
    for name in (SINGLE, DOUBLE):
        fits = _fit(task, name, [place for place, each in enumerate(names) if each == name])
        if name == SINGLE and double:
            spoilt = [each for each in fits if each.violation > LIMIT]
            fits = [each for each in fits if each.violation <= LIMIT]
        else:
            fits += _again(task, name, spoilt)
        found |= _outcomes(task, name, fits)
    for place in range(len(task.problems)):
        yield found.pop(place)


def dtype_of(C: float) -> str:
    """Return the type of number that machines with this C need."""
    return SINGLE if C <= FLOAT32_C else DOUBLE


def _large(problem: Problem, squared_length: float) -> bool:
    return problem.kernel.reach(squared_length) > FLOAT32_REACH


def _holds(task: Task, name: str) -> bool:
    """Tell whether the memory bound holds the matrices of the training part in this type of number."""
    sizes = np.unique(task.labels, return_counts=True)[1].tolist()
    return pairwise.workers(sizes, 2, np.dtype(name).itemsize, 1, task.resources.mem_mb) > 0


def _fit(task: Task, name: str, places: Sequence[int]) -> list[Fit]:
    if not places:
        return []
    resources = task.resources
    _compile(name, resources.torch_device)
    share = len(places) / len(task.problems)
    train = task.features["train"].astype(name, copy=False)
    solutions = pairwise.fit(
        train,
        task.labels,
        [task.problems[place] for place in places],
        resources.threads,
        resources.mem_mb,
        resources.torch_device,
        lambda part: task.tick(part * share),
    )
    part = kkt.Rows(train, task.labels, solutions[0].distinct, solutions[0].weights)
    violations, seen = kkt.violations([solution.machine for solution in solutions], part)
    facts = zip(places, solutions, violations, strict=True)
    return [Fit(*each, seen, len(places)) for each in facts]


def _again(task: Task, name: str, spoilt: Sequence[Fit]) -> list[Fit]:
    """Fit machines a second time, in another precision; their time is that of both fits."""
    quiet = replace(task, tick=lambda share: None)
    better = _fit(quiet, name, [each.place for each in spoilt])
    return [
        replace(new, earlier_s=old.train_s, together=max(old.together, new.together))
        for old, new in zip(spoilt, better, strict=True)
    ]


def _outcomes(task: Task, name: str, fits: Sequence[Fit]) -> dict[int, Outcome]:
    """Decide every part by all machines that were fitted in one precision."""
    watch, resources = Stopwatch(), task.resources
    decided: dict[str, list[Decided]] = {}
    # Machines that were fitted together share their vectors.
    for part, rows in task.features.items() if fits else ():
        with watch.phase(part):
            machines = [each.solution.machine for each in fits]
            same = [replace(machine, vectors=machines[0].vectors) for machine in machines]
            typed = rows.astype(name, copy=False)
            decided[part] = decisions.decide(same, typed, resources.threads, resources.torch_device)
    seconds = {part: watch.total(part) / len(fits) for part in decided}
    return {
        each.place: Outcome(
            each.solution.machine,
            {part: values[number] for part, values in decided.items()},
            each.train_s,
            seconds,
            max(each.together, len(fits)) > 1,
            _details(each, name),
        )
        for number, each in enumerate(fits)
    }


def _details(fit: Fit, name: str) -> dict[str, Any]:
    solves = fit.solution.solves
    unfinished = int((solves.violations >= TOLERANCE).sum())
    details = ended("pairwise", int(solves.steps.sum()), unfinished, fit.violation, fit.seen)
    details["precision"] = name
    if fit.together > 1:
        details["amortised_s"] = round(fit.solution.amortised_s, 6)
    return details


def ended(engine: str, steps: int, unfinished: int, violation: float, seen: int) -> dict[str, Any]:
    """Return how a fit ended; a warning where a solve was stopped, or where rounding spoilt the optimum."""
    details: dict[str, Any] = {
        "engine": engine,
        "steps": steps,
        "kkt_violation": violation,
        "kkt_rows": seen,
    }
    warnings = []
    if unfinished:
        warnings.append(f"not converged: stopped after {STEP_LIMIT:,} steps ({unfinished} solves)")
    if not violation <= LIMIT:
        warnings.append(f"not the optimum: its conditions are violated by {violation:.2g}, not {TOLERANCE:g}")
    if warnings:
        details["warning"] = "; ".join(warnings)
    return details


@cache
def _compile(name: str, device: str) -> None:
    """Fit a handful of rows: what a precision's first solve compiles is no machine's training time."""
    rows = np.arange(8, dtype=name).reshape(4, 2)
    pairwise.fit(rows, np.arange(4) % 2, [Problem(Kernel("rbf", 1.0), 1.0)], device=device)
