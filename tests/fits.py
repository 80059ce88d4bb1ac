"""Fits of a family in this process, and what of them must come out the same again."""

import dataclasses

from bakeoff.cells.family import Family, Fitted, requests
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS
from bakeoff.progress import Progress
from bakeoff.records.record import to_json
from bakeoff.rows import Named

CLOCKS = ("train_s", "time_to_result_s", "phases_s", "images_per_s")


def fit_all(family: Family) -> list[Fitted]:
    """Carry out every plan."""
    plans = family.plans(requests(family))
    progress = Progress("test", sum(plan.work for plan in plans))
    return [fitted for plan in plans for fitted in family.fit(plan, progress)]


def without(value, names=CLOCKS):
    """Return a copy of a run or a record without the entries of some names, at any depth."""
    if dataclasses.is_dataclass(value):
        value = to_json(value)
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items() if key not in names}
    return [without(each, names) for each in value] if isinstance(value, list | tuple) else value


def build(network: str, classes: int, seed: int):
    """Return a shipped network, freshly initialised."""
    return models.build(NETWORKS.named(network).row, classes, seed)


def rows(network: str, optimizer: str) -> tuple[Named, Named]:
    """Return the rows that a family of networks is given, by their shipped names."""
    return NETWORKS.named(network), OPTIMIZERS.named(optimizer)
