"""What a family of competitors has to offer to be run as a cell, and one fit of it, failures included."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Protocol

from bakeoff.data.store import Dataset
from bakeoff.progress import Progress
from bakeoff.records.kinds import Device
from bakeoff.records.parts import Compute, Environment, Load
from bakeoff.records.predictions import Answers
from bakeoff.records.record import Competitor
from bakeoff.records.request import Fold, Request, Settings
from bakeoff.records.run import Run
from bakeoff.surroundings import reason

NO_ANSWERS = Answers()


@dataclass(frozen=True)
class Resources:
    """What to fit with: a family's engine by name, CPU threads, a bound on memory in MB, cpu or gpu."""

    engine: str = "auto"
    threads: int = 1
    mem_mb: int = 4000
    device: Device = "cpu"

    @property
    def torch_device(self) -> str:
        """Return torch's name of the device."""
        return "cuda" if self.device == "gpu" else self.device


@dataclass(frozen=True)
class Plan:
    """Requests that one fit settles; `work` weighs it in the progress.

    2 and 3 epochs of one training, or several trainings side by side.
    """

    requests: tuple[Request, ...]
    work: float


@dataclass(frozen=True)
class Fitted:
    """A finished run; for one with status ok also how to save its model and what it answered."""

    run: Run
    save_model: Callable[[Path], None] | None = None
    answers: Answers = NO_ANSWERS


@dataclass(frozen=True)
class Measured:
    """A run and what it was measured on."""

    run: Run
    environment: Environment


class Family(Protocol):
    """One competitor on one device and data set: a grid of settings and seeds, and how they are fitted."""

    competitor: Competitor
    rows: Mapping[str, Mapping[str, Any]]  # what the rows say that the competitor and its factors name
    context: Mapping[str, Any]  # what a run depends on beside all this, its request, data, code and threads
    follows_threads: bool  # whether with other threads results are others, and not only times
    input_shape: tuple[int, ...]
    settings: Sequence[Settings]
    seeds: Sequence[int | None]
    dataset: Dataset
    skipped: str | None  # why nothing of it is fitted on these data, None where it is

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Return what may go wrong with one fit and leave the next one possible."""

    def plans(self, requests: Sequence[Request]) -> list[Plan]:
        """Return the fits that settle requests."""

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Carry out one fit and yield its runs as they finish.

        A run that is scored on a fold reads no holdout and no test image, one that is refitted no other.
        """

    def calibrated(self, run: Run, model: Path) -> Fitted | None:
        """Return a chosen run with probabilities: of the test part, and how its model is saved with them.

        They are made by images that its saved model was not fitted to, never by the test part. None where its
        scores are what they are of themselves.
        """

    def compute(self, chosen: Run | None) -> Compute:
        """Return the record's `compute` entry."""


def requests(family: Family, folds: Sequence[Fold] | None = None) -> list[Request]:
    """Return what a cell's grid asks for: every setting with every seed on every fold, or on some."""
    on = family.dataset.fold_names if folds is None else folds
    return [Request(*each) for each in product(family.settings, family.seeds, on)]


def fit(family: Family, plan: Plan, progress: Progress) -> Iterator[Fitted]:
    """Fit one plan; a failure becomes runs with status failed, and the cell goes on.

    Of what is skipped no fit is begun.
    """
    if family.skipped is not None:
        for request in plan.requests:
            yield Fitted(unfinished_run(request, "skipped", family.skipped))
        return
    missing = {request.key: request for request in plan.requests}
    try:
        for fitted in family.fit(plan, progress):
            del missing[fitted.run.request.key]
            yield fitted
    except family.failures as error:
        said = reason(error)
        progress.say(f"failed: {said}")
        for request in missing.values():
            yield Fitted(unfinished_run(request, "failed", said))


Fit = Callable[[Family, Plan, Progress], Iterator[tuple[Fitted, Environment]]]


def measuring(environment: Environment, lap: Callable[[], dict[str, Any] | None]) -> Fit:
    """Return a way to fit that says of every run where it was measured, and what else went on meanwhile."""

    def fit_and_note(family: Family, plan: Plan, progress: Progress) -> Iterator[tuple[Fitted, Environment]]:
        for fitted in fit(family, plan, progress):
            load = None if (found := lap()) is None else Load(**found)
            yield replace(fitted, run=replace(fitted.run, load=load)), environment

    return fit_and_note


def unfinished_run(request: Request, status: str, error: str, **more: Any) -> Run:
    """Return the entry of a run without a result: diverged, failed or skipped, shown but never chosen."""
    return Run(**request._asdict(), status=status, error=error, **more)  # type: ignore[arg-type]
