"""Epochs of a network that is frozen in part: its beginning run once, against computed anew in every step.

Both arms are one training as a cell runs it, in one process, and take turns epoch by epoch; the other arm is
told that it is not worth it. Times are the processor's, which others on the machine change least. Printed per
setting: milliseconds per step of both, medians over the rounds; the ratio of the times, round by round, as
median and range; the same of a whole training of so many epochs with the first one, in which what is kept is
computed; what arithmetic alone allows, which is the FLOPs of a step with the beginning over those without it;
and whether both arms came to the same weights, to the bit.

    PYTHONPATH=workflow/scripts python benchmarks/frozen_prefix.py [--rounds 5] [--steps 8] [--threads 1]
"""

import argparse
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from bakeoff.families.network import engines, loop, prefix
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.families.network.state import Training
from bakeoff.machine import hardware, threads
from bakeoff.machine.timing import Stopwatch
from bakeoff.networks import flops, freezing, models
from bakeoff.networks.boundary import boundaries
from bakeoff.networks.models import NETWORKS, Network

CLASSES, BATCH, LEARNING_RATE = 10, 32, 1e-3
LAST_STAGE = ["conv1", "bn1", "layer1", "layer2", "layer3"]
# Network, what is frozen, what that is called, rows and columns.
SETTINGS = [
    *(("resnet18", LAST_STAGE, "all but layer4", size) for size in (64, 96)),
    *(("resnet18", "backbone", "backbone", size) for size in (64, 96)),
    *((name, "backbone", "backbone", 96) for name in ("mobilenet_v3_small", "efficientnet_b0")),
]


class Processor(Stopwatch):
    """Adds up seconds of the processor, of all threads together."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of the block to a phase."""
        start = process_time()
        yield
        self.seconds[name] += process_time() - start


@dataclass
class Arm:
    """A training at work: its epochs, the seconds of each, and where the last one came to."""

    epochs: Iterator[list[loop.Epoch]]
    watch: Any
    seconds: list[float] = field(default_factory=list)
    reached: Any = None

    def run(self) -> None:
        """Take an epoch; both arms draw what dropout drops from one stream."""
        import torch

        torch.manual_seed(len(self.seconds))
        before = self.watch.total("train")
        (self.reached,) = next(self.epochs)
        self.seconds.append(self.watch.total("train") - before)


def arm(network: Network, part: Part, worth: float) -> Arm:
    """Return a training that has taken its first epoch; worth: the FLOPs by which a byte pays to be kept."""
    row = OPTIMIZERS.named("adam").row
    training = Training(
        network=network,
        optimizer=row,
        keywords=row.keywords({}),
        classes=CLASSES,
        seed=0,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        epochs=1_000_000,
        precision="fp32",
        engine="resident",
        pin_memory=None,
    )
    place = loop.torch_device("cpu")
    watch = Processor()
    found, usual = Arm(loop.train([training], part, place, watch), watch), prefix.WORTH
    prefix.WORTH = worth
    found.run()
    prefix.WORTH = usual
    return found


def allowed(network: Network, size: int) -> float:
    """Return the FLOPs of a training step over those of one that begins where what is frozen ends."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = models.build(network, CLASSES, 0)
    freezing.train(model)
    images = torch.zeros(2, models.CHANNELS, size, size)
    undrawn = (each for each in boundaries(model, images) if not isinstance(each.part, torch.nn.Dropout))
    found = next(undrawn)
    with FlopCounterMode(display=False) as counter:
        found.before(images[:1])
    both = flops.train_flops(model, tuple(images.shape[1:]))
    return both / (both - counter.get_total_flops())


def measure(name: str, frozen: Any, called: str, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure and print one setting; return what was found."""
    import torch

    random = np.random.default_rng(0)
    images = random.integers(0, 256, (options.steps * BATCH, size, size, 3), dtype=np.uint8)
    part = Part.from_arrays(images, random.integers(0, CLASSES, len(images)), Pixels())
    network = NETWORKS.named(json.dumps({"name": "frozen", "build": name, "freeze": frozen})).row
    anew, once = arm(network, part, math.inf), arm(network, part, 0)
    for _ in range(options.rounds):
        anew.run()
        once.run()
    if (said := once.reached.fast_paths.said[prefix.NAME]) != "taken":
        print(f"{name:18} {called:14} {size:>4} {said}", flush=True)
        return {"network": name, "frozen": called, "size": size, "said": said}
    ratios = sorted(one / other for one, other in zip(anew.seconds[1:], once.seconds[1:], strict=True))
    whole = [each.seconds[0] + (options.epochs - 1) * median(each.seconds[1:]) for each in (anew, once)]
    theirs, ours = (each.reached.state.weights() for each in (anew, once))
    found = {
        "network": name,
        "frozen": called,
        "size": size,
        "anew_ms": 1000 * median(anew.seconds[1:]) / options.steps,
        "once_ms": 1000 * median(once.seconds[1:]) / options.steps,
        "ratio": median(ratios),
        "lowest": ratios[0],
        "highest": ratios[-1],
        "training": whole[0] / whole[1],
        "flops": allowed(network, size),
        "same_bits": all(torch.equal(ours[each], theirs[each]) for each in theirs),
    }
    print(
        "{network:18} {frozen:14} {size:>4} {anew_ms:8.1f} {once_ms:8.1f}  {ratio:6.1f} "
        "({lowest:.1f} to {highest:.1f}) {training:6.1f} {flops:8.1f}  {same_bits}".format(**found),
        flush=True,
    )
    return found


def main() -> None:
    """Measure and print."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=10, help="of a whole training")
    parser.add_argument("--threads", type=int, default=1, help="as trainings of a grid run: one per core")
    options = parser.parse_args()
    threads.set_threads(options.threads)
    engines.WARM_UP_STEPS = 2  # as each arm takes an epoch before it is clocked
    import torch

    torch.set_num_threads(options.threads)
    cpu = hardware.describe(options.threads, "cpu")["cpu"]
    print(f"{cpu}, {options.threads} thread(s), torch {torch.__version__}, batch {BATCH}, Adam, colour")
    print(
        f"medians (range) of {options.rounds} epochs of {options.steps} steps; a training of {options.epochs}"
    )
    print(
        f"{'network':18} {'frozen':14} {'size':>4} {'anew ms':>8} {'once ms':>8}  {'ratio':>6} (range) "
        "training FLOPs' same bits"
    )
    for setting in SETTINGS:
        measure(*setting, options)


if __name__ == "__main__":
    main()
