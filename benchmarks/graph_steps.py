"""Recorded graphs against single steps on a GPU: the same training bit by bit, and what a replay saves.

A training is stepped twice and replayed once, from the same seed over the same random images. Printed are the
largest relative difference of the epochs' losses and whether the last weights are the same bit by bit: of the
second stepping, which shows what the GPU's own order of additions does, and of the replay; then milliseconds
per step of the last epoch. On a CPU nothing is recorded, and all three are stepped.

    PYTHONPATH=workflow/scripts python benchmarks/graph_steps.py [--epochs 4] [--steps 50]
"""

import argparse
import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.families.network import engines, loop, precision
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.families.network.member import Member
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.families.network.state import Training, build_state
from bakeoff.files import write_text
from bakeoff.machine import hardware, threads
from bakeoff.machine.timing import Stopwatch
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS

if TYPE_CHECKING:
    import torch

CLASSES = 10
SIZE = 32


class Stepped(engines.Resident):
    """The resident engine, which records nothing."""

    def _record(self) -> None:
        pass


def trained(
    training: Training, part: Part, device: "torch.device", engine: type[engines.Resident]
) -> tuple[np.ndarray, dict[str, "torch.Tensor"], float, str]:
    """Return the epochs' losses, the last weights, the last epoch's milliseconds per step, the execution."""
    precision.state_fp32()
    state = build_state(training, part.pixels, part.size, device)
    worker = engine([Member(training, state, len(part), device)], part.to(device), device)
    worker.warm_up()
    losses, watch = [], Stopwatch()
    for number in range(1, training.epochs + 1):
        watch = loop.stopwatch(device)
        with watch.phase("train"):
            ((loss, _),) = worker.epoch(number)
        losses.append(loss)
    step_ms = 1000 * watch.total("train") * training.batch_size / len(part)
    return np.array(losses), state.weights(), step_ms, worker.execution


def compared(training: Training, part: Part, device: "torch.device") -> dict:
    """Return how far a second stepping and the engine's way are from a first stepping, and their times."""
    first, again, ours = (trained(training, part, device, e) for e in (Stepped, Stepped, engines.Resident))
    return {
        "precision": training.precision,
        "execution": ours[3],
        "again": _apart(first, again),
        "ours": _apart(first, ours),
        "stepped_ms": again[2],
        "ours_ms": ours[2],
    }


def _apart(one: tuple, other: tuple) -> dict:
    same = all(bool((weight == other[1][name]).all()) for name, weight in one[1].items())
    return {"losses_differ": float(np.abs(other[0] / one[0] - 1).max()), "same_bits": same}


def show(found: dict) -> None:
    """Print one comparison."""
    words = [
        f"{who} losses {found[name]['losses_differ']:.1e}, "
        f"{'the same bits' if found[name]['same_bits'] else 'other bits'}"
        for who, name in (("stepped again:", "again"), (f"{found['execution']}:", "ours"))
    ]
    times = f"{found['stepped_ms']:.2f} and {found['ours_ms']:.2f} ms per step"
    print(
        f"{found['model']} {found['optimizer']:4} {found['precision']:5} {'; '.join(words)}; {times}",
        flush=True,
    )


def main() -> None:
    """Compare and print."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--device", choices=("cpu", "gpu"), help="a visible GPU, else the CPU")
    parser.add_argument("--models", nargs="+", default=["resnet18"])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=50, help="per epoch")
    parser.add_argument("--threads", type=int, default=hardware.usable_cores())
    parser.add_argument("--output", type=Path, help="write what was found as JSON too")
    options = parser.parse_args()
    device = options.device or hardware.best_device()
    hardware.require_device(device)
    threads.set_threads(options.threads)
    random = np.random.default_rng(0)
    count = options.steps * options.batch
    pixels = random.integers(0, 256, (count, SIZE, SIZE), dtype=np.uint8)
    part = Part.from_arrays(pixels, random.integers(0, CLASSES, count), Pixels(grey=True))
    models.import_library(NETWORKS.named(options.models[0]).row)
    rows = []
    for model, optimizer, kind in product(options.models, ("sgd", "adam"), ("fp32", "mixed")):
        row = OPTIMIZERS.named(optimizer).row
        what = NETWORKS.named(model).row, row, row.keywords({}), CLASSES
        training = Training(*what, options.batch, 1e-3, options.epochs, kind, "resident", None, seed=0)
        found = compared(training, part, loop.torch_device(device))
        rows.append({"model": model, "optimizer": optimizer, **found})
        show(rows[-1])
        if options.output:
            write_text(options.output, json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
