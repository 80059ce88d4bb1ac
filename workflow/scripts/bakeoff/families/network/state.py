"""A training's state on its device: network, optimizer, loss scaler and loss, and the step that they take."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bakeoff.families.network import (
    averaging,
    convolutions,
    live_taps,
    optimizers,
    precision,
    products,
)
from bakeoff.families.network.augmentation import Drawn
from bakeoff.families.network.averaging import Average
from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.fast_paths import FastPaths
from bakeoff.families.network.losses import Loss
from bakeoff.families.network.optimizers import Optimizer
from bakeoff.families.network.repeated import Repeated
from bakeoff.networks import models
from bakeoff.networks.models import Network
from bakeoff.surroundings import reason

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Training:
    """What one training is made of, seed included; `epochs` is the longest that is asked for.

    keywords: those of the optimizer's row, of each that has several values one.
    """

    network: Network
    optimizer: Optimizer
    keywords: dict[str, Any]
    classes: int
    batch_size: int
    learning_rate: float
    epochs: int
    precision: str
    engine: str
    pin_memory: bool | None
    seed: int
    schedule: str = "constant"
    warmup: float = 0.0
    label_smoothing: float = 0.0
    class_weights: str | tuple[float, ...] = "none"
    augmentation: str = "none"
    clip: float = 0.0
    ema: float = 0.0
    early_stop: int = 0

    @property
    def scheduled(self) -> bool:
        """Whether steps differ in their learning rate."""
        return self.schedule != "constant" or self.warmup > 0

    def drawn(self, count: int, device: "torch.device") -> Drawn | None:
        """Return how so many images are changed at random, None where they are not."""
        return None if self.augmentation == "none" else Drawn(self.augmentation, count, device)


@dataclass
class State:
    """A network with its optimizer, on the device; `cuts` are what `weights` puts back."""

    model: "nn.Module"
    cuts: dict[str, live_taps.Cut]
    optimizer: "torch.optim.Optimizer"
    scaler: "torch.amp.GradScaler"
    fast_paths: FastPaths = field(default_factory=FastPaths)
    loss: Loss = field(default_factory=Loss)
    clip: float = 0.0
    average: Average | None = None
    repeated: Repeated | None = None

    @property
    def answers(self) -> "nn.Module":
        """Return the network that is evaluated and saved: the average of its weights where there is one."""
        return self._answering.model

    @property
    def _answering(self) -> "State | Average":
        return self.average or self

    def hold(self) -> Callable[[], None]:
        """Return what puts the network that answers back to where it is now."""
        return _held(averaging.tensors(self.answers, self._answering.cuts))

    def weights(self) -> "dict[str, torch.Tensor]":
        """Return the state dict that torchvision's own class loads, on the host."""
        cuts = self._answering.cuts
        full = live_taps.expand(self.answers.state_dict(), cuts)
        return {name: tensor.contiguous().cpu() for name, tensor in full.items()}

    def weight_sum(self) -> float:
        """Return the sum of all weights' sizes, a fingerprint."""
        return sum(weight.detach().abs().double().sum().item() for weight in self.model.parameters())

    def forget_gradients(self) -> None:
        """Forget the network's gradients; those of dead taps, which are not its own, stay zero."""
        self.model.zero_grad(set_to_none=True)

    def way_back(self) -> Callable[[], None]:
        """Return what puts everything back to where it is now, weights and buffers in place."""
        tensors, averaged = averaging.tensors(self.model, self.cuts), 0
        if self.average:
            tensors += averaging.tensors(self.average.model, self.average.cuts)
            averaged = self.average.steps
        put_tensors_back = _held(tensors)
        scaling = self.scaler.state_dict()
        put_optimizer_back = optimizers.way_back(self.optimizer)

        def restore() -> None:
            put_tensors_back()
            self.forget_gradients()
            if self.average:
                self.average.steps = averaged
            put_optimizer_back()
            self.scaler.load_state_dict(scaling)

        return restore


def _held(tensors: "list[torch.Tensor]") -> Callable[[], None]:
    import torch

    kept = [tensor.clone() for tensor in tensors]

    @torch.no_grad()
    def put_back() -> None:
        for tensor, value in zip(tensors, kept, strict=True):
            tensor.copy_(value)

    return put_back


