"""All images of a data set through an extractor, once: in batches, on a file that a killed call goes on with.

Owns the batches, their order and the file in which they wait. Must not know what is fitted on the numbers.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bakeoff import files
from bakeoff.archive import Blocks
from bakeoff.cells.journal import code_digest
from bakeoff.cells.predictor import EXTRACTED
from bakeoff.command import UnfitError
from bakeoff.data import store
from bakeoff.data.store import Dataset
from bakeoff.features.extractor import Extractor
from bakeoff.features.row import Row, Scaling
from bakeoff.features.waiting import Numbers, Waiting
from bakeoff.machine import hardware, threads
from bakeoff.networks import boundary
from bakeoff.progress import Progress
from bakeoff.records.features import Extraction, Features
from bakeoff.records.kinds import Device
from bakeoff.records.parts import PARTS, Environment
from bakeoff.records.signature import normalised
from bakeoff.rows import Named, content

# Test images that are kept as the network saw them: by these predictions are timed.
SAMPLE = 256
# What a data set without features holds in their place: files of no number have no shape that a family takes.
NOTHING = 1
# Dimensions of an array of images in colour.
COLOUR = 4

Images = Mapping[str, Blocks | np.ndarray]


@dataclass(frozen=True)
class Job:
    """What is to be extracted: a row of features, of a prepared data set, and where and with what."""

    row: Named
    main: Dataset
    device: Device = "cpu"
    threads: int = 1

    @property
    def asked(self) -> Row:
        """Return what the row says."""
        found: Row = self.row.row
        return found

    @cached_property
    def content(self) -> dict[str, Any]:
        """Return what the row says with digests of code and weights."""
        return content(self.asked)

    @cached_property
    def scaling(self) -> Scaling:
        """Return mean and deviation of each channel."""
        images = self.main.parts["train"].images
        return self.asked.scaling(images.shape[3] if images.ndim == COLOUR else 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return rows, columns and channels of an image as it is taken."""
        size = self.asked.size
        rows, columns = self.main.parts["train"].images.shape[1:3] if size is None else (size, size)
        return rows, columns, len(self.scaling[0])

    @property
    def key(self) -> str:
        """Return what tells waiting numbers from those of another row, of other images or versions."""
        environment = hardware.describe(self.threads, self.device)
        code = code_digest(Path(__file__).parent, Path(str(boundary.__file__)).parent)
        of = (
            self.content,
            self.asked.method,
            self.main.digest,
            EXTRACTED,
            self.device,
            self.threads,
            code,
            environment["versions"],
        )
        return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]


def said(job: Job, images: Callable[[], Images], output: Path) -> str:
    """Extract, and return what came of it in one line; the rest as for `extract`."""
    threads.set_threads(job.threads)
    found = extract(job, images, output.parent / job.main.name / "features", output)
    who = f"{job.main.name}/{job.row.name}"
    if found.skipped is not None:
        return f"{who}: skipped: {found.skipped}"
    rate = f", {found.extraction.images_per_s:.1f} images a second" if found.extraction else ""
    return f"{who}: {found.numbers} numbers of each image{rate}"


def extract(job: Job, images: Callable[[], Images], folder: Path, output: Path) -> Features:
    """Write the features of all images, and return what is said of them.

    images: gives those of every part, at the row's size if it says one; folder: where numbers of a killed
    call wait.
    A row that cannot take them is skipped: the file says why. UserError where what it is made of is not here.
    """
    mean, deviation = job.scaling
    said: dict[str, Any] = {
        "name": job.row.name,
        "label": job.row.label,
        "row": job.content,
        "input_size": job.asked.size,
        "method": job.asked.method,
    }
    said |= {"mean": mean, "deviation": deviation}
    try:
        made, start = job.asked.made(job.main.classes)
        numbers = made.trial(job.shape)
        _check_components(job, numbers)
        said |= {"start": start, "numbers": numbers, "macs": made.macs(job.shape)}
        return _written(job, made, images(), folder, output, said)
    except UnfitError as error:
        why = f"{job.row.name}: {error}"
        found = Features(**{**said, "numbers": NOTHING, "macs": None, "start": None}, skipped=why)
        nothing = {
            f"{part}_features": np.zeros((len(each), NOTHING), np.float32)
            for part, each in job.main.parts.items()
        }
        store.save_view(output, job.main, nothing, found)
        return found


