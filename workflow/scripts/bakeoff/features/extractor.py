"""A network that is cut at one of its layers: images in, one row of numbers for each out.

Owns where a network is cut and how what it answers there becomes a row. Must not know where images come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff import faults, typed
from bakeoff.cells.predictor import EXTRACTED
from bakeoff.command import UnfitError, UserError
from bakeoff.features.rows import PENULTIMATE, Frozen
from bakeoff.files import reading
from bakeoff.networks import freezing, models
from bakeoff.networks.boundary import NotCalled, reached
from bakeoff.records.kinds import Device
from bakeoff.records.signature import EXTRACTOR, Signature
from bakeoff.surroundings import reason

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Extractor:
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

    def trial(self, size: int) -> int:
        """Return how many numbers it makes of an image; UnfitError where it cannot take such images."""
        pixels = np.zeros((2, size, size, models.CHANNELS), np.float32)
        try:
            return int(self(pixels).shape[1])
        except UnfitError:
            raise
        except Exception as error:
            if faults.of_machine(error):
                raise
            raise UnfitError(f"cannot take images of {size} x {size}: {reason(error)}") from error

    def macs(self, size: int) -> int:
        """Return the multiply-accumulates of one image's numbers, as torch counts them."""
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        images = torch.zeros(1, models.CHANNELS, size, size, device=next(self.network.parameters()).device)
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            self.reached(images)
            return int(counter.get_total_flops()) // 2

    def move(self, device: Device) -> None:
        """Bring the network to a device, where single precision is just that: no GPU's TF32."""
        import torch

        torch.backends.cudnn.allow_tf32 = False
        self.network.to("cuda" if device == "gpu" else "cpu")

    def tensors(self) -> bytes:
        """Return the network's own tensors as safetensors."""
        from safetensors.torch import save

        return bytes(save({name: each.contiguous() for name, each in self.network.state_dict().items()}))


def made(row: Frozen, classes: int) -> tuple[Extractor, dict[str, Any] | None]:
    """Return a row's extractor and what of its weights is of which file; UnfitError where there can be none.

    classes: of the last layer, which is drawn anew where its weights are of others; it makes no number.
    """
    network, fit = models.made(replace(row.of, freeze=freezing.NONE), classes, 0)
    return cut(network.eval(), row.layer, row.pooling, classes), None if fit is None else fit.said


def cut(network: "nn.Module", layer: str, pooling: str, classes: int) -> Extractor:
    """Return a network cut at a layer by name; UnfitError where there is none of it."""
    ahead, parts = layer == PENULTIMATE, dict(network.named_modules())
    name = freezing.head(network, classes) if ahead else layer
    if name is None:
        raise UnfitError(f"layer: it has no last layer of {classes} outputs; name the layer to take")
    if not name or name not in parts:
        near = typed.nearest(layer, [each for each in parts if each])
        raise UnfitError(f"layer: {layer} is no part of it{near}")
    return Extractor(network, parts[name], ahead, pooling == "average")


def load(known: Signature, path: Path, own_code: bool) -> Extractor:
    """Return the extractor that a saved model holds, on the CPU.

    UserError where it names other code than torchvision's, timm's or a shipped row's, unless own_code asks
    for it to be run.
    """
    import torch
    from safetensors import safe_open

    said: Mapping[str, Any] = (known.features or {})["row"]
    network = models.NETWORKS.said("extractor", said["network"]).row
    if not (own_code or models.is_known(network)):
        raise UserError(
            f"{path}: its features name code to be run that is not torchvision's nor timm's, "
            f"{network.build}; if you trust who made it, say load(..., own_code=True)"
        )
    with torch.random.fork_rng(devices=[]):
        found = models.architecture(network, len(known.classes), 0)
    with reading(path), safe_open(path, "pt") as file:
        names = [name for name in file.keys() if name.startswith(EXTRACTOR)]  # noqa: SIM118
        try:
            found.load_state_dict({name.removeprefix(EXTRACTOR): file.get_tensor(name) for name in names})
        except RuntimeError as error:
            raise ValueError(f"not the extractor of {known.model}: {error}") from error
    return cut(
        found.eval(), said.get("layer", PENULTIMATE), said.get("pooling", "average"), len(known.classes)
    )
