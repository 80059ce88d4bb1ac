"""What a prediction takes: pixels in memory in, classes out; no file is read, no picture decoded."""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bakeoff import saved
from bakeoff.cells.family import Family
from bakeoff.command import UserError
from bakeoff.machine import load
from bakeoff.records import signature
from bakeoff.records.kinds import Device
from bakeoff.records.parts import Load, Prediction
from bakeoff.records.record import Record
from bakeoff.records.run import Run
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


def measure(model: Path, images: np.ndarray, device: str) -> tuple[Prediction, ...]:
    """Return the record's `prediction` entry of a saved model: one image, and a batch of those given."""
    predict = saved.load(model, device, own_code=True)  # the cell's own model
    sizes = dict.fromkeys((1, min(BATCH, len(images))))
    where: Device = "gpu" if predict.device == "gpu" else "cpu"
    return tuple(_summary(where, predict, images[:size]) for size in sizes)


def beside(model: Path | None, record: Record) -> Callable[[Family, list[Run]], dict[str, Any]]:
    """Return what adds to a record how long the saved model takes for test images.

    On the cell's device as far as its family predicts there. UserError where the model is that of another
    cell than the record's.
    """
    if model is not None and choose(record.runs):
        known = signature.read(model)
        own = (record.competitor, record.data.digest, record.saved.size if record.saved else known.size)
        if (known.model, known.data, known.size) != own:
            raise UserError(f"{model}: not the model of {record.cell}, or of other data; name the cell's own")

    def measured(family: Family, runs: list[Run]) -> dict[str, Any]:
        if model is None or not runs:
            return {}
        sample = family.dataset.sample
        images = family.dataset.parts["test"].images if sample is None else sample
        return {"prediction": measure(model, images, record.device)}

    return measured


def _summary(device: Device, predict: Predict, images: np.ndarray) -> Prediction:
    meter = load.Meter()
    times = calls({"": predict}, images)[""]
    found = meter.lap()
    low, middle, high = (float(np.percentile(times, share)) for share in (5, 50, 95))
    return Prediction(
        device=device,
        images=len(images),
        s_median=middle,
        s_low=low,
        s_high=high,
        calls=len(times),
        load=None if found is None else Load(**found),
    )
