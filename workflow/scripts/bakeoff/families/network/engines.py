"""Engines: where a step's batch comes from, and how the steps of an epoch are carried out.

Both give the same images in the same order. `resident` has the data on the device as a whole and gathers each
batch there; it steps several trainings side by side, on a GPU by replaying recorded graphs. `dataloader` is
torch's loader with workers, which prefetch, for one training at a time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.families.network import batches, graphs, optimizers, prefix, randomness
from bakeoff.families.network.batches import Part
from bakeoff.families.network.fast_paths import FastPaths
from bakeoff.families.network.member import Member
from bakeoff.families.network.state import Training

if TYPE_CHECKING:
    import torch

Outcomes = list[tuple[float, float]]  # mean loss and running accuracy of an epoch, per member
Kind = tuple[int, int]  # images per step, steps at once
Numbers = list[dict[str, Any]]  # of an optimizer's groups

AUTO = "auto"
SHARE = 0.5  # of a GPU's free memory, that images may take with engine auto
WARM_UP_STEPS = 20
STEPS_PER_REPLAY = 25
# Of the loss and of the weights' sum after a first step: far above rounding, far below a wrong step.
TOLERANCE = 1e-3


class Resident:
    """Steps trainings of one batch size side by side over a part that lies on the device."""

    def __init__(self, members: Sequence[Member], part: Part, device: "torch.device") -> None:
        self._members, self._part, self._device = members, part, device
        bounds = batches.batch_bounds(len(part), members[0].training.batch_size)
        (start, self._seen), self._size = bounds[-1], bounds[0][1]
        full = sum(end - start == self._size for start, end in bounds)
        self._schedule = {
            (self._size, STEPS_PER_REPLAY): full // STEPS_PER_REPLAY,
            (self._size, 1): full % STEPS_PER_REPLAY,
        }
        if full < len(bounds):
            self._schedule[self._seen - start, 1] = 1
        self._streams = graphs.lanes(len(members), device)
        self._steps_of = {kind: partial(self._steps, *kind) for kind in self._schedule}
        self._work: dict[Kind, graphs.Work] = dict(self._steps_of)
        self._recorded: list[Numbers] = []  # of the optimizers, which a graph keeps
        self._ways_back = [member.state.way_back() for member in members]
        self._random = randomness.Kept(device)
        self._fill: Callable[[], None] | None = None
        self.execution, self.fast_paths = "step by step", FastPaths()
        self.fast_paths.take("graph", "it is for GPUs")

    def warm_up(self) -> None:
        """Step at every size that will occur and, on a GPU, record graphs; leave all as it was."""
        self._start(0)
        sizes = list(dict.fromkeys(size for size, _ in self._schedule))
        self._fill = prefix.take(self._members, self._part, sizes, self.fast_paths)
        for size in sizes:
            for _ in range(WARM_UP_STEPS if size == self._size else 1):
                self._rewind()
                self._steps(size, 1)
        if self._device.type == "cuda":
            self._record()
        self._put_back()
        self._ways_back.clear()

    def epoch(self, number: int) -> Outcomes:
        """Carry out an epoch; the host waits for the device at its end alone."""
        self._start(number)
        if self._fill:  # a training's own work: no warm-up may have done it
            self._fill()
            self._fill = None
        if self._recorded and self._recorded != self._numbers():
            self._decline("the optimizer's settings are no longer those that were recorded")
        for kind, times in self._schedule.items():
            for _ in range(times):
                self._work[kind]()
        return [member.outcome(self._seen) for member in self._members]

    def _steps(self, size: int, count: int) -> None:
        def of(member: Member) -> None:
            for _ in range(count):
                member.step_in_order(self._part, size)

        graphs.side_by_side([partial(of, member) for member in self._members], self._streams)

    def _start(self, epoch: int) -> None:
        for member in self._members:
            member.start(epoch)

    def _rewind(self) -> None:
        for member in self._members:
            member.position.zero_()

    def _put_back(self) -> None:
        for restore in self._ways_back:
            restore()
        self._random.put_back()

    def _numbers(self) -> list[Numbers]:
        return [optimizers.numbers(member.state.optimizer, self._device) for member in self._members]

    def _record(self) -> None:
        """Replace the work by graphs of it, unless recording fails or a replay is not the step it records."""
        import torch

        if against := self._unrecordable():
            self._decline(against)
            return
        kinds, numbers = list(self._schedule), self._numbers()
        self._put_back()
        try:
            replays = graphs.record([self._steps_of[kind] for kind in kinds])
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._decline(str(error).splitlines()[0])
            return
        recorded = dict(zip(kinds, replays, strict=True))
        probe = (self._size, 1)
        stepped, replayed = self._after(self._steps_of[probe]), self._after(recorded[probe])
        if not np.allclose(stepped, replayed, rtol=TOLERANCE, equal_nan=True):
            self._decline("a replayed graph gave other numbers than its steps")
        elif self._numbers() != numbers:
            self._decline("a step changes the optimizer's settings")
        elif self.fast_paths.take("graph"):
            self._work, self._recorded, self.execution = recorded, numbers, "graph"

    def _unrecordable(self) -> str | None:
        """Return why steps may not be recorded as they are now; a warm-up has been."""
        if self._random.drawn:
            return "the network draws random numbers"
        steps = [member.unrecordable for member in self._members]
        starts = [optimizers.starts_elsewhere(member.state.optimizer) for member in self._members]
        return next(filter(None, (*steps, *starts)), None)

    def _decline(self, against: str) -> None:
        """Step without a graph from now on."""
        self.fast_paths.take("graph", against)
        self._work, self._recorded = dict(self._steps_of), []
        self.execution = f"step by step (no graph: {against})"

    def _after(self, work: graphs.Work) -> list[tuple[float, float]]:
        """Return each member's loss and the sum of its weights' sizes after some first work."""
        self._put_back()
        self._start(0)
        work()
        return [(member.outcome(1)[0], member.state.weight_sum()) for member in self._members]


class Loader:
    """Steps one training over batches that a DataLoader's workers assemble on the host."""

    execution = "step by step"

    def __init__(self, members: Sequence[Member], part: Part, device: "torch.device") -> None:
        (self._member,) = members
        self._part, self._device = part, device
        self._training = self._member.training
        self._bounds = batches.batch_bounds(len(part), self._training.batch_size)
        self._drawn = self._training.drawn(len(part), part.labels.device)
        self.fast_paths = FastPaths()
        for path in ("graph", *([prefix.NAME] if prefix.has(self._member) else [])):
            self.fast_paths.take(path, "batches come from the host")

    def warm_up(self) -> None:
        """Step at every size that will occur; leave all as it was."""
        restore, random = self._member.state.way_back(), randomness.Kept(self._device)
        self._member.start(0)
        sizes = [end - start for start, end in self._bounds]
        for size in [sizes[0]] * WARM_UP_STEPS + [sizes[-1]]:
            images = self._part.pixels.normalise(self._part.images[:size].to(self._device))
            self._member.step(images, self._part.labels[:size].to(self._device))
        restore()
        random.put_back()

    def epoch(self, number: int) -> Outcomes:
        """Carry out an epoch; batches are copied to the device as they come."""
        self._member.start(number)
        rows = batches.order(len(self._part), self._training.seed, number)
        # With auto nobody said it, and copies from pinned memory are the faster ones.
        pin = bool(self._training.pin_memory) or (
            self._training.engine == AUTO and self._device.type == "cuda"
        )
        drawn = self._drawn
        if drawn:
            drawn.start(self._training.seed, number)
        for images, labels in batches.dataloader(self._part, rows, self._training.batch_size, pin, drawn):
            self._member.step(
                images.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True)
            )
        return [self._member.outcome(self._bounds[-1][1])]


ENGINES: dict[str, type[Resident] | type[Loader]] = {"resident": Resident, "dataloader": Loader}


def choose(trainings: Sequence[Training], part: Part, device: "torch.device") -> tuple[str, FastPaths]:
    """Return the engine of trainings that step side by side, and what is said of it where it was left open.

    On a CPU a part that lies on the disk is mapped, and read as it is stepped on. torch.OutOfMemoryError
    where several trainings ask for images that a GPU does not hold, as a loader feeds one.
    """
    import torch

    paths = FastPaths()
    if trainings[0].engine != AUTO:
        return trainings[0].engine, paths
    needs, against = part.images.nbytes + part.labels.nbytes, None
    if (free := _free(device)) is not None and needs > SHARE * free:
        against = (
            f"the images need {needs >> 20:,} MB, more than half of the GPU's {free >> 20:,} MB that are free"
        )
    if paths.take("resident", against):
        return "resident", paths
    if len(trainings) > 1:
        raise torch.OutOfMemoryError(against)
    return "dataloader", paths


def _free(device: "torch.device") -> int | None:
    """Return the bytes that are free on a GPU; None for a CPU."""
    import torch

    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None
