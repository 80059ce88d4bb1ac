"""Which settings a cell chooses: by validation accuracy alone, ties by cost, never by test accuracy."""

import json
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any, TypeVar

from bakeoff.records.record import ACCURACIES, Run

Candidate = TypeVar("Candidate")
Rating = tuple[float, float, float]
# Two costs within this share of each other count as equal.
ALIKE = 0.1
MEANS = (*ACCURACIES, "train_s")


def settings_key(settings: dict[str, Any]) -> str:
    """Return one canonical text per settings, to group and to compare by."""
    return json.dumps(settings, sort_keys=True)


def training_key(run: Run, *but: str) -> str:
    """Return one text per training: a run's seed and settings, without those whose names are in `but`.

    Numbers of epochs share a training, unless the run says that its steps follow their number.
    """
    left_out = but if run["details"].get("follows_epochs") else (*but, "epochs")
    settings = {name: item for name, item in run["settings"].items() if name not in left_out}
    return settings_key({**settings, "seed": run["seed"]})


def cost(run: Run) -> float:
    """Return what a run costs in a unit that a busy machine cannot disturb.

    Training steps (epochs over batch size, up to a constant) for a network, support vectors for an SVM.
    """
    settings = run["settings"]
    if "epochs" in settings:
        return settings["epochs"] / settings["batch_size"]
    return run["details"].get("support_vectors", 0)


def groups(runs: Iterable[Run]) -> list[list[Run]]:
    """Group runs by settings; each group holds its seeds, in the order of first appearance."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(settings_key(run["settings"]), []).append(run)
    return list(found.values())


def prefer(candidates: Sequence[Candidate], rate: Callable[[Candidate], Rating]) -> Candidate:
    """Return the candidate of highest accuracy; of equals the cheapest, within 10 % the smallest.

    `rate` gives a candidate's accuracy, cost and size: one rule for settings, cells and models.
    """
    rated = [(each, *rate(each)) for each in candidates]
    best = max(accuracy for _, accuracy, _, _ in rated)
    equal = [one for one in rated if one[1] == best]
    least = min(cost for _, _, cost, _ in equal)
    cheap = [one for one in equal if one[2] <= (1 + ALIKE) * least]
    # min() keeps the first of equals: the order of the grid is the last tie-break.
    return min(cheap, key=lambda one: one[3])[0]


def choose(runs: Iterable[Run]) -> list[Run] | None:
    """Return the chosen settings' runs, one per seed, or None when no settings finished on every seed."""
    finished = [group for group in groups(runs) if all(run["status"] == "ok" for run in group)]
    if not finished:
        return None
    return prefer(finished, rate)


def rate(runs: list[Run]) -> Rating:
    """Return how settings are rated: mean validation accuracy over seeds, then cost, which is size too."""
    spent = cost(runs[0])
    return mean(runs, "validation_accuracy"), spent, spent


def summarise(chosen: list[Run] | None) -> dict[str, Any] | None:
    """Return the record's `best` entry: settings, seeds and the means over the seeds."""
    if chosen is None:
        return None
    return {
        "settings": chosen[0]["settings"],
        "seeds": [run["seed"] for run in chosen],
        "model_seed": chosen[0]["seed"],
        **{name: mean(chosen, name) for name in MEANS},
    }


def mean(runs: list[Run], name: str) -> float:
    """Return the mean of one measured value over runs, without the last digits that its order decides."""
    return average(run[name] for run in runs)


def average(values: Iterable[float]) -> float:
    """Return a mean by which equals are equal, in whatever order they were added."""
    return round(fmean(values), 12)
