"""A CPU's training step, by how the network's convolutions are computed; all in one process, in turns.

convolutions: torch's, channels outermost, three equal channels into the stem
innermost:    the same with the channels innermost in memory
products:     as training does it: also 1 x 1 kernels, kernels onto maps of at most 3 x 3 and the stem of grey
              images as matrix products (bakeoff/families/network/products.py)

Printed per network: milliseconds per step, medians over the rounds, and the ratio of the first way's time to
each one's, round by round, as median and range.

    PYTHONPATH=workflow/scripts python benchmarks/products.py [--rounds 7] [--steps 4] [--threads 1]
"""

import argparse
from functools import partial
from statistics import median
from time import perf_counter

from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.fast_paths import FastPaths
from bakeoff.families.network.optimizers import OPTIMIZERS, build
from bakeoff.families.network.precision import scaler
from bakeoff.families.network.state import State, take_fast_paths, take_step
from bakeoff.machine import hardware, threads
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS

CLASSES, SIZE = 10, 32
ARMS = ("convolutions", "innermost", "products")


def state(arm: str, model: str, optimizer: str) -> State:
    """Return a network with its optimizer, its convolutions computed the arm's way."""
    import torch

    shape = (models.CHANNELS, SIZE, SIZE)
    network = models.build(NETWORKS.named(model).row, CLASSES, 0)
    row = OPTIMIZERS.named(optimizer).row
    stepper, paths = build(row, row.keywords({}), network, 1e-3), FastPaths()
    kind = "cpu" if arm == "products" else "cuda"  # what is not for CPUs makes no products
    cuts = take_fast_paths(network, stepper, shape, Pixels(grey=True), kind, paths)
    if arm != "convolutions":
        network = network.to(memory_format=torch.channels_last)
    return State(network.train(), cuts, stepper, scaler(None), paths)


def seconds(step: partial, steps: int) -> float:
    """Return the seconds per step."""
    start = perf_counter()
    for _ in range(steps):
        step()
    return (perf_counter() - start) / steps


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1, help="as trainings of a grid run: one per core")
    options = parser.parse_args()
    threads.set_threads(options.threads)
    import torch

    torch.set_num_threads(options.threads)
    device = torch.device("cpu")
    grey = torch.rand(options.batch, 1, SIZE, SIZE) * 2 - 1
    labels = torch.arange(options.batch) % CLASSES
    print(
        f"{hardware.describe(options.threads, 'cpu')['cpu']}, {options.threads} thread(s), "
        f"torch {torch.__version__}, batch {options.batch}, Adam"
    )
    print(f"ms per step and ratio to {ARMS[0]}, medians (range) of {options.rounds} x {options.steps} steps")
    for model in ("resnet18", "resnet50"):
        steppers = [
            partial(take_step, state(arm, model, "adam"), grey.expand(-1, 3, -1, -1), labels, None, device)
            for arm in ARMS
        ]
        for step in steppers:
            seconds(step, 2)  # warm up
        rounds = [[seconds(step, options.steps) for step in steppers] for _ in range(options.rounds)]
        for arm, times in zip(ARMS, zip(*rounds, strict=True), strict=True):
            ratios = sorted(row[0] / time for row, time in zip(rounds, times, strict=True))
            print(
                f"{model:8} {arm:12} {1000 * median(times):5.0f}  {median(ratios):.2f} "
                f"({ratios[0]:.2f} to {ratios[-1]:.2f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
