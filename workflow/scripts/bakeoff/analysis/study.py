"""One study in memory: the collected records and the predictions kept beside them.

Owns where things lie (records.jsonl, <dataset>/predictions/<cell>.npz). Must not know statistics.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bakeoff.analysis.machines import Machines, Place
from bakeoff.command import DamagedError
from bakeoff.files import reading
from bakeoff.records import layout, selection, written
from bakeoff.records.predictions import Kept, Predictions
from bakeoff.records.record import Record
from bakeoff.records.run import Run, finished
from bakeoff.records.selection import Choice

Item = TypeVar("Item")
Placed = tuple[Run, frozenset[Place]]


@dataclass(frozen=True)
class Study:
    """Every record of a study, in the order of records.jsonl, and the folder that they lie in."""

    records: list[Record]
    folder: Path

    @property
    def selection(self) -> list[Record]:
        """Return the cells that were trained to choose settings."""
        return [record for record in self.records if record.purpose == "selection"]

    def of(self, dataset: str) -> list[Record]:
        """Return the cells of a data set that were trained to choose settings."""
        return [record for record in self.selection if record.dataset == dataset]

    @property
    def alone(self) -> list[Record]:
        """Return what cells chose, trained again alone on the machine from seeds that chose nothing."""
        return [record for record in self.records if record.purpose == "alone"]

    @property
    def speed(self) -> list[Record]:
        """Return the cells that were timed alone to compare devices."""
        return [record for record in self.records if record.purpose == "speed"]

    @cached_property
    def machines(self) -> Machines:
        """Return the machines that the study's runs were measured on."""
        return Machines(self.records)

    @property
    def datasets(self) -> list[str]:
        """Return the names of the data sets, each once."""
        return unique(record.dataset for record in self.records)

    @cached_property
    def competitors(self) -> list[str]:
        """Return the names of the competitors, group by group."""
        ordered = sorted(self.records, key=lambda record: (record.group.lower(), record.competitor))
        return unique(record.competitor for record in ordered)

    @cached_property
    def _groups(self) -> dict[str, str]:
        return {record.competitor: record.group for record in reversed(self.records)}

    @cached_property
    def _labels(self) -> dict[str, str]:
        """Return how people call every competitor."""
        return _told_apart({record.competitor: record.label for record in reversed(self.records)})

    @cached_property
    def _levels(self) -> dict[str, dict[str, str]]:
        """Return how people call every level of every factor."""
        found: dict[str, dict[str, str]] = {}
        for factor, level in (each for record in reversed(self.records) for each in record.factors.items()):
            found.setdefault(factor, {})[level.name] = level.label
        return {factor: _told_apart(labels) for factor, labels in found.items()}

    def label(self, competitor: str) -> str:
        """Return how people call a competitor."""
        return self._labels.get(competitor, competitor)

    def group(self, competitor: str) -> str | None:
        """Return what a competitor is one of, in the plural; None where the study has no such competitor."""
        return self._groups.get(competitor)

    def level(self, factor: str, name: str) -> str:
        """Return how people call a choice of a factor, such as an optimizer."""
        return self._levels.get(factor, {}).get(name, name)

    def levels(self, factors: Mapping[str, str]) -> list[str]:
        """Return how people call the choices of several factors."""
        return [self.level(*each) for each in factors.items()]

    def title(self, dataset: str) -> str:
        """Return the name that people know a data set by."""
        return next(record.data.title for record in self.records if record.dataset == dataset)

    def predictions(self, record: Record) -> Predictions | None:
        """Return what the cell's model answered to the test part, or None where that was not kept."""
        kept, choice = self.kept(record), selection.choose(record.runs)
        if kept is None or choice is None or not choice.final:
            return None
        return kept.test(_number(record, choice.final[0]))

    def again(self, cell: Record, choice: Choice) -> list[Run]:
        """Return the runs of a cell's choice that were made again alone, from seeds that chose nothing.

        Finished or not; of another choice, of other data and of seeds that took part by now there are none.
        """
        record = self.alone_record(cell)
        used = {run.seed for run in cell.runs} - {None}
        runs = record.runs if record else ()
        return [run for run in runs if run.settings == choice.settings and run.seed not in used]

    def lost(self, cell: Record, choice: Choice) -> int:
        """Return how many of the runs of a cell's choice that were made again did not finish."""
        again = self.again(cell, choice)
        return len(again) - len(finished(again))

    def placed(self, cell: Record, choice: Choice) -> list[Placed]:
        """Return the finished lone trainings of a cell's choice, each with the places it was timed in."""
        record = self.alone_record(cell)
        if record is None:
            return []
        return [(run, self.machines.of(record, run)) for run in finished(self.again(cell, choice))]

    def alone_record(self, cell: Record) -> Record | None:
        """Return the record of what a cell chose on the same data, trained again alone."""
        found = self._alone.get((cell.dataset, cell.cell))
        return found if found and found.data.digest == cell.data.digest else None

    @cached_property
    def _alone(self) -> dict[tuple[str, str], Record]:
        return {(record.dataset, record.cell): record for record in self.alone}

    def right(self, record: Record, runs: Sequence[Run]) -> NDArray[np.bool_] | None:
        """Return which test images runs got right, (runs, n) booleans; None where one's answers are gone."""
        kept = self.kept(record)
        if kept is None or not runs:
            return None
        found = [right for run in runs if (right := kept.right(_number(record, run))) is not None]
        return np.array(found) if len(found) == len(runs) else None

    def kept(self, record: Record) -> Kept | None:
        """Return the answers that lie beside a cell's record, or None where there is no such file.

        One reader of each: what it has read of a run is not read again.
        """
        name = place(record)
        if name not in self._readers:
            path = layout.beside(self.folder / f"{name}{layout.RECORD}", "predictions")
            self._readers[name] = Kept(path, record.data) if path.is_file() else None
        return self._readers[name]

    @cached_property
    def _readers(self) -> dict[str, Kept | None]:
        return {}


