"""Convolutions without the taps that only ever meet padding.

At 32 x 32 a ResNet's last stage works on 2 x 2 and 1 x 1 maps, where most taps of a 3 x 3 kernel never
touch a pixel. Their gradient is exactly zero, so without weight decay SGD and Adam leave them as they
were drawn; leaving them out computes the same function and the same training with 62 % fewer weights
(ResNet-18). `expand` puts them back, so that saved weights fit torchvision's own class.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Cut:
    """What was cut from one convolution: its stock weight and where the live taps lie in it."""

    stock: "torch.Tensor"
    rows: slice
    columns: slice


def trim(model: "nn.Module", input_shape: tuple[int, ...]) -> dict[str, Cut]:
    """Cut the dead taps from a model's convolutions in place, for images of (channels, rows, columns).

    Returns what `expand` needs, by the weight's name in the state dict.
    """
    from torch import nn

    cuts: dict[str, Cut] = {}
    for layer_name, (layer, size) in convolutions(model, input_shape).items():
        spans = [
            live_span(size[axis], layer.kernel_size[axis], layer.stride[axis], int(layer.padding[axis]))
            for axis in (0, 1)
        ]
        if None in spans:
            continue
        rows, columns = (span for span in spans if span is not None)
        stock = layer.weight.detach().clone()
        live = stock[:, :, rows, columns]
        if live.shape == stock.shape:
            continue
        cuts[f"{layer_name}.weight"] = Cut(stock, rows, columns)
        layer.weight = nn.Parameter(live.contiguous())
        layer.padding = (layer.padding[0] - rows.start, layer.padding[1] - columns.start)
        layer.kernel_size = tuple(live.shape[2:])
    return cuts


def expand(weights: "dict[str, torch.Tensor]", cuts: dict[str, Cut]) -> "dict[str, torch.Tensor]":
    """Return a trained state dict in the stock shapes, the dead taps as they were drawn."""
    full = dict(weights)
    for name, cut in cuts.items():
        full[name] = cut.stock.clone().to(weights[name].device)
        full[name][:, :, cut.rows, cut.columns] = weights[name]
    return full


def live_span(size: int, kernel: int, stride: int, padding: int) -> slice | None:
    """Return the taps that touch a pixel along an axis of `size` pixels.

    None where a kernel of those taps alone would need unequal padding on its two sides.
    """
    outputs = (size + 2 * padding - kernel) // stride + 1
    live = [
        tap
        for tap in range(kernel)
        if any(0 <= output * stride - padding + tap < size for output in range(outputs))
    ]
    first, count = live[0], live[-1] + 1 - live[0]
    left = padding - first
    if left < 0 or (size + 2 * left - count) // stride + 1 != outputs:
        return None
    return slice(first, first + count)


def convolutions(
    model: "nn.Module", input_shape: tuple[int, ...]
) -> "dict[str, tuple[nn.Conv2d, torch.Size]]":
    """Return the plain convolutions that an image passes, by name, with the size of what they see."""
    import torch
    from torch import nn

    seen: dict[str, tuple[nn.Conv2d, torch.Size]] = {}
    hooks = [
        layer.register_forward_pre_hook(
            lambda layer, inputs, name=name: seen.update({name: (layer, inputs[0].shape[2:])})
        )
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d)
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    ]
    was_training = model.training
    model.eval()  # batch statistics of a trial image must not enter the running ones
    with torch.no_grad():
        model(torch.zeros(1, *input_shape))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return seen
