"""SVMs as a cell's backend: scales the pixels, has an engine fit the grid, turns its outcomes into runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.cells.family import Fitted, Plan, unfinished_run
from bakeoff.cells.progress import Progress
from bakeoff.data.store import Dataset
from bakeoff.families.svm import axes, engines, saved, scaling
from bakeoff.families.svm.blocks import Wanted
from bakeoff.families.svm.kernels import Kernel, coefficient
from bakeoff.families.svm.machine import Machine
from bakeoff.families.svm.task import Lost, Means, Outcome, Task
from bakeoff.machine.timing import Stopwatch
from bakeoff.networks import flops
from bakeoff.records import signature
from bakeoff.records.predictions import Answers
from bakeoff.records.record import Run
from bakeoff.search import grid

if TYPE_CHECKING:
    from sklearn.preprocessing import StandardScaler

# Of a plan's work, the share that fitting is; deciding every part of the data is the rest.
FITTING = 0.7
AS_BEST = Means()
# Of pixels in 0..1, which are taken as they are: the scaler is a part of what is saved.
PIXEL_MEAN, PIXEL_DEVIATION = 0.0, 1.0


class SvmBackend:
    """Fits one kernel over a grid of settings."""

    model_suffix = ".safetensors"
    failures: tuple[type[Exception], ...] = (ValueError, MemoryError)

    def __init__(
        self,
        dataset: Dataset,
        kernel: str,
        blocks: grid.Blocks,
        means: Means = AS_BEST,
    ) -> None:
        self.identity: dict[str, Any] = {
            "family": "svm",
            "model": "svm",
            "optimizer": None,
            "kernel": kernel,
            "device": means.device,
        }
        self.dataset = dataset
        self._kernel = kernel
        self._settings = axes.expand(blocks, kernel)
        self._features = {
            part: images.reshape(len(images), -1).astype(np.float32) / 255
            for part, images in dataset.images.items()
        }
        self.input_shape: tuple[int, ...] = (self._features["train"].shape[1],)
        self._means = replace(means, engine=self._choose(means))
        self.rows: dict[str, dict[str, Any]] = {}
        self.context = {"engine": self._means.engine}
        # libsvm has one thread, and ours part the pairs of classes among them: results are equal to the byte.
        self.follows_threads = self._means.engine not in ("pairwise", "sklearn")

    def plans(self) -> list[Plan]:
        """Return one fit per scaling with the pairwise engine, one per setting with a library's.

        Nothing in a fit is random, so there are no seeds.
        """
        if self._means.engine != "pairwise":
            return [Plan(((settings, None),), 1) for settings in self._settings]
        names = dict.fromkeys(settings["scale"] for settings in self._settings)
        groups = [tuple((s, None) for s in self._settings if s["scale"] == name) for name in names]
        return [Plan(group, len(group)) for group in groups]

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Fit the scaler and every machine of the plan, which share one scaling."""
        asked = [settings for settings, _ in plan.wanted]
        engines.warm_up(self._means, frozenset(engines.precision(settings["C"]) for settings in asked))
        watch = Stopwatch()
        with watch.phase("scale"):
            scaler = scaling.fit(asked[0]["scale"], self._features["train"])
            features = {part: scaler.transform(rows) for part, rows in self._features.items()}
            wanted = self._wanted(asked, features["train"])
        packed = len(asked) > 1
        ahead = FITTING if packed else 0.0

        def tick(share: float) -> None:
            if packed:
                progress.advance(plan.work * ahead * share, f"{len(wanted)} machines, pairs of classes")

        task = Task(
            features,
            self.dataset.labels["train"],
            wanted,
            self._means,
            tick,
        )
        shared = watch.total("scale") / len(wanted)
        outcomes = engines.ENGINES[self._means.engine](task)
        done = plan.work * (1 - ahead) / len(wanted)
        for settings, outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, Lost):
                progress.advance(done, f"{_describe(settings)}: {outcome.reason}")
                yield Fitted(
                    unfinished_run(settings, None, "diverged", outcome.reason) | {"details": outcome.details}
                )
                continue
            run, answers = self._run(settings, outcome, shared)
            progress.advance(done, f"{_describe(settings)}: validation {run['validation_accuracy']:.2%}")
            yield Fitted(run, self._saver(scaler, outcome.machine), answers)

    def compute(self, chosen: Run | None) -> dict[str, Any]:
        """Return the arithmetic of the chosen machine: it depends on its support vectors."""
        support = chosen["details"]["support_vectors"] if chosen else 0
        return flops.count_svm(support, self.input_shape[0], len(self.dataset.meta["classes"]))

    def _choose(self, means: Means) -> str:
        extent = engines.Extent(
            sizes=np.unique(self.dataset.labels["train"], return_counts=True)[1].tolist(),
            rows=sum(len(part) for part in self._features.values()),
            features=self.input_shape[0],
            machines=len(self._settings),
            kernels=len({(settings["gamma"], settings["degree"]) for settings in self._settings}),
            itemsize=max(np.dtype(engines.precision(s["C"])).itemsize for s in self._settings),
        )
        return engines.choose(means, extent)

    def _wanted(self, asked: Sequence[grid.Settings], train: np.ndarray) -> list[Wanted]:
        # Once per gamma, not per setting: 'scale' reads all of the training part.
        gammas = {gamma: coefficient(gamma, train) for gamma in {s["gamma"] for s in asked}}
        return [
            Wanted(Kernel(self._kernel, gammas[s["gamma"]], s["degree"] or axes.POLY_DEGREE), s["C"])
            for s in asked
        ]

    def _run(self, settings: dict[str, Any], outcome: Outcome, shared: float) -> tuple[Run, Answers]:
        """Return the run's entry and what it answered."""
        labels = {part: outcome.machine.labels(found) for part, found in outcome.decisions.items()}
        accuracy = {
            f"{part}_accuracy": float((labels[part] == self.dataset.labels[part]).mean()) for part in labels
        }
        train_s = outcome.train_s + shared
        validate_s = outcome.decide_s["validation"]
        rest = sum(outcome.decide_s.values()) - validate_s
        run: Run = {
            "settings": settings,
            "seed": None,
            "repeat": 0,
            "status": "ok",
            **accuracy,
            "train_s": train_s,
            "time_to_result_s": train_s + validate_s,
            "phases_s": {"train": train_s, "validate": validate_s, "test": rest},
            "history": [],
            "packed": outcome.packed,
            "error": None,
            "details": {"support_vectors": len(outcome.machine.support), **outcome.details},
        }
        return run, Answers(labels["validation"], labels["test"], self._scores(outcome))

    def _saver(self, scaler: "StandardScaler", machine: Machine) -> Callable[[Path], None]:
        rows, columns, *colours = self.dataset.images["train"].shape[1:]
        scaling = (*(colours or [1]), PIXEL_MEAN, PIXEL_DEVIATION)
        about = saved.parameters(machine), (rows, columns), scaling
        described = signature.of(self.identity, *about, self.dataset.meta)
        return partial(saved.save, scaler, machine, described)

    def _scores(self, outcome: Outcome) -> np.ndarray:
        seen = outcome.machine.classes
        scores = outcome.machine.scores(outcome.decisions["test"])
        return saved.per_class(scores, seen, len(self.dataset.meta["classes"]))


def _describe(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)
