"""Which machine a run was measured on, numbered from 1, and on how many threads.

Times of different machines or threads are not ranked. The checkout's commit makes no other machine; memory
counts as far as it is shown.
"""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from bakeoff.records.parts import Environment
from bakeoff.records.record import Record, adapter
from bakeoff.records.run import Run


class Place(NamedTuple):
    """Where a time was measured: a machine's number, and the threads that the training was given there."""

    machine: int
    threads: int


CUDA = "cuda"


class Machines:
    """The machines of a study: a host as it was when runs were measured there, with one GPU or none.

    What ran on the CPU of a host that had several GPUs, or several drivers, was on each of these machines.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        hosts: dict[str, list[Environment]] = {}
        for found in (found for record in records for found in record.environments):
            hosts.setdefault(_host(found), []).append(found)
        numbers = count(1)
        self._numbers: dict[bytes, frozenset[int]] = {}
        for those in hosts.values():
            seen = dict.fromkeys(gpu for found in those if (gpu := _gpu(found)))
            gpus = {gpu: next(numbers) for gpu in seen}
            every = list(gpus.values()) or [next(numbers)]
            for found in those:
                mine = every if (gpu := _gpu(found)) is None else [gpus[gpu]]
                self._numbers[_whole(found)] = frozenset(mine)

    def __len__(self) -> int:
        return max((number for each in self._numbers.values() for number in each), default=0)

    def where(self, found: Environment) -> frozenset[int]:
        """Return the numbers of the machines that an environment is of."""
        return self._numbers[_whole(found)]

    def of(self, record: Record, run: Run) -> frozenset[Place]:
        """Return the places that a run was measured in."""
        found = record.environment(run)
        return frozenset(Place(number, found.threads) for number in self.where(found))


def most(places: Iterable[frozenset[Place]]) -> Place | None:
    """Return the place that most have in common, the first of equals; None where there are none."""
    counts = Counter(each for place in places for each in place)
    return min(counts, key=lambda each: (-counts[each], each), default=None)


def _whole(found: Environment) -> bytes:
    """Return all that an environment says as one text."""
    return bytes(adapter(Environment).dump_json(found))


def _host(found: Environment) -> str:
    """Return what every cell says of its machine as one text."""
    # A build's suffix (+cpu, +cu128) tells images for CPU and GPU apart, not what they compute with.
    versions = {k: v.split("+")[0] for k, v in found.versions.items() if k != CUDA}
    memory = found.memory_bytes and round(found.memory_bytes / 2**30, 1)
    same = [found.cpu, found.cores, found.platform, memory, versions, dict(found.switches)]
    return json.dumps(same, sort_keys=True)


def _gpu(found: Environment) -> tuple[str, str | None, str | None] | None:
    """Return a GPU and what drives it: what a run on the CPU hardly says."""
    return (found.gpu, found.driver, found.versions.get(CUDA)) if found.gpu else None
