"""One training at work: which images a step is taken on, at which rate, and what an epoch comes to."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from bakeoff.families.network import batches, precision, schedules
from bakeoff.families.network.batches import Part
from bakeoff.families.network.state import State, Training, take_step
from bakeoff.networks import freezing

if TYPE_CHECKING:
    import torch


class Prefix(Protocol):
    """A frozen beginning of a network, of which what it makes of the images is known."""

    sizes: set[int]  # of batches that it is known for

    def batch(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return what some images have become."""

    def rest(self, activations: "torch.Tensor") -> "torch.Tensor":
        """Return the scores that they then come to."""


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
        self._steps, self._taken = len(batches.batch_bounds(count, training.batch_size)), 0
        self._rates: schedules.Rates | None = None
        if training.scheduled:
            how = training.schedule, training.warmup, self._steps * training.epochs
            self._rates = schedules.Rates(state.optimizer, *how)
        self._drawn = training.drawn(count, device)
        self.prefix: Prefix | None = None

    @property
    def unkept(self) -> str | None:
        """Why a frozen beginning may not be run once for all steps; None where nothing speaks against it."""
        if self.training.epochs == 1:
            return "in one epoch each image passes it once"
        if self._drawn:
            return "images are changed at random as they are trained on"
        return "it is computed in a low precision" if self._dtype else None

    @property
    def unrecordable(self) -> str | None:
        """Why a graph of a step would not be the next step, too; None where it would."""
        reasons = {
            "the learning rate follows a schedule": self._rates,
            "images are changed at random as they are trained on": self._drawn,
            "gradients are clipped": self.state.clip,
            "the average of the weights counts its steps": self.state.average,
        }
        return next((why for why, found in reasons.items() if found), None)

    def start(self, epoch: int) -> None:
        """Start an epoch, in the order that its number and the seed give."""
        self._order.copy_(batches.order(len(self._order), self.training.seed, epoch))
        if self._drawn:
            self._drawn.start(self.training.seed, epoch)
        for counter in (self.position, self._loss_sum, self._correct):
            counter.zero_()
        self._taken = max(epoch - 1, 0) * self._steps
        freezing.train(self.state.model)

    def step(
        self,
        images: "torch.Tensor",
        labels: "torch.Tensor",
        forward: "Callable[[torch.Tensor], torch.Tensor] | None" = None,
    ) -> None:
        """Take a step on a batch; forward: what answers to what its images have become."""
        if self._rates:
            self._rates.set(self._taken)
            self._taken += 1
        loss, logits = take_step(self.state, images, labels, self._dtype, self._device, forward)
        self._loss_sum += loss * len(labels)
        self._correct += (logits.argmax(1) == labels).sum()

    def step_in_order(self, part: Part, size: int) -> None:
        """Take a step on the next images of a part that lies on the device; nothing here asks the host."""
        rows = self._order.index_select(0, self.position + self._offsets[:size])
        labels = part.labels.index_select(0, rows)
        if self.prefix and size in self.prefix.sizes:
            self.step(self.prefix.batch(rows), labels, self.prefix.rest)
        else:
            images = part.images.index_select(0, rows)
            if self._drawn:
                images = self._drawn.change(images, rows)
            self.step(part.pixels.normalise(images), labels)
        self.position += size

    def outcome(self, seen: int) -> tuple[float, float]:
        """Return mean loss and running accuracy over so many images: the device is read here alone."""
        return self._loss_sum.item() / seen, self._correct.item() / seen
