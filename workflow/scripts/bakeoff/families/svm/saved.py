"""A machine and its scaler on disk, as safetensors: arrays and JSON, no pickle, no code inside.

A machine that was calibrated says its slope among its parameters, of one that was not nothing does.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.cells.predictor import Answers, Predictor, per_class
from bakeoff.data import scaling
from bakeoff.families.svm import decisions
from bakeoff.families.svm.decisions import Decided
from bakeoff.families.svm.kernels import Kernel
from bakeoff.families.svm.machine import Machine
from bakeoff.files import reading
from bakeoff.records import signature
from bakeoff.records.signature import Signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from bakeoff.data.scaling import Scaler

SLOPE, IMAGES = "slope", "calibrated_on"
ARRAYS = ("classes", "vectors", "support", "counts", "dual", "intercept")


@dataclass(frozen=True)
class Svm(Predictor):
    """An SVM: `pipeline` is scikit-learn's, of its scaler and a fitted SVC; scores are probabilities.

    The pipeline takes rows (n, rows x columns x channels) within the signature's range. A machine that was
    not calibrated has no scores, (n, 0).
    """

    pipeline: "Pipeline"

    @cached_property
    def _decide(self) -> Callable[[np.ndarray], Decided]:
        """Return how rows are decided.

        Not by scikit-learn's way from decisions to classes, which goes pair by pair, over all rows: of a
        thousand classes it takes seconds a call, and gigabytes.
        """
        svc = copy(self.pipeline[-1])
        slope = self.signature.parameters.get(SLOPE)
        return decisions.of_library(svc.set_params(decision_function_shape="ovo"), slope)

    def _answer(self, pixels: np.ndarray) -> Answers:
        classes = len(self.signature.classes) if SLOPE in self.signature.parameters else 0
        if not len(pixels):
            return np.zeros(0, np.int64), np.zeros((0, classes))
        found = self._decide(self.pipeline[:-1].transform(pixels.reshape(len(pixels), -1)))
        scores = scores_of(found, self.pipeline[-1].classes_, classes)
        return found.labels.astype(np.int64), np.zeros((len(pixels), 0)) if scores is None else scores


def scores_of(found: Decided, seen: np.ndarray, classes: int) -> np.ndarray | None:
    """Return the probabilities (n, classes) of what was decided, 0 of classes that were not seen, if any."""
    if found.probabilities is None:
        return None
    return per_class(found.probabilities, seen, classes, absent=0.0)


def save(scaler: "Scaler", machine: Machine, described: Signature, path: Path) -> None:
    """Write scaler and machine, with no vectors but the machine's own."""
    machine = machine.compact()
    arrays = {name: getattr(machine, name) for name in ARRAYS}
    signature.save(path, {**arrays, **scaling.to_arrays(scaler)}, described)


def parameters(machine: Machine) -> dict[str, Any]:
    """Return what a machine's arrays do not say of it."""
    return {"C": machine.C, **asdict(machine.kernel)}


def load(path: Path) -> tuple["Scaler", Machine]:
    """Read scaler and machine."""
    from safetensors.numpy import load_file

    known = signature.read(path)
    with reading(path):
        try:
            arrays = load_file(path)
        except Exception as error:
            raise ValueError(str(error)) from error
        settings = {name: each for name, each in known.parameters.items() if name not in (SLOPE, IMAGES)}
        C = settings.pop("C")
        machine = Machine(Kernel(**settings), C, **{name: arrays.pop(name) for name in ARRAYS})
        return scaling.from_arrays(arrays), machine


def load_pipeline(path: Path) -> "Pipeline":
    """Read a saved machine as a fitted scikit-learn pipeline of scaler and SVC.

    It takes images as rows (n, f) of values in 0..1 and predicts their class numbers.
    """
    from sklearn.pipeline import make_pipeline

    scaler, machine = load(path)
    return make_pipeline(scaler, machine.to_svc())
