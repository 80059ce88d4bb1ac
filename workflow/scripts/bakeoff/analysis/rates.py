"""Arithmetic per second of a timed training, held against the best rate measured on its machine."""

from statistics import median
from typing import Any

from bakeoff.analysis.machines import Place
from bakeoff.analysis.study import Study, finished
from bakeoff.analysis.tables import Row
from bakeoff.records.record import Record, Run

Key = tuple[Place, str, str | None]
# A run whose precision is not known is of none of these.
UNKNOWN = "unknown"


class Peaks:
    """One peak per machine, threads, device and precision: the highest beside the study's trainings."""

    def __init__(self, study: Study) -> None:
        self._machines = study.machines
        self._peaks: dict[Key, float] = {}
        for cell in study.speed:
            for run in finished(cell["runs"]):
                for key in self._keys(cell, run):
                    self._peaks[key] = max(self._peaks.get(key, 0.0), cell.get("peak_flops_per_s", 0.0))

    def of(self, cell: Record, run: Run) -> float | None:
        """Return the rate in FLOP/s that a run can be held against, None where none was measured."""
        return max((self._peaks.get(key, 0.0) for key in self._keys(cell, run)), default=0.0) or None

    def _keys(self, cell: Record, run: Run) -> list[Key]:
        used: Any = run["details"].get("autocast", UNKNOWN)
        return [(place, cell["device"], used) for place in self._machines.of(cell, run)]


def achieved(cell: Record, runs: list[Run], peaks: Peaks) -> Row:
    """Return the FLOPs per second that a training executed, in the median, and its share of the peak.

    What is executed is less than what is counted where taps of small maps only ever meet padding; nothing is
    returned for a record that does not say how much.
    """
    counted, executed = (cell["compute"].get(name) for name in ("flops_train", "flops_train_executed"))
    epochs = runs[0]["settings"].get("epochs")
    if not executed or not counted or not epochs:
        return {}
    work = executed * cell["data"]["counts"]["train"] * epochs
    rate = work / median(run["train_s"] for run in runs)
    peak = peaks.of(cell, runs[0])
    return {
        "flops_per_s": rate,
        "executed_share": executed / counted,
        "peak_share": rate / peak if peak else None,
    }
