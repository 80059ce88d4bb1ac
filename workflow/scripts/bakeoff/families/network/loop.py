"""Trainings: the same program on every device; only `device` differs.

The timed phases `to_device` and `train` hold the copy of the data and every step with its optimizer;
evaluation is clocked apart. Nothing waits for the device inside an epoch.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.families.network import batches, engines, losses, precision
from bakeoff.families.network.batches import Part
from bakeoff.families.network.fast_paths import FastPaths
from bakeoff.families.network.member import Member
from bakeoff.families.network.repeated import Repeated
from bakeoff.families.network.state import State, Training, build_state
from bakeoff.machine.energy import Counter
from bakeoff.machine.timing import Stopwatch
from bakeoff.networks import batch_norm, models

if TYPE_CHECKING:
    import torch
    from torch import nn

EVALUATION_BATCH = 1000
# Larger images are evaluated fewer at a time: what a network keeps of a batch grows with its pixels.
EVALUATION_PIXELS = EVALUATION_BATCH * 32 * 32


@dataclass(frozen=True)
class Epoch:
    """One finished epoch; a loss that is not finite means that the training diverged."""

    epoch: int
    state: State
    train_loss: float
    train_accuracy: float
    execution: str  # how its steps were carried out
    fast_paths: FastPaths


def torch_device(device: str) -> "torch.device":
    """Return torch's name for cpu or gpu."""
    import torch

    return torch.device("cuda" if device == "gpu" else "cpu")


def stopwatch(device: "torch.device", counters: Sequence[Counter] = ()) -> Stopwatch:
    """Return a stopwatch that waits for the device."""
    import torch

    return Stopwatch(torch.cuda.synchronize if device.type == "cuda" else lambda: None, counters)


def train(
    trainings: Sequence[Training], part: Part, device: "torch.device", watch: Stopwatch
) -> Iterator[list[Epoch]]:
    """Train side by side and yield after each epoch what every training reached; stops when all diverged.

    The trainings differ in seed, learning rate or optimizer alone.
    """
    with watch.phase("import"):
        models.import_library(trainings[0].network)
    precision.state_fp32()
    with watch.phase("setup"):
        states = [build_state(training, part.pixels, part.size, device) for training in trainings]
        for one, state in zip(trainings, states, strict=True):
            what = one.label_smoothing, one.class_weights, part.labels, one.classes
            state.loss = losses.of(*what, device)
    kind, paths = engines.choose(trainings, part, device)
    with watch.phase("to_device"):
        # The dataloader engine copies batch by batch instead, inside the epochs.
        here = part.to(device) if kind == "resident" else part
    with watch.phase("warm_up"):
        members = [Member(*one, len(part), device) for one in zip(trainings, states, strict=True)]
        engine = engines.ENGINES[kind](members, here, device)
        engine.warm_up()
    for number in range(1, trainings[0].epochs + 1):
        with watch.phase("train"):
            reached = engine.epoch(number)
        yield [
            Epoch(number, state, *outcome, engine.execution, state.fast_paths | engine.fast_paths | paths)
            for state, outcome in zip(states, reached, strict=True)
        ]
        if not any(math.isfinite(loss) for loss, _ in reached):
            return


def evaluate(model: "nn.Module | Repeated", part: Part, device: "torch.device") -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy and the class probabilities (n, classes) float32 of one part, in fp32."""
    import torch
    from torch.nn.functional import cross_entropy

    model.eval()
    loss_sum, probabilities = 0.0, []
    with torch.inference_mode():
        at_once = max(1, min(EVALUATION_BATCH, EVALUATION_PIXELS // math.prod(part.size)))
        for start in range(0, len(part), at_once):
            batch = part.images[start : start + at_once]
            labels = part.labels[start : start + at_once].to(device)
            images = partial(_images, part, batch, device)
            logits = model.answer(start, images) if isinstance(model, Repeated) else model(images())
            loss_sum += cross_entropy(logits, labels, reduction="sum").item()
            probabilities.append(logits.softmax(1).cpu().numpy())
    return loss_sum / len(part), np.concatenate(probabilities)


def _images(part: Part, batch: "torch.Tensor", device: "torch.device") -> "torch.Tensor":
    return part.pixels.normalise(batch.to(device))


def describe(training: Training, part: Part, device: "torch.device") -> dict[str, Any]:
    """Return the facts of a training that its settings do not say."""
    dtype = precision.autocast_dtype(training.precision, device)
    return {
        "autocast": str(dtype).removeprefix("torch.") if dtype else None,
        "steps_per_epoch": len(batches.batch_bounds(len(part), training.batch_size)),
    }


def describe_end(epoch: Epoch, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a training that ends with an epoch, beside those that `describe` returned."""
    found = {"execution": epoch.execution, "fast_paths": epoch.fast_paths.said}
    warning = batch_norm.unsettled(epoch.state.model, epoch.epoch * facts["steps_per_epoch"])
    return {**found, "warning": warning} if warning else found


def release(device: "torch.device") -> None:
    """Give a GPU back what failed trainings held."""
    import gc

    import torch

    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