def _check_components(job: Job, numbers: int) -> None:
    """Raise UnfitError where the row asks for more components than there can be, of some fold's images."""
    rows = min(map(job.main.fitted_on, job.main.fold_names))
    most = min(rows, numbers)
    if job.asked.pca is not None and job.asked.pca > most:
        raise UnfitError(
            f"pca: {rows} images to fit on, with {numbers} numbers each, have no {job.asked.pca} components; "
            f"name {most} at most"
        )


def _written(
    job: Job, made: Extractor, images: Images, folder: Path, output: Path, said: Mapping[str, Any]
) -> Features:
    """Extract what no earlier call did, and write all of it."""
    numbers: int = said["numbers"]
    sample: list[np.ndarray] = []
    with files.alone_in(folder):
        waiting = folder / f"{job.row.name}-{job.key}.float32"
        for other in files.listed(folder, f"{job.row.name}-*.float32"):
            if other != waiting:
                other.unlink()
        where = made.move(job.device)
        meter = _Meter(Waiting(waiting, numbers), made, replace(job, device=where))
        for part in PARTS:
            for batch in _batches(images[f"{part}_images"]):
                meter.take(batch)
                if part == "test" and sum(len(each) for each in sample) < SAMPLE:
                    sample.append(batch)
        found = Features(**said, extraction=meter.extraction())
        ends = np.cumsum([0, *(len(job.main.parts[part]) for part in PARTS)])
        arrays: dict[str, Any] = {
            f"{part}_features": Numbers(waiting, numbers, int(ends[place]), int(ends[place + 1]))
            for place, part in enumerate(PARTS)
        }
        arrays |= {
            "extractor": np.frombuffer(made.tensors(), np.uint8),
            "sample": np.concatenate(sample)[:SAMPLE],
        }
        store.save_view(output, job.main, arrays, found)
        waiting.unlink()
    return found


def _batches(images: Blocks | np.ndarray) -> Iterator[np.ndarray]:
    """Yield images as an extractor takes them, the same however they are read: so many, of each part."""
    for block in (images,) if isinstance(images, np.ndarray) else images.blocks():
        for start in range(0, len(block), EXTRACTED):
            yield block[start : start + EXTRACTED]


class _Meter:
    """Batches on their way through an extractor, those that an earlier call wrote left out; timed."""

    def __init__(self, waiting: Waiting, made: Extractor, job: Job) -> None:
        self._waiting, self._made, self._job = waiting, made, job
        self._known, self._seen, self._images, self._seconds = waiting.rows, 0, 0, 0.0
        total = sum(map(len, job.main.parts.values()))
        self._progress = Progress(f"{job.main.name}/{job.row.name}", total, apart_s=10.0)
        if self._known:
            self._progress.say(f"{self._known} of {total} images are of an earlier call")

    def take(self, batch: np.ndarray) -> None:
        """Extract a batch of images, unless all of it is there."""
        at, self._seen = self._seen, self._seen + len(batch)
        if self._seen > self._known:
            begun = perf_counter()
            rows = self._made(normalised(batch, *self._job.scaling))
            self._seconds += perf_counter() - begun
            self._images += len(batch)
            if not np.isfinite(rows).all():
                raise UnfitError("gives numbers that are not finite")
            self._waiting.add(rows, at)
        self._progress.advance(len(batch), f"{self._seen} images")

    def extraction(self) -> Extraction | None:
        """Return how it was done; None where an earlier call had done all."""
        self._progress.close()
        if not self._images:
            return None
        environment = Environment(**hardware.describe(self._job.threads, self._job.device))
        return Extraction(
            images=self._images,
            seconds=self._seconds,
            batch_size=EXTRACTED,
            precision="fp32",
            device=self._job.device,
            environment=environment,
        )
