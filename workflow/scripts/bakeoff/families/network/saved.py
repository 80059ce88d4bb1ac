"""A saved network, ready to use."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.cells.predictor import Answers, Predictor
from bakeoff.command import UserError
from bakeoff.files import reading
from bakeoff.networks import models
from bakeoff.records.signature import Signature

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Network(Predictor):
    """A network: `module` is torchvision's own, in evaluation mode; scores are probabilities.

    The module takes float32 (n, channels, rows, columns) within the signature's range, on its own device.
    """

    module: "nn.Module"

    @property
    def device(self) -> str:
        """Return where it computes, cpu or gpu."""
        return "gpu" if next(self.module.parameters()).is_cuda else "cpu"

    def _answer(self, pixels: np.ndarray) -> Answers:
        import torch

        with torch.inference_mode():
            images = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
            place = next(self.module.parameters()).device
            scores = self.module(images.to(place)).softmax(1).cpu().numpy()
        return scores.argmax(1), scores


def module(known: Signature, path: Path, own_code: bool) -> "nn.Module":
    """Return the network that a file holds, in evaluation mode, on the CPU.

    UserError where the file names other code than torchvision's or timm's, unless own_code asks for it to be
    run. What its training began with is not asked for: all weights are in the file.
    """
    import torch
    from safetensors.torch import load_file

    network = models.NETWORKS.said(known.model, known.parameters or None).row
    if not (own_code or models.is_known(network)):
        raise UserError(
            f"{path}: names code to be run that is not torchvision's nor timm's, {network.build}; if you "
            "trust who made it, say load(..., own_code=True)"
        )
    with torch.random.fork_rng(devices=[]):
        found = models.architecture(network, len(known.classes), 0)
    with reading(path):
        try:
            found.load_state_dict(load_file(path))
        except Exception as error:
            raise ValueError(f"not the weights of {known.model}: {error}") from error
    return found.eval()
