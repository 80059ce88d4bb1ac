"""Ways to fit a grid of machines, behind one interface: a library's SVC one by one, or all pairwise.

An engine is a function of a `Task` that yields one `Outcome` per machine; `ENGINES` names them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from bakeoff.command import UserError
from bakeoff.svm import TOLERANCE, decisions, pairwise, scaling
from bakeoff.svm.blocks import STEP_LIMIT, Wanted
from bakeoff.svm.distinct import distinct
from bakeoff.svm.kernels import POLY_DEGREE, Kernel
from bakeoff.svm.machine import Machine, from_svc
from bakeoff.timing import Stopwatch

CACHE_MB = 2000
# Up to this C float32 gives libsvm's predictions; above, its rounding shows (tests/unit/test_svm_exact.py).
FLOAT32_C = 100
LIBRARIES = {"sklearn": "sklearn.svm", "intelex": "sklearnex.svm"}
# Multiply-accumulates of a grid's kernel values, fits and predictions together, above which the pairwise
# engine repays its start (about 6 s of imports and compilation against 2-4 GMAC/s of libsvm).
WORTH_STARTING = 30e9


@dataclass(frozen=True)
class Means:
    """What to fit with: the engine's name, CPU threads, a bound on kernel matrices, cpu or gpu for them."""

    engine: str = "auto"
    threads: int = 1
    mem_mb: int = 4000
    device: str = "cpu"

    @property
    def torch_device(self) -> str:
        """Return torch's name of the device."""
        return "cuda" if self.device == "gpu" else self.device


@dataclass(frozen=True)
class Task:
    """Scaled features per part ("train" among them), labels of the training part, what to fit, with what."""

    features: dict[str, np.ndarray]
    labels: np.ndarray
    wanted: list[Wanted]
    means: Means
    tick: Callable[[float], None]


@dataclass(frozen=True)
class Extent:
    """How much there is to do: training rows per class, rows of all parts, features, grid, number size."""

    sizes: list[int]
    rows: int
    features: int
    machines: int
    kernels: int
    itemsize: int

    @property
    def work(self) -> int:
        """Return the multiply-accumulates of every kernel value that fits and predictions may ask for."""
        train = sum(self.sizes)
        return self.machines * train * (train + self.rows) * self.features


@dataclass(frozen=True)
class Outcome:
    """A fitted machine, its decisions per part, and the seconds it took to train and to decide each part."""

    machine: Machine
    decisions: dict[str, np.ndarray]
    train_s: float
    decide_s: dict[str, float]
    packed: bool
    details: dict[str, Any]


def _library(name: str, task: Task) -> Iterator[Outcome]:
    """Fit with a library's SVC, one machine after another."""
    svc_class = import_module(LIBRARIES[name]).SVC
    for kernel, C in task.wanted:
        fitting, deciding = Stopwatch(), Stopwatch()
        svc = svc_class(
            C=C,
            kernel=kernel.name,
            gamma=kernel.gamma,
            degree=kernel.degree,
            cache_size=CACHE_MB,
            tol=TOLERANCE,
            max_iter=STEP_LIMIT,
            decision_function_shape="ovo",
        )
        with fitting.phase("train"):
            rows, weights = distinct(task.features["train"], task.labels)
            svc.fit(task.features["train"][rows], task.labels[rows], sample_weight=weights)
        found = {}
        for part, rows in task.features.items():
            with deciding.phase(part):
                values = svc.decision_function(rows)
            # With two classes the library's sign is that of the second class.
            found[part] = values if values.ndim == 2 else -values[:, None]
        yield Outcome(
            from_svc(svc),
            found,
            fitting.total("train"),
            dict(deciding.seconds),
            False,
            _ended(name, int(np.sum(svc.n_iter_)), int(svc.fit_status_ != 0)),
        )


def _pairwise(task: Task) -> Iterator[Outcome]:
    """Fit all machines of one precision at once, and decide all at once."""
    groups: dict[str, list[Wanted]] = {}
    for wanted in task.wanted:
        groups.setdefault(precision(wanted.C), []).append(wanted)
    done = {}
    for name, group in groups.items():
        share = len(group) / len(task.wanted)
        features = {part: rows.astype(name, copy=False) for part, rows in task.features.items()}
        done[name] = _packed(replace(task, features=features, wanted=group), share)
    for wanted in task.wanted:
        yield next(done[precision(wanted.C)])


