"""Energy as the devices' own counters report it: RAPL of the processor, NVML of an NVIDIA GPU."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bakeoff.surroundings import known

POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Counter:
    """Joules that a part of the machine has taken since some past moment; it starts again at `span`."""

    source: str  # "cpu" or "gpu"
    read: Callable[[], float]
    span: float = math.inf

    def since(self, before: float) -> float:
        """Return the joules since an earlier reading, no more than one `span` ago."""
        return (self.read() - before) % self.span


def counters(device: str) -> list[Counter]:
    """Return what this machine reports: of its processors and, for a run on the GPU, of the GPU."""
    zones = [partial(_package, zone) for zone in sorted(POWERCAP.glob("intel-rapl:[0-9]"))]
    readers: list[Callable[[], Counter | None]] = [*zones, *([_gpu] if device == "gpu" else [])]
    return [counter for read in readers if (counter := known(read))]


def _package(zone: Path) -> Counter | None:
    """Return the counter of a processor package, none for another zone; root alone may read some."""
    if not (zone / "name").read_text(encoding="ascii").startswith("package"):
        return None
    read = partial(_microjoules, zone / "energy_uj")
    read()
    return Counter("cpu", read, _microjoules(zone / "max_energy_range_uj"))


def _microjoules(file: Path) -> float:
    """Return a file's number of microjoules in joules."""
    return int(file.read_text(encoding="ascii")) / 1e6


def _gpu() -> Counter:
    """Return the counter of torch's first device; there is none before Volta and on a MIG slice."""
    import pynvml
    import torch

    pynvml.nvmlInit()
    # By its identity: torch's numbers follow CUDA_VISIBLE_DEVICES, NVML's do not.
    handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")

    def read() -> float:
        return pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3  # of millijoules

    read()
    return Counter("gpu", read)
