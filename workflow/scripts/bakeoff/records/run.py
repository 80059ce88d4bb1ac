"""One run of a cell, as a record and a journal hold it.

Must not know files, nor any family of competitors.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from bakeoff.records.kinds import (
    MOST,
    MOST_WORK,
    AtLeastOne,
    Count,
    Positive,
    Seconds,
    Share,
    Texts,
    Time,
    form,
)
from bakeoff.records.parts import Load
from bakeoff.records.request import Request, Swept
from bakeoff.typed import said

HOLDOUT = "holdout_accuracy"
ACCURACIES = ("validation_accuracy", "test_accuracy", HOLDOUT, "train_accuracy")


@form
class Epoch:
    """One epoch of a training."""

    epoch: AtLeastOne
    train_loss: float | None
    train_accuracy: Share | None
    validation_loss: float | None
    validation_accuracy: Share | None
    train_s: Seconds | None = said("Cumulative.")


if TYPE_CHECKING:
    Details = Mapping[str, Any]
else:

    class Details(TypedDict, total=False):
        """Facts of one family beside those that others ask for."""

        __pydantic_config__ = ConfigDict(extra="allow", ser_json_inf_nan="constants")

        support_vectors: Count
        autocast: str | None
        execution: str
        fast_paths: Texts
        follows_epochs: bool
        images_per_s: float
        warning: str
        energy_j: Mapping[str, Annotated[float, Field(ge=0, le=MOST_WORK)]]


@form
class Run:
    """One request carried out: what came of it, and what it took."""

    settings: Swept = said("The swept settings.")
    seed: Annotated[int, Field(le=MOST)] | None = said("Null where nothing is random.")
    fold: Annotated[int, Field(ge=0, le=MOST)] | Literal["refit"] | None = said(
        "Which fold it was scored on, from 0, in the second cut from 100, in the third from 200; refit: of a "
        "choice, fitted on all of them and scored on none; null where there are no folds.",
        default=None,
    )
    repeat: Count = said("Counts the repeats of a timed run from 0; 0 in a grid.", default=0)
    status: Literal["ok", "diverged", "failed", "skipped"] = said(
        "diverged: it came to no finite result; failed: it ended in an error; skipped: it was not "
        "begun, as what competes cannot take these data. All but ok say why in error."
    )
    validation_accuracy: Share | None = None
    test_accuracy: Share | None = None
    holdout_accuracy: Share | None = None
    train_accuracy: Share | None = said(
        "While it learnt, in its last epoch, where there are epochs; else of the fitted model, on the "
        "training part.",
        default=None,
    )
    train_s: Time | None = said(
        "Copy of the data to the device and the whole fit, every epoch and optimizer included, evaluation "
        "excluded.",
        default=None,
    )
    time_to_result_s: Time | None = said("Set-up, warm-up, training and validation.", default=None)
    cost: Positive = said(
        "What it costs in a unit that a busy machine cannot disturb, the same for all runs of a competitor; "
        "0 where there is none.",
        default=0.0,
    )
    phases_s: Mapping[str, Positive] = said("Seconds by phase.", default={})
    history: tuple[Epoch, ...] = ()
    packed: bool = said(
        "Measured beside other members of one packed run: not comparable with a lone time.", default=False
    )
    error: str | None = None
    environment: Count = said("Which of the record's environments it was measured on.", default=0)
    load: Load | None = said("Null where nothing was timed or the kernel does not count.", default=None)
    details: Details = said("Facts of one family.", default={})

    @property
    def request(self) -> Request:
        """Return what was asked for."""
        return Request(self.settings, self.seed, self.fold)

    @property
    def finished(self) -> bool:
        """Return whether it ended well."""
        return self.status == "ok"

    @property
    def for_good(self) -> bool:
        """Return whether another call would come to the same: what failed or was skipped may be mended."""
        return self.status in ("ok", "diverged")

    def accuracy(self, part: str) -> float | None:
        """Return the accuracy on a part by its name."""
        found: float | None = getattr(self, f"{part}_accuracy")
        return found


def finished(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that ended well."""
    return [run for run in runs if run.finished]


def reached(run: Run) -> str:
    """Return what a run reached that ended well."""
    if run.validation_accuracy is None:
        return "fitted on all folds"
    return f"validation {run.validation_accuracy:.2%}"
