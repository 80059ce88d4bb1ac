"""A small stem for small images: the stock one throws most of their pixels away before the first block."""

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from bakeoff.command import UnfitError

if TYPE_CHECKING:
    from torch import nn


def make_small(model: "nn.Module", called: str) -> None:
    """Let the first convolution be 3 x 3 with stride 1, and take out what pools before the second.

    First is what was registered first. The new weights are drawn from the stream that is set.
    UnfitError where no convolution of 3 channels comes first.
    """
    from torch import nn

    pools = (nn.MaxPool2d, nn.AvgPool2d)
    layers = [
        (name, layer) for name, layer in model.named_modules() if isinstance(layer, (nn.Conv2d, *pools))
    ]
    name, first = layers[0] if layers else ("", None)
    if not isinstance(first, nn.Conv2d) or first.groups != 1:
        raise UnfitError(f"{called}: stem: its first layer is no convolution of images; leave small out")
    model.set_submodule(name, _small(first))
    for pool, _ in takewhile(lambda each: not isinstance(each[1], nn.Conv2d), layers[1:]):
        model.set_submodule(pool, nn.Identity())


def _small(stock: "nn.Conv2d") -> Any:
    from torch import nn

    found = nn.Conv2d(stock.in_channels, stock.out_channels, 3, 1, 1, bias=stock.bias is not None)
    # As torchvision draws the stems of its ResNets.
    nn.init.kaiming_normal_(found.weight, mode="fan_out", nonlinearity="relu")
    return found
