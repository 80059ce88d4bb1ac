"""Cells that are timed: the same trainings alone on the machine, in turns where several are compared."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bakeoff.cells import keeping
from bakeoff.cells import run as cell
from bakeoff.cells.family import Backend, Fitted, Plan, noting
from bakeoff.cells.journal import Journal
from bakeoff.command import UserError
from bakeoff.data.store import Dataset
from bakeoff.files import alone_in
from bakeoff.machine import hardware, load
from bakeoff.records import record as records
from bakeoff.records import selection
from bakeoff.records.record import Record, Run, cell_name

More = Callable[[Backend, list[Run]], dict[str, Any]]  # what a record says beside its runs


def nothing(_: Backend, runs: list[Run]) -> dict[str, Any]:
    """Add nothing to a record."""
    return {}


@dataclass
class Timed:
    """One cell to time: its plans one by one, again from the first until there are `times`.

    A journal holds finished runs, for the machine and the versions that they were timed with; `more` is what
    the record says beside its runs.
    """

    backend: Backend
    output: Path
    purpose: str
    times: int
    code: Sequence[Path]
    more: More = nothing
    done: list[tuple[Journal, Run]] = field(default_factory=list)

    @property
    def outputs(self) -> cell.Outputs:
        """Return where it writes."""
        return cell.Outputs.beside(self.output, self.backend.model_suffix)

    def take_turn(self, number: int, threads: int) -> None:
        """Carry out a turn, or take its run from the journal."""
        environment = hardware.describe(threads, self.backend.identity["device"])
        plans = self.backend.plans()
        plan: Plan = plans[number % len(plans)]
        machine = {"machine": hardware.fingerprint(environment), "turn": number}
        journal = cell.open_journal(self.backend, self.outputs.journal, threads, self.code, **machine)
        meter = load.Meter()
        carry_out = noting(lambda: {"environment": environment, "load": meter.lap()})

        def keep(fitted: Fitted, finished: list[Run]) -> None:
            keeping.keep_test(journal, self.backend, fitted, scores=False)

        label = f"{self.backend.dataset.meta['name']}/{self.output.parent.name}/{self.output.stem}"
        label += f", {number + 1} of {self.times}"
        (run,) = cell.settle(self.backend, journal, [plan], label, keep, carry_out)
        self.done.append((journal, run | {"repeat": number}))

    def write(self) -> None:
        """Write what the runs answered, and the record."""
        keeping.publish_answers(self.backend, self.done, self.outputs.predictions)
        runs = [run for _, run in self.done]
        record = cell.build_record(self.backend, runs, self.purpose)
        records.write(self.output, record | self.more(self.backend, runs))


def chosen(record: Record, dataset: Dataset, times: int) -> tuple[Run, list[int]]:
    """Return a chosen run of a cell and so many seeds above those of its grid; none where no run finished.

    UserError where the cell was trained on other data, or on a device that is not here.
    """
    if record["purpose"] != "selection" or not record["runs"]:
        raise UserError(f"{cell_name(record)} chose nothing: it is no record of a grid; name the cell's own")
    hardware.require_device(record["device"])
    if record["data"]["digest"] != dataset.meta["digest"]:
        raise UserError(f"{cell_name(record)} was trained on other data than these; train it on them first")
    runs = selection.choose(record["runs"])
    used = max((run["seed"] or 0 for run in record["runs"]), default=0)
    return (runs or record["runs"])[0], list(range(used + 1, used + 1 + times)) if runs else []


def in_turns(cells: Sequence[Timed], threads: int) -> None:
    """Time cells in turns, A B B A, so that a machine that grows slower does so for all; write records."""
    with ExitStack() as stack:
        for each in cells:
            stack.enter_context(alone_in(each.outputs.journal))
        for number in range(max(each.times for each in cells)):
            for each in cells if number % 2 == 0 else reversed(cells):
                if number < each.times:
                    each.take_turn(number, threads)
        for each in cells:
            each.write()
