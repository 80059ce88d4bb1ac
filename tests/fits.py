"""Fits of a backend in this process, and what of them must come out the same again."""

from bakeoff.cells.family import Backend, Fitted
from bakeoff.cells.progress import Progress
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS
from bakeoff.rows import Named

CLOCKS = ("train_s", "time_to_result_s", "phases_s", "images_per_s")


def fit_all(backend: Backend) -> list[Fitted]:
    """Carry out every plan."""
    progress = Progress("test", sum(plan.work for plan in backend.plans()))
    return [fitted for plan in backend.plans() for fitted in backend.fit(plan, progress)]


def without(value, names=CLOCKS):
    """Return a copy of a run or a record without the entries of some names, at any depth."""
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items() if key not in names}
    return [without(each, names) for each in value] if isinstance(value, list) else value


def build(network: str, classes: int, seed: int):
    """Return a shipped network, freshly initialised."""
    return models.build(NETWORKS.named(network).row, classes, seed)


def rows(network: str, optimizer: str) -> tuple[Named, Named]:
    """Return the rows that a network's backend is given, by their shipped names."""
    return NETWORKS.named(network), OPTIMIZERS.named(optimizer)
