"""A machine and its scaler on disk, as safetensors: arrays and JSON, no pickle, no code inside."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bakeoff.svm import scaling
from bakeoff.svm.kernels import Kernel
from bakeoff.svm.machine import Machine

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

ARRAYS = ("classes", "vectors", "support", "counts", "dual", "intercept")


def save(scaler: "StandardScaler", machine: Machine, path: Path) -> None:
    """Write scaler and machine, with no vectors but the machine's own."""
    from safetensors.numpy import save_file

    machine = machine.compact()
    arrays = {name: np.ascontiguousarray(getattr(machine, name)) for name in ARRAYS}
    settings = {"C": machine.C, **asdict(machine.kernel)}
    save_file({**arrays, **scaling.to_arrays(scaler)}, path, metadata={"machine": json.dumps(settings)})


def load(path: Path) -> tuple["StandardScaler", Machine]:
    """Read scaler and machine."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        settings = json.loads(file.metadata()["machine"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
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
