"""One training: the same program on every device; only `device` differs.

The timed phases `to_device` and `train` hold the copy of the data and every step with its optimizer;
evaluation is clocked apart. Nothing waits for the device inside an epoch.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff import models
from bakeoff.timing import Stopwatch
from bakeoff.train import batches, live_taps, precision, products
from bakeoff.train.batches import Part

if TYPE_CHECKING:
    import torch
    from torch import nn

WARM_UP_STEPS = 20
EVALUATION_BATCH = 1000
SGD_MOMENTUM = 0.9


@dataclass(frozen=True)
class Training:
    """What one training is made of, seed included; `epochs` is the longest that is asked for."""

    model: str
    optimizer: str
    classes: int
    batch_size: int
    learning_rate: float
    epochs: int
    precision: str
    engine: str
    pin_memory: bool | None
    seed: int


@dataclass
class State:
    """A network with its optimizer, on the device; `cuts` are what `weights` puts back."""

    model: "nn.Module"
    cuts: dict[str, live_taps.Cut]
    optimizer: "torch.optim.Optimizer"
    scaler: "torch.amp.GradScaler"

    def weights(self) -> "dict[str, torch.Tensor]":
        """Return the state dict that torchvision's own class loads, on the host."""
        full = live_taps.expand(self.model.state_dict(), self.cuts)
        return {name: tensor.contiguous().cpu() for name, tensor in full.items()}


@dataclass(frozen=True)
class Epoch:
    """One finished epoch; a loss that is not finite means that the training diverged."""

    epoch: int
    state: State
    train_loss: float
    train_accuracy: float


def torch_device(device: str) -> "torch.device":
    """Return torch's name for cpu or gpu."""
    import torch

    return torch.device("cuda" if device == "gpu" else "cpu")


def stopwatch(device: "torch.device") -> Stopwatch:
    """Return a stopwatch that waits for the device."""
    import torch

    return Stopwatch(torch.cuda.synchronize if device.type == "cuda" else lambda: None)


def _sgd(model: "nn.Module", learning_rate: float) -> "torch.optim.Optimizer":
    import torch

    return torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=SGD_MOMENTUM, fused=True)


def _adam(model: "nn.Module", learning_rate: float) -> "torch.optim.Optimizer":
    import torch

    return torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)


OPTIMIZERS: dict[str, Callable[["nn.Module", float], "torch.optim.Optimizer"]] = {
    "sgd": _sgd,
    "adam": _adam,
}


def build_state(training: Training, size: "torch.Size", device: "torch.device") -> State:
    """Build network, optimizer and loss scaler from the seed, for images of size (rows, columns)."""
    import torch

    model = models.build(training.model, training.classes, training.seed)
    shape = (models.CHANNELS, *size)
    cuts = live_taps.trim(model, shape)
    if device.type == "cpu":
        products.replace(model, shape)
        model = model.to(memory_format=torch.channels_last)
    model = model.to(device)
    optimizer = OPTIMIZERS[training.optimizer](model, training.learning_rate)
    dtype = precision.autocast_dtype(training.precision, device)
    return State(model, cuts, optimizer, precision.scaler(dtype))


def train(training: Training, part: Part, device: "torch.device", watch: Stopwatch) -> Iterator[Epoch]:
    """Train and yield after each epoch; stops early when the loss is not finite."""
    with watch.phase("import"):
        models.import_library()
    precision.state_fp32()
    with watch.phase("warm_up"):
        _warm_up(training, part, device)
    with watch.phase("setup"):
        state = build_state(training, part.images.shape[1:], device)
    with watch.phase("to_device"):
        # The dataloader engine copies batch by batch instead, inside the epochs.
        resident = part.to(device) if training.engine == "resident" else part
    for epoch in range(1, training.epochs + 1):
        with watch.phase("train"):
            loss, accuracy = _train_epoch(training, state, resident, device, epoch)
        yield Epoch(epoch, state, loss, accuracy)
        if not math.isfinite(loss):
            return


def _train_epoch(
    training: Training, state: State, part: Part, device: "torch.device", epoch: int
) -> tuple[float, float]:
    """Run one epoch and return mean loss and running accuracy; the device is read once, at the end."""
    import torch

    state.model.train()
    dtype = precision.autocast_dtype(training.precision, device)
    indices = batches.order(len(part), training.seed, epoch)
    source = batches.ENGINES[training.engine]
    loss_sum = torch.zeros((), device=device)
    correct = torch.zeros((), dtype=torch.long, device=device)
    seen = 0
    for images, labels in source(part, indices, training.batch_size, bool(training.pin_memory)):
        images = images.to(device, non_blocking=True)
        labels = labels.to(device, non_blocking=True)
        loss, logits = _step(state, images, labels, dtype, device)
        loss_sum += loss * len(labels)
        correct += (logits.argmax(1) == labels).sum()
        seen += len(labels)
    return loss_sum.item() / seen, correct.item() / seen


def _step(
    state: State,
    images: "torch.Tensor",
    labels: "torch.Tensor",
    dtype: "torch.dtype | None",
    device: "torch.device",
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Take one optimizer step; return the detached loss and logits."""
    from torch.nn.functional import cross_entropy

    state.optimizer.zero_grad(set_to_none=True)
    with precision.autocast(dtype, device):
        logits = state.model(images)
        loss = cross_entropy(logits, labels)
    state.scaler.scale(loss).backward()
    state.scaler.step(state.optimizer)
    state.scaler.update()
    return loss.detach().float(), logits.detach()


def _warm_up(training: Training, part: Part, device: "torch.device") -> None:
    """Run steps of every batch size that will occur on dummy labels, then throw the state away."""
    import torch

    state = build_state(training, part.images.shape[1:], device)
    state.model.train()
    dtype = precision.autocast_dtype(training.precision, device)
    bounds = batches.batch_bounds(len(part), training.batch_size)
    sizes = [bounds[0][1] - bounds[0][0]] * WARM_UP_STEPS + [bounds[-1][1] - bounds[-1][0]]
    generator = torch.Generator().manual_seed(training.seed)
    for size in sizes:
        images = batches.normalise(part.images[:size].to(device))
        labels = torch.randint(training.classes, (size,), generator=generator).to(device)
        _step(state, images, labels, dtype, device)


def evaluate(model: "nn.Module", part: Part, device: "torch.device") -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy and the class probabilities (n, classes) float32 of one part, in fp32."""
    import torch
    from torch.nn.functional import cross_entropy

    model.eval()
    loss_sum, probabilities = 0.0, []
    with torch.inference_mode():
        for start in range(0, len(part), EVALUATION_BATCH):
            images = part.images[start : start + EVALUATION_BATCH].to(device)
            labels = part.labels[start : start + EVALUATION_BATCH].to(device)
            logits = model(batches.normalise(images))
            loss_sum += cross_entropy(logits, labels, reduction="sum").item()
            probabilities.append(logits.softmax(1).cpu().numpy())
    return loss_sum / len(part), np.concatenate(probabilities)


def describe(training: Training, part: Part, device: "torch.device") -> dict[str, Any]:
    """Return the facts of a training that its settings do not say."""
    dtype = precision.autocast_dtype(training.precision, device)
    return {
        "autocast": str(dtype).removeprefix("torch.") if dtype else None,
        "steps_per_epoch": len(batches.batch_bounds(len(part), training.batch_size)),
    }
