"""Training steps: plain and careful loops against the engine, interleaved; on a GPU where one is visible.

plain:    torchvision and PIL transforms in a DataLoader with 2 workers, the stock network, the optimizer as
          torch gives it, loss.item() after every step, on all cores or on the GPU, with pinned memory.
careful:  a loop by somebody who knows torch: images in memory as bytes, the stock network with its channels
          innermost (channels_last), a fused optimizer, no read of the loss within an epoch.
compiled: the same with its network through torch.compile, where a C++ compiler is there.
engine:   one training as the timed comparison runs it: images resident, no read of the device within an
          epoch, a fused optimizer, live taps only; on a CPU convolutions as matrix products where that is
          faster and all cores, on a GPU a recorded graph of the whole step.
grid:     trainings side by side as a grid runs them, all their images: on a CPU one per core with one thread
          each, on a GPU so many in one graph, for each number that --pack names.

Grey images are scanned at 28 x 28 and trained on at 32 x 32; colour ones lie in the size that they are
trained on. Weights are drawn: where they come from changes no step's time. Each arm has a process of its own
that rests while another works. All take images of the same size, batches, optimizers and precision (fp32).
Printed per setting and arm: images per second and milliseconds per step, medians over the rounds; the plain
way also with the start of its workers in every epoch; the ratio of the images per second to those of each
loop, round by round, as median and range; and the floor: the step's FLOPs at this machine's convolution rate
plus the optimizer's bytes at its memory rate. Then the geometric means, and the correctness: the largest
relative difference of the losses of both networks over --check steps in float64 on the same batches.

    PYTHONPATH=workflow/scripts python benchmarks/train_step.py [--rounds 5] [--steps 24] [--device cpu]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import geometric_mean, median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

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
SCANNED, SIZE = 28, 32  # rows and columns of grey images, as they are and as they are trained on
LEARNING_RATE = 1e-3
BYTES_PER_PARAMETER = {"adam": 28, "sgd": 20}  # read weight, gradient, state; write weight, state
LOOPS = ("plain", "careful", "compiled")
# In colour: a network and the size of its images; at batch 32, with Adam.
COLOUR = ("resnet18:64", "resnet18:96", "mobilenet_v3_small:96", "efficientnet_b0:96")
COLOUR_BATCH = 32

ROW = "  {:12} {:>6}/s {:>6} ms  {}"


class Setting(NamedTuple):
    """What is trained: on images of (size, size), in colour or grey."""

    model: str
    optimizer: str
    batch: int
    size: int = SIZE
    colour: bool = False

    def __str__(self) -> str:
        """Return it as a heading has it."""
        seen = f"{self.size} x {self.size} {'in colour' if self.colour else 'grey'}"
        return f"{self.model}, {seen}, batch {self.batch}, {self.optimizer}"

    @property
    def pixels(self) -> Pixels:
        """Return what is said of its images."""
        return Pixels(grey=not self.colour)

    def images(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return random images and labels: what they show does not change a step's time."""
        generator = np.random.default_rng(0)
        shape = (self.size, self.size, models.CHANNELS) if self.colour else (SCANNED, SCANNED)
        pixels = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
        return pixels, generator.integers(0, CLASSES, count)

    def part(self, count: int) -> Part:
        """Return the same in the size that they are trained on."""
        pixels, labels = self.images(count)
        return Part.from_arrays(pixels if self.colour else resize(pixels, self.size), labels, self.pixels)

    def stock(self) -> "torch.nn.Module":
        """Return the network as its library gives it."""
        return models.build(NETWORKS.named(self.model).row, CLASSES, 0)

    def training(self, seed: int = 0) -> Training:
        """Return a training that lasts until its process ends."""
        row = OPTIMIZERS.named(self.optimizer).row
        return Training(
            network=NETWORKS.named(self.model).row,
            optimizer=row,
            keywords=row.keywords({}),
            classes=CLASSES,
            seed=seed,
            batch_size=self.batch,
            learning_rate=LEARNING_RATE,
            epochs=1_000_000,
            precision="fp32",
            engine="resident",
            pin_memory=None,
        )


def stock_optimizer(name: str, network: "torch.nn.Module", **more: bool) -> "torch.optim.Optimizer":
    """Return the optimizer as torch gives it."""
    import torch

    if name == "adam":
        return torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, **more)
    return torch.optim.SGD(
        network.parameters(), LEARNING_RATE, **OPTIMIZERS.named("sgd").row.keywords({}), **more
    )


Epoch = Callable[[], tuple[float, float]]  # seconds per step, without and with what an epoch starts


