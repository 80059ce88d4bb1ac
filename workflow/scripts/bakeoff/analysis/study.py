"""One study in memory: the collected records and the predictions kept beside them.

Owns where things lie (records.jsonl, <dataset>/predictions/<cell>.npz). Must not know statistics.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bakeoff.analysis.machines import Machines, Place
from bakeoff.command import DamagedError
from bakeoff.files import reading
from bakeoff.records import record as records
from bakeoff.records import selection
from bakeoff.records.predictions import SUFFIX, Kept, Predictions
from bakeoff.records.record import FOLDERS, Record, Run, cell_name, model_name

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
        return [record for record in self.records if record["purpose"] == "selection"]

    @property
    def alone(self) -> list[Record]:
        """Return what cells chose, trained again alone on the machine from seeds that chose nothing."""
        return [record for record in self.records if record["purpose"] == "alone"]

    @property
    def speed(self) -> list[Record]:
        """Return the cells that were timed alone to compare devices."""
        return [record for record in self.records if record["purpose"] == "speed"]

    @cached_property
    def machines(self) -> Machines:
        """Return the machines that the study's runs were measured on."""
        return Machines(self.records)

    @property
    def datasets(self) -> list[str]:
        """Return the names of the data sets, each once."""
        return unique(record["dataset"] for record in self.records)

    @property
    def models(self) -> list[str]:
        """Return the names of the competitors, networks first."""
        return unique(model_name(record) for record in sorted(self.records, key=_networks_first))

    def title(self, dataset: str) -> str:
        """Return the name that people know a data set by."""
        return next(r["data"]["title"] for r in self.records if r["dataset"] == dataset)

    def predictions(self, record: Record) -> Predictions | None:
        """Return what the cell's chosen run answered to the test part, or None where that was not kept."""
        kept, chosen = self.kept(record), selection.choose(record["runs"])
        if kept is None or chosen is None:
            return None
        return kept.test(_number(record, chosen[0]))

    def again(self, cell: Record, chosen: list[Run]) -> list[Run]:
        """Return the runs of a cell's choice that were made again alone, from seeds that chose nothing.

        Finished or not; of another choice, of other data and of seeds that took part by now there are none.
        """
        record, settings = self.alone_record(cell), chosen[0]["settings"]
        used = {run["seed"] for run in cell["runs"]} - {None}
        runs = record["runs"] if record else []
        return [run for run in runs if run["settings"] == settings and run["seed"] not in used]

    def lost(self, cell: Record, chosen: list[Run]) -> int:
        """Return how many of the runs of a cell's choice that were made again did not finish."""
        again = self.again(cell, chosen)
        return len(again) - len(finished(again))

    def placed(self, cell: Record, chosen: list[Run]) -> list[Placed]:
        """Return the finished lone trainings of a cell's choice, each with the places it was timed in."""
        record = self.alone_record(cell)
        if record is None:
            return []
        return [(run, self.machines.of(record, run)) for run in finished(self.again(cell, chosen))]

    def alone_record(self, cell: Record) -> Record | None:
        """Return the record of what a cell chose on the same data, trained again alone."""
        found = self._alone.get((cell["dataset"], cell_name(cell)))
        return found if found and found["data"]["digest"] == cell["data"]["digest"] else None

    @cached_property
    def _alone(self) -> dict[tuple[str, str], Record]:
        return {(record["dataset"], cell_name(record)): record for record in self.alone}

    def right(self, record: Record, runs: Sequence[Run]) -> np.ndarray | None:
        """Return which test images runs got right, (runs, n) booleans; None where one's answers are gone."""
        kept = self.kept(record)
        if kept is None or not runs:
            return None
        found = [given.right for run in runs if (given := kept.test(_number(record, run))) is not None]
        return np.array(found) if len(found) == len(runs) else None

    def kept(self, record: Record) -> Kept | None:
        """Return the answers that lie beside a cell's record, or None where there is no such file."""
        folder = self.folder / record["dataset"] / FOLDERS[record["purpose"]] / "predictions"
        path = folder / f"{cell_name(record)}{SUFFIX}"
        return Kept(path, record["data"]) if path.is_file() else None


def _number(record: Record, run: Run) -> int:
    """Return a run's place among those of its record."""
    return next(number for number, each in enumerate(record["runs"]) if each is run)


def _networks_first(record: Record) -> tuple[bool, str]:
    return record["family"] != "network", model_name(record)


def place(record: Record) -> str:
    """Return where a cell lies below the results, without its suffix: digits/speed/resnet18_adam_cpu."""
    return f"{record['dataset']}/{FOLDERS[record['purpose']]}{cell_name(record)}"


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
        record = records.parse(line, path, f"line {number}: ")
        if (name := place(record)) in found:
            raise DamagedError({path: f"line {number}: a second record of {name}"})
        found[name] = record
    return Study(list(found.values()), path.parent)


def by(items: Iterable[Item], key: Callable[[Item], Any]) -> dict[Any, list[Item]]:
    """Group records, or what is made of them, by a key, in the order of first appearance."""
    groups: dict[Any, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def finished(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that ended well."""
    return [run for run in runs if run["status"] == "ok"]
