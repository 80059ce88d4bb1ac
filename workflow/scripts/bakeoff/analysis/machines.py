"""Which machine a run was measured on, numbered from 1: times of different ones are not ranked.

Threads and the checkout's commit make no other machine; memory counts as far as it is shown.
"""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import count
from typing import Any

from bakeoff.records import Record, Run, environment

Environment = dict[str, Any]
# What a run on the CPU does not say of its machine, or only where it imported torch.
OF_THE_GPU = ("gpu", "driver")
CUDA = "cuda"


class Machines:
    """The machines of a study: a host as it was when runs were measured there, with one GPU or none.

    What ran on the CPU of a host that had several GPUs, or several drivers, was on each of these machines.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        hosts: dict[str, list[Environment]] = {}
        for found in (found for record in records for found in record["environments"]):
            hosts.setdefault(_host(found), []).append(found)
        numbers = count(1)
        self._numbers: dict[str, frozenset[int]] = {}
        for those in hosts.values():
            seen = dict.fromkeys(gpu for found in those if (gpu := _gpu(found)))
            gpus = {gpu: next(numbers) for gpu in seen}
            every = list(gpus.values()) or [next(numbers)]
            for found in those:
                mine = every if (gpu := _gpu(found)) is None else [gpus[gpu]]
                self._numbers[json.dumps(found)] = frozenset(mine)

    def __len__(self) -> int:
        return max((number for each in self._numbers.values() for number in each), default=0)

    def where(self, found: Environment) -> frozenset[int]:
        """Return the numbers of the machines that an environment is of."""
        return self._numbers[json.dumps(found)]

    def of(self, record: Record, run: Run) -> frozenset[int]:
        """Return the numbers of the machines that a run was measured on."""
        return self.where(environment(record, run))


def most(places: Iterable[frozenset[int]]) -> int | None:
    """Return the machine that most have in common, the first of equals; None where there are none."""
    counts = Counter(number for place in places for number in place)
    return min(counts, key=lambda number: (-counts[number], number), default=None)


def _host(found: Environment) -> str:
    """Return what every cell says of its machine as one text."""
    # A build's suffix (+cpu, +cu128) tells images for CPU and GPU apart, not what they compute with.
    versions = {k: v.split("+")[0] for k, v in found["versions"].items() if k != CUDA}
    memory = found["memory_bytes"] and round(found["memory_bytes"] / 2**30, 1)
    return json.dumps([found["cpu"], found["cores"], found["platform"], memory, versions], sort_keys=True)


def _gpu(found: Environment) -> tuple | None:
    return (*(found[name] for name in OF_THE_GPU), found["versions"].get(CUDA)) if found["gpu"] else None