def plain(setting: Setting, steps: int, device: str, pack: int) -> Epoch:
    """Return what takes an epoch the plain way."""
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision import transforms

    pixels, labels = setting.images(steps * setting.batch)
    to_tensor = transforms.Compose(
        [
            transforms.Resize((setting.size, setting.size)),
            *([] if setting.colour else [transforms.Grayscale(3)]),
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
    network = setting.stock().to(place)
    stepper = stock_optimizer(setting.optimizer, network)
    loader = DataLoader(Pictures(), setting.batch, shuffle=True, num_workers=2, pin_memory=device == "gpu")

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


def careful(setting: Setting, steps: int, device: str, pack: int) -> Epoch:
    """Return what takes an epoch of a careful loop; `pack` above 1 compiles its network."""
    import torch

    part, place = setting.part(steps * setting.batch), loop.torch_device(device)
    images, labels = part.images.to(place), part.labels.to(place)
    network = setting.stock().to(place, memory_format=torch.channels_last)
    stepper = stock_optimizer(setting.optimizer, network, fused=True)
    answer = torch.compile(network) if pack > 1 else network
    watch = loop.stopwatch(place)

    def epoch() -> tuple[float, float]:
        before = watch.total("train")
        with watch.phase("train"):
            losses = torch.zeros((), device=place)
            for rows in torch.randperm(len(labels)).to(place).split(setting.batch):
                seen = part.pixels.normalise(images[rows]).contiguous(memory_format=torch.channels_last)
                stepper.zero_grad()
                loss = torch.nn.functional.cross_entropy(answer(seen), labels[rows])
                loss.backward()
                stepper.step()
                losses += loss.detach()
            losses.item()
        spent = (watch.total("train") - before) / steps
        return spent, spent

    return epoch


def compiled(setting: Setting, steps: int, device: str, pack: int) -> Epoch:
    """Return what takes an epoch of the careful loop with a compiled network."""
    return careful(setting, steps, device, 2)


def engine(setting: Setting, steps: int, device: str, pack: int) -> Epoch:
    """Return what takes an epoch with the engine."""
    trainings = [setting.training(seed) for seed in range(pack)]
    place = loop.torch_device(device)
    watch, before = loop.stopwatch(place), 0.0
    epochs = loop.train(trainings, setting.part(steps * setting.batch), place, watch)

    def epoch() -> tuple[float, float]:
        nonlocal before
        reached = next(epochs)
        if device == "gpu" and reached[0].execution != "graph":
            print(reached[0].execution, file=sys.stderr)
        spent, before = watch.total("train") - before, watch.total("train")
        return spent / steps, spent / steps

    return epoch


def serve(arm: str, setting: str, device: str, *numbers: str) -> None:
    """Run an arm in this process: an epoch per line of standard input."""
    steps, cores, pack = (int(number) for number in numbers)
    threads.set_threads(cores)
    what = Setting(*json.loads(setting)), steps, device, pack
    epoch = {"plain": plain, "careful": careful, "compiled": compiled, "engine": engine}[arm](*what)
    epoch()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(*epoch(), flush=True)


class Arm:
    """One or more processes that run an epoch together, each with one training or more."""

    def __init__(
        self, arm: str, setting: Setting, options: argparse.Namespace, threads: int, count: int, pack: int
    ) -> None:
        numbers = (options.steps, threads, pack)
        what = [json.dumps(setting), options.device, *(str(number) for number in numbers)]
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
        self.images = setting.batch * pack  # per step of a process
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


def floor(setting: Setting, flops_per_s: float, bytes_per_s: float) -> float:
    """Return the seconds that a step's arithmetic and its optimizer's memory traffic cannot go below."""
    shape = (models.CHANNELS, setting.size, setting.size)
    host = loop.torch_device("cpu")
    network = build_state(setting.training(), setting.pixels, shape[1:], host, "cuda").model
    parameters = sum(weight.numel() for weight in network.parameters())
    arithmetic = setting.batch * flops.train_flops(network, shape) / flops_per_s
    return arithmetic + parameters * BYTES_PER_PARAMETER[setting.optimizer] / bytes_per_s


def difference(setting: Setting, steps: int) -> float:
    """Return the largest relative difference of the losses over some steps in float64."""
    import torch

    size = (setting.size, setting.size)
    ours = build_state(setting.training(), setting.pixels, size, loop.torch_device("cpu"))
    stock = setting.stock()
    curves = []
    for network, stepper in (
        (stock, stock_optimizer(setting.optimizer, stock)),
        (ours.model, ours.optimizer),
    ):
        network.double().train()
        generator = torch.Generator().manual_seed(0)
        losses = []
        for _ in range(steps):
            seen = torch.rand(setting.batch, 1, *size, generator=generator, dtype=torch.float64) * 2 - 1
            logits = network(seen.expand(-1, models.CHANNELS, -1, -1))
            loss = torch.nn.functional.cross_entropy(logits, torch.arange(setting.batch) % CLASSES)
            stepper.zero_grad()
            loss.backward()
            stepper.step()
            losses.append(loss.item())
        curves.append(np.array(losses))
    return float(np.abs(curves[1] / curves[0] - 1).max())


def ratio(arm: Arm, base: Arm) -> dict[str, float]:
    """Return the ratio of images per second, the median over the rounds with its range."""
    found = sorted(one / other for one, other in zip(arm.rates, base.rates, strict=True))
    return {"ratio": median(found), "lowest": found[0], "highest": found[-1]}


def grids(options: argparse.Namespace) -> dict[str, tuple[int, int, int]]:
    """Return threads, processes and trainings per process of every grid, by name."""
    if options.device == "gpu":
        return {f"pack {pack}": (options.threads, 1, pack) for pack in options.pack}
    return {f"{options.threads} processes": (1, options.threads, 1)}


def measure(setting: Setting, options: argparse.Namespace, machine: tuple[float, float]) -> dict:
    """Measure and print one setting; return what was found, ratios to the first loop beside those to each."""
    arms = {name: Arm(name, setting, options, options.threads, 1, 1) for name in (*options.loops, "engine")}
    arms |= {name: Arm("engine", setting, options, *many) for name, many in grids(options).items()}
    for _ in range(options.rounds):
        for arm in arms.values():
            arm.run()
    for arm in arms.values():
        arm.close()
    found: dict = {}
    for name, arm in arms.items():
        found[name] = {"images_per_s": median(arm.rates), "step_ms": arm.ms(0)}
        found[name] |= ratio(arm, arms[options.loops[0]])
        if name not in options.loops:
            found[name]["times"] = {each: ratio(arm, arms[each]) for each in options.loops}
    if "plain" in arms:
        found["plain"]["images_per_s_with_start"] = 1000 * setting.batch / arms["plain"].ms(1)
    found["floor_ms"] = 1000 * floor(setting, *machine)
    show(setting, found)
    return {**setting._asdict(), **found}


def number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def show(setting: Setting, found: dict) -> None:
    """Print a setting's rows."""
    print(f"{setting}; floor {number(found['floor_ms'])} ms")
    for name, each in found.items():
        if name == "floor_ms":
            continue
        words = [
            "{ratio:.2f} ({lowest:.2f} to {highest:.2f}) times {name}".format(name=other, **times)
            for other, times in each.get("times", {}).items()
        ]
        if start := each.get("images_per_s_with_start"):
            words.append(f"{number(start)}/s with its workers' start")
        print(ROW.format(name, number(each["images_per_s"]), number(each["step_ms"]), ", ".join(words)))
    sys.stdout.flush()


def print_means(model: str, rows: list[dict], options: argparse.Namespace) -> None:
    """Print the geometric means of a network's ratios."""
    means = {name: geometric_mean(row[name]["ratio"] for row in rows) for name in ("engine", *grids(options))}
    words = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
    print(f"{model}, geometric means: {words} times {options.loops[0]}", flush=True)


def settings_of(options: argparse.Namespace) -> list[Setting]:
    """Return what was asked for: grey, of all combinations, and in colour."""
    grey = [Setting(*each) for each in product(options.models, options.optimizers, options.batches)]
    colour = [text.rpartition(":") for text in options.colour]
    return grey + [Setting(model, "adam", COLOUR_BATCH, int(size), True) for model, _, size in colour]


def known_loops() -> list[str]:
    """Return the loops that can be measured here: torch.compile on a CPU needs a C++ compiler."""
    compilers = os.environ.get("CXX", "g++"), "clang++"
    return [loop for loop in LOOPS if loop != "compiled" or any(map(shutil.which, compilers))]


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
    parser.add_argument("--loops", nargs="+", choices=LOOPS, default=known_loops(), help="what is beside it")
    parser.add_argument("--models", nargs="*", default=["resnet18", "resnet50"], help="on grey images")
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--optimizers", nargs="+", default=["sgd", "adam"])
    parser.add_argument("--colour", nargs="*", default=COLOUR, metavar="MODEL:SIZE", help="on colour ones")
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
    print(f"{options.rounds} rounds of {options.steps} steps; /s: images per second", flush=True)
    rows: list[dict] = []
    for setting in settings_of(options):
        rows.append(measure(setting, options, machine))
        if options.output:  # after every row: a run that is cut short leaves what it had
            write_text(options.output, json.dumps({"machine": described, "rows": rows}))
    for model in options.models:
        print_means(model, [row for row in rows if row["model"] == model and not row["colour"]], options)
    for optimizer in options.optimizers if options.check else ():
        apart = difference(Setting("resnet18", optimizer, 16), options.check)
        words = f"{options.check} steps in float64: losses differ by at most {apart:.1e}"
        print(f"resnet18 {optimizer}, {words}")


if __name__ == "__main__":
    main()
