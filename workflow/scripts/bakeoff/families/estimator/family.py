"""Classifiers in the manner of scikit-learn as a family: scales the pixels, fits one setting after another.

Must not know any classifier: what one can is asked of it as it is built.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.cells.family import Fitted, Plan, unfinished_run
from bakeoff.cells.pixels import Pixels, Rows, accuracies, called, row_of, skipped
from bakeoff.data import scaling
from bakeoff.data.store import Dataset, Part
from bakeoff.families.estimator import axes, calls, saved
from bakeoff.families.estimator.calls import ClassifierError
from bakeoff.families.estimator.making import Maker
from bakeoff.machine.timing import Stopwatch
from bakeoff.progress import Progress
from bakeoff.records.parts import Compute
from bakeoff.records.predictions import Answers
from bakeoff.records.record import Competitor
from bakeoff.records.request import Request, Settings, described
from bakeoff.records.run import Run, reached
from bakeoff.rows import Named, content
from bakeoff.search import grid

if TYPE_CHECKING:
    from bakeoff.data.scaling import Scaler

# Images of each of two classes that a first fit, which is not timed, is made on.
HANDFUL = 8


class EstimatorFamily:
    """Fits one classifier over a grid of settings and seeds, on the CPU."""

    failures: tuple[type[Exception], ...] = (ClassifierError,)
    follows_threads = True  # sums are taken in another order

    def __init__(
        self, dataset: Dataset, row: Named, blocks: grid.Blocks, seeds: Sequence[int], threads: int = 1
    ) -> None:
        # Commands in reports leave out what is null.
        nulls = {name: None for name, values in row.row.axes().items() if None in values}
        self.settings: Sequence[Settings] = [{**nulls, **each} for each in axes.expand(blocks)]
        self._maker = Maker(row, self.settings, threads)
        self.seeds: Sequence[int | None] = list(seeds) if self._maker.takes_seed else [None]
        competitor, label = called(dataset, row.name, row.label)
        self.competitor = Competitor(
            family="estimator",
            competitor=competitor,
            label=label,
            group="classifiers",
            scores=self._maker.scores,
            device="cpu",
        )
        self.rows: Mapping[str, Mapping[str, Any]] = {
            "classifier": content(row.row),
            **row_of(dataset),
        }
        self.skipped = skipped(dataset)
        self.context: Mapping[str, Any] = {}
        self.dataset = dataset
        self._build, self._threads = row.row.build, threads
        self._pixels = Pixels(dataset)
        self.input_shape: tuple[int, ...] = (self._pixels.features,)
        self._warm = False

    def plans(self, requests: Sequence[Request]) -> list[Plan]:
        """Return one fit per request."""
        return [Plan((request,), 1) for request in requests]

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Fit scaler and classifier, and have the classifier decide all that the fold allows."""
        from threadpoolctl import threadpool_limits

        (request,) = plan.requests
        parts, pixels = self._pixels.of(request.fold)
        with threadpool_limits(self._threads), calls.listening() as heard:
            self._warm_up(request, parts["train"], pixels["train"])
            heard.clear()
            fitted = self._fitted(request, parts, pixels, heard)
        run = fitted.run
        progress.advance(plan.work, f"{described(request)}: {reached(run) if run.finished else run.error}")
        yield fitted

    def calibrated(self, run: Run, model: Path) -> None:
        """Return that its scores are what they are of themselves."""

    def compute(self, chosen: Run | None) -> Compute:
        """Return that its arithmetic is not known."""
        return Compute.unknown("not counted")

    def _warm_up(self, request: Request, part: Part, rows: Rows) -> None:
        """Fit, ask and pack once, with a few images: what first calls import is in no classifier's time."""
        if self._warm:
            return
        self._warm = True
        some = np.concatenate(
            [np.flatnonzero(part.labels == number)[:HANDFUL] for number in np.unique(part.labels)[:2]]
        )
        estimator = self._maker.build(request.settings, request.seed)
        try:
            most = self._pixels.components and min(self._pixels.components, len(some))
            with calls.guarded("scaling"):
                _, scaled = scaling.fitted(request.settings[axes.SCALE], rows[some], most)
            calls.fit(estimator, scaled, part.labels[some], request.seed)
            calls.numbers(estimator, scaled, self.dataset.classes)
            with calls.guarded("saving"):
                saved.packed(estimator)
        except ClassifierError:
            return  # so few images may be too few; all of them will tell

    def _fitted(
        self,
        request: Request,
        parts: Mapping[str, Part],
        pixels: Mapping[str, Rows],
        heard: Mapping[str, None],
    ) -> Fitted:
        estimator, watch = self._maker.build(request.settings, request.seed), Stopwatch()
        with watch.phase("scale"), calls.guarded("scaling"):
            scaler, train = self._pixels.scaled(request.settings[axes.SCALE], pixels["train"])
        with watch.phase("train"):
            calls.fit(estimator, train, parts["train"].labels, request.seed)
        answered = {}
        for part, rows in pixels.items():
            with watch.phase("validate" if part == "validation" else "test"):
                scaled = train if part == "train" else scaler.transform(rows)
                answered[part] = calls.numbers(estimator, scaled, self.dataset.classes)
        scores = None
        if "test" in pixels:
            tested = scaler.transform(pixels["test"]), self.dataset.classes
            scores = calls.scores(estimator, self.competitor.scores, *tested)
        details = {"warning": "; ".join(heard)} if heard else {}
        known = {"scaled pixels": train} | ({} if scores is None else {self.competitor.scores: scores})
        if fault := calls.fault(known):
            return Fitted(unfinished_run(request, "diverged", fault, details=details))
        run = _run(request, answered, parts, watch, details)
        answers = Answers(answered.get("validation"), answered.get("test"), scores)
        return Fitted(run, self._saver(scaler, estimator, request), answers)

    def _saver(self, scaler: "Scaler", estimator: Any, request: Request) -> Any:
        """Return what writes the model, packed now: one that cannot be kept is a run that failed."""
        with calls.guarded("saving"):
            packed = saved.packed(estimator)
        about = saved.parameters(self._build, self._maker.keywords(request.settings), self.competitor.scores)
        return partial(saved.save, scaler, packed, self._pixels.signature(self.competitor, about))


def _run(
    request: Request,
    answered: Mapping[str, NDArray[np.int64]],
    parts: Mapping[str, Part],
    watch: Stopwatch,
    details: Mapping[str, Any],
) -> Run:
    train_s = watch.total("scale", "train")
    return Run(
        **request._asdict(),
        status="ok",
        **accuracies(answered, parts),
        train_s=train_s,
        time_to_result_s=train_s + watch.total("validate"),
        phases_s=watch.snapshot(),
        details=details,
    )
