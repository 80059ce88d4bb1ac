"""What a prediction takes: pixels in memory in, classes out; no file is read, no picture decoded."""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bakeoff import saved
from bakeoff.cells.family import Backend
from bakeoff.command import UserError
from bakeoff.machine import load
from bakeoff.records import signature
from bakeoff.records.record import Record, Run, cell_name, model_name
from bakeoff.records.selection import choose

BATCH = 256
# Calls that are not counted, calls at least, and how long calls of one size are made.
WARM_UP, LEAST, SECONDS = 2, 10, 0.5
Predict = Callable[[np.ndarray], Any]


def calls(
    predictors: Mapping[str, Predict], images: np.ndarray, seconds: float = SECONDS
) -> dict[str, list[float]]:
    """Return the seconds of every call of predictors, which take turns on the same images (n, ...)."""
    for predict in predictors.values():
        for _ in range(WARM_UP):
            predict(images)
    times: dict[str, list[float]] = {name: [] for name in predictors}
    until = perf_counter() + seconds
    while perf_counter() < until or min(map(len, times.values())) < LEAST:
        for name, predict in predictors.items():
            start = perf_counter()
            predict(images)
            times[name].append(perf_counter() - start)
    return times


def measure(model: Path, images: np.ndarray, device: str) -> list[dict[str, Any]]:
    """Return the record's `prediction` entry of a saved model: one image, and a batch of those given."""
    predict = saved.load(model, device, own_code=True)  # the cell's own model
    sizes = dict.fromkeys((1, min(BATCH, len(images))))
    return [{"device": predict.device, **_summary(size, predict, images[:size])} for size in sizes]


def beside(model: Path | None, record: Record) -> Callable[[Backend, list[Run]], dict[str, Any]]:
    """Return what adds to a record how long the saved model takes for test images.

    A network's on the cell's device, an SVM's always on the CPU. UserError where the model is that of another
    cell than the record's.
    """
    if model is not None and choose(record["runs"]):
        known = signature.read(model)
        if (known.model, known.data) != (model_name(record), record["data"]["digest"]):
            raise UserError(
                f"{model}: not the model of {cell_name(record)}, or of other data; name the cell's own"
            )

    def measured(backend: Backend, runs: list[Run]) -> dict[str, Any]:
        if model is None or not runs:
            return {}
        images = backend.dataset.images["test"]
        return {"prediction": measure(model, images, backend.identity["device"])}

    return measured


def _summary(size: int, predict: Predict, images: np.ndarray) -> dict[str, Any]:
    meter = load.Meter()
    times = calls({"": predict}, images)[""]
    found = meter.lap()
    low, middle, high = (float(np.percentile(times, share)) for share in (5, 50, 95))
    return {
        "images": size,
        "s_median": middle,
        "s_low": low,
        "s_high": high,
        "calls": len(times),
        "load": found,
    }
