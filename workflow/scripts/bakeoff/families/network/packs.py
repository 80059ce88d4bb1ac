"""Which runs share a training, and which trainings run side by side."""

from collections.abc import Callable, Iterable, Sequence

from bakeoff.cells.family import Plan
from bakeoff.families.network import axes, randomness
from bakeoff.networks import models
from bakeoff.records.request import Fold, Request

Requests = tuple[Request, ...]  # of one training, which differ in epochs alone


def plan(requests: Sequence[Request], images: Callable[[Fold], int], most: int) -> list[Plan]:
    """Return the trainings that settle requests, up to `most` of equal steps in one plan.

    Requests that differ in epochs alone share a training of the longest, unless a step follows their number;
    images: how many a fold trains on.
    """
    packs: dict[str, list[Requests]] = {}
    for training in by_training(requests):
        packs.setdefault(_kind(training) if most > 1 else repr(training), []).append(training)
    chunks = [pack[i : i + most] for pack in packs.values() for i in range(0, len(pack), most)]
    return [
        Plan(
            tuple(request for training in chunk for request in training),
            images(chunk[0][0].fold) * sum(map(epochs, chunk)),
        )
        for chunk in chunks
    ]


def alone(network: models.Network, classes: int, input_shape: tuple[int, ...]) -> str | None:
    """Return why trainings of a network may not go side by side, None where they may."""
    import torch

    with torch.random.fork_rng(devices=[]):
        draws = randomness.draws(models.build(network, classes, 0), input_shape)
    return "the network draws random numbers, of which there is one stream for all" if draws else None


def by_training(requests: Iterable[Request]) -> list[Requests]:
    """Group requests that are epochs of one training, in the order of first appearance."""
    groups: dict[str, Requests] = {}
    for request in requests:
        settings = request.settings
        longest = settings if axes.follows_epochs(settings) else {**settings, "epochs": None}
        key = request._replace(settings=longest).key
        groups[key] = (*groups.get(key, ()), request)
    return list(groups.values())


def epochs(training: Requests) -> int:
    """Return the longest number of epochs that is asked of a training."""
    return max(request.settings["epochs"] for request in training)


def _kind(training: Requests) -> str:
    """Return what trainings must have in common to step side by side."""
    first = training[0]
    settings = first.settings
    common = [settings["batch_size"], settings["precision"], epochs(training), first.fold]
    # What makes steps longer; else one would pay with its times for another's.
    common += [settings.get(name) for name in axes.LENGTHEN]
    # A loader feeds one training at a time, and a training that may stop ends when it will.
    together = settings["engine"] != "dataloader" and not settings.get("early_stop")
    return repr(common if together else [*common, first.key])
