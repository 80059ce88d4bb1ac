"""Training steps: the plain way against the engine, interleaved in one run; on a GPU where one is visible.

plain:  torchvision and PIL transforms in a DataLoader with 2 workers, the stock network, the optimizer as
        torch gives it, loss.item() after every step, on all cores or on the GPU, with pinned memory.
engine: one training as the timed comparison runs it: images resident, no read of the device within an epoch,
        a fused optimizer, live taps only; on a CPU convolutions as matrix products where that is faster and
        all cores, on a GPU a recorded graph of the whole step.
grid:   trainings side by side as a grid runs them, all their images: on a CPU one per core with one thread
        each, on a GPU so many in one graph, for each number that --pack names.

Each arm has a process of its own that rests while another works. All take images of the same size, batches,
optimizers and precision (fp32). Printed per setting: images per second and milliseconds per step, medians
over the rounds; the plain way also with the start of its workers in every epoch; the ratio of the images per
second to the plain way's, round by round, as median and range; and the floor: the step's FLOPs at this
machine's convolution rate plus the optimizer's bytes at its memory rate. Then the geometric means, and the
correctness: the largest relative difference of the losses of both networks over --check steps in float64 on
the same batches.

    PYTHONPATH=workflow/scripts python benchmarks/train_step.py [--rounds 5] [--steps 24] [--device cpu]
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import geometric_mean, median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.data.prepare import resize
from bakeoff.families.network import loop, speed
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.families.network.state import Training, build_state
from bakeoff.files import write_text
from bakeoff.machine import hardware, threads
from bakeoff.networks import flops, models
from bakeoff.networks.models import NETWORKS

if TYPE_CHECKING:
    import torch

CLASSES = 10
SIZE = 32
GREY = Pixels(grey=True)
LEARNING_RATE = 1e-3
BYTES_PER_PARAMETER = {"adam": 28, "sgd": 20}  # read weight, gradient, state; write weight, state

# A row: its setting, the plain way, the engine, as many grids as were asked for, the floor.
SETTING, PLAIN, ENGINE, GRID = "{:8} {:>5} {:5}", "{:>6} {:>6} {:>9}", "{:>7} {:>6}  {:22}", "{:>7}  {:22}"


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random 28 x 28 images and labels: what they show does not change a step's time."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return pixels, generator.integers(0, CLASSES, count)


def training(model: str, optimizer: str, batch: int, seed: int = 0) -> Training:
    """Return a training that lasts until its process ends."""
    return Training(
        network=NETWORKS.named(model).row,
        optimizer=OPTIMIZERS.named(optimizer).row,
        keywords=OPTIMIZERS.named(optimizer).row.keywords({}),
        classes=CLASSES,
        seed=seed,
        batch_size=batch,
        learning_rate=LEARNING_RATE,
        epochs=1_000_000,
        precision="fp32",
        engine="resident",
        pin_memory=None,
    )


def stock_optimizer(name: str, network: "torch.nn.Module") -> "torch.optim.Optimizer":
    """Return the optimizer as torch gives it."""
    import torch

    if name == "adam":
        return torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    return torch.optim.SGD(network.parameters(), LEARNING_RATE, **OPTIMIZERS.named("sgd").row.keywords({}))


def plain(
    model: str, optimizer: str, batch: int, steps: int, device: str, pack: int
) -> Callable[[], tuple[float, float]]:
    """Return what takes an epoch the plain way: seconds per step without and with the workers' start."""
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision import transforms

    pixels, labels = images(steps * batch)
    to_tensor = transforms.Compose(
        [
            transforms.Resize((SIZE, SIZE)),
            transforms.Grayscale(3),
            transforms.ToTensor(),
            transforms.Normalize((0.5,) * 3, (0.5,) * 3),
        ]
    )

    class Pictures:
        def __len__(self) -> int:
            return len(labels)

        def __getitem__(self, row: int):
            return to_tensor(Image.fromarray(pixels[row])), int(labels[row])

    place = loop.torch_device(device)
    network = models.build(NETWORKS.named(model).row, CLASSES, 0).to(place)
    stepper = stock_optimizer(optimizer, network)
    loader = DataLoader(Pictures(), batch, shuffle=True, num_workers=2, pin_memory=device == "gpu")

    def epoch() -> tuple[float, float]:
        begin = start = perf_counter()
        for done, (pictures, answers) in enumerate(loader):
            if done == 1:  # the workers have started
                start = perf_counter()
            stepper.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(pictures.to(place)), answers.to(place))
            loss.backward()
            stepper.step()
            loss.item()
        end = perf_counter()
        return (end - start) / (steps - 1), (end - begin) / steps

    return epoch


