"""Networks as a cell's backend: plans trainings, turns their epochs into runs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff import rows
from bakeoff.cells.family import Fitted, Plan, unfinished_run
from bakeoff.cells.progress import Progress
from bakeoff.data.store import Dataset
from bakeoff.families.network import axes, loop, packs, trial
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.families.network.packs import Course
from bakeoff.families.network.state import Training, build_state
from bakeoff.machine.energy import Counter
from bakeoff.machine.timing import Stopwatch
from bakeoff.networks import flops, models
from bakeoff.records import signature
from bakeoff.records.predictions import Answers
from bakeoff.records.record import Run
from bakeoff.search import grid


class NetworkBackend:
    """Trains one network with one optimizer over a grid of settings and seeds.

    Up to `pack` trainings of equal batch size run side by side on the device.
    """

    model_suffix = ".safetensors"
    follows_threads = True  # sums are taken in another order

    def __init__(
        self,
        dataset: Dataset,
        network: rows.Named,
        optimizer: rows.Named,
        device: str,
        blocks: grid.Blocks,
        seeds: Sequence[int],
        pack: int = 1,
    ) -> None:
        self.identity: dict[str, Any] = {
            "family": "network",
            "model": network.name,
            "optimizer": optimizer.name,
            "kernel": None,
            "device": device,
        }
        self.rows = {"network": rows.content(network.row), "optimizer": rows.content(optimizer.row)}
        self.context: dict[str, Any] = {"pack": pack}  # times of trainings side by side are other times
        self.dataset = dataset
        self.counters: Sequence[Counter] = ()  # energy, where a run has the machine to itself
        self.input_shape = (models.CHANNELS, *dataset.images["train"].shape[1:3])
        self._network, self._optimizer = network.row, optimizer.row
        self._settings = axes.expand(blocks, device, self._optimizer.axes())
        self._seeds = list(seeds)
        self._pack = pack
        self._tried: dict[int, tuple[str, dict[str, Any]]] = {}
        self._device = loop.torch_device(device)
        pixels = Pixels(grey=dataset.meta.get("grey", False))
        self._parts = {
            part: Part.from_arrays(dataset.images[part], dataset.labels[part], pixels)
            for part in dataset.images
        }

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Return what may go wrong with one training and leave the next one possible."""
        import torch

        return (torch.OutOfMemoryError,)

    def plans(self) -> list[Plan]:
        """Return one training per setting and seed, or several of equal steps side by side."""
        most = 1 if self._alone else self._pack
        return packs.plan(self._settings, self._seeds, len(self._parts["train"]), most)

    @cached_property
    def _alone(self) -> str | None:
        """Why trainings may not go side by side, None where they may or nobody asks them to."""
        what = self._network, len(self.dataset.meta["classes"])
        return packs.alone(*what, self.input_shape) if self._pack > 1 else None

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

    def _train(self, trainings: Sequence[packs.Group], work: float, progress: Progress) -> Iterator[Fitted]:
        """Train once, several side by side; `work` is what an epoch of one counts in the progress."""
        watch = loop.stopwatch(self._device, self.counters)
        kind, why = self._precision(self._training(trainings[0]))
        members = [
            Course(replace(self._training(asked), precision=kind), {s["epochs"]: s for s, _ in asked})
            for asked in trainings
        ]
        part = self._parts["train"]
        facts = loop.describe(members[0].training, part, self._device) | why
        for epochs in loop.train([course.training for course in members], part, self._device, watch):
            for course, epoch in zip(members, epochs, strict=True):
                if course.diverged:
                    continue
                entry, validation = self._validated(epoch, watch)
                course.history.append(entry)
                progress.advance(work, _describe(course.training, entry))
                if not course.diverged and epoch.epoch in course.asked:
                    if self._pack > 1:
                        other = None if len(members) > 1 else "none went beside it"
                        epoch.fast_paths.take("side_by_side", self._alone, other)
                    found = {**facts, "execution": epoch.execution, "fast_paths": epoch.fast_paths.said}
                    run = self._run(course, epoch.epoch, found, watch, len(members))
                    yield self._finish(run, epoch, validation, watch)
        for course in members:
            for settings in course.asked.values():
                error = f"the loss was not finite in epoch {course.history[-1]['epoch']}"
                run = unfinished_run(settings, course.training.seed, "diverged", error)
                yield Fitted(run | {"history": list(course.history), "details": facts})

    def compute(self, chosen: Run | None) -> dict[str, Any]:
        """Return the network's arithmetic, which no setting changes."""
        training = self._training(((self._settings[0], 0),))
        train, host = self._parts["train"], loop.torch_device("cpu")
        executed = build_state(training, train.pixels, train.size, host, self._device.type).model
        stock = models.build(training.network, training.classes, training.seed)
        return flops.count_network(stock, executed, self.input_shape)

    def _training(self, asked: packs.Group) -> Training:
        settings, seed = asked[0]
        assert seed is not None
        own = self._optimizer.axes()
        others = {name: value for name, value in settings.items() if name not in own}
        return Training(
            network=self._network,
            optimizer=self._optimizer,
            keywords=self._optimizer.keywords(settings),
            classes=len(self.dataset.meta["classes"]),
            seed=seed,
            **{**others, "epochs": packs.epochs(asked)},
        )

    def _precision(self, training: Training) -> tuple[str, dict[str, Any]]:
        """Return the precision to train in; `auto` is tried once per batch size."""
        if training.precision != "auto":
            return training.precision, {}
        if training.batch_size not in self._tried:
            parts = self._parts["train"], self._parts["validation"]
            self._tried[training.batch_size] = trial.choose(training, *parts, self._device)
        return self._tried[training.batch_size]

    def _validated(self, epoch: loop.Epoch, watch: Stopwatch) -> tuple[dict[str, Any], np.ndarray]:
        """Return an epoch's history entry, None for what is not finite, and its validation answers."""
        with watch.phase("validate"):
            loss, probabilities = loop.evaluate(epoch.state.model, self._parts["validation"], self._device)
        finite = math.isfinite(loss) and math.isfinite(epoch.train_loss)
        entry = {
            "epoch": epoch.epoch,
            "train_loss": epoch.train_loss if math.isfinite(epoch.train_loss) else None,
            "train_accuracy": epoch.train_accuracy,
            "validation_loss": loss if finite else None,
            "validation_accuracy": self._accuracy("validation", probabilities) if finite else None,
            "train_s": watch.total("to_device", "train"),
        }
        return entry, probabilities.argmax(1)

    def _accuracy(self, part: str, probabilities: np.ndarray) -> float:
        return float((probabilities.argmax(1) == self.dataset.labels[part]).mean())

    def _run(self, course: Course, epochs: int, facts: dict[str, Any], watch: Stopwatch, members: int) -> Run:
        """Return the run's entry as far as training and validation know it.

        Times of trainings side by side are the run's share of what all took.
        """
        settings, history = course.asked.pop(epochs), course.history
        train_s = watch.total("to_device", "train") / members
        images = len(self._parts["train"]) * epochs
        energy = watch.energy("to_device", "train")
        return {
            "settings": settings,
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
                **({"energy_j": energy} if energy else {}),
                **({"side_by_side": members} if members > 1 else {}),
                **({"follows_epochs": True} if axes.follows_epochs(settings) else {}),
            },
        }

    def _finish(self, run: Run, epoch: loop.Epoch, validation: np.ndarray, watch: Stopwatch) -> Fitted:
        """Read holdout and test, which selection never sees, and offer the model for keeping."""
        with watch.phase("test"):
            _, holdout = loop.evaluate(epoch.state.model, self._parts["holdout"], self._device)
            _, test = loop.evaluate(epoch.state.model, self._parts["test"], self._device)
        run["holdout_accuracy"] = self._accuracy("holdout", holdout)
        run["test_accuracy"] = self._accuracy("test", test)
        answers = Answers(validation, test.argmax(1), test)
        return Fitted(run, lambda path: self._save(epoch, path), answers)

    def _save(self, epoch: loop.Epoch, path: Path) -> None:
        """Write the weights under torchvision's own names."""
        scaling = (models.CHANNELS, models.PIXEL_MEAN, models.PIXEL_DEVIATION)
        described = signature.of(
            self.identity, self.rows["network"], self.input_shape[1:], scaling, self.dataset.meta
        )
        signature.save(path, epoch.state.weights(), described)


def _describe(training: Training, entry: dict[str, Any]) -> str:
    validation = entry["validation_accuracy"]
    reached = "diverged" if validation is None else f"validation {validation:.2%}"
    return (
        f"batch {training.batch_size}, lr {training.learning_rate:g}, seed {training.seed}, "
        f"epoch {entry['epoch']}/{training.epochs}: {reached}"
    )
