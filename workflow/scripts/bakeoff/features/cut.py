"""A network that is cut at one of its layers: images in, one row of numbers for each out.

Owns where a network is cut and how what it answers there becomes a row. Must not know where images come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff import typed
from bakeoff.cells.predictor import EXTRACTED
from bakeoff.command import UnfitError
from bakeoff.features.extractor import Extractor
from bakeoff.files import reading
from bakeoff.networks import freezing, models
from bakeoff.networks.boundary import NotCalled, reached
from bakeoff.networks.models import Network
from bakeoff.records.kinds import Device
from bakeoff.records.signature import EXTRACTOR, Signature

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Cut(Extractor):
    """A network in evaluation mode, cut at a part of it.

    ahead: whether what the part is given is taken, not what it answers; average: whether that is averaged.
    """

    network: "nn.Module"
    part: "nn.Module"
    ahead: bool
    average: bool

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return the numbers, float32 (n, numbers), of normalised pixels (n, rows, columns, channels).

        So many images at a time as `EXTRACTED` says.
        """
        import torch

        place = next(self.network.parameters()).device
        found = []
        with torch.inference_mode():
            for start in range(0, max(len(pixels), 1), EXTRACTED):
                # Channels stay last in memory, as convolutions on a CPU like them.
                images = torch.from_numpy(pixels[start : start + EXTRACTED]).movedim(3, 1)
                found.append(self.row_of(self.reached(images.to(place))).float().cpu().numpy())
        return np.concatenate(found)

    def reached(self, images: "torch.Tensor") -> Any:
        """Return what the part answers, or is given, for images (n, channels, rows, columns)."""
        try:
            return reached(self.network, self.part, images, self.ahead)
        except NotCalled as error:
            raise UnfitError("its layer is not called for an answer; name another") from error

    def row_of(self, activation: Any) -> "torch.Tensor":
        """Return an activation as rows (n, numbers); UnfitError where it is no tensor of an image each."""
        import torch

        if not isinstance(activation, torch.Tensor) or activation.ndim < 2:
            raise UnfitError("its layer gives no tensor of numbers for each image; name another")
        if self.average and activation.ndim == 4:
            return activation.mean((2, 3))
        return activation.mean(1) if self.average and activation.ndim == 3 else activation.flatten(1)

    def macs(self, shape: Sequence[int]) -> int:
        """Return the multiply-accumulates of one image's numbers, as torch counts them."""
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        rows, columns, channels = shape
        images = torch.zeros(1, channels, rows, columns, device=next(self.network.parameters()).device)
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            self.reached(images)
            return int(counter.get_total_flops()) // 2

    def move(self, device: Device) -> Device:
        """Bring the network to a device, where single precision is just that: no GPU's TF32."""
        import torch

        torch.backends.cudnn.allow_tf32 = False
        self.network.to("cuda" if device == "gpu" else "cpu")
        return device

    def tensors(self) -> bytes:
        """Return the network's own tensors as safetensors."""
        from safetensors.torch import save

        return bytes(save({name: each.contiguous() for name, each in self.network.state_dict().items()}))


def made(of: Network, layer: str | None, pooling: str, classes: int) -> tuple[Cut, dict[str, Any] | None]:
    """Return a network cut at a layer, and what of its weights is of which file; UnfitError where none is.

    classes: of the last layer, which is drawn anew where its weights are of others; it makes no number.
    """
    network, fit = models.made(replace(of, freeze=freezing.NONE), classes, 0)
    return cut(network.eval(), layer, pooling, classes), None if fit is None else fit.said


def cut(network: "nn.Module", layer: str | None, pooling: str, classes: int) -> Cut:
    """Return a network cut at a layer, None: before the last; UnfitError where there is none of that name."""
    ahead, parts = layer is None, dict(network.named_modules())
    name = freezing.head(network, classes) if layer is None else layer
    if name is None:
        raise UnfitError(f"layer: it has no last layer of {classes} outputs; name the layer to take")
    if not name or name not in parts:
        near = typed.nearest(name, [each for each in parts if each])
        raise UnfitError(f"layer: {name} is no part of it{near}")
    return Cut(network, parts[name], ahead, pooling == "average")


def load(of: Network, layer: str | None, pooling: str, known: Signature, path: Path) -> Cut:
    """Return the network that a saved model holds, cut at a layer, on the CPU."""
    import torch
    from safetensors import safe_open

    with torch.random.fork_rng(devices=[]):
        found = models.architecture(of, len(known.classes), 0)
    with reading(path), safe_open(path, "pt") as file:
        names = [name for name in file.keys() if name.startswith(EXTRACTOR)]  # noqa: SIM118
        try:
            found.load_state_dict({name.removeprefix(EXTRACTOR): file.get_tensor(name) for name in names})
        except RuntimeError as error:
            raise ValueError(f"not the extractor of {known.model}: {error}") from error
    return cut(found.eval(), layer, pooling, len(known.classes))
