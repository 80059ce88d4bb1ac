"""Convolutions without the taps that only ever meet padding.

At 32 x 32 a ResNet's last stage works on 2 x 2 and 1 x 1 maps, where most taps of a 3 x 3 kernel never
touch a pixel. Their gradient is exactly zero, so an optimizer that moves each weight by itself leaves them
as they were drawn, or lets them decay; leaving them out computes the same function and the same training
with 62 % fewer weights (ResNet-18). `expand` puts them back, so that saved weights fit torchvision's own
class.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bakeoff.families.network import optimizers
from bakeoff.families.network.convolutions import Seen

if TYPE_CHECKING:
    import torch
    from torch import nn

Span = tuple[slice, slice]  # live taps, by rows and columns


@dataclass(frozen=True)
class Cut:
    """What was cut from one convolution: its stock weight and where the live taps lie in it.

    dead: the others (outputs, inputs, taps), where they decay: a parameter whose gradient stays zero.
    """

    stock: "torch.Tensor"
    rows: slice
    columns: slice
    dead: "nn.Parameter | None" = None

    @property
    def elsewhere(self) -> "torch.Tensor":
        """Return which taps are dead (rows, columns)."""
        import torch

        dead = torch.ones(self.stock.shape[2:], dtype=torch.bool)
        dead[self.rows, self.columns] = False
        return dead


def spans(seen: Mapping[str, Seen]) -> dict[str, Span]:
    """Return the live taps of the convolutions that have others, by name."""
    found = {}
    for name, (layer, size) in ((name, (each.layer, each.size)) for name, each in seen.items()):
        rows, columns = (
            live_span(size[axis], layer.kernel_size[axis], layer.stride[axis], int(layer.padding[axis]))
            for axis in (0, 1)
        )
        if rows and columns and layer.weight[:, :, rows, columns].shape != layer.weight.shape:
            found[name] = rows, columns
    return found


def trim(
    seen: Mapping[str, Seen], live: Mapping[str, Span], optimizer: "torch.optim.Optimizer"
) -> dict[str, Cut]:
    """Cut all but the live taps from convolutions in place, and from what an optimizer moves.

    Returns what `expand` needs, by the weight's name in the state dict.
    """
    return {f"{name}.weight": _trimmed(seen[name].layer, *span, optimizer) for name, span in live.items()}


def _trimmed(layer: "nn.Conv2d", rows: slice, columns: slice, optimizer: "torch.optim.Optimizer") -> Cut:
    import torch
    from torch import nn

    whole: Any = layer.weight
    stock = whole.detach()
    cut = Cut(stock.to("cpu", copy=True), rows, columns)
    layer.weight = nn.Parameter(stock[:, :, rows, columns].contiguous(), whole.requires_grad)
    layer.padding = (int(layer.padding[0]) - rows.start, int(layer.padding[1]) - columns.start)
    layer.kernel_size = (layer.weight.shape[2], layer.weight.shape[3])
    if optimizers.decays(optimizer, whole):
        dead = nn.Parameter(stock[:, :, cut.elsewhere])
        dead.grad = torch.zeros_like(dead)
        cut = replace(cut, dead=dead)
    optimizers.hand_over(optimizer, whole, layer.weight, *([cut.dead] if cut.dead is not None else []))
    return cut


def expand(weights: "dict[str, torch.Tensor]", cuts: dict[str, Cut]) -> "dict[str, torch.Tensor]":
    """Return a trained state dict in the stock shapes, the dead taps as they were drawn or have decayed."""
    full = dict(weights)
    for name, cut in cuts.items():
        full[name] = cut.stock.to(weights[name].device, copy=True)
        if cut.dead is not None:
            full[name][:, :, cut.elsewhere] = cut.dead.detach()
        full[name][:, :, cut.rows, cut.columns] = weights[name]
    return full


def live_span(size: int, kernel: int, stride: int, padding: int) -> slice | None:
    """Return the taps that touch a pixel along an axis of `size` pixels.

    None where none does, or a kernel of those taps alone would need unequal padding on its two sides.
    """
    outputs = (size + 2 * padding - kernel) // stride + 1
    live = [
        tap
        for tap in range(kernel)
        if any(0 <= output * stride - padding + tap < size for output in range(outputs))
    ]
    if not live:
        return None
    first, count = live[0], live[-1] + 1 - live[0]
    left = padding - first
    if left < 0 or (size + 2 * left - count) // stride + 1 != outputs:
        return None
    return slice(first, first + count)
