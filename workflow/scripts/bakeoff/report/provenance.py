"""Where the numbers come from: machines, versions and configuration as tables."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, place, unique
from bakeoff.records.parts import Environment
from bakeoff.records.record import Record
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table

FACTS = (Column("What"), Column("Value"))


class Stay(NamedTuple):
    """The runs of a cell that were measured on one machine: all of them, as a rule, in one environment."""

    cell: Record
    environments: list[Environment]
    runs: int

    @property
    def name(self) -> str:
        """Return the cell's name, with the number of its runs where others were measured elsewhere."""
        total = len(self.cell.runs)
        some = f" ({self.runs} of {wording.plural(total, 'run')})" if self.runs < total else ""
        return f"{place(self.cell)}{some}"


def machines(study: Study) -> list[Table]:
    """Return one table of hardware and versions per machine that took part, whatever threads a cell had."""
    numbers = range(1, len(study.machines) + 1)
    return [_machine(number, _stays(study, number), len(numbers) > 1) for number in numbers]


def _stays(study: Study, machine: int) -> list[Stay]:
    """Return the cells that a machine had runs of."""
    found = []
    for cell in study.records:
        counts = Counter(run.environment for run in cell.runs)
        here = {n: each for n, each in enumerate(cell.environments) if machine in study.machines.where(each)}
        if runs := sum(counts[number] for number in here):
            found.append(Stay(cell, list(here.values()), runs))
    return found


def _machine(index: int, stays: list[Stay], several: bool) -> Table:
    on_gpu = [stay for stay in stays if stay.environments[0].gpu]
    environment = (on_gpu or stays)[0].environments[0]
    memory = environment.memory_bytes
    given = unique(filter(None, (stay.cell.allocation for stay in stays)))
    facts = [
        ("Processor", environment.cpu),
        ("Cores", environment.cores),
        ("Threads for training", _threads(stays)),
        ("Given by the batch system", "; ".join(given) or None),
        ("Memory", f"{memory / 2**30:.1f} GiB" if memory else None),
        ("GPU", _gpu(stays, on_gpu)),
        ("GPU driver", environment.driver),
        ("System", environment.platform),
        ("Set for its libraries", _switches(environment)),
        ("Container image", _each(stays, "image_digest", "none: run outside a container")),
        ("Source", _hosted(stays)),
        ("Source commit", _each(stays, "git_commit", "not known")),
        *((name, "; ".join(each)) for name, each in sorted(_versions(stays).items())),
    ]
    rows = [[parts.text(name), parts.text(value)] for name, value in facts if value is not None]
    caption = f"Machine {index}" if several else "Machine"
    named = wording.listed([stay.name for stay in stays])
    note = f"{wording.plural(len(stays), 'cell')} ran here: {named}." if several else ""
    return Table(f"machine-{index}", caption, FACTS, rows, note)


def _versions(stays: list[Stay]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    every = (pair for stay in stays for each in stay.environments for pair in each.versions.items())
    for name, version in unique(every):
        found.setdefault(name, []).append(version)
    return found


def _switches(environment: Environment) -> str | None:
    return "; ".join(f"{name}={value}" for name, value in environment.switches.items()) or None


def _hosted(stays: list[Stay]) -> str | None:
    """Return the hosted sources that the code came from, nothing where all of it lay in checkouts."""
    return "; ".join(unique(e.source for s in stays for e in s.environments if e.source is not None)) or None


def _each(stays: list[Stay], name: str, absent: str) -> str:
    """Return what the environments say of one thing, with the number of cells where they differ."""
    counts: Counter[str] = Counter(
        value for stay in stays for value in unique(getattr(e, name) or absent for e in stay.environments)
    )
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({wording.plural(count, 'cell')})" for value, count in counts.items())


def _gpu(stays: list[Stay], on_gpu: list[Stay]) -> str:
    if not on_gpu:
        return "none used"
    some = f", used by {len(on_gpu)} of {len(stays)} cells" if len(on_gpu) < len(stays) else ""
    return f"{on_gpu[0].environments[0].gpu}{some}"


def _threads(stays: list[Stay]) -> str:
    """Say how many threads a training was given; a timed one is given every core."""
    words = {"selection": "the grid", "alone": "the chosen, alone", "speed": "the comparison of devices"}
    given = {
        name: sorted({e.threads for s in stays if s.cell.purpose == purpose for e in s.environments})
        for purpose, name in words.items()
    }
    return "; ".join(f"{', '.join(map(str, counts))} ({name})" for name, counts in given.items() if counts)


def configuration(config: dict[str, Any] | None) -> list[Table]:
    """Return the configuration as it was run, one line per key."""
    if not config:
        return []
    rows = [[Entry(key, key, look="code"), Entry(value, value, look="code")] for key, value in _flat(config)]
    columns = (Column("Key"), Column("Value"))
    return [Table("config", "Configuration as run", columns, rows, folded=True, dense=True)]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)
