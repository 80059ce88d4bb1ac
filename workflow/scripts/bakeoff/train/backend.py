"""Networks as a cell's backend: plans trainings, turns their epochs into runs."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff import flops, grid, models
from bakeoff.command import UserError
from bakeoff.datasets.store import Dataset
from bakeoff.fitting import Asked, Fitted, Plan, unfinished_run
from bakeoff.progress import Progress
from bakeoff.records import Run
from bakeoff.timing import Stopwatch
from bakeoff.train import engines, loop, packs, precision
from bakeoff.train.batches import Part
from bakeoff.train.packs import Course
from bakeoff.train.state import OPTIMIZERS, Training

DEFAULTS: dict[str, Any] = {
    "batch_size": 32,
    "learning_rate": 0.001,
    "epochs": 3,
    "precision": "fp32",
    "engine": "resident",
    "pin_memory": None,
}


class ResnetBackend:
    """Trains one network with one optimizer over a grid of settings and seeds.

    Up to `pack` trainings of equal batch size run side by side on the device.
    """

    model_suffix = ".safetensors"

    def __init__(
        self,
        dataset: Dataset,
        model: str,
        optimizer: str,
        device: str,
        blocks: grid.Blocks,
        seeds: Sequence[int],
        pack: int = 1,
    ) -> None:
        self.identity: dict[str, Any] = {
            "family": "resnet",
            "model": model,
            "optimizer": optimizer,
            "kernel": None,
            "device": device,
        }
        self.context: dict[str, Any] = {"pack": pack}  # times of trainings side by side are other times
        self.dataset = dataset
        self.input_shape = (models.CHANNELS, *dataset.images["train"].shape[1:])
        self._settings = grid.unique(
            _applicable(settings, device) for settings in grid.expand(blocks, DEFAULTS)
        )
        for settings in self._settings:
            _check(settings, optimizer)
        self._seeds = list(seeds)
        self._pack = pack
        self._device = loop.torch_device(device)
        self._parts = {
            part: Part.from_arrays(dataset.images[part], dataset.labels[part]) for part in dataset.images
        }

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Return what may go wrong with one training and leave the next one possible."""
        import torch

        return (torch.OutOfMemoryError,)

    def plans(self) -> list[Plan]:
        """Return one training per setting and seed, or several of equal steps side by side."""
        return packs.plan(self._settings, self._seeds, len(self._parts["train"]), self._pack)

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Train side by side, each to its longest number of epochs; yield a run at each asked-for number.

        Trainings that do not fit a GPU's memory together are tried in two halves.
        """
        trainings = packs.by_training(plan.wanted)
        missing = list(plan.wanted)
        try:
            for fitted in self._train(trainings, plan.work / sum(map(packs.epochs, trainings)), progress):
                missing.remove((fitted.run["settings"], fitted.run["seed"]))
                yield fitted
            return
        except self.failures:
            if len(trainings) == 1:
                raise
        loop.release(self._device)
        half = len(trainings) // 2
        progress.say(f"{len(trainings)} trainings side by side do not fit the GPU's memory; trying {half}")
        for some in (trainings[:half], trainings[half:]):
            left = tuple(pair for training in some for pair in training if pair in missing)
            if left:
                yield from self.fit(Plan(left, plan.work * len(left) / len(plan.wanted)), progress)

    def _train(
        self, trainings: Sequence[tuple[Asked, ...]], work: float, progress: Progress
    ) -> Iterator[Fitted]:
        """Train once, several side by side; `work` is what an epoch of one counts in the progress."""
        watch = loop.stopwatch(self._device)
        members = [Course(self._training(asked), {s["epochs"]: s for s, _ in asked}) for asked in trainings]
        part = self._parts["train"]
        facts = loop.describe(members[0].training, part, self._device)
        for epochs in loop.train([course.training for course in members], part, self._device, watch):
            for course, epoch in zip(members, epochs, strict=True):
                if course.diverged:
                    continue
                entry = self._history_entry(epoch, watch)
                course.history.append(entry)
                progress.advance(work, _describe(course.training, entry))
                if not course.diverged and epoch.epoch in course.asked:
                    found = {**facts, "execution": epoch.execution}
                    run = self._run(course, epoch.epoch, found, watch, len(members))
                    yield self._finish(run, epoch, watch)
        for course in members:
            for settings in course.asked.values():
                error = f"the loss was not finite in epoch {course.history[-1]['epoch']}"
                run = unfinished_run(settings, course.training.seed, "diverged", error)
                yield Fitted(run | {"history": list(course.history), "details": facts})

    def compute(self, chosen: Run | None) -> dict[str, Any]:
        """Return the network's arithmetic, which no setting changes."""
        network = models.build(self.identity["model"], len(self.dataset.meta["classes"]), 0)
        return flops.count_network(network, self.input_shape)

    def _training(self, asked: tuple[Asked, ...]) -> Training:
        settings, seed = asked[0]
        assert seed is not None
        return Training(
            model=self.identity["model"],
            optimizer=self.identity["optimizer"],
            classes=len(self.dataset.meta["classes"]),
            seed=seed,
            **{**settings, "epochs": packs.epochs(asked)},
        )

    def _history_entry(self, epoch: loop.Epoch, watch: Stopwatch) -> dict[str, Any]:
        """Evaluate the validation part and return the history entry; None stands for not finite."""
        with watch.phase("validate"):
            loss, probabilities = loop.evaluate(epoch.state.model, self._parts["validation"], self._device)
        finite = math.isfinite(loss) and math.isfinite(epoch.train_loss)
        return {
            "epoch": epoch.epoch,
            "train_loss": epoch.train_loss if math.isfinite(epoch.train_loss) else None,
            "train_accuracy": epoch.train_accuracy,
            "validation_loss": loss if finite else None,
            "validation_accuracy": self._accuracy("validation", probabilities) if finite else None,
            "train_s": watch.total("to_device", "train"),
        }

    def _accuracy(self, part: str, probabilities: np.ndarray) -> float:
        return float((probabilities.argmax(1) == self.dataset.labels[part]).mean())

    def _run(self, course: Course, epochs: int, facts: dict[str, Any], watch: Stopwatch, members: int) -> Run:
        """Return the run's entry as far as training and validation know it.

        Times of trainings side by side are the run's share of what all took.
        """
        history = course.history
        train_s = watch.total("to_device", "train") / members
        images = len(self._parts["train"]) * epochs
        return {
            "settings": course.asked.pop(epochs),
            "seed": course.training.seed,
            "repeat": 0,
            "status": "ok",
            "validation_accuracy": history[-1]["validation_accuracy"],
            "test_accuracy": None,
            "holdout_accuracy": None,
            "train_accuracy": history[-1]["train_accuracy"],
            "train_s": train_s,
            "time_to_result_s": watch.total("warm_up", "setup", "to_device", "train", "validate") / members,
            "phases_s": {name: round(each / members, 6) for name, each in watch.snapshot().items()},
            "history": list(history),
            "packed": members > 1,
            "error": None,
            "details": {
                **facts,
                "images_per_s": images / train_s,
                **({"side_by_side": members} if members > 1 else {}),
            },
        }

    def _finish(self, run: Run, epoch: loop.Epoch, watch: Stopwatch) -> Fitted:
        """Read holdout and test, which selection never sees, and offer the model for keeping."""
        with watch.phase("test"):
            _, holdout = loop.evaluate(epoch.state.model, self._parts["holdout"], self._device)
            _, test = loop.evaluate(epoch.state.model, self._parts["test"], self._device)
        run["holdout_accuracy"] = self._accuracy("holdout", holdout)
        run["test_accuracy"] = self._accuracy("test", test)
        return Fitted(run, lambda path: _save(epoch, path), test.argmax(1), test)


