"""Energy as the devices' own counters report it: RAPL of the processor, NVML of an NVIDIA GPU."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

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
    return [*_processors(), *(_gpu() if device == "gpu" else [])]


def _processors() -> list[Counter]:
    """Return one counter per processor package; none where the kernel has none or root alone may read it."""
    found = []
    for zone in sorted(POWERCAP.glob("intel-rapl:[0-9]")):
        try:
            if (zone / "name").read_text(encoding="ascii").startswith("package"):
                read = partial(_microjoules, zone / "energy_uj")
                read()
                found.append(Counter("cpu", read, _microjoules(zone / "max_energy_range_uj")))
        except (OSError, ValueError):
            continue
    return found


def _microjoules(file: Path) -> float:
    """Return a file's number of microjoules in joules."""
    return int(file.read_text(encoding="ascii")) / 1e6


def _gpu() -> list[Counter]:
    """Return the counter of torch's first device; none before Volta, on a MIG slice, or without pynvml."""
    try:
        import pynvml
    except ImportError:
        return []
    import torch

    try:
        pynvml.nvmlInit()
        # By its identity: torch's numbers follow CUDA_VISIBLE_DEVICES, NVML's do not.
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")

        def read() -> float:
            return pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3  # of millijoules

        read()
    except pynvml.NVMLError:
        return []
    return [Counter("gpu", read)]
