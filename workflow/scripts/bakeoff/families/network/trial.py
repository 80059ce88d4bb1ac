"""What `precision: auto` takes: the low precision where it is faster on this machine and trains as well."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from bakeoff.families.network import loop, precision
from bakeoff.families.network.batches import Part
from bakeoff.families.network.state import Training

if TYPE_CHECKING:
    import torch

KINDS = ("fp32", "mixed")
STEPS, ROUNDS = 8, 5  # of the clock
LEARNING_STEPS, SEEDS = 200, (0, 1, 2)  # of the comparison of what is learnt
EVALUATED = 2000
WORTH = 1.05  # a gain below this is noise


def choose(
    training: Training, train: Part, validation: Part, device: "torch.device"
) -> tuple[str, dict[str, Any]]:
    """Return fp32 or mixed for a training, and what was measured to decide it.

    mixed is taken when its steps are faster and its validation loss after a few steps, averaged over
    seeds, lies above fp32's by no more than the spread of fp32's own seeds.
    """
    if precision.autocast_dtype("mixed", device) is None:
        return "fp32", {}
    speedup = _speedup(training, train, device)
    found = {"mixed_speedup": speedup}
    if speedup < WORTH:
        return "fp32", found
    losses = {kind: _losses(replace(training, precision=kind), train, validation, device) for kind in KINDS}
    gap = fmean(losses["mixed"]) - fmean(losses["fp32"])
    spread = max(losses["fp32"]) - min(losses["fp32"])
    found |= {"mixed_loss_gap": gap, "seed_spread": spread}
    return ("mixed" if gap <= spread else "fp32"), found


def _speedup(training: Training, part: Part, device: "torch.device") -> float:
    """Return fp32's seconds per step over mixed's: the median of rounds that take turns."""
    few = part.first(STEPS * training.batch_size)
    watches = [loop.stopwatch(device) for _ in KINDS]
    arms = [
        loop.train([replace(training, precision=kind, epochs=ROUNDS)], few, device, watch)
        for kind, watch in zip(KINDS, watches, strict=True)
    ]
    ratios: list[float] = []
    for _ in range(ROUNDS):
        seconds = []
        for arm, watch in zip(arms, watches, strict=True):
            before = watch.total("train")
            if next(arm, None) is None:  # a diverged training ends early
                return median(ratios) if ratios else 0.0
            seconds.append(watch.total("train") - before)
        ratios.append(seconds[0] / seconds[1])
    return median(ratios)


def _losses(training: Training, train: Part, validation: Part, device: "torch.device") -> Sequence[float]:
    """Return the validation loss of every seed after a few steps."""
    few = train.first(LEARNING_STEPS * training.batch_size)
    losses = []
    for seed in SEEDS:
        one = replace(training, seed=seed, epochs=1)
        ((epoch,),) = loop.train([one], few, device, loop.stopwatch(device))
        losses.append(loop.evaluate(epoch.state.answers, validation.first(EVALUATED), device)[0])
    return losses