def engine(
    model: str, optimizer: str, batch: int, steps: int, device: str, pack: int
) -> Callable[[], tuple[float, float]]:
    """Return what takes an epoch with the engine; the same twice, as nothing starts."""
    pixels, labels = images(steps * batch)
    trainings = [training(model, optimizer, batch, seed) for seed in range(pack)]
    place = loop.torch_device(device)
    watch, before = loop.stopwatch(place), 0.0
    part = Part.from_arrays(resize(pixels, SIZE), labels, GREY)
    epochs = loop.train(trainings, part, place, watch)

    def epoch() -> tuple[float, float]:
        nonlocal before
        reached = next(epochs)
        if device == "gpu" and reached[0].execution != "graph":
            print(reached[0].execution, file=sys.stderr)
        spent, before = watch.total("train") - before, watch.total("train")
        return spent / steps, spent / steps

    return epoch


def serve(arm: str, model: str, optimizer: str, device: str, *numbers: str) -> None:
    """Run an arm in this process: an epoch per line of standard input."""
    batch, steps, cores, pack = (int(number) for number in numbers)
    threads.set_threads(cores)
    epoch = {"plain": plain, "engine": engine}[arm](model, optimizer, batch, steps, device, pack)
    epoch()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(*epoch(), flush=True)


Setting = tuple[str, str, int]  # model, optimizer, batch size