def _told_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels by name; where several names have the same one, with the name behind it."""
    counts = Counter(labels.values())
    return {name: label if counts[label] == 1 else f"{label} [{name}]" for name, label in labels.items()}


def _number(record: Record, run: Run) -> int:
    """Return a run's place among those of its record."""
    return next(number for number, each in enumerate(record.runs) if each is run)


def measured(runs: Iterable[Run], name: str) -> list[float]:
    """Return one measured value of every run that has it."""
    return [value for run in runs if (value := getattr(run, name)) is not None]


def place(record: Record) -> str:
    """Return where a cell lies below the results, without its suffix: digits/speed/knn_cpu."""
    return layout.place(record.dataset, record.purpose, record.cell)


def unique(values: Iterable[Any]) -> list[Any]:
    """Return the values without repeats, in the order of first appearance."""
    return list(dict.fromkeys(values))


def load(path: Path) -> Study:
    """Read records.jsonl; UserError where it is absent, DamagedError where a line is not a cell record."""
    path = Path(path)
    with reading(path):
        content = path.read_bytes()
    # An empty line stands for a study without cells: an empty file is a damaged one.
    lines = content.removesuffix(b"\n").split(b"\n") if content != b"\n" else []
    found: dict[str, Record] = {}
    for number, line in enumerate(lines, start=1):
        record = written.parse(line, path, f"line {number}: ")
        if (name := place(record)) in found:
            raise DamagedError({path: f"line {number}: a second record of {name}"})
        found[name] = record
    records = list(found.values())
    return Study(records, folder_of(records, path.parent))


def folder_of(records: Sequence[Record], collected: Path) -> Path:
    """Return the folder that the cells of a study lie in, by that of its collected records.

    It is the same one, or the one above: a study may have a folder of its own for what is made of all cells.
    """
    known = [f"{place(record)}{layout.RECORD}" for record in records]
    places = (collected, collected.parent)
    return next((each for each in places if any((each / name).is_file() for name in known)), collected)


def by(items: Iterable[Item], key: Callable[[Item], Any]) -> dict[Any, list[Item]]:
    """Group records, or what is made of them, by a key, in the order of first appearance."""
    groups: dict[Any, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
