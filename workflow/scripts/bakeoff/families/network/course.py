"""A training on its way, and the runs that its epochs become."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bakeoff.families.network import axes, loop
from bakeoff.families.network.state import Training
from bakeoff.machine.timing import Stopwatch
from bakeoff.records.request import Request
from bakeoff.records.run import Epoch, Run


class Kept(NamedTuple):
    """An epoch with what it answered, and what puts its weights back where they may have gone on."""

    reached: Epoch
    answers: np.ndarray | None
    put_back: Callable[[], None] | None


@dataclass
class Course:
    """A training: what is still asked of it, by epochs, what it has reached, whether it diverged."""

    training: Training
    asked: dict[int, Request]
    history: list[Epoch] = field(default_factory=list)
    diverged: bool = False
    kept: Kept | None = None
    words: str = field(init=False)

    def __post_init__(self) -> None:
        """Note which training it is, for the progress."""
        request = next(iter(self.asked.values()))
        training, more = self.training, {**request.settings, "fold": request.fold}
        said = [f"{name} {more[name]}" for name in more if name not in axes.ALWAYS and more[name] is not None]
        start = f"batch {training.batch_size}, lr {training.learning_rate:g}"
        self.words = ", ".join([start, *said, f"seed {training.seed}"])

    @property
    def due(self) -> bool:
        """Whether the last epoch makes a run: one that was asked for, or the last before it stops early."""
        return not self.diverged and (self.history[-1].epoch in self.asked or self._stops)

    @property
    def settled(self) -> int:
        """Return how many epochs the last one settles, with those left out where it stops early."""
        return 1 + (self.training.epochs - self.history[-1].epoch if self._stops else 0)

    @property
    def _stops(self) -> bool:
        patience = self.training.early_stop
        if not patience or self.kept is None:
            return False
        return self.history[-1].epoch - self.kept.reached.epoch >= patience

    def hold(self, epoch: loop.Epoch, answers: np.ndarray | None) -> None:
        """Keep what an epoch answered; of a training that may stop early the best so far, its weights too."""
        last, early = self.history[-1], bool(self.training.early_stop)
        if self.diverged or (early and self.kept and not _better(last, self.kept.reached)):
            return
        self.kept = Kept(last, answers, epoch.state.hold() if early else None)

    def take(self) -> np.ndarray | None:
        """Return what the epoch answered that makes a run, and put its weights back where they went on."""
        assert self.kept is not None
        if self.kept.put_back:
            self.kept.put_back()
        return self.kept.answers

    def reach(self, epoch: loop.Epoch, loss: float | None, accuracy: float | None, train_s: float) -> None:
        """Add an epoch with its loss and accuracy on images it is scored on, None where there are none."""
        trained = math.isfinite(epoch.train_loss)
        finite = trained and (loss is None or math.isfinite(loss))
        self.diverged = not finite
        self.history.append(
            Epoch(
                epoch=epoch.epoch,
                train_loss=epoch.train_loss if trained else None,
                train_accuracy=epoch.train_accuracy,
                validation_loss=loss if finite else None,
                validation_accuracy=accuracy if finite else None,
                train_s=train_s,
            )
        )

    def run(self, images: int, facts: dict[str, Any], watch: Stopwatch, side_by_side: int) -> Run:
        """Return what the last epoch's request came to, as far as training and validation know it.

        images: of an epoch. Times of trainings side by side are the run's share of what all took.
        """
        assert self.kept is not None
        last, kept, early = self.history[-1], self.kept.reached, bool(self.training.early_stop)
        request = self.asked.pop(self.training.epochs if early else last.epoch)
        train_s = watch.total("to_device", "train") / side_by_side
        result_s = watch.total("warm_up", "setup", "to_device", "train", "validate") / side_by_side
        energy = watch.energy("to_device", "train")
        return Run(
            **request._asdict(),
            status="ok",
            validation_accuracy=kept.validation_accuracy,
            train_accuracy=kept.train_accuracy,
            train_s=train_s,
            time_to_result_s=result_s,
            cost=last.epoch / self.training.batch_size,
            phases_s={name: round(each / side_by_side, 6) for name, each in watch.snapshot().items()},
            history=tuple(self.history),
            packed=side_by_side > 1,
            details={
                **facts,
                "images_per_s": images * last.epoch / train_s,
                **({"energy_j": energy} if energy else {}),
                **({"side_by_side": side_by_side} if side_by_side > 1 else {}),
                **({"kept_epoch": kept.epoch} if early else {}),
                **({"follows_epochs": True} if axes.follows_epochs(request.settings) else {}),
            },
        )

    def __str__(self) -> str:
        """Return where it stands, for the progress."""
        last = self.history[-1]
        reached = "diverged" if self.diverged else f"training {last.train_accuracy or 0:.2%}"
        if last.validation_accuracy is not None:
            reached = f"validation {last.validation_accuracy:.2%}"
        return f"{self.words}, epoch {last.epoch}/{self.training.epochs}: {reached}"


def _better(one: Epoch, other: Epoch) -> bool:
    """Return whether an epoch has the higher validation accuracy, or the same with a lower loss."""
    rated = [(each.validation_accuracy or 0.0, -(each.validation_loss or 0.0)) for each in (one, other)]
    return rated[0] > rated[1]
