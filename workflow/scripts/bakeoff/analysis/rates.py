"""Arithmetic per second of a timed training, held against the best rate measured on its machine."""

from statistics import median
from typing import NamedTuple

from bakeoff.analysis.machines import Place
from bakeoff.analysis.study import Study, measured
from bakeoff.records.record import Record
from bakeoff.records.run import Run, finished

Key = tuple[Place, str, str | None]
# A run whose precision is not known is of none of these.
UNKNOWN = "unknown"


class Rate(NamedTuple):
    """FLOPs per second that a training executed; what share of those counted; of the best rate, if known."""

    flops_per_s: float | None = None
    executed_share: float | None = None
    peak_share: float | None = None


class Peaks:
    """One peak per machine, threads, device and precision: the highest beside the study's trainings."""

    def __init__(self, study: Study) -> None:
        self._machines = study.machines
        self._peaks: dict[Key, float] = {}
        for cell in study.speed:
            for run in finished(cell.runs):
                for key in self._keys(cell, run):
                    self._peaks[key] = max(self._peaks.get(key, 0.0), cell.peak_flops_per_s or 0.0)

    def of(self, cell: Record, run: Run) -> float | None:
        """Return the rate in FLOP/s that a run can be held against, None where none was measured."""
        return max((self._peaks.get(key, 0.0) for key in self._keys(cell, run)), default=0.0) or None

    def _keys(self, cell: Record, run: Run) -> list[Key]:
        used = run.details.get("autocast", UNKNOWN)
        return [(place, cell.device, used) for place in self._machines.of(cell, run)]


def achieved(cell: Record, runs: list[Run], peaks: Peaks) -> Rate:
    """Return the FLOPs per second that a training executed, in the median, and its share of the peak.

    What is executed is less than what is counted where taps of small maps only ever meet padding; nothing is
    said of a record that does not say how much.
    """
    counted, executed = cell.compute.flops_train, cell.compute.flops_train_executed
    epochs = runs[0].settings.get("epochs")
    # Of a training that stopped early the epochs that were asked for are not those that took the time.
    stopped = "kept_epoch" in runs[0].details
    if not executed or not counted or not isinstance(epochs, int) or stopped:
        return Rate()
    work = executed * cell.data.counts.train * epochs
    rate = work / median(measured(runs, "train_s"))
    peak = peaks.of(cell, runs[0])
    return Rate(rate, executed / counted, rate / peak if peak else None)
