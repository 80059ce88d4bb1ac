"""What else went on on the machine while something ran, from the kernel's own counters."""

import os
import resource
import time
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from bakeoff.surroundings import known

STAT = Path("/proc/stat")
CPUINFO = Path("/proc/cpuinfo")


class _Reading(NamedTuple):
    """Seconds since some past moment: by the clock, of all processors, of this process; its switches."""

    clock: float
    busy: float
    stolen: float
    own: float
    switches: int


class Meter:
    """Tells of every lap what went on meanwhile; the first begins now."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._started, self._load, self._before = time.time(), known(_load_average), known(_read)

    def lap(self) -> dict[str, Any] | None:
        """Return what went on since the last lap, and begin the next; None where the kernel does not count.

        started: seconds since 1970; seconds: how long it was; others_cores: how many cores other processes
        kept busy on average; stolen_cores: how many the machine's host gave to others; switches_per_s: how
        often this process had to give way; load_before: the load average at its start; cpu_mhz: the mean
        clock at its end.
        """
        started, load, before, now = self._started, self._load, self._before, known(_read)
        self._begin()
        if before is None or now is None:
            return None
        seconds = max(now.clock - before.clock, 1e-9)
        others = max(0.0, (now.busy - before.busy) - (now.own - before.own))
        return {
            "started": round(started, 1),
            "seconds": round(seconds, 3),
            "others_cores": round(others / seconds, 3),
            "stolen_cores": round((now.stolen - before.stolen) / seconds, 3),
            "switches_per_s": round((now.switches - before.switches) / seconds, 1),
            "load_before": load,
            "cpu_mhz": known(_megahertz),
        }


def _read() -> _Reading:
    words = STAT.read_text(encoding="ascii").splitlines()[0].split()
    ticks = [int(word) for word in words[1:9]]
    hertz = os.sysconf("SC_CLK_TCK")
    user, nice, system, _, _, interrupts, soft, stolen = ticks
    switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    busy = (user + nice + system + interrupts + soft) / hertz
    return _Reading(time.perf_counter(), busy, stolen / hertz, sum(os.times()[:4]), switches)


def _load_average() -> float:
    return round(os.getloadavg()[0], 2)


def _megahertz() -> int:
    lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    return round(fmean(float(line.split(":")[1]) for line in lines if line.startswith("cpu MHz")))
