"""1 x 1 convolutions of the smallest maps as matrix products, on CPUs.

On 1 x 1 and 2 x 2 maps, where a ResNet's last stages work, oneDNN's convolution and above all its gradients
stay far below the rate of a plain matrix product: a ResNet-50 step at 32 x 32 takes 1.3 to 1.4 times as long
with them (benchmarks/README.md). Names and shapes of the weights stay those of the convolutions.
"""

from typing import TYPE_CHECKING

from bakeoff.train import live_taps

if TYPE_CHECKING:
    from torch import nn

LARGEST_MAP = 2  # rows and columns; on 4 x 4 maps nothing was gained


def replace(model: "nn.Module", input_shape: tuple[int, ...]) -> list[str]:
    """Replace them in place, for images of (channels, rows, columns); return the names of the layers."""
    found = [
        (name, layer)
        for name, (layer, size) in live_taps.convolutions(model, input_shape).items()
        if layer.kernel_size == (1, 1)
        and layer.padding == (0, 0)
        and layer.groups == 1
        and layer.bias is None
        and max(size) <= LARGEST_MAP
    ]
    for name, layer in found:
        model.set_submodule(name, _product(layer))
    return [name for name, _ in found]


def _product(convolution: "nn.Conv2d") -> "nn.Module":
    """Return a module that computes the same from the same weight."""
    from torch import nn
    from torch.nn.functional import linear

    class Product(nn.Module):
        """A 1 x 1 convolution as one matrix product over the pixels of all images."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = convolution.weight
            self._rows, self._columns = convolution.stride

        def forward(self, images):
            """Map (n, c, h, w) to (n, k, h / stride, w / stride)."""
            weight = self.weight.flatten(1)
            if images.shape[2:] == (1, 1):
                return linear(images.flatten(1), weight)[:, :, None, None]
            pixels = images[:, :, :: self._rows, :: self._columns].permute(0, 2, 3, 1)
            return linear(pixels, weight).permute(0, 3, 1, 2).contiguous()

    return Product()
