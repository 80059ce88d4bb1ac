"""What an engine is asked and what it answers, whatever engine it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.families.svm.blocks import Wanted
from bakeoff.families.svm.machine import Machine


@dataclass(frozen=True)
class Means:
    """What to fit with: the engine's name, CPU threads, a bound on kernel matrices, cpu or gpu for them."""

    engine: str = "auto"
    threads: int = 1
    mem_mb: int = 4000
    device: str = "cpu"

    @property
    def torch_device(self) -> str:
        """Return torch's name of the device."""
        return "cuda" if self.device == "gpu" else self.device


@dataclass(frozen=True)
class Task:
    """Scaled features per part ("train" among them), labels of the training part, what to fit, with what."""

    features: dict[str, np.ndarray]
    labels: np.ndarray
    wanted: list[Wanted]
    means: Means
    tick: Callable[[float], None]


@dataclass(frozen=True)
class Outcome:
    """A fitted machine, its decisions per part, and the seconds it took to train and to decide each part."""

    machine: Machine
    decisions: dict[str, np.ndarray]
    train_s: float
    decide_s: dict[str, float]
    packed: bool
    details: dict[str, Any]


@dataclass(frozen=True)
class Lost:
    """A machine that is none, since its numbers are not finite, and the reason in one line."""

    reason: str
    details: dict[str, Any]
