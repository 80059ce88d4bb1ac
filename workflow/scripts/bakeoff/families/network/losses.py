"""What a step makes smaller: cross-entropy, with labels smoothed and classes weighted where asked for.

What validation and test report is plain cross-entropy whatever a training's loss is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Loss:
    """Cross-entropy of logits (n, classes) and labels (n,), called with both.

    weights: of each class, float32 (classes,) on the device; None where all count the same.
    """

    smoothing: float = 0.0
    weights: "torch.Tensor | None" = None

    def __call__(self, logits: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
        """Return the mean over images, of weighted ones by their weights."""
        from torch.nn.functional import cross_entropy

        if self.weights is None:
            return cross_entropy(logits, labels, label_smoothing=self.smoothing)
        # Of a low precision the weights would be rounded.
        exact = logits if logits.dtype.itemsize > 4 else logits.float()
        weights = self.weights.to(exact.dtype)
        return cross_entropy(exact, labels, weights, label_smoothing=self.smoothing)


def of(
    smoothing: float,
    weights: str | Sequence[float],
    labels: "torch.Tensor",
    classes: int,
    device: "torch.device",
) -> Loss:
    """Return the loss of a training on images of these labels, on a device.

    balanced: a class counts by the inverse of its share of these images, so that classes weigh the same and
    an image 1 on average, as in scikit-learn; one without images has no say.
    """
    import torch

    if weights == "none":
        return Loss(smoothing)
    if isinstance(weights, str):
        counts = torch.bincount(labels.cpu(), minlength=classes).double()
        seen = int((counts > 0).sum())
        found = torch.where(counts > 0, len(labels) / (seen * counts.clamp(min=1)), 0.0)
    else:
        found = torch.tensor(weights, dtype=torch.float64)
    return Loss(smoothing, found.float().to(device))