class Arm:
    """One or more processes that run an epoch together, each with one training or more."""

    def __init__(
        self, arm: str, setting: Setting, options: argparse.Namespace, threads: int, count: int, pack: int
    ) -> None:
        model, optimizer, batch = setting
        numbers = (batch, options.steps, threads, pack)
        what = [model, optimizer, options.device, *(str(number) for number in numbers)]
        self._processes = [
            subprocess.Popen(
                [sys.executable, __file__, "--serve", arm, *what],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(count)
        ]
        self._read()
        self.images = batch * pack  # per step of a process
        self.times: list[list[float]] = []
        self.rates: list[float] = []

    def run(self) -> None:
        """Let every process take an epoch; note the first one's times and the images per second of all."""
        for process in self._processes:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        times = [[float(value) for value in line.split()] for line in self._read()]
        self.times.append(times[0])
        self.rates.append(sum(self.images / time[0] for time in times))

    def ms(self, which: int) -> float:
        """Return the median milliseconds per step, without (0) or with (1) the start of an epoch."""
        return 1000 * median(time[which] for time in self.times)

    def _read(self) -> list[str]:
        return [process.stdout.readline() for process in self._processes if process.stdout]

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.communicate()


def rates(threads: int, device: str) -> tuple[float, float]:
    """Return the device's convolution rate in FLOP/s (fp32) and its memory rate in bytes/s."""
    import torch

    torch.set_num_threads(threads)
    place = loop.torch_device(device)
    large = torch.rand(1 << 26).to(place)
    watches = [loop.stopwatch(place) for _ in range(6)]
    for watch in watches:
        with watch.phase("memory"):
            large.add_(1.0)
    return speed.peak(device), 8 * large.numel() / min(watch.total("memory") for watch in watches)


def floor(model: str, optimizer: str, batch: int, flops_per_s: float, bytes_per_s: float) -> float:
    """Return the seconds that a step's arithmetic and its optimizer's memory traffic cannot go below."""
    shape = (models.CHANNELS, SIZE, SIZE)
    host = loop.torch_device("cpu")
    network = build_state(training(model, optimizer, batch), GREY, shape[1:], host, "cuda").model
    parameters = sum(weight.numel() for weight in network.parameters())
    arithmetic = batch * flops.train_flops(network, shape) / flops_per_s
    return arithmetic + parameters * BYTES_PER_PARAMETER[optimizer] / bytes_per_s


def difference(model: str, optimizer: str, batch: int, steps: int) -> float:
    """Return the largest relative difference of the losses over some steps in float64."""
    import torch

    size = (SIZE, SIZE)
    ours = build_state(training(model, optimizer, batch), GREY, size, loop.torch_device("cpu"))
    stock = models.build(NETWORKS.named(model).row, CLASSES, 0)
    curves = []
    for network, stepper in ((stock, stock_optimizer(optimizer, stock)), (ours.model, ours.optimizer)):
        network.double().train()
        generator = torch.Generator().manual_seed(0)
        losses = []
        for _ in range(steps):
            seen = torch.rand(batch, 1, *size, generator=generator, dtype=torch.float64) * 2 - 1
            logits = network(seen.expand(-1, models.CHANNELS, -1, -1))
            loss = torch.nn.functional.cross_entropy(logits, torch.arange(batch) % CLASSES)
            stepper.zero_grad()
            loss.backward()
            stepper.step()
            losses.append(loss.item())
        curves.append(np.array(losses))
    return float(np.abs(curves[1] / curves[0] - 1).max())


def spread(arm: Arm, base: Arm) -> dict[str, float]:
    """Return images per second, milliseconds per step, and the ratio to the base's images per second.

    The ratio is the median over the rounds, with its range.
    """
    ratios = sorted(one / other for one, other in zip(arm.rates, base.rates, strict=True))
    rate = {"images_per_s": median(arm.rates), "step_ms": arm.ms(0)}
    return {**rate, "ratio": median(ratios), "lowest": ratios[0], "highest": ratios[-1]}


def grids(options: argparse.Namespace) -> dict[str, tuple[int, int, int]]:
    """Return threads, processes and trainings per process of every grid, by name."""
    if options.device == "gpu":
        return {f"pack {pack}": (options.threads, 1, pack) for pack in options.pack}
    return {f"{options.threads} processes": (1, options.threads, 1)}


def measure(setting: Setting, options: argparse.Namespace, machine: tuple[float, float]) -> dict:
    """Measure and print one setting; return what was found."""
    alone = {"plain": ("plain", 1), "engine": ("engine", 1)}
    arms = {name: Arm(arm, setting, options, options.threads, 1, one) for name, (arm, one) in alone.items()}
    arms |= {name: Arm("engine", setting, options, *many) for name, many in grids(options).items()}
    for _ in range(options.rounds):
        for arm in arms.values():
            arm.run()
    for arm in arms.values():
        arm.close()
    plain = arms["plain"]
    found = {name: spread(arm, plain) for name, arm in arms.items()}
    found["plain"]["images_per_s_with_start"] = 1000 * setting[2] / plain.ms(1)
    found["floor_ms"] = 1000 * floor(*setting, *machine)
    show(setting, found)
    return {**dict(zip(("model", "optimizer", "batch"), setting, strict=True)), **found}


def show(setting: Setting, found: dict) -> None:
    """Print a setting's row."""

    def words(name: str) -> str:
        return "{ratio:5.2f} ({lowest:.2f} to {highest:.2f})".format(**found[name])

    def number(value: float) -> str:
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"

    model, optimizer, batch = setting
    slow, fast = found["plain"], found["engine"]
    cells = [
        SETTING.format(model, batch, optimizer),
        PLAIN.format(*(number(slow[n]) for n in ("images_per_s", "step_ms", "images_per_s_with_start"))),
        ENGINE.format(number(fast["images_per_s"]), number(fast["step_ms"]), words("engine")),
    ]
    rest = [name for name in found if name not in ("plain", "engine", "floor_ms")]
    cells += [GRID.format(number(found[name]["images_per_s"]), words(name)) for name in rest]
    print(*cells, number(found["floor_ms"]), flush=True)


def print_headings(options: argparse.Namespace) -> None:
    """Print what the columns are."""
    names = list(grids(options))
    above = [SETTING.format("", "", ""), PLAIN.format("plain", "", ""), ENGINE.format("engine", "", "")]
    print(*above, *(GRID.format("grid", name) for name in names))
    ratio = "ratio (range)"
    below = [SETTING.format("model", "batch", "opt"), PLAIN.format("i/s", "ms", "i/s+start")]
    print(*below, ENGINE.format("i/s", "ms", ratio), *(GRID.format("i/s", ratio) for _ in names), "floor ms")


def print_means(model: str, rows: list[dict], options: argparse.Namespace) -> None:
    """Print the geometric means of a network's ratios."""
    means = {name: geometric_mean(row[name]["ratio"] for row in rows) for name in ("engine", *grids(options))}
    words = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
    print(f"{model}, geometric means: {words} times the plain way", flush=True)


def options_of(arguments: list[str]) -> argparse.Namespace:
    """Return what was asked for."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument(
        "--check", type=int, default=50, help="steps of the check in float64; 0 leaves it out"
    )
    parser.add_argument("--threads", type=int, default=hardware.usable_cores())
    parser.add_argument("--device", choices=("cpu", "gpu"), help="a visible GPU, else the CPU")
    parser.add_argument("--pack", type=int, nargs="+", default=[8], help="trainings side by side on a GPU")
    parser.add_argument("--models", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--optimizers", nargs="+", default=["sgd", "adam"])
    parser.add_argument("--output", type=Path, help="write what was found as JSON too")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure every setting and print."""
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
        return
    options = options_of(sys.argv[1:])
    threads.set_threads(options.threads)
    options.device = options.device or hardware.best_device()
    described = hardware.describe(options.threads, options.device)
    machine = rates(options.threads, options.device)
    name = described["gpu"] or described["cpu"]
    print(f"{name}, {options.threads} threads, torch {described['versions']['torch']}")
    print(f"convolution {machine[0] / 1e9:.0f} GFLOP/s, memory {machine[1] / 1e9:.0f} GB/s")
    print(f"{options.rounds} rounds of {options.steps} steps; i/s: images per second; ratios to plain i/s")
    print_headings(options)
    rows: list[dict] = []
    for model in options.models:
        for batch, optimizer in product(options.batches, options.optimizers):
            rows.append(measure((model, optimizer, batch), options, machine))
            if options.output:  # after every row: a run that is cut short leaves what it had
                write_text(options.output, json.dumps({"machine": described, "rows": rows}))
        print_means(model, [row for row in rows if row["model"] == model], options)
    if options.check:
        for optimizer in options.optimizers:
            apart = difference("resnet18", optimizer, 16, options.check)
            words = f"{options.check} steps in float64: losses differ by at most {apart:.1e}"
            print(f"resnet18 {optimizer}, {words}")


if __name__ == "__main__":
    main()
