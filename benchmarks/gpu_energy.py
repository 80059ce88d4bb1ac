"""The GPU's own energy counter against nvidia-smi: the same seconds of training, read both ways.

NVML counts joules; nvidia-smi says how many watts are drawn, ten times a second, which are added up here.
The GPU idles for some seconds before and after, so that neither reading's delay counts for much. Where
nothing counts energy, that is said.

    PYTHONPATH=workflow/scripts python benchmarks/gpu_energy.py [--seconds 30]
"""

import argparse
import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

import numpy as np

from bakeoff.families.network import loop
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.families.network.state import Training
from bakeoff.files import write_text
from bakeoff.machine import energy, hardware, threads
from bakeoff.networks.models import NETWORKS

IDLE_S = 3.0
ASKED = ["--query-gpu=power.draw", "--format=csv,noheader,nounits", "--loop-ms=100"]


class Watts:
    """What nvidia-smi says of the GPU's power from start to stop, each reading with its time."""

    def __init__(self) -> None:
        import torch

        which = f"--id=GPU-{torch.cuda.get_device_properties(0).uuid}"
        self._process = subprocess.Popen(
            ["nvidia-smi", which, *ASKED], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.readings: list[tuple[float, float]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            try:
                self.readings.append((time.perf_counter(), float(line)))
            except ValueError:
                print(f"nvidia-smi: {line.strip()}", flush=True)

    def joules(self) -> float:
        """Stop, and return the readings added up over time."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        times, watts = np.array(self.readings).T
        return float(np.trapezoid(watts, times))


def work(seconds: float, device: str) -> int:
    """Train for so long; return the steps."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (1600, 32, 32), dtype=np.uint8)
    part = Part.from_arrays(pixels, random.integers(0, 10, len(pixels)), Pixels(grey=True))
    row = OPTIMIZERS.named("sgd").row
    what = NETWORKS.named("resnet18").row, row, row.keywords({})
    training = Training(*what, 10, 16, 1e-3, 1_000_000, "fp32", "resident", None, seed=0)
    place = loop.torch_device(device)
    until = None
    for epoch, _ in enumerate(loop.train([training], part, place, loop.stopwatch(place)), start=1):
        until = until or time.perf_counter() + seconds  # from the first epoch's end: all is set up
        if time.perf_counter() >= until:
            return epoch * len(pixels) // training.batch_size
    raise AssertionError("unreachable: the training lasts longer")


def main() -> None:
    """Measure and print."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--device", choices=("cpu", "gpu"), help="a visible GPU, else the CPU")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--output", type=Path, help="write what was found as JSON too")
    options = parser.parse_args()
    device = options.device or hardware.best_device()
    hardware.require_device(device)
    threads.set_threads(hardware.usable_cores())
    counters = {counter.source: counter for counter in energy.counters(device)}
    watts = Watts() if device == "gpu" and shutil.which("nvidia-smi") else None
    before = {source: counter.read() for source, counter in counters.items()}
    idle = IDLE_S if watts else 0.0
    time.sleep(idle)
    steps = work(options.seconds, device)
    time.sleep(idle)
    found = {source: counter.since(before[source]) for source, counter in counters.items()}
    if watts:
        found["nvidia-smi"] = watts.joules()
    described = {"gpu": "the GPU's counter", "cpu": "the processors' counters", "nvidia-smi": "nvidia-smi"}
    for source, words in described.items():
        print(f"{words}: {found[source]:.0f} J" if source in found else f"{words}: nothing is counted here")
    if {"gpu", "nvidia-smi"} <= set(found):
        print(f"the counter says {found['gpu'] / found['nvidia-smi']:.3f} times what nvidia-smi adds up to")
    print(f"{steps} steps of ResNet-18 at batch 16")
    if options.output:
        write_text(options.output, json.dumps({"joules": found, "steps": steps}))


if __name__ == "__main__":
    main()
