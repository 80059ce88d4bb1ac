"""Ways to fit a grid of machines, behind one interface: a library's SVC one by one, or all pairwise.

An engine is a function of a `Task` that yields one `Outcome` per machine, or that it is `Lost`; `ENGINES`
names them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from bakeoff.cells.family import Resources
from bakeoff.command import UserError
from bakeoff.data import scaling
from bakeoff.families.svm import TOLERANCE, decisions, kkt, packed, pairwise, sound
from bakeoff.families.svm.axes import POLY_DEGREE
from bakeoff.families.svm.blocks import STEP_LIMIT, Problem
from bakeoff.families.svm.distinct import distinct
from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.machine import from_svc
from bakeoff.families.svm.packed import FLOAT32_C, dtype_of, ended
from bakeoff.families.svm.task import Lost, Outcome, Task
from bakeoff.machine.timing import Stopwatch

CACHE_MB = 2000
LIBRARIES = {"sklearn": "sklearn.svm", "intelex": "sklearnex.svm"}
# By what name pip knows a module, where not by its own.
PACKAGES = {"sklearn": "scikit-learn", "sklearnex": "scikit-learn-intelex"}
# Multiply-accumulates of a grid's kernel values, fits and predictions together, above which the pairwise
# engine repays its start (about 6 s of imports and compilation against 2-4 GMAC/s of libsvm).
WORTH_STARTING = 30e9


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
    def coefficients(self) -> int:
        """Return the bytes that the coefficients of all machines take, each against every other class.

        As they are solved, of the vectors that are used, and as they decide.
        """
        return (8 + 8 + 4) * self.machines * (len(self.sizes) - 1) * sum(self.sizes)

    @property
    def work(self) -> int:
        """Return the multiply-accumulates of every kernel value that fits and predictions may ask for."""
        train = sum(self.sizes)
        return self.machines * train * (train + self.rows) * self.features


def _library(name: str, task: Task) -> Iterator[Outcome]:
    """Fit with a library's SVC, one machine after another."""
    svc_class = import_module(LIBRARIES[name]).SVC
    for kernel, C in task.problems:
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
            distinct_rows, weights = distinct(task.features["train"], task.labels)
            train, labels = task.features["train"][distinct_rows], task.labels[distinct_rows]
            svc.fit(train, labels, sample_weight=weights)
        machine = from_svc(svc)
        decide, found = decisions.of_library(svc), {}
        for part, rows in task.features.items():
            with deciding.phase(part):
                found[part] = decide(rows)
        known = kkt.Rows(task.features["train"], task.labels, distinct_rows, weights)
        (violation,), seen = kkt.violations([replace(machine, support=distinct_rows[svc.support_])], known)
        yield Outcome(
            machine,
            found,
            fitting.total("train"),
            dict(deciding.seconds),
            False,
            ended(name, int(np.sum(svc.n_iter_)), int(svc.fit_status_ != 0), violation, seen),
        )


def _guarded(engine: Callable[[Task], Iterator[Outcome]]) -> Callable[[Task], Iterator[Outcome | Lost]]:
    """Return the engine with numbers that are finite at both ends.

    Features that are not raise UserError; a machine that is not, or whose kernel cannot be, is Lost, and the
    others go on.
    """

    def guarded(task: Task) -> Iterator[Outcome | Lost]:
        sound.require_finite(task.features)
        length = sound.longest(task.features["train"])
        faults = [sound.overflow(kernel, length) for kernel, _ in task.problems]
        possible = [each for each, fault in zip(task.problems, faults, strict=True) if fault is None]
        outcomes = engine(replace(task, problems=possible))
        for fault in faults:
            yield Lost(fault, {}) if fault else _judged(next(outcomes))

    return guarded


def _judged(outcome: Outcome) -> Outcome | Lost:
    numbers = {"coefficients": outcome.machine.dual, "intercepts": outcome.machine.intercept}
    numbers |= {f"decisions ({part})": np.array([each.largest]) for part, each in outcome.decided.items()}
    fault = sound.fault(numbers)
    return Lost(fault, outcome.details) if fault else outcome


ENGINES: dict[str, Callable[[Task], Iterator[Outcome | Lost]]] = {
    "pairwise": _guarded(packed.fit),
    **{name: _guarded(partial(_library, name)) for name in LIBRARIES},
}

NAMES = ("auto", *ENGINES)


@cache
def warm_up(resources: Resources, dtypes: frozenset[str]) -> None:
    """Fit made-up rows once: what a first fit imports and compiles is no machine's training time."""
    rows = np.arange(16, dtype=np.float32).reshape(8, 2)
    scaled = scaling.fit("standard", rows).transform(rows)
    penalties = [C for C in (FLOAT32_C, 2 * FLOAT32_C) if dtype_of(C) in dtypes]
    problems = [Problem(Kernel("rbf", 1.0, POLY_DEGREE), float(C)) for C in penalties]
    for _ in ENGINES[resources.engine](
        Task({"train": scaled}, np.arange(8) % 2, problems, resources, lambda share: None)
    ):
        pass


def choose(resources: Resources, extent: Extent) -> str:
    """Return the engine to use; 'auto' is pairwise where it is worth its start and fits into mem_mb.

    Raises UserError for an engine that is unknown or not installed, or a pairwise one that does not fit.
    """
    name = resources.engine
    if name not in NAMES:
        raise UserError(f"unknown SVM engine {name}; known are {', '.join(NAMES)}")
    if name in LIBRARIES and resources.device == "gpu":
        raise UserError(f"SVM engine {name} runs on the CPU; ask for the _cpu twin, or for engine pairwise")
    module = LIBRARIES.get(name, "numba").split(".")[0]
    installed = find_spec(module) is not None
    if name != "auto" and not installed:
        package = PACKAGES.get(module, module)
        raise UserError(
            f"SVM engine {name} needs a package that is not installed here; pip install {package}"
        )
    workers = pairwise.workers(
        extent.sizes, extent.kernels, extent.itemsize, resources.threads, resources.mem_mb
    )
    fits = workers > 0
    demanded = name == "pairwise" or resources.device == "gpu"
    if demanded and not fits:
        raise UserError(pairwise.too_large(extent.sizes, resources.mem_mb))
    if name != "auto":
        return name
    all_at_once = extent.coefficients <= resources.mem_mb * 1_000_000
    worth = demanded or (extent.work > WORTH_STARTING and all_at_once)
    return "pairwise" if installed and fits and worth else "sklearn"
