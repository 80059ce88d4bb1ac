"""One training step on the CPU: the plain way against the engine, interleaved in one run.

plain:  torchvision and PIL transforms in a DataLoader with 2 workers, the stock network, the optimizer as
        torch gives it, loss.item() after every step.
engine: what a cell runs: images resident, no read of the device within an epoch, a fused optimizer, live
        taps only, the smallest maps as matrix products.

Both take the same images in the same size, batch, optimizer and precision (fp32). Printed are images per
second, milliseconds per step, the ratio with its range over the rounds, and the floor: the step's FLOPs at
this machine's convolution rate plus the optimizer's bytes at its memory rate. Then the correctness: the
largest relative difference of the losses of both networks over --check steps in float64 on the same batches.

    PYTHONPATH=workflow/scripts python benchmarks/train_step.py [--rounds 5] [--steps 20] [--threads 2]
"""

import argparse
from collections.abc import Iterator
from itertools import product
from statistics import median
from time import perf_counter

import numpy as np

from bakeoff import hardware, models, train

CLASSES = 10
SIZE = 32
BYTES_PER_PARAMETER = {"adam": 28, "sgd": 20}  # read weight, gradient, state; write weight, state


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random 28 x 28 images and labels: what they show does not change a step's time."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return pixels, generator.integers(0, CLASSES, count)


def plain(model: str, optimizer: str, batch: int, steps: int) -> Iterator[float]:
    """Yield seconds per step of the plain way, one round after another."""
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision import transforms

    pixels, labels = images(steps * batch)
    steps_to_tensor = transforms.Compose(
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
            return steps_to_tensor(Image.fromarray(pixels[row])), int(labels[row])

    network = models.build(model, CLASSES, 0)
    kinds = {"adam": lambda w: torch.optim.Adam(w, lr=1e-3), "sgd": lambda w: torch.optim.SGD(w, 1e-3, 0.9)}
    stepper = kinds[optimizer](network.parameters())
    loader = DataLoader(Pictures(), batch, shuffle=True, num_workers=2)
    while True:
        done, start = 0, perf_counter()
        for pictures, answers in loader:
            if done == 1:  # the workers have started
                start = perf_counter()
            stepper.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(pictures), answers)
            loss.backward()
            stepper.step()
            loss.item()
            done += 1
        yield (perf_counter() - start) / (done - 1)


def engine(model: str, optimizer: str, batch: int, steps: int, rounds: int) -> Iterator[float]:
    """Yield seconds per step of the engine, one epoch after another."""
    import torch

    from bakeoff.datasets.prepare import resize
    from bakeoff.timing import Stopwatch
    from bakeoff.train import loop
    from bakeoff.train.batches import Part

    pixels, labels = images(steps * batch)
    part = Part.from_arrays(resize(pixels, SIZE), labels)
    training = loop.Training(
        model=model,
        optimizer=optimizer,
        classes=CLASSES,
        seed=0,
        batch_size=batch,
        learning_rate=1e-3,
        epochs=rounds,
        precision="fp32",
        engine="resident",
        pin_memory=None,
    )
    watch, before = Stopwatch(), 0.0
    for _ in loop.train(training, part, torch.device("cpu"), watch):
        yield (watch.total("train") - before) / steps
        before = watch.total("train")


def rates(threads: int) -> tuple[float, float]:
    """Return the machine's convolution rate in FLOP/s and its memory rate in bytes/s."""
    import torch

    torch.set_num_threads(threads)
    layer = torch.nn.Conv2d(256, 256, 3, padding=1, bias=False)
    seen, large = torch.rand(32, 256, 16, 16), torch.rand(1 << 26)
    convolution, copy = [], []
    with torch.no_grad():
        for _ in range(6):
            start = perf_counter()
            layer(seen)
            convolution.append(perf_counter() - start)
            start = perf_counter()
            large.add_(1.0)
            copy.append(perf_counter() - start)
    return 2 * 32 * 256 * 256 * 9 * 256 / min(convolution), 8 * large.numel() / min(copy)


