"""Networks as a family: plans trainings, turns their epochs into runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff import files
from bakeoff.cells.family import Fitted, Plan, unfinished_run
from bakeoff.command import UserError
from bakeoff.data.store import Dataset
from bakeoff.families.network import axes, images, loop, packs, trial, trying
from bakeoff.families.network.batches import Part
from bakeoff.families.network.course import Course
from bakeoff.families.network.images import Images
from bakeoff.families.network.state import Training, build_state
from bakeoff.machine.energy import Counter
from bakeoff.machine.timing import Stopwatch
from bakeoff.networks import flops, models
from bakeoff.progress import Progress
from bakeoff.records import signature
from bakeoff.records.kinds import Device
from bakeoff.records.parts import Compute
from bakeoff.records.predictions import Answers
from bakeoff.records.record import Competitor, Factor
from bakeoff.records.request import Request, Settings
from bakeoff.records.run import Run
from bakeoff.rows import Named, content
from bakeoff.search import grid


class NetworkFamily:
    """Trains one network with one optimizer over a grid of settings and seeds.

    Up to `pack` trainings of equal batch size run side by side on the device.
    """

    follows_threads = True  # sums are taken in another order

    def __init__(
        self,
        dataset: Dataset,
        network: Named,
        optimizer: Named,
        device: Device,
        blocks: grid.Blocks,
        seeds: Sequence[int],
        pack: int = 1,
    ) -> None:
        self.competitor = Competitor(
            family="network",
            competitor=network.name,
            label=network.label,
            group="networks",
            factors={"optimizer": Factor(name=optimizer.name, label=optimizer.label)},
            scores="probabilities",
            device=device,
        )
        self.rows: Mapping[str, Mapping[str, Any]] = {
            "network": content(network.row),
            "optimizer": content(optimizer.row),
        }
        self.context: Mapping[str, Any] = {"pack": pack}  # times of trainings side by side are other times
        self.dataset = dataset
        self.counters: Sequence[Counter] = ()  # energy, where a run has the machine to itself
        self.skipped: str | None = None
        self.input_shape = images.shape(dataset)
        self._network, self._optimizer = network.row, optimizer.row
        self.settings: Sequence[Settings] = axes.expand(blocks, device, self._optimizer.axes())
        axes.check_data(self.settings, dataset.classes, dataset.folds is not None)
        self.seeds: Sequence[int | None] = list(seeds)
        self._pack = pack
        self._tried: dict[int, tuple[str, dict[str, Any]]] = {}
        self._tried_network: dict[str, Any] | None = None
        self._device = loop.torch_device(device)
        self._images = Images(dataset, self._network)
        self._fold = self._images.fold

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """Return what may go wrong with one training and leave the next one possible."""
        import torch

        return (torch.OutOfMemoryError,)

    def plans(self, requests: Sequence[Request]) -> list[Plan]:
        """Return one training per setting, seed and fold, or several of equal steps side by side."""
        most = 1 if self.skipped is not None or self._alone else self._pack
        return packs.plan(requests, self.dataset.fitted_on, most)

    @cached_property
    def _alone(self) -> str | None:
        """Why trainings may not go side by side, None where they may or nobody asks them to."""
        what = self._network, self.dataset.classes
        return packs.alone(*what, self.input_shape) if self._pack > 1 else None

    def fit(self, plan: Plan, progress: Progress) -> Iterator[Fitted]:
        """Train side by side, each to its longest number of epochs; yield a run at each asked-for number.

        Trainings that do not fit a GPU's memory together are tried in two halves.
        """
        trainings = packs.by_training(plan.requests)
        missing = {request.key for request in plan.requests}
        try:
            for fitted in self._train(trainings, plan.work / sum(map(packs.epochs, trainings)), progress):
                missing.remove(fitted.run.request.key)
                yield fitted
            return
        except self.failures:
            if len(trainings) == 1:
                raise
        loop.release(self._device)
        half = len(trainings) // 2
        progress.say(f"{len(trainings)} trainings side by side do not fit the GPU's memory; trying {half}")
        for some in (trainings[:half], trainings[half:]):
            left = tuple(request for training in some for request in training if request.key in missing)
            if left:
                yield from self.fit(Plan(left, plan.work * len(left) / len(plan.requests)), progress)

    def _train(
        self, trainings: Sequence[packs.Requests], work: float, progress: Progress
    ) -> Iterator[Fitted]:
        """Train once, several side by side; `work` is what an epoch of one counts in the progress."""
        watch = loop.stopwatch(self._device, self.counters)
        begun = self._begun(progress)
        part, scored = self._fold(trainings[0][0].fold)
        kind, why = self._precision(self._training(trainings[0]))
        courses = [
            Course(replace(self._training(asked), precision=kind), {r.settings["epochs"]: r for r in asked})
            for asked in trainings
        ]
        facts = loop.describe(courses[0].training, part, self._device) | why | begun
        for epochs in loop.train([course.training for course in courses], part, self._device, watch):
            for course, epoch in zip(courses, epochs, strict=True):
                if course.diverged:
                    continue
                self._validate(course, epoch, scored, watch)
                progress.advance(work * course.settled, str(course))
                if course.due:
                    if self._pack > 1:
                        other = None if len(courses) > 1 else "none went beside it"
                        early = "it may stop early" if course.training.early_stop else None
                        epoch.fast_paths.take("side_by_side", self._alone, early, other)
                    run = course.run(len(part), facts | loop.describe_end(epoch, facts), watch, len(courses))
                    yield self._finish(run, epoch, course.take(), watch)
            if not any(course.asked and not course.diverged for course in courses):
                break
        for course in courses:
            for request in course.asked.values():
                error = f"the loss was not finite in epoch {course.history[-1].epoch}"
                history = tuple(course.history)
                yield Fitted(unfinished_run(request, "diverged", error, history=history, details=facts))

    def _begun(self, progress: Progress) -> dict[str, Any]:
        """Return what is said of where trainings begin; UserError for a network that cannot be trained."""
        if self._tried_network is None:
            what = self._network, self.dataset.classes
            self._tried_network, line = trying.tried(*what, self.input_shape)
            if line:
                progress.say(f"{self.competitor.competitor}: {line}")
        for path in self._network.own_files().values():
            if files.seen(path) not in self.rows["network"].values():
                raise UserError(f"{path}: changed while its cell was at work; call again")
        return self._tried_network

    @property
    def _held_back(self) -> dict[str, Part]:
        return self._images.held_back

    def calibrated(self, run: Run, model: Path) -> None:
        """Return that its scores are what they are of themselves."""

    def compute(self, chosen: Run | None) -> Compute:
        """Return the network's arithmetic, which no setting changes."""
        training = self._training((Request(self.settings[0], 0),))
        train, host = self._fold(None)[0], loop.torch_device("cpu")
        executed = build_state(training, train.pixels, train.size, host, self._device.type).model
        stock = models.build(training.network, training.classes, training.seed)
        return flops.count(stock, executed, self.input_shape)

    def _training(self, asked: packs.Requests) -> Training:
        settings, seed, _ = asked[0]
        assert seed is not None
        own = self._optimizer.axes()
        others: dict[str, Any] = {name: value for name, value in settings.items() if name not in own}
        return Training(
            network=self._network,
            optimizer=self._optimizer,
            keywords=self._optimizer.keywords(settings),
            classes=self.dataset.classes,
            seed=seed,
            **{**others, "epochs": packs.epochs(asked)},
        )

    def _precision(self, training: Training) -> tuple[str, dict[str, Any]]:
        """Return the precision to train in; `auto` is tried once per batch size."""
        if training.precision != "auto":
            return training.precision, {}
        if training.batch_size not in self._tried:
            self._tried[training.batch_size] = trial.choose(training, *self._fold(None), self._device)
        return self._tried[training.batch_size]

    def _validate(self, course: Course, epoch: loop.Epoch, scored: Part, watch: Stopwatch) -> None:
        """Let a training reach an epoch, with what it answered to the images it is scored on, if any."""
        loss, accuracy, answers = None, None, None
        if len(scored):
            with watch.phase("validate"):
                asked = epoch.state.repeated or epoch.state.answers
                loss, probabilities = loop.evaluate(asked, scored, self._device)
            answers = probabilities.argmax(1)
            accuracy = _share(answers, scored)
        course.reach(epoch, loss, accuracy, watch.total("to_device", "train"))
        course.hold(epoch, answers)

    def _finish(self, run: Run, epoch: loop.Epoch, validation: np.ndarray | None, watch: Stopwatch) -> Fitted:
        """Read holdout and test, which selection never sees, and offer the model for keeping.

        Of a run on a fold neither: what is chosen is trained again.
        """
        if isinstance(run.fold, int):
            return Fitted(run, None, Answers(validation))
        held_back = self._held_back
        with watch.phase("test"):
            found = {
                name: loop.evaluate(epoch.state.answers, part, self._device)[1]
                for name, part in held_back.items()
            }
        shares: dict[str, Any] = {
            f"{name}_accuracy": _share(each.argmax(1), held_back[name]) for name, each in found.items()
        }
        answers = Answers(validation, found["test"].argmax(1), found["test"])
        return Fitted(replace(run, **shares), lambda path: self._save(epoch, path), answers)

    def _save(self, epoch: loop.Epoch, path: Path) -> None:
        """Write the weights under torchvision's own names."""
        data = self.dataset.describe(self.input_shape)
        about = self.competitor, models.rebuilt_by(self._network), self.input_shape[1:], self._images.scaling
        signature.save(path, epoch.state.weights(), signature.of(*about, data))


def _share(answers: np.ndarray, part: Part) -> float:
    return float((answers == part.labels.numpy()).mean())