def take_fast_paths(
    model: "nn.Module",
    optimizer: "torch.optim.Optimizer",
    shape: tuple[int, ...],
    pixels: Pixels,
    kind: str,
    paths: FastPaths,
    against: str | None = None,
) -> dict[str, live_taps.Cut]:
    """Take in place what fast paths a network and its optimizer allow; return what was cut.

    shape: of an image, (channels, rows, columns); kind: of the device, cpu or cuda; against: why nothing may
    lie with its channels innermost in memory.
    """
    seen = convolutions.seen(model, shape)
    mixes = optimizers.mixes(optimizer)
    live = live_taps.spans(seen)
    cuts: dict[str, live_taps.Cut] = {}
    if paths.take("live_taps", mixes, None if live else "no plain convolution has taps that are dead"):
        cuts = live_taps.trim(seen, live, optimizer)
    either = None if kind == "cpu" else "it is for CPUs", against, mixes
    stem = any(seen[name].images for name in products.choose(seen, grey=True))
    sees = None if stem else "no plain convolution sees the images themselves"
    grey = paths.take("grey_stem", *either, pixels.unlike, sees)
    chosen = products.choose(seen, grey)
    if paths.take("products", *either, None if chosen else "no plain convolution is faster so"):
        products.replace(model, seen, chosen, grey, optimizer)
    return cuts


def build_state(
    training: Training, pixels: Pixels, size: tuple[int, ...], device: "torch.device", kind: str = ""
) -> State:
    """Build network, optimizer and loss scaler from the seed, for images of size (rows, columns).

    kind: of the device (cpu, cuda) that they are made for, where it is not the one that they are on.
    """
    what = training, pixels, size, device, kind or device.type
    found = _state(*what, None)
    # A network of a person's own may ask how its maps lie in memory, as view() does.
    if what[-1] == "cpu" and not models.is_known(training.network) and (fault := _fault(found.model, size)):
        found = _state(*what, f"with channels innermost in memory it fails: {fault}")
    return found


def _fault(model: "nn.Module", size: tuple[int, ...]) -> str | None:
    """Return what a network raises on two images, None where it answers."""
    import torch

    model.eval()
    images = next(model.parameters()).new_zeros((2, models.CHANNELS, *size))
    try:
        with torch.no_grad():
            model(images)
    except RuntimeError as error:
        return reason(error)
    return None


def _state(
    training: Training,
    pixels: Pixels,
    size: tuple[int, ...],
    device: "torch.device",
    kind: str,
    against: str | None,
) -> State:
    """Build the state; against: why nothing may lie with its channels innermost in memory."""
    import torch

    model = models.build(training.network, training.classes, training.seed).to(device)
    optimizer = optimizers.build(training.optimizer, training.keywords, model, training.learning_rate)
    paths = FastPaths()
    cuts = take_fast_paths(model, optimizer, (models.CHANNELS, *size), pixels, kind, paths, against)
    if against:
        paths.take("channels_last", against)
    elif kind == "cpu":
        model = model.to(memory_format=torch.channels_last)
    dtype = precision.autocast_dtype(training.precision, device)
    average = Average(model, cuts, training.ema) if training.ema else None
    scaler = precision.scaler(dtype)
    return State(model, cuts, optimizer, scaler, paths, clip=training.clip, average=average)


def take_step(
    state: State,
    images: "torch.Tensor",
    labels: "torch.Tensor",
    dtype: "torch.dtype | None",
    device: "torch.device",
    forward: "Callable[[torch.Tensor], torch.Tensor] | None" = None,
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Take one optimizer step, `forward` in the network's place; return the detached loss and logits."""
    from torch.nn.utils import clip_grad_norm_

    state.forget_gradients()
    with precision.autocast(dtype, device):
        logits = (forward or state.model)(images)
        loss = state.loss(logits, labels)
    state.scaler.scale(loss).backward()
    if state.clip:
        state.scaler.unscale_(state.optimizer)
        clip_grad_norm_(state.model.parameters(), state.clip)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    if state.average:
        state.average.follow()
    return loss.detach().float(), logits.detach()
