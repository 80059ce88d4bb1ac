"""Cells that are timed: the same trainings alone on the machine, in turns where several are compared."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bakeoff.cells import keeping, run
from bakeoff.cells.family import Family, Fitted, Measured, measuring
from bakeoff.cells.journal import Journal
from bakeoff.command import UserError
from bakeoff.data.store import Dataset
from bakeoff.files import alone_in
from bakeoff.machine import hardware, load
from bakeoff.records import layout, selection, written
from bakeoff.records.parts import Environment
from bakeoff.records.record import Purpose, Record
from bakeoff.records.request import REFIT, Request
from bakeoff.records.run import Run

More = Callable[[Family, list[Run]], dict[str, Any]]  # what a record says beside its runs


def nothing(_: Family, runs: list[Run]) -> dict[str, Any]:
    """Add nothing to a record."""
    return {}


@dataclass
class Timed:
    """One cell to time: its requests one by one, again from the first until there are `times`.

    A journal holds finished runs, for the machine and the versions that they were timed with; `more` is what
    the record says beside its runs.
    """

    family: Family
    requests: Sequence[Request]
    output: Path
    purpose: Purpose
    times: int
    code: Sequence[Path]
    more: More = nothing
    done: list[tuple[Journal, Measured]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Return where its journal lies."""
        return layout.beside(self.output, "journal")

    def take_turn(self, number: int, threads: int) -> None:
        """Carry out a turn, or take its run from the journal."""
        found = hardware.describe(threads, self.family.competitor.device)
        plans = self.family.plans([self.requests[number % len(self.requests)]])
        machine = {"machine": hardware.fingerprint(found), "turn": number}
        journal = run.open_journal(self.family, self.folder, threads, self.code, **machine)
        meter = load.Meter()

        def keep(fitted: Fitted, finished: list[Run]) -> None:
            keeping.keep_test(journal, self.family, fitted, scores=False)

        label = f"{self.family.dataset.name}/{self.output.parent.name}/{self.output.stem}"
        label += f", {number + 1} of {self.times}"
        work = run.Work(self.family, journal, measuring(Environment(**found), meter.lap), label)
        (measured,) = work.settle(plans, keep)
        self.done.append((journal, replace(measured, run=replace(measured.run, repeat=number))))

    def write(self) -> None:
        """Write what the runs answered, and the record."""
        runs = [(journal, measured.run) for journal, measured in self.done]
        keeping.publish_answers(self.family, runs, layout.beside(self.output, "predictions"))
        record = run.build_record(self.family, [measured for _, measured in self.done], self.purpose)
        more = self.more(self.family, [each for _, each in runs])
        written.write(self.output, replace(record, **more))


def chosen(record: Record, dataset: Dataset, times: int) -> list[Request]:
    """Return what a cell chose, to be asked for again with so many seeds above those of its grid.

    One request where nothing is random, none where no run finished. UserError where the cell was trained on
    other data.
    """
    if record.data.digest != dataset.main_digest:
        raise UserError(f"{record.cell} was trained on other data than these; train it on them first")
    choice, fold = selection.choose(record.runs), None if dataset.folds is None else REFIT
    if choice is None:
        return []
    if choice.seeds == [None]:
        return [Request(choice.settings, None, fold)]
    used = max(each.seed or 0 for each in record.runs)
    return [Request(choice.settings, seed, fold) for seed in range(used + 1, used + 1 + times)]


def time_chosen(
    family: Family, record: Record, times: int, output: Path, code: Sequence[Path], threads: int, more: More
) -> None:
    """Carry out what a cell chose again, alone, and write the record with what `more` adds."""
    asked = chosen(record, family.dataset, times)
    if record.data.input_shape != family.input_shape:
        there, here = (" x ".join(map(str, each)) for each in (record.data.input_shape, family.input_shape))
        raise UserError(f"{record.cell} was trained on another view of these data, {there}, not {here}")
    in_turns([Timed(family, asked, output, "alone", times if asked else 0, code, more)], threads)


def in_turns(cells: Sequence[Timed], threads: int) -> None:
    """Time cells in turns, A B B A, so that a machine that grows slower does so for all; write records."""
    with ExitStack() as stack:
        for each in cells:
            stack.enter_context(alone_in(each.folder))
        for number in range(max(each.times for each in cells)):
            for each in cells if number % 2 == 0 else reversed(cells):
                if number < each.times:
                    each.take_turn(number, threads)
        for each in cells:
            each.write()
