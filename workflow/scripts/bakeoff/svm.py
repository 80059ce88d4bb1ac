"""SVMs as a cell's backend: scikit-learn's SVC behind a scaler fitted on the training part."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff import flops, grid
from bakeoff.command import UserError
from bakeoff.datasets.store import Dataset
from bakeoff.fitting import Fitted, Plan
from bakeoff.progress import Progress
from bakeoff.records import Run
from bakeoff.timing import Stopwatch

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

KERNELS = ("rbf", "poly", "linear", "sigmoid")
DEFAULTS: dict[str, Any] = {"C": 1.0, "gamma": "scale", "degree": None}
POLY_DEGREE = 3  # scikit-learn's default, where a poly block names none
CACHE_MB = 2000


class SvmBackend:
    """Fits one kernel over a grid of settings."""

    model_suffix = ".skops"
    failures: tuple[type[Exception], ...] = (ValueError, MemoryError)

    def __init__(self, dataset: Dataset, kernel: str, blocks: grid.Blocks) -> None:
        if kernel not in KERNELS:
            raise UserError(f"unknown kernel {kernel}; known are {', '.join(KERNELS)}")
        self.identity: dict[str, Any] = {
            "family": "svm",
            "model": "svm",
            "optimizer": None,
            "kernel": kernel,
            "device": "cpu",
        }
        self.dataset = dataset
        self._kernel = kernel
        degree = POLY_DEGREE if kernel == "poly" else None
        self._settings = grid.expand(blocks, {**DEFAULTS, "degree": degree})
        self._features = {
            part: images.reshape(len(images), -1).astype(np.float32) / 255
            for part, images in dataset.images.items()
        }
        self.input_shape = (self._features["train"].shape[1],)

    def plans(self) -> list[Plan]:
        """Return one fit per setting; nothing in it is random, so there are no seeds."""
        return [Plan((settings,), None, 1) for settings in self._settings]

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Fit scaler and SVC, then predict every part."""
        settings = plan.settings[0]
        watch = Stopwatch()
        pipeline = self._pipeline(settings)
        with watch.phase("train"):
            pipeline.fit(self._features["train"], self.dataset.labels["train"])
        with watch.phase("validate"):
            validation = self._accuracy(pipeline, "validation")
        with watch.phase("test"):
            train, holdout = self._accuracy(pipeline, "train"), self._accuracy(pipeline, "holdout")
            decisions = pipeline.decision_function(self._features["test"])
            predictions = pipeline.predict(self._features["test"])
        run: Run = {
            "settings": settings,
            "seed": None,
            "repeat": 0,
            "status": "ok",
            "validation_accuracy": validation,
            "test_accuracy": float((predictions == self.dataset.labels["test"]).mean()),
            "holdout_accuracy": holdout,
            "train_accuracy": train,
            "train_s": watch.total("train"),
            "time_to_result_s": watch.total("train", "validate"),
            "phases_s": watch.snapshot(),
            "history": [],
            "packed": False,
            "error": None,
            "details": {"support_vectors": int(pipeline[-1].n_support_.sum())},
        }
        progress.advance(plan.work, f"{_describe(settings)}: validation {validation:.2%}")
        scores = _per_class(decisions, pipeline.classes_, len(self.dataset.meta["classes"]))
        yield Fitted(run, lambda path: _save(pipeline, path), predictions, scores)

    def compute(self, chosen: Run | None) -> dict[str, Any]:
        """Return the arithmetic of the chosen machine: it depends on its support vectors."""
        support = chosen["details"]["support_vectors"] if chosen else 0
        return flops.count_svm(support, self.input_shape[0], len(self.dataset.meta["classes"]))

    def _pipeline(self, settings: dict[str, Any]) -> "Pipeline":
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        given = {name: value for name, value in settings.items() if value is not None}
        return make_pipeline(StandardScaler(), SVC(kernel=self._kernel, cache_size=CACHE_MB, **given))

    def _accuracy(self, pipeline: "Pipeline", part: str) -> float:
        return float(pipeline.score(self._features[part], self.dataset.labels[part]))


def _per_class(scores: np.ndarray, seen: np.ndarray, classes: int) -> np.ndarray:
    """Return decision values as (n, classes).

    With two classes scikit-learn gives one column; a class that a cut-down training part lacks has none:
    it comes below all others.
    """
    columns = scores if scores.ndim == 2 else np.stack([-scores, scores], axis=1)
    full = np.repeat(columns.min(axis=1, keepdims=True) - 1, classes, axis=1)
    full[:, seen] = columns
    return full


def _describe(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)


def _save(pipeline: "Pipeline", path: Path) -> None:
    """Write scaler and SVC with skops: no pickle, no code inside."""
    import skops.io

    path.write_bytes(skops.io.dumps(pipeline))