def _check(settings: grid.Settings, optimizer: str) -> None:
    """Raise UserError for a setting that no training knows; the configuration's schema says the same."""
    known = {
        "optimizer": (optimizer, tuple(OPTIMIZERS)),
        "engine": (settings["engine"], tuple(engines.ENGINES)),
        "precision": (settings["precision"], precision.PRECISIONS),
    }
    for name, (given, allowed) in known.items():
        if given not in allowed:
            raise UserError(f"unknown {name} {given}; known are {', '.join(allowed)}")
    if settings["batch_size"] < 2:
        raise UserError("batch_size must be at least 2: batch normalisation needs more than one image")


def _applicable(settings: grid.Settings, device: str) -> grid.Settings:
    """Return the settings with pin_memory only where it means something: batches copied to a GPU."""
    copied = settings["engine"] == "dataloader" and device == "gpu"
    return {**settings, "pin_memory": bool(settings["pin_memory"]) if copied else None}


def _describe(training: Training, entry: dict[str, Any]) -> str:
    validation = entry["validation_accuracy"]
    reached = "diverged" if validation is None else f"validation {validation:.2%}"
    return (
        f"batch {training.batch_size}, lr {training.learning_rate:g}, seed {training.seed}, "
        f"epoch {entry['epoch']}/{training.epochs}: {reached}"
    )


def _save(epoch: loop.Epoch, path: Path) -> None:
    """Write the weights under torchvision's own names."""
    from safetensors.torch import save_file

    save_file(epoch.state.weights(), path)
