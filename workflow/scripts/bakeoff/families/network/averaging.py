"""An exponential moving average of a network's weights, which then answers in its place."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bakeoff.families.network.live_taps import Cut

if TYPE_CHECKING:
    import torch
    from torch import nn


class Average:
    """A network whose weights and buffers follow another's, by a share of `decay` of what they were.

    The first steps count for more: the share is (1 + steps) / (10 + steps) until that reaches `decay`, or
    else a short training would end near the weights that it began with.
    """

    def __init__(self, model: "nn.Module", cuts: Mapping[str, Cut], decay: float) -> None:
        self.model = copy.deepcopy(model).eval()
        # Dead taps that decay are weights as well, which the network itself does not hold.
        self.cuts = {name: _apart(cut) for name, cut in cuts.items()}
        self._decay, self.steps = decay, 0
        self._ours, self._followed = tensors(self.model, self.cuts), (model, cuts)

    def follow(self) -> None:
        """Take a step towards the network as it is now."""
        import torch

        share = min(self._decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        with torch.no_grad():
            # Listed anew: a network may put another tensor in a buffer's place.
            for ours, theirs in zip(self._ours, tensors(*self._followed), strict=True):
                if ours.is_floating_point():
                    ours.lerp_(theirs, 1 - share)
                else:
                    ours.copy_(theirs)


def _apart(cut: Cut) -> Cut:
    return cut if cut.dead is None else replace(cut, dead=copy.deepcopy(cut.dead))


def tensors(model: "nn.Module", cuts: Mapping[str, Cut]) -> "list[torch.Tensor]":
    """Return all that steps change of a network: weights, buffers, and dead taps that decay."""
    dead = [cut.dead for cut in cuts.values() if cut.dead is not None]
    return [each.detach() for each in (*model.parameters(), *model.buffers(), *dead)]
