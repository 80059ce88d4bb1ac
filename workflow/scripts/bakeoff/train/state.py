"""A training's state on its device: network, optimizer and loss scaler, and the steps that they take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff import models
from bakeoff.train import batches, live_taps, precision, products
from bakeoff.train.batches import Part

if TYPE_CHECKING:
    import torch
    from torch import nn

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

    def weight_sum(self) -> float:
        """Return the sum of all weights' sizes, a fingerprint."""
        return sum(weight.detach().abs().double().sum().item() for weight in self.model.parameters())

    def way_back(self) -> Callable[[], None]:
        """Return what restores, in place, the weights of now and an optimizer that has seen nothing."""
        import torch

        tensors = [*self.model.parameters(), *self.model.buffers()]
        kept = [tensor.detach().clone() for tensor in tensors]
        scaling = self.scaler.state_dict()

        @torch.no_grad()
        def restore() -> None:
            for tensor, value in zip(tensors, kept, strict=True):
                tensor.copy_(value)
            self.optimizer.zero_grad(set_to_none=True)
            # Zeros are what both optimizers start from; a graph needs them to stay in the same place.
            for values in self.optimizer.state.values():
                for value in values.values():
                    value.zero_()
            self.scaler.load_state_dict(scaling)

        return restore


def _sgd(model: "nn.Module", learning_rate: float) -> "torch.optim.Optimizer":
    import torch

    return torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=SGD_MOMENTUM, fused=True)


def _adam(model: "nn.Module", learning_rate: float) -> "torch.optim.Optimizer":
    import torch

    on_gpu = next(model.parameters()).is_cuda  # where its steps must be fit for a CUDA graph
    return torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True, capturable=on_gpu)


OPTIMIZERS: dict[str, Callable[["nn.Module", float], "torch.optim.Optimizer"]] = {
    "sgd": _sgd,
    "adam": _adam,
}


def network(
    name: str, classes: int, seed: int, shape: tuple[int, ...], kind: str
) -> tuple["nn.Module", dict[str, live_taps.Cut]]:
    """Build a network as it is trained on a kind of device (cpu, cuda), and what was cut from it."""
    import torch

    model = models.build(name, classes, seed)
    cuts = live_taps.trim(model, shape)
    if kind == "cpu":
        products.replace(model, shape)
        model = model.to(memory_format=torch.channels_last)
    return model, cuts


def build_state(training: Training, size: "torch.Size", device: "torch.device") -> State:
    """Build network, optimizer and loss scaler from the seed, for images of size (rows, columns)."""

    what = training.model, training.classes, training.seed
    model, cuts = network(*what, (models.CHANNELS, *size), device.type)
    model = model.to(device)
    optimizer = OPTIMIZERS[training.optimizer](model, training.learning_rate)
    dtype = precision.autocast_dtype(training.precision, device)
    return State(model, cuts, optimizer, precision.scaler(dtype))


def take_step(
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


class Member:
    """One training at work: its state, and what it has gathered of an epoch, on the device."""

    def __init__(self, training: Training, state: State, count: int, device: "torch.device") -> None:
        import torch

        self.training, self.state = training, state
        self.position = torch.zeros((), dtype=torch.long, device=device)
        self._device = device
        self._dtype = precision.autocast_dtype(training.precision, device)
        self._loss_sum = torch.zeros((), device=device)
        self._correct = torch.zeros((), dtype=torch.long, device=device)
        self._order = torch.zeros(count, dtype=torch.long, device=device)
        self._offsets = torch.arange(min(training.batch_size, count), device=device)

    def start(self, epoch: int) -> None:
        """Start an epoch, in the order that its number and the seed give."""
        self._order.copy_(batches.order(len(self._order), self.training.seed, epoch))
        for counter in (self.position, self._loss_sum, self._correct):
            counter.zero_()
        self.state.model.train()

    def step(self, images: "torch.Tensor", labels: "torch.Tensor") -> None:
        """Take a step on a batch."""
        loss, logits = take_step(self.state, images, labels, self._dtype, self._device)
        self._loss_sum += loss * len(labels)
        self._correct += (logits.argmax(1) == labels).sum()

    def step_in_order(self, part: Part, size: int) -> None:
        """Take a step on the next images of a part that lies on the device; nothing here asks the host."""
        rows = self._order.index_select(0, self.position + self._offsets[:size])
        self.step(batches.normalise(part.images.index_select(0, rows)), part.labels.index_select(0, rows))
        self.position += size

    def outcome(self, seen: int) -> tuple[float, float]:
        """Return mean loss and running accuracy over so many images: the device is read here alone."""
        return self._loss_sum.item() / seen, self._correct.item() / seen
