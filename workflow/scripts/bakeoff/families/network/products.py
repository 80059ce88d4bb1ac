"""Convolutions as matrix products, on CPUs.

On the small maps of a ResNet's last stages, and for 1 x 1 kernels on any map, a matrix product is
faster than oneDNN's convolution with its gradients (benchmarks/products.py). With the channels
innermost in memory a 1 x 1 kernel is such a product as it stands; any other gathers its windows first.
Names and shapes in the state dict stay those of the convolutions.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bakeoff.families.network import optimizers
from bakeoff.families.network.convolutions import Seen

if TYPE_CHECKING:
    import torch
    from torch import nn

# Rows and columns of what comes out: with 3 x 3, a step of ResNet-18 at 96 x 96 is 1.27 times as fast as with
# 2 x 2 alone. On 4 x 4 maps oneDNN's 3 x 3 convolution is as fast on some processors.
LARGEST_MAP = 3


@dataclass(frozen=True)
class Geometry:
    """A convolution's kernel, stride, padding and output size, each in rows and columns."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    out: tuple[int, int]

    @classmethod
    def of(cls, layer: "nn.Conv2d", size: "torch.Size") -> "Geometry":
        """Return that of a layer that sees maps of a size."""
        kernel, stride, padding = (
            (int(pair[0]), int(pair[1])) for pair in (layer.kernel_size, layer.stride, layer.padding)
        )
        rows, columns = ((size[i] + 2 * padding[i] - kernel[i]) // stride[i] + 1 for i in (0, 1))
        return cls(kernel, stride, padding, (rows, columns))

    @property
    def pointwise(self) -> bool:
        """Whether each output sees one pixel alone."""
        return self.kernel == (1, 1) and self.padding == (0, 0)


def choose(seen: Mapping[str, Seen], grey: bool) -> dict[str, Geometry]:
    """Return the convolutions that are faster as products, by name; grey: all channels of images are equal.

    Of equal channels the first convolution, which sees the images themselves, computes one.
    """
    chosen = {}
    for name, each in seen.items():
        geometry = Geometry.of(each.layer, each.size)
        faster = max(geometry.out) <= LARGEST_MAP or geometry.pointwise or (grey and each.images)
        if each.layer.groups == 1 and each.layer.bias is None and faster:
            chosen[name] = geometry
    return chosen


def replace(
    model: "nn.Module",
    seen: Mapping[str, Seen],
    chosen: Mapping[str, Geometry],
    grey: bool,
    optimizer: "torch.optim.Optimizer",
) -> None:
    """Replace convolutions by products in place, also in what an optimizer moves."""
    for name, geometry in chosen.items():
        layer = seen[name].layer
        product = _product(layer, geometry, grey and seen[name].images)
        model.set_submodule(name, product)
        optimizers.hand_over(optimizer, layer.weight, product.weight)


def windows(images: "torch.Tensor", geometry: Geometry) -> "torch.Tensor":
    """Return what each output sees: (n, h, w, c) becomes (n, rows, columns, kh * kw * c)."""
    from torch.nn.functional import pad

    (down, right), (rows, columns) = geometry.padding, geometry.stride
    if geometry.pointwise:
        return images[:, ::rows, ::columns]
    if (down, right) != (0, 0):
        images = pad(images, (0, 0, right, right, down, down))
    seen = images.unfold(1, geometry.kernel[0], rows).unfold(2, geometry.kernel[1], columns)
    return seen.permute(0, 1, 2, 4, 5, 3).flatten(3)


def scatter(seen: "torch.Tensor", shape: "torch.Size", geometry: Geometry) -> "torch.Tensor":
    """Add windows up where they came from: the transpose of `windows`, for images (n, h, w, c)."""
    (kh, kw), (rows, columns), (down, right) = geometry.kernel, geometry.stride, geometry.padding
    n, height, width, channels = shape
    if geometry.pointwise and geometry.stride == (1, 1):
        return seen.view(shape)
    seen = seen.view(n, *geometry.out, kh, kw, channels)
    images = seen.new_zeros(shape)
    for i in range(kh):
        top, bottom = _outputs(i - down, rows, height, geometry.out[0])
        for j in range(kw):
            left, end = _outputs(j - right, columns, width, geometry.out[1])
            if top < bottom and left < end:
                down_from, right_from = top * rows - down + i, left * columns - right + j
                part = images[:, down_from::rows, right_from::columns]
                part[:, : bottom - top, : end - left] += seen[:, top:bottom, left:end, i, j]
    return images


def _outputs(offset: int, stride: int, size: int, outputs: int) -> tuple[int, int]:
    """Return the first output and the one after the last whose tap at an offset meets a pixel."""
    meeting = [output for output in range(outputs) if 0 <= output * stride + offset < size]
    return (meeting[0], meeting[-1] + 1) if meeting else (0, 0)


@functools.cache
def _function() -> Any:
    """Return the product with its gradients as a function that autograd knows."""
    import torch

    class WindowsTimesMatrix(torch.autograd.Function):
        """The windows of (n, h, w, c) times a matrix (kh * kw * c, k)."""

        @staticmethod
        def forward(ctx, images, matrix, geometry):
            seen = windows(images, geometry).reshape(-1, len(matrix))
            ctx.save_for_backward(seen, matrix)
            ctx.shape, ctx.geometry = images.shape, geometry
            return (seen @ matrix).view(len(images), *geometry.out, -1)

        @staticmethod
        def backward(ctx, *gradients):
            seen, matrix = ctx.saved_tensors
            above = gradients[0].reshape(-1, matrix.shape[1])
            below = scatter(above @ matrix.t(), ctx.shape, ctx.geometry) if ctx.needs_input_grad[0] else None
            return below, seen.t() @ above if ctx.needs_input_grad[1] else None, None

    return WindowsTimesMatrix


def _product(convolution: "nn.Conv2d", geometry: Geometry, grey: bool) -> Any:
    """Return a module that computes the same from the same weights."""
    import torch
    from torch import nn

    function = _function()
    shape = convolution.weight.shape

    class Product(nn.Module):
        """A convolution as one matrix product over the pixels of all images."""

        def __init__(self) -> None:
            super().__init__()
            # (kh * kw * c, k): both the product and its gradients run along rows.
            matrix = convolution.weight.detach().permute(2, 3, 1, 0).reshape(-1, shape[0])
            self.weight = nn.Parameter(matrix.contiguous(), convolution.weight.requires_grad)

        def forward(self, input):
            """Map (n, c, h, w) to (n, k, rows, columns), channels innermost in memory."""
            images: torch.Tensor = input  # by a convolution's own name, as some networks call it
            matrix: torch.Tensor = self.weight
            if grey:
                images = images[:, :1]
                matrix = matrix.view(-1, shape[1], shape[0]).sum(1)
            if torch.is_autocast_enabled("cpu"):
                dtype = torch.get_autocast_dtype("cpu")
                images, matrix = images.to(dtype), matrix.to(dtype)
            return function.apply(images.permute(0, 2, 3, 1), matrix, geometry).permute(0, 3, 1, 2)

        def _save_to_state_dict(self, destination, prefix, keep_vars):
            """Give the weight in the convolution's own shape (k, c, kh, kw)."""
            weight = self.weight if keep_vars else self.weight.detach()
            taps = weight.view(*shape[2:], shape[1], shape[0])
            destination[prefix + "weight"] = taps.permute(3, 2, 0, 1)

    return Product()