def floor(model: str, optimizer: str, batch: int, flops_per_s: float, bytes_per_s: float) -> float:
    """Return the seconds that a step's arithmetic and its optimizer's memory traffic cannot go below."""
    from bakeoff import flops
    from bakeoff.train import live_taps

    shape = (models.CHANNELS, SIZE, SIZE)
    network = models.build(model, CLASSES, 0)
    live_taps.trim(network, shape)
    parameters = sum(weight.numel() for weight in network.parameters())
    arithmetic = batch * flops.train_flops(network, shape) / flops_per_s
    return arithmetic + parameters * BYTES_PER_PARAMETER[optimizer] / bytes_per_s


def difference(model: str, optimizer: str, batch: int, steps: int) -> float:
    """Return the largest relative difference of the losses over some steps in float64."""
    import torch

    from bakeoff.train import live_taps, pointwise

    shape = (models.CHANNELS, SIZE, SIZE)
    kinds = {"adam": torch.optim.Adam, "sgd": lambda w, **k: torch.optim.SGD(w, momentum=0.9, **k)}
    curves = []
    for ours in (False, True):
        network = models.build(model, CLASSES, 0)
        if ours:
            live_taps.trim(network, shape)
            pointwise.replace(network, shape)
        network = network.double().train()
        stepper = kinds[optimizer](network.parameters(), lr=1e-3, **({"fused": True} if ours else {}))
        generator = torch.Generator().manual_seed(0)
        losses = []
        for _ in range(steps):
            seen = torch.rand(batch, *shape, generator=generator, dtype=torch.float64) * 2 - 1
            loss = torch.nn.functional.cross_entropy(network(seen), torch.arange(batch) % CLASSES)
            stepper.zero_grad()
            loss.backward()
            stepper.step()
            losses.append(loss.item())
        curves.append(np.array(losses))
    return float(np.abs(curves[1] / curves[0] - 1).max())


def main() -> None:
    """Measure every setting and print."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--check", type=int, default=50)
    parser.add_argument("--threads", type=int, default=hardware.usable_cores())
    options = parser.parse_args()
    train.set_threads(options.threads)
    machine = hardware.describe(options.threads, "cpu")
    flops_per_s, bytes_per_s = rates(options.threads)
    print(f"{machine['cpu']}, {options.threads} threads, torch {machine['versions']['torch']}")
    print(f"convolution {flops_per_s / 1e9:.0f} GFLOP/s, memory {bytes_per_s / 1e9:.0f} GB/s")
    print(
        "model     batch optimizer  plain images/s  ms   engine images/s  ms    ratio (range)       floor ms"
    )
    for model, batch, optimizer in product(("resnet18", "resnet50"), (16, 32), ("sgd", "adam")):
        slow = plain(model, optimizer, batch, options.steps)
        fast = engine(model, optimizer, batch, options.steps, options.rounds + 1)
        next(slow), next(fast)  # the first round warms up
        pairs = [(next(slow), next(fast)) for _ in range(options.rounds)]
        ratios = sorted(one / other for one, other in pairs)
        one, other = (median(times) for times in zip(*pairs, strict=True))
        least = floor(model, optimizer, batch, flops_per_s, bytes_per_s)
        print(
            f"{model:9} {batch:5} {optimizer:9} {batch / one:15.0f} {1000 * one:4.0f} {batch / other:16.0f} "
            f"{1000 * other:4.0f} {median(ratios):8.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) "
            f"{1000 * least:10.0f}",
            flush=True,
        )
    for optimizer in ("sgd", "adam"):
        found = difference("resnet18", optimizer, 16, options.check)
        print(f"resnet18 {optimizer}, {options.check} steps in float64: losses differ by at most {found:.1e}")


if __name__ == "__main__":
    main()
