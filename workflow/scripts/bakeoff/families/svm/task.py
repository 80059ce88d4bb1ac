"""What an engine is asked and what it answers, whatever engine it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.cells.family import Resources
from bakeoff.families.svm.blocks import Problem
from bakeoff.families.svm.decisions import Decided
from bakeoff.families.svm.machine import Machine


@dataclass(frozen=True)
class Task:
    """Scaled features per part ("train" among them), labels of the training part, what to fit, with what."""

    features: dict[str, np.ndarray]
    labels: np.ndarray
    problems: list[Problem]
    resources: Resources
    tick: Callable[[float], None]


@dataclass(frozen=True)
class Outcome:
    """A fitted machine, what it decided per part, the seconds it took to train and to decide each part."""

    machine: Machine
    decided: dict[str, Decided]
    train_s: float
    decide_s: dict[str, float]
    packed: bool
    details: dict[str, Any]


@dataclass(frozen=True)
class Lost:
    """A machine that is none, since its numbers are not finite, and the reason in one line."""

    reason: str
    details: dict[str, Any]
