"""Which runs share a training, and which trainings run side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from bakeoff.cells.family import Asked, Plan
from bakeoff.families.network import axes, randomness
from bakeoff.families.network.state import Training
from bakeoff.networks import models
from bakeoff.search import grid

Group = tuple[Asked, ...]  # runs of one training, which differ in epochs alone


@dataclass
class Course:
    """A training on its way: what is still asked of it, by epochs, and what it has reached."""

    training: Training
    asked: dict[int, grid.Settings]
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def diverged(self) -> bool:
        """Whether the last epoch's loss was not finite."""
        return bool(self.history) and self.history[-1]["validation_loss"] is None


def plan(settings: Iterable[grid.Settings], seeds: Sequence[int], images: int, most: int) -> list[Plan]:
    """Return the trainings of a grid, up to `most` of equal steps in one plan.

    Settings that differ in epochs alone share a training of the longest, unless a step follows their number.
    """
    packs: dict[str, list[Group]] = {}
    for training in by_training(product(settings, seeds)):
        packs.setdefault(_kind(training) if most > 1 else repr(training), []).append(training)
    chunks = [pack[i : i + most] for pack in packs.values() for i in range(0, len(pack), most)]
    return [
        Plan(tuple(pair for training in chunk for pair in training), images * sum(map(epochs, chunk)))
        for chunk in chunks
    ]


def alone(network: models.Network, classes: int, input_shape: tuple[int, ...]) -> str | None:
    """Return why trainings of a network may not go side by side, None where they may."""
    import torch

    with torch.random.fork_rng(devices=[]):
        draws = randomness.draws(models.build(network, classes, 0), input_shape)
    return "the network draws random numbers, of which there is one stream for all" if draws else None


def by_training(wanted: Iterable[Asked]) -> list[Group]:
    """Group runs that are epochs of one training, in the order of first appearance."""
    groups: dict[str, Group] = {}
    for settings, seed in wanted:
        key = repr((settings if axes.follows_epochs(settings) else {**settings, "epochs": None}, seed))
        groups[key] = (*groups.get(key, ()), (settings, seed))
    return list(groups.values())


def epochs(training: Group) -> int:
    """Return the longest number of epochs that is asked of a training."""
    return max(settings["epochs"] for settings, _ in training)


def _kind(training: Group) -> str:
    """Return what trainings must have in common to step side by side."""
    settings, seed = training[0]
    common = [settings["batch_size"], settings["precision"], epochs(training)]
    # A loader feeds one training at a time.
    return repr(common if settings["engine"] == "resident" else [*common, settings, seed])
