"""Batch normalisation's running averages: how much of what they began with is left in them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

# A share beyond which answers, which rest on the averages, may be others than what was learnt.
UNSETTLED = 0.05


def unsettled(model: "nn.Module", steps: int) -> str | None:
    """Return a warning where averages of layers that are trained still hold much of their beginning.

    A step takes a share `momentum` of a batch's own mean and variance: (1 - momentum) ** steps are left.
    """
    from torch.nn.modules.batchnorm import _BatchNorm

    layers = [each for each in model.modules() if isinstance(each, _BatchNorm) and each.track_running_stats]
    moved = [each for each in layers if all(own.requires_grad for own in each.parameters())]
    slowest = min((each.momentum for each in moved if each.momentum is not None), default=1.0)
    left = (1 - slowest) ** steps
    if left <= UNSETTLED:
        return None
    return (
        f"batch normalisation still holds {left:.0%} of the averages that it began with (momentum "
        f"{slowest:g}, {steps} steps), so answers may be worse than what was learnt; train for more steps"
    )
