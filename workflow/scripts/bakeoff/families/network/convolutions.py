"""Which convolutions of a network may be computed another way, and what they see."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Seen:
    """A convolution, the size (rows, columns) of what it sees, and whether that is the images themselves."""

    layer: "nn.Conv2d"
    size: "torch.Size"
    images: bool


def seen(model: "nn.Module", input_shape: tuple[int, ...]) -> dict[str, Seen]:
    """Return the plain convolutions that an image of (channels, rows, columns) passes once, by name.

    Plain is torch's own class and none derived from it, which may use its kernel as a whole, with padding of
    zeros and a weight that no other layer has.
    """
    import torch

    calls: defaultdict[str, list[Seen]] = defaultdict(list)
    images = next(model.parameters()).new_zeros((1, *input_shape))

    def note(name: str, layer: Any, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        (maps,) = (*inputs, *named.values())
        calls[name].append(Seen(layer, maps.shape[2:], maps is images))

    hooks = [
        layer.register_forward_pre_hook(
            lambda layer, inputs, named, name=name: note(name, layer, inputs, named), with_kwargs=True
        )
        for name, layer in model.named_modules()
        if _plain(layer)
    ]
    was_training = model.training
    model.eval()  # batch statistics of a trial image must not enter the running ones
    with torch.no_grad():
        model(images)
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    owners: Counter[Any] = Counter(weight for _, weight in model.named_parameters(remove_duplicate=False))
    return {
        name: found[0]
        for name, found in calls.items()
        if len(found) == 1 and owners[found[0].layer.weight] == 1
    }


def _plain(layer: "nn.Module") -> bool:
    from torch import nn

    return (
        type(layer) is nn.Conv2d
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    )
