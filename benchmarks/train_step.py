"""Training steps: the plain way against the engine, interleaved in one run; on a GPU where one is visible.

plain:  torchvision and PIL transforms in a DataLoader with 2 workers, the stock network, the optimizer as
        torch gives it, loss.item() after every step, on all cores or on the GPU, with pinned memory.
engine: one training as the timed comparison runs it: images resident, no read of the device within an epoch,
        a fused optimizer, live taps only; on a CPU convolutions as matrix products where that is faster and
        all cores, on a GPU a recorded graph of the whole step.
grid:   trainings side by side as a grid runs them, all their images: on a CPU one per core with one thread
        each, on a GPU --pack of them in one graph.

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
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from statistics import geometric_mean, median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from bakeoff import flops, hardware, models, train
from bakeoff.datasets.prepare import resize
from bakeoff.train import live_taps, loop, speed
from bakeoff.train.batches import Part
from bakeoff.train.state import SGD_MOMENTUM, Training, build_state

if TYPE_CHECKING:
    import torch

CLASSES = 10
SIZE = 32
LEARNING_RATE = 1e-3
BYTES_PER_PARAMETER = {"adam": 28, "sgd": 20}  # read weight, gradient, state; write weight, state

HEADINGS = (
    "model    batch opt      i/s   ms i/s+start     i/s   ms  ratio (range)            "
    "i/s  ratio (range)       floor ms"
)


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random 28 x 28 images and labels: what they show does not change a step's time."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return pixels, generator.integers(0, CLASSES, count)


def training(model: str, optimizer: str, batch: int, seed: int = 0) -> Training:
    """Return a training that lasts until its process ends."""
    return Training(
        model=model,
        optimizer=optimizer,
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
    return torch.optim.SGD(network.parameters(), LEARNING_RATE, SGD_MOMENTUM)


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
    network = models.build(model, CLASSES, 0).to(place)
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
    part = Part.from_arrays(resize(pixels, SIZE), labels)
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
    batch, steps, threads, pack = (int(number) for number in numbers)
    train.set_threads(threads)
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
    network = models.build(model, CLASSES, 0)
    live_taps.trim(network, shape)
    parameters = sum(weight.numel() for weight in network.parameters())
    arithmetic = batch * flops.train_flops(network, shape) / flops_per_s
    return arithmetic + parameters * BYTES_PER_PARAMETER[optimizer] / bytes_per_s


def difference(model: str, optimizer: str, batch: int, steps: int) -> float:
    """Return the largest relative difference of the losses over some steps in float64."""
    import torch

    size = torch.Size((SIZE, SIZE))
    ours = build_state(training(model, optimizer, batch), size, loop.torch_device("cpu"))
    stock = models.build(model, CLASSES, 0)
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


def spread(arm: Arm, base: Arm) -> tuple[float, str]:
    """Return the median of the ratios of images per second, round by round, and all in words."""
    ratios = sorted(one / other for one, other in zip(arm.rates, base.rates, strict=True))
    return median(ratios), f"{median(ratios):5.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def measure(setting: Setting, options: argparse.Namespace, machine: tuple[float, float]) -> list[float]:
    """Measure and print one setting; return both ratios."""
    many = (options.threads, 1, options.pack) if options.device == "gpu" else (1, options.threads, 1)
    arms = [
        Arm("plain", setting, options, options.threads, 1, 1),
        Arm("engine", setting, options, options.threads, 1, 1),
        Arm("engine", setting, options, *many),
    ]
    for _ in range(options.rounds):
        for arm in arms:
            arm.run()
    for arm in arms:
        arm.close()
    slow, fast, grid = arms
    (single, single_words), (together, together_words) = spread(fast, slow), spread(grid, slow)
    model, optimizer, batch = setting
    print(
        f"{model:8} {batch:5} {optimizer:5} {median(slow.rates):6.0f} {slow.ms(0):4.0f} "
        f"{1000 * batch / slow.ms(1):9.0f} {median(fast.rates):7.0f} {fast.ms(0):4.0f}  {single_words:20} "
        f"{median(grid.rates):7.0f}  {together_words:20} {1000 * floor(*setting, *machine):7.0f}",
        flush=True,
    )
    return [single, together]


def main() -> None:
    """Measure every setting and print."""
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
        return
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--check", type=int, default=50)
    parser.add_argument("--threads", type=int, default=hardware.usable_cores())
    parser.add_argument("--device", choices=("cpu", "gpu"), help="a visible GPU, else the CPU")
    parser.add_argument("--pack", type=int, default=8, help="trainings side by side on a GPU")
    options = parser.parse_args()
    train.set_threads(options.threads)
    import torch

    options.device = options.device or ("gpu" if torch.cuda.is_available() else "cpu")
    described = hardware.describe(options.threads, options.device)
    machine = rates(options.threads, options.device)
    name = described["gpu"] or described["cpu"]
    print(f"{name}, {options.threads} threads, torch {described['versions']['torch']}")
    print(f"convolution {machine[0] / 1e9:.0f} GFLOP/s, memory {machine[1] / 1e9:.0f} GB/s")
    print(f"{options.rounds} rounds of {options.steps} steps; i/s: images per second; ratios to plain i/s")
    print("                    plain                 engine                           grid")
    print(HEADINGS)
    for model in models.RESNETS:
        ratios = [
            measure((model, optimizer, batch), options, machine)
            for batch, optimizer in product((16, 32), ("sgd", "adam"))
        ]
        single, many = (geometric_mean(column) for column in zip(*ratios, strict=True))
        print(
            f"{model}, geometric mean: engine {single:.2f}, grid {many:.2f} times the plain way", flush=True
        )
    for optimizer in ("sgd", "adam"):
        found = difference("resnet18", optimizer, 16, options.check)
        print(f"resnet18 {optimizer}, {options.check} steps in float64: losses differ by at most {found:.1e}")


if __name__ == "__main__":
    main()
