"""A saved model ready to use: `load` gives of any model's file what turns images into classes and scores."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bakeoff import values
from bakeoff.command import UserError
from bakeoff.families.svm import saved as svms
from bakeoff.files import reading
from bakeoff.machine import devices, hardware
from bakeoff.networks import models
from bakeoff.records import signature
from bakeoff.records.signature import Signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from torch import nn

BATCH = 1000
Answers = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Predictor(ABC):
    """A saved model; called with images it answers with class numbers (n,) and scores (n, classes).

    Images are uint8, (n, rows, columns) or (n, rows, columns, channels), of the size in its signature; a
    UserError says where they are not.
    """

    signature: Signature

    def __call__(self, images: np.ndarray) -> Answers:
        """Return the class numbers and the scores of images."""
        images = np.asarray(images)
        starts = range(0, max(len(images), 1), BATCH)
        found = [self._answer(self.signature.normalise(images[start : start + BATCH])) for start in starts]
        numbers, scores = (np.concatenate(each) for each in zip(*found, strict=True))
        return numbers, scores

    @property
    def device(self) -> str:
        """Return where it computes, cpu or gpu."""
        return "cpu"

    @abstractmethod
    def _answer(self, pixels: np.ndarray) -> Answers:
        """Return class numbers and scores of normalised pixels (n, rows, columns, channels)."""


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


@dataclass(frozen=True)
class Svm(Predictor):
    """An SVM: `pipeline` is scikit-learn's, of its scaler and a fitted SVC; scores are decision values.

    The pipeline takes rows (n, rows x columns x channels) within the signature's range.
    """

    pipeline: "Pipeline"

    def _answer(self, pixels: np.ndarray) -> Answers:
        classes = len(self.signature.classes)
        if not len(pixels):
            return np.zeros(0, np.int64), np.zeros((0, classes))
        rows = pixels.reshape(len(pixels), -1)
        seen, decisions = self.pipeline[-1].classes_, self.pipeline.decision_function(rows)
        return self.pipeline.predict(rows).astype(np.int64), svms.per_class(decisions, seen, classes)


def load(path: Path | str, device: str = "cpu", own_code: bool = False) -> Predictor:
    """Return the model that a cell saved, ready to be called with images; a network's on the CPU or the GPU.

    device: cpu or gpu; own_code: run what the file names to build a network, though it is not torchvision's.
    UserError in one line where the file is absent, damaged, empty (no run finished) or does not say what it
    takes, where it names other code than that, and where there is no such device.
    """
    if device not in devices.NAMES:
        fault = devices.elsewhere(str(device)) or f"is unknown; known are {', '.join(devices.NAMES)}"
        raise UserError(f"device {values.shown(device)} {fault}")
    # Which of several GPUs the caller computes on is theirs to say.
    hardware.check_device(device)
    known = signature.read(Path(path))
    if known.family == "svm":
        return Svm(known, svms.load_pipeline(Path(path)))
    module = _module(known, Path(path), own_code)
    return Network(known, module.to("cuda" if device == "gpu" else "cpu"))


def _module(known: Signature, path: Path, own_code: bool) -> "nn.Module":
    import torch
    from safetensors.torch import load_file

    network = models.NETWORKS.said(known.model, known.parameters or None).row
    if not (own_code or models.is_torchvisions(network)):
        raise UserError(
            f"{path}: names code to be run that is not torchvision's, {network.build}; if you trust who made "
            "it, say load(..., own_code=True)"
        )
    with torch.random.fork_rng(devices=[]):
        module = models.build(network, len(known.classes), 0)
    with reading(path):
        try:
            module.load_state_dict(load_file(path))
        except Exception as error:
            raise ValueError(f"not the weights of {known.model}: {error}") from error
    return module.eval()
