"""How a learning rate goes on from step to step: at each step a share of the one that was asked for.

All of it follows from a step's number and how many there will be, so nothing is kept between steps.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bakeoff.command import UserError

if TYPE_CHECKING:
    import torch

# As torch's OneCycleLR has them: the share of steps that go up, and where the rate begins and ends.
RISE, START, END = 0.3, 1 / 25, 1 / 250_000
# The rate falls to a tenth after each of these shares of all steps.
FALLS, FALL = (0.5, 0.75), 0.1


def _constant(step: int, steps: int) -> float:
    return 1.0


def _cosine(step: int, steps: int) -> float:
    return (1 + math.cos(math.pi * step / steps)) / 2


def _falling(step: int, steps: int) -> float:
    return FALL ** sum(step >= share * steps for share in FALLS)


SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "step": _falling,
}


def share(schedule: str, warmup: float, step: int, steps: int) -> float:
    """Return the share of the learning rate that a step takes, of so many, counted from 0.

    warmup: the share of steps that rise in a straight line before the schedule begins.
    """
    if schedule == "one_cycle":
        return _one_cycle(warmup or RISE, step, steps)
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    return SCHEDULES[schedule](step - rising, steps - rising)


def _one_cycle(rise: float, step: int, steps: int) -> float:
    top, last = max(rise * steps - 1, 0), steps - 1
    if step < top:
        return _between(START, 1, step / top)
    return _between(1, END, (step - top) / (last - top)) if last > top else 1.0


def _between(start: float, end: float, way: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2


class Rates:
    """Sets an optimizer's learning rate before every step of a training of so many."""

    def __init__(self, optimizer: "torch.optim.Optimizer", schedule: str, warmup: float, steps: int) -> None:
        self._optimizer, self._asked = optimizer, (schedule, warmup)
        self._steps = steps
        if any("lr" not in group for group in optimizer.param_groups):
            name = type(optimizer).__name__
            raise UserError(f"schedule: {name} keeps no lr in its groups that could follow one; leave it out")
        self._rates = [float(group["lr"]) for group in optimizer.param_groups]

    def set(self, step: int) -> None:
        """Set the rate of a step, counted from 0 over all epochs."""
        import torch

        part = share(*self._asked, step, self._steps)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            now: Any = group["lr"]
            if isinstance(now, torch.Tensor):
                now.fill_(rate * part)
            else:
                group["lr"] = rate * part
