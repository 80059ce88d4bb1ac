"""Networks as a cell's backend: plans trainings, turns their epochs into runs."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff import flops, grid, models
from bakeoff.command import UserError
from bakeoff.datasets.store import Dataset
from bakeoff.fitting import Fitted, Plan, unfinished_run
from bakeoff.progress import Progress
from bakeoff.records import Run
from bakeoff.timing import Stopwatch
from bakeoff.train import batches, loop, precision
from bakeoff.train.batches import Part

DEFAULTS: dict[str, Any] = {
    "batch_size": 32,
    "learning_rate": 0.001,
    "epochs": 3,
    "precision": "fp32",
    "engine": "resident",
    "pin_memory": None,
}


class ResnetBackend:
    """Trains one network with one optimizer over a grid of settings and seeds."""

    model_suffix = ".safetensors"

    def __init__(
        self,
        dataset: Dataset,
        model: str,
        optimizer: str,
        device: str,
        blocks: grid.Blocks,
        seeds: Sequence[int],
    ) -> None:
        self.identity: dict[str, Any] = {
            "family": "resnet",
            "model": model,
            "optimizer": optimizer,
            "kernel": None,
            "device": device,
        }
        self.context: dict[str, Any] = {}
        self.dataset = dataset
        self.input_shape = (models.CHANNELS, *dataset.images["train"].shape[1:])
        self._settings = grid.unique(
            _applicable(settings, device) for settings in grid.expand(blocks, DEFAULTS)
        )
        for settings in self._settings:
            _check(settings, optimizer)
        self._seeds = list(seeds)
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
        """Return one training per setting and seed; settings that differ in epochs alone share one."""
        images = len(self._parts["train"])
        return [
            Plan(tuple(group), seed, images * max(settings["epochs"] for settings in group))
            for group in grid.group_by(self._settings, "epochs")
            for seed in self._seeds
        ]

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Train once, to the longest number of epochs, and yield a run at each asked-for number."""
        training = self._training(plan)
        asked = {settings["epochs"]: settings for settings in plan.settings}
        watch = loop.stopwatch(self._device)
        facts = loop.describe(training, self._parts["train"], self._device)
        history: list[dict[str, Any]] = []
        for epoch in loop.train(training, self._parts["train"], self._device, watch):
            entry = self._history_entry(epoch, watch)
            history.append(entry)
            progress.advance(len(self._parts["train"]), _describe(training, entry))
            if entry["validation_loss"] is None:
                break
            if epoch.epoch in asked:
                run = self._run(asked.pop(epoch.epoch), training.seed, history, facts, watch)
                yield self._finish(run, epoch, watch)
        for settings in asked.values():
            error = f"the loss was not finite in epoch {history[-1]['epoch']}"
            run = unfinished_run(settings, training.seed, "diverged", error)
            yield Fitted(run | {"history": list(history), "details": facts})

    def compute(self, chosen: Run | None) -> dict[str, Any]:
        """Return the network's arithmetic, which no setting changes."""
        network = models.build(self.identity["model"], len(self.dataset.meta["classes"]), 0)
        return flops.count_network(network, self.input_shape)

    def _training(self, plan: Plan) -> loop.Training:
        settings = {**plan.settings[0], "epochs": max(s["epochs"] for s in plan.settings)}
        assert plan.seed is not None
        return loop.Training(
            model=self.identity["model"],
            optimizer=self.identity["optimizer"],
            classes=len(self.dataset.meta["classes"]),
            seed=plan.seed,
            **settings,
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

    def _run(
        self,
        settings: dict[str, Any],
        seed: int,
        history: list[dict[str, Any]],
        facts: dict[str, Any],
        watch: Stopwatch,
    ) -> Run:
        """Return the run's entry as far as training and validation know it."""
        train_s = watch.total("to_device", "train")
        images = len(self._parts["train"]) * settings["epochs"]
        return {
            "settings": settings,
            "seed": seed,
            "repeat": 0,
            "status": "ok",
            "validation_accuracy": history[-1]["validation_accuracy"],
            "test_accuracy": None,
            "holdout_accuracy": None,
            "train_accuracy": history[-1]["train_accuracy"],
            "train_s": train_s,
            "time_to_result_s": watch.total("warm_up", "setup", "to_device", "train", "validate"),
            "phases_s": watch.snapshot(),
            "history": list(history),
            "packed": False,
            "error": None,
            "details": {**facts, "images_per_s": images / train_s},
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
        "optimizer": (optimizer, tuple(loop.OPTIMIZERS)),
        "engine": (settings["engine"], tuple(batches.ENGINES)),
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


def _describe(training: loop.Training, entry: dict[str, Any]) -> str:
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
