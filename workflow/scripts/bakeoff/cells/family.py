"""What a family of models has to offer to be run as a cell, and one fit of it, failures included."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from bakeoff.cells.progress import Progress
from bakeoff.data.store import Dataset
from bakeoff.records.predictions import Answers
from bakeoff.records.record import ACCURACIES, Run

NO_ANSWERS = Answers()
Asked = tuple[dict[str, Any], int | None]  # settings and seed of a run


@dataclass(frozen=True)
class Plan:
    """Runs that one fit settles, as settings with a seed; `work` weighs it in the progress.

    2 and 3 epochs of one training, or several trainings side by side.
    """

    wanted: tuple[Asked, ...]
    work: float


@dataclass(frozen=True)
class Fitted:
    """A finished run; for one with status ok also how to save its model and what it answered."""

    run: Run
    save_model: Callable[[Path], None] | None = None
    answers: Answers = NO_ANSWERS


class Backend(Protocol):
    """What a family of models has to offer to be run as a cell."""

    identity: dict[str, Any]
    rows: dict[str, dict[str, Any]]  # what the rows that the identity names say
    context: dict[str, Any]  # what a run depends on beside identity, settings, seed, data, code and threads
    follows_threads: bool  # whether with other threads results are others, and not only times
    input_shape: tuple[int, ...]
    model_suffix: str
    dataset: Dataset

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Return what may go wrong with one fit and leave the next one possible."""

    def plans(self) -> list[Plan]:
        """Return the fits of the whole grid."""

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Carry out one fit and yield its runs as they finish."""

    def compute(self, chosen: Run | None) -> dict[str, Any]:
        """Return the record's `compute` entry."""


def fit(backend: Backend, plan: Plan, progress: Progress) -> Iterator[Fitted]:
    """Fit one plan; a failure becomes runs with status failed, and the cell goes on."""
    missing = list(plan.wanted)
    try:
        for fitted in backend.fit(plan, progress):
            missing.remove((fitted.run["settings"], fitted.run["seed"]))
            yield fitted
    except backend.failures as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        progress.say(f"failed: {reason}")
        for settings, seed in missing:
            yield Fitted(unfinished_run(settings, seed, "failed", reason))


Fit = Callable[[Backend, Plan, Progress], Iterator[Fitted]]


def noting(note: Callable[[], dict[str, Any]]) -> Fit:
    """Return a way to fit that adds to every run what `note` says when it is finished."""

    def fit_and_note(backend: Backend, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        for fitted in fit(backend, plan, progress):
            yield replace(fitted, run=fitted.run | note())

    return fit_and_note


def unfinished_run(settings: dict[str, Any], seed: int | None, status: str, error: str) -> Run:
    """Return the entry of a run without a result: diverged or failed, shown but never chosen."""
    return {
        "settings": settings,
        "seed": seed,
        "repeat": 0,
        "status": status,
        **dict.fromkeys((*ACCURACIES, "train_s", "time_to_result_s")),
        "phases_s": {},
        "history": [],
        "packed": False,
        "error": error,
        "details": {},
    }
