"""The rows of the table that compares devices, as types; see derived.py for the others."""

from dataclasses import dataclass, field

from bakeoff.analysis.derived import BARE, Names
from bakeoff.analysis.wording import CarriedOut


@dataclass(frozen=True, kw_only=True)
class Side:
    """The comparable repeats of a training on one device: n of them, disturbed of these; times in seconds."""

    n: int
    disturbed: int
    train_s_median: float
    train_s_min: float
    train_s_max: float
    time_to_result_s_median: float
    time_to_result_s_min: float
    time_to_result_s_max: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    flops_per_s: float | None
    executed_share: float | None
    peak_share: float | None
    energy_cpu_j: float | None
    energy_gpu_j: float | None


@dataclass(frozen=True, kw_only=True)
class Device:
    """A training's cell on one device, and its comparable repeats, None where there are none."""

    cell: str
    command: str
    timed: Side | None = field(default=None, metadata=BARE)


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """CPU time over GPU time, of medians on one machine; 95 % intervals where both have several repeats."""

    machine: int
    speedup: float
    speedup_low: float | None
    speedup_high: float | None
    time_saved_s: float
    result_speedup: float
    result_speedup_low: float | None
    result_speedup_high: float | None


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The GPU's test accuracy less the CPU's, with its 95 % interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SpeedupRow:
    """One timed training on both devices, or why it was not measured (`reason`)."""

    dataset: str
    competitor: str
    factors: Names
    settings: CarriedOut
    verdict: str
    result_verdict: str
    accuracy_verdict: str
    reason: str | None
    test_n: int
    ratios: Ratios | None = field(default=None, metadata=BARE)
    accuracy: Gap | None = None
    cpu: Device | None = None
    gpu: Device | None = None

    def timed(self, device: str) -> Side | None:
        """Return the comparable repeats on a device."""
        found: Device | None = getattr(self, device)
        return found.timed if found else None