def precision(C: float) -> str:
    """Return the type of number that machines with this C need."""
    return "float32" if C <= FLOAT32_C else "float64"


def _packed(task: Task, share: float) -> Iterator[Outcome]:
    """Fit and decide all machines together; `share` is theirs of all that are fitted."""
    means = task.means
    solutions = pairwise.fit(
        task.features["train"],
        task.labels,
        task.wanted,
        means.threads,
        means.mem_mb,
        means.torch_device,
        lambda part: task.tick(part * share),
    )
    machines = [solution.machine for solution in solutions]
    watch = Stopwatch()
    found = {}
    for part, rows in task.features.items():
        with watch.phase(part):
            found[part] = decisions.decide(machines, rows, means.threads, means.torch_device)
    packed = len(solutions) > 1
    for number, solution in enumerate(solutions):
        unfinished = int((solution.solves.violations >= TOLERANCE).sum())
        details = _ended("pairwise", int(solution.solves.steps.sum()), unfinished)
        yield Outcome(
            solution.machine,
            {part: values[number] for part, values in found.items()},
            solution.train_s + solution.amortised_s,
            {part: watch.total(part) / len(solutions) for part in found},
            packed,
            {**details, **({"amortised_s": round(solution.amortised_s, 6)} if packed else {})},
        )


def _ended(engine: str, steps: int, unfinished: int) -> dict[str, Any]:
    """Return how a fit ended; a warning where a solve was stopped before its tolerance."""
    details: dict[str, Any] = {"engine": engine, "steps": steps}
    if unfinished:
        details["warning"] = f"not converged: stopped after {STEP_LIMIT:,} steps ({unfinished} solves)"
    return details


ENGINES: dict[str, Callable[[Task], Iterator[Outcome]]] = {
    "pairwise": _pairwise,
    **{name: partial(_library, name) for name in LIBRARIES},
}


@cache
def warm_up(means: Means, precisions: frozenset[str]) -> None:
    """Fit made-up rows once: what a first fit imports and compiles is no machine's training time."""
    rows = np.arange(16, dtype=np.float32).reshape(8, 2)
    scaled = scaling.fit("standard", rows).transform(rows)
    penalties = [C for C in (FLOAT32_C, 2 * FLOAT32_C) if precision(C) in precisions]
    wanted = [Wanted(Kernel("rbf", 1.0, POLY_DEGREE), float(C)) for C in penalties]
    for _ in ENGINES[means.engine](
        Task({"train": scaled}, np.arange(8) % 2, wanted, means, lambda share: None)
    ):
        pass


def choose(means: Means, extent: Extent) -> str:
    """Return the engine to use; 'auto' is pairwise where it is worth its start and fits into mem_mb.

    Raises UserError for an engine that is unknown or not installed, or a pairwise one that does not fit.
    """
    name = means.engine
    if name not in ("auto", *ENGINES):
        raise UserError(f"unknown SVM engine {name}; known are auto, {', '.join(ENGINES)}")
    if name in LIBRARIES and means.device == "gpu":
        raise UserError(f"SVM engine {name} runs on the CPU; ask for the _cpu twin, or for engine pairwise")
    module = LIBRARIES.get(name, "numba").split(".")[0]
    installed = find_spec(module) is not None
    if name != "auto" and not installed:
        raise UserError(f"SVM engine {name} needs the package {module}, which is not installed here")
    workers = pairwise.workers(extent.sizes, extent.kernels, extent.itemsize, means.threads, means.mem_mb)
    fits = workers > 0
    demanded = name == "pairwise" or means.device == "gpu"
    if demanded and not fits:
        raise UserError(pairwise.too_large(extent.sizes, means.mem_mb))
    if name != "auto":
        return name
    worth = demanded or extent.work > WORTH_STARTING
    return "pairwise" if installed and fits and worth else "sklearn"
