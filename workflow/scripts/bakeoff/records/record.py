"""What a cell measured, as frozen types with one JSON form.

Owns what may stand in a record and what its parts are called. Must not know files, nor any family of
competitors: a record says of itself what others need.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from bakeoff.records import folds
from bakeoff.records.features import Features
from bakeoff.records.kinds import MOST_WORK, Device, Name, form
from bakeoff.records.parts import Best, Compute, Data, Environment, Prediction, Saved
from bakeoff.records.request import Fold
from bakeoff.records.run import ACCURACIES, HOLDOUT, Run
from bakeoff.typed import said

# Which version of the form a record follows; that of earlier versions is read as well (earlier.py).
FORMAT: Literal[3] = 3
Purpose = Literal["selection", "alone", "speed"]
Scores = Literal["probabilities", "decisions", "none"]


@form
class Factor:
    """A choice beside the competitor that makes cells of its own: its name, as files are called by it."""

    name: Name
    label: str = said("How people call it.")


@form
class Competitor:
    """What a cell is of, and how others group, name and read it."""

    family: Name = said("Which family fits it, and knows it again.")
    competitor: Name = said("What competes in the study; tables and figures speak of it.")
    label: Annotated[str, Field(min_length=1)] = said("How people call it.")
    group: Annotated[str, Field(min_length=1)] = said("What it is one of, in the plural: a table each.")
    factors: Mapping[str, Factor] = said(
        "What tells its cells on one device apart, by what it is: an optimizer.", default={}
    )
    scores: Scores = said("What its scores are, by which a confidence can be told or not.")
    calibration: str | None = said(
        "How its scores were made probabilities, and by which images; null where they are what they are of "
        "themselves.",
        default=None,
    )
    device: Device

    @property
    def cell(self) -> str:
        """Return the cell's file name without its suffix."""
        return "_".join([self.competitor, *(each.name for each in self.factors.values()), self.device])


@form
class Record(Competitor):
    """Everything measured for one data set, competitor and device.

    Accuracies are fractions in 0..1, times are seconds, sizes are bytes.
    """

    format: Literal[3] = FORMAT
    purpose: Purpose = said(
        "selection: a grid trained to choose settings. alone: what a grid chose, trained again alone on the "
        "machine from other seeds. speed: one setting repeated alone on the machine, to compare devices."
    )
    dataset: Name
    rows: Mapping[str, Mapping[str, Any]] | None = said(
        "What the rows say that competitor and factors name: what is called with which settings, and the "
        "digest of a person's own code. Null where an earlier version did not say: its rows are the shipped.",
        default=None,
    )
    data: Data
    features: Features | None = said(
        "What the competitor sees in place of pixels, and how it was made; null where it sees the images.",
        default=None,
    )
    runs: tuple[Run, ...]
    best: Best | None = said("Null when no settings finished.")
    saved: Saved | None = said("Null where no run finished, and in timed cells.", default=None)
    compute: Compute
    environments: tuple[Environment, ...] = said(
        "What the runs were measured on, each once, in the order of first appearance."
    )
    peak_flops_per_s: Annotated[float, Field(ge=1, le=MOST_WORK)] | None = said(
        "In timed cells: the device's rate at a large convolution, measured beside the runs in the precision "
        "that they used.",
        default=None,
    )
    prediction: tuple[Prediction, ...] | None = said(
        "In lone cells: how long predictions take.", default=None
    )
    allocation: str | None = said(
        "How much of its node a batch system gave the job: the whole node, or some of its cores beside other "
        "jobs. Null where none rules."
    )
    command: Annotated[str, Field(min_length=1)] = said(
        "The line that makes this file again, from the project's folder."
    )

    @property
    def skipped(self) -> str | None:
        """Return why all its runs were skipped; None where one was not, or there is none."""
        whole = bool(self.runs) and all(run.status == "skipped" for run in self.runs)
        return (self.runs[0].error or "no reason is given") if whole else None

    @property
    def by_itself(self) -> tuple[str, str]:
        """Return what the competitor is called without its features, by files and by people."""
        called = self.competitor, self.label
        return self.features.off(*called) if self.features else called

    def environment(self, run: Run) -> Environment:
        """Return what a run of the record was measured on."""
        return self.environments[run.environment]


# What reads a form from JSON and writes it.
adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def to_json(value: Any) -> dict[str, Any]:
    """Return a form as JSON's values."""
    found: dict[str, Any] = adapter(type(value)).dump_python(value, mode="json")
    return found


def contradiction(record: Record) -> str | None:
    """Return where parts of a record do not fit each other, which no type can say."""
    known = len(record.environments)
    for number, run in enumerate(record.runs):
        if run.environment >= known:
            return f"runs/{number}/environment: {run.environment}, but there are {known} of them"
        if fault := _incomplete(run, record.data):
            return f"runs/{number}/{fault}"
    if saved := record.saved:
        for name in ("mean", "deviation"):
            if (count := len(getattr(saved, name))) != saved.channels:
                return f"saved/{name}: {count} values for {saved.channels} channels"
    return None


def _incomplete(run: Run, data: Data) -> str | None:
    """Return what a run lacks that ended well, or which fold of it there is none of."""
    if isinstance(run.fold, int) and not folds.known(run.fold, data.folds or 0, data.repeats):
        return f"fold: {run.fold}, but there are {folds.said(data.folds or 0, data.repeats)}"
    measured = [*_seen(run.fold, data), "train_s", "time_to_result_s"]
    lacking = [name for name in measured if run.finished and getattr(run, name) is None]
    return f"{lacking[0]}: none, though the run finished" if lacking else None


def _seen(fold: Fold, data: Data) -> Sequence[str]:
    """Return the accuracies of a finished run: on a fold no held-back part is read, a refit is not scored."""
    if isinstance(fold, int):
        return "validation_accuracy", "train_accuracy"
    return [name for name in _measured(data) if fold is None or name != "validation_accuracy"]


def _measured(data: Data) -> Sequence[str]:
    return [name for name in ACCURACIES if name != HOLDOUT or data.counts.holdout]


def accuracies(records: Iterable[Record]) -> list[str]:
    """Return the accuracies that some of the records measure: on the holdout only where there is one."""
    found = {name for record in records for name in _measured(record.data)}
    return [name for name in ACCURACIES if name in found]


def with_environments(
    measured: Iterable[tuple[Run, Environment]],
) -> tuple[tuple[Run, ...], tuple[Environment, ...]]:
    """Return runs that say which environment is theirs, and these, each once."""
    found: list[Environment] = []
    runs = []
    for run, environment in measured:
        if environment not in found:
            found.append(environment)
        runs.append(dataclasses.replace(run, environment=found.index(environment)))
    return tuple(runs), tuple(found)
