"""SVMs as a family: scales the pixels, has an engine fit the grid, turns its outcomes into runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.cells import pixels
from bakeoff.cells.family import Fitted, Plan, Resources, unfinished_run
from bakeoff.cells.pixels import Pixels, accuracies
from bakeoff.data.store import Dataset, Part
from bakeoff.families.svm import axes, calibration, decisions, engines, saved
from bakeoff.families.svm.blocks import Problem
from bakeoff.families.svm.kernels import Kernel, coefficient
from bakeoff.families.svm.machine import Machine
from bakeoff.families.svm.packed import dtype_of
from bakeoff.families.svm.task import Lost, Outcome, Task
from bakeoff.machine.timing import Stopwatch
from bakeoff.progress import Progress
from bakeoff.records.features import Features
from bakeoff.records.parts import Compute
from bakeoff.records.predictions import Answers
from bakeoff.records.record import Competitor
from bakeoff.records.request import Fold, Request, Settings, described
from bakeoff.records.run import Run, reached
from bakeoff.search import grid

if TYPE_CHECKING:
    from bakeoff.data.scaling import Scaler

# Of a plan's work, the share that fitting is; deciding every part of the data is the rest.
FITTING = 0.7
AS_BEST = Resources()
# Which images a chosen machine is calibrated by, without folds and with them.
LEFT_OUT = ("the validation images", "the images that each fold left out")


class SvmFamily:
    """Fits one kernel over a grid of settings."""

    failures: tuple[type[Exception], ...] = (ValueError, MemoryError)
    seeds: Sequence[int | None] = (None,)  # nothing in a fit is random

    def __init__(
        self,
        dataset: Dataset,
        kernel: str,
        blocks: grid.Blocks,
        resources: Resources = AS_BEST,
    ) -> None:
        self.settings: Sequence[Settings] = axes.expand(blocks, kernel)
        competitor, label = pixels.called(dataset, f"svm_{kernel}", axes.LABELS[kernel])
        self.competitor = Competitor(
            family="svm",
            competitor=competitor,
            label=label,
            group="SVMs",
            scores="probabilities",
            calibration=f"{calibration.METHOD}, fitted to {LEFT_OUT[dataset.folds is not None]}",
            device=resources.device,
        )
        self.rows: Mapping[str, Mapping[str, Any]] = {
            "svm": {"kernel": kernel},
            **pixels.row_of(dataset),
        }
        self.skipped = pixels.skipped(dataset)
        self.dataset = dataset
        self._kernel = kernel
        self._pixels = Pixels(dataset)
        self.input_shape: tuple[int, ...] = (self._pixels.features,)
        self._resources = replace(resources, engine=self._choose(resources))
        self.context: Mapping[str, Any] = {"engine": self._resources.engine}
        # libsvm has one thread, and ours part the pairs of classes among them: results are equal to the byte.
        # A projection is not, whose sums are taken in another order.
        exact = self._resources.engine in ("pairwise", "sklearn")
        self.follows_threads = not exact or self._pixels.components is not None

    def plans(self, requests: Sequence[Request]) -> list[Plan]:
        """Return one fit per scaling and fold with the pairwise engine, one per request with a library's."""
        if self._resources.engine != "pairwise":
            return [Plan((request,), 1) for request in requests]
        groups: dict[tuple[Any, Fold], list[Request]] = {}
        for request in requests:
            groups.setdefault((request.settings["scale"], request.fold), []).append(request)
        return [Plan(tuple(group), len(group)) for group in groups.values()]

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Fit the scaler and every machine of the plan, which share one scaling and one fold."""
        asked = [request.settings for request in plan.requests]
        engines.warm_up(self._resources, frozenset(dtype_of(settings["C"]) for settings in asked))
        parts, known = self._pixels.of(plan.requests[0].fold)
        watch = Stopwatch()
        with watch.phase("scale"):
            scaler, train = self._pixels.scaled(asked[0]["scale"], known["train"])
            others = {name: scaler.transform(rows) for name, rows in known.items() if name != "train"}
            features = {"train": train, **others}
            problems = self._problems(asked, features["train"])
        packed = len(asked) > 1
        ahead = FITTING if packed else 0.0

        def tick(share: float) -> None:
            if packed:
                progress.advance(plan.work * ahead * share, f"{len(problems)} machines, pairs of classes")

        task = Task(features, parts["train"].labels, problems, self._resources, tick)
        shared = watch.total("scale") / len(problems)
        outcomes = engines.ENGINES[self._resources.engine](task)
        done = plan.work * (1 - ahead) / len(problems)
        for request, outcome in zip(plan.requests, outcomes, strict=True):
            if isinstance(outcome, Lost):
                progress.advance(done, f"{described(request)}: {outcome.reason}")
                yield Fitted(unfinished_run(request, "diverged", outcome.reason, details=outcome.details))
                continue
            run, answers = self._run(request, outcome, shared, parts)
            progress.advance(done, f"{described(request)}: {reached(run)}")
            yield Fitted(run, self._saver(scaler, outcome.machine), answers)

    def calibrated(self, run: Run, model: Path) -> Fitted:
        """Return a run with probabilities; with folds, of its settings' decisions on what each left out."""
        scaler, machine = saved.load(model)
        threads, device = self._resources.threads, self._resources.torch_device
        margins = np.concatenate(
            [
                decisions.of_own_class(of.in_double(), rows, labels, threads, device)
                for of, rows, labels in self._left_out(run.settings, scaler, machine)
            ]
        )
        slope, rows = calibration.slope(margins), scaler.transform(self._pixels.of(run.fold)[1]["test"])
        (found,) = decisions.decide([machine.in_double()], rows, threads, device, slope)
        scores = saved.scores_of(found, machine.classes, self.dataset.classes)
        more = {saved.SLOPE: slope, saved.IMAGES: len(margins)}
        return Fitted(run, self._saver(scaler, machine, more), Answers(scores=scores))

    def compute(self, chosen: Run | None) -> Compute:
        """Return the arithmetic of the chosen machine: it depends on its support vectors.

        One prediction takes an inner product with every support vector, then classes - 1 coefficients per
        support vector (one per opponent class). Training FLOPs depend on the data: they are not stated.
        """
        support = chosen.details["support_vectors"] if chosen else 0
        classes, made, fed = self.dataset.classes, self.dataset.features, self._pixels.fed
        own = support * fed + support * (classes - 1)
        projection = self.input_shape[0] * fed if self._pixels.components else 0
        macs = own + projection + ((made.macs or 0) if made else 0)
        return Compute(
            parameters=own + projection + classes * (classes - 1) // 2,
            macs_forward=macs,
            flops_forward=2 * macs,
            flops_train=None,
            method=_method(made),
        )

    def _choose(self, resources: Resources) -> str:
        dataset = self.dataset
        learnt = dataset.parts["train"] if dataset.folds is None else dataset.learnt
        extent = engines.Extent(
            sizes=np.unique(learnt.labels, return_counts=True)[1].tolist(),
            rows=sum(map(len, dataset.parts.values())),
            features=self._pixels.fed,
            machines=len(self.settings) * len(dataset.fold_names),
            kernels=len({(settings["gamma"], settings["degree"]) for settings in self.settings}),
            itemsize=max(np.dtype(dtype_of(s["C"])).itemsize for s in self.settings),
        )
        return engines.choose(resources, extent)

    def _left_out(
        self, settings: Settings, scaler: "Scaler", machine: Machine
    ) -> Iterator[tuple[Machine, np.ndarray, np.ndarray]]:
        """Yield machines and images that they were not fitted to, as rows (n, f) with labels (n,).

        scaler, machine: of the run itself, for the validation part. A fold's are fitted here, as its run was,
        and come out the same.
        """
        for fold in self.dataset.fold_names:
            parts, pixels = self._pixels.of(fold)
            if fold is not None:
                scaler, train = self._pixels.scaled(settings["scale"], pixels["train"])
                problems = self._problems([settings], train)
                task = Task(
                    {"train": train}, parts["train"].labels, problems, self._resources, lambda _: None
                )
                (outcome,) = engines.ENGINES[self._resources.engine](task)
                assert not isinstance(outcome, Lost), "a run that was chosen ended well on every fold"
                machine = outcome.machine.compact()
            yield machine, scaler.transform(pixels["validation"]), parts["validation"].labels

    def _problems(self, asked: Sequence[Settings], train: np.ndarray) -> list[Problem]:
        # Once per gamma, not per setting: 'scale' reads all of the training part.
        gammas = {gamma: coefficient(gamma, train) for gamma in {s["gamma"] for s in asked}}
        return [
            Problem(Kernel(self._kernel, gammas[s["gamma"]], s["degree"] or axes.POLY_DEGREE), s["C"])
            for s in asked
        ]

    def _run(
        self, request: Request, outcome: Outcome, shared: float, parts: dict[str, Part]
    ) -> tuple[Run, Answers]:
        """Return the run's entry and what it answered."""
        labels = {part: found.labels for part, found in outcome.decided.items()}
        train_s = outcome.train_s + shared
        validate_s = outcome.decide_s.get("validation", 0.0)
        rest = sum(outcome.decide_s.values()) - validate_s
        run = Run(
            **request._asdict(),
            status="ok",
            **accuracies(labels, parts),
            train_s=train_s,
            time_to_result_s=train_s + validate_s,
            cost=len(outcome.machine.support),
            phases_s={"train": train_s, "validate": validate_s, "test": rest},
            packed=outcome.packed,
            details={"support_vectors": len(outcome.machine.support), **outcome.details},
        )
        return run, Answers(labels.get("validation"), labels.get("test"))

    def _saver(
        self, scaler: "Scaler", machine: Machine, more: Mapping[str, float] | None = None
    ) -> Callable[[Path], None]:
        about = self._pixels.signature(self.competitor, {**saved.parameters(machine), **(more or {})})
        return partial(saved.save, scaler, machine, about)


def _method(made: Features | None) -> str:
    """Return how arithmetic is counted, on features with what comes before the machine's own."""
    fed, before, uncounted = "features", "", "kernel function not counted"
    if made is not None:
        before = "those that make the features, and " if made.macs else ""
        uncounted += ", nor what makes the features" if made.macs is None else ""
        if made.components:
            fed, before = "components", f"{before}features x components, and "
    return f"{before}support vectors x ({fed} + classes - 1), {uncounted}"
