"""The cells of a study: one per data set, competitor and device, each with its grid."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from bakeoff import fields
from bakeoff.families.network import axes as network
from bakeoff.families.network.optimizers import Optimizer
from bakeoff.families.svm import axes as svm
from bakeoff.plan.study import Block, Study
from bakeoff.search import grid


class Cell(NamedTuple):
    """One cell: data set, competitor (model, and optimizer or kernel as choice), device, and its runs."""

    dataset: str
    model: str
    choice: str
    device: str
    runs: int

    @property
    def name(self) -> str:
        """Return its record's name without the suffix."""
        return f"{self.model}_{self.choice}_{self.device}"

    def record(self, folder: str = "") -> str:
        """Return where its record lies; folder: alone/, speed/, or none for the grid's."""
        return f"results/{self.dataset}/{folder}{self.name}.json"


def blocks(study: Study, device: str) -> list[dict[str, Any]]:
    """Return the blocks of the networks' grid that are meant for a device, as a command takes them."""
    meant = [each for each in study.networks.grid if not each.devices or device in each.devices]
    return [written(each, Block, frozenset({"devices"})) for each in meant]


def written(block: Any, kind: type[Any], without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a block as short as it can be written: without defaults, lists of one as what is in them."""
    known = [field for field in dataclasses.fields(kind) if field.name not in without]
    axes = {field.name: getattr(block, field.name) for field in known}
    defaults = {field.name: fields.default(field) for field in known}
    return {
        name: axis[0] if len(axis) == 1 else axis for name, axis in axes.items() if axis != defaults[name]
    }


def kernel_blocks(study: Study, kernel: str) -> list[dict[str, Any]]:
    """Return the blocks of a kernel's grid, as a command takes them."""
    kind = grid.block(svm.KERNELS[kernel])
    return [written(block, kind) for block in getattr(study.svm.grid, kernel)]


def of_grids(study: Study, optimizers: Mapping[str, Optimizer], devices: Sequence[str]) -> Iterator[Cell]:
    """Yield the cells whose grids are searched: the networks on the devices, the SVMs on the CPU."""
    runs = {
        (optimizer, device): len(study.seeds)
        * len(network.expand(blocks(study, device), device, optimizers[optimizer].axes()))
        for optimizer, device in product(study.networks.optimizers, devices)
        if study.networks.models
    }
    fits = {kernel: len(svm.expand(kernel_blocks(study, kernel), kernel)) for kernel in study.svm.kernels}
    for dataset in study.datasets:
        for model, optimizer, device in product(study.networks.models, study.networks.optimizers, devices):
            yield Cell(dataset, model, optimizer, device, runs[optimizer, device])
        for kernel, count in fits.items():
            yield Cell(dataset, "svm", kernel, "cpu", count)


def of_comparison(study: Study, devices: Sequence[str]) -> Iterator[Cell]:
    """Yield the cells of the comparison between devices."""
    asked = study.comparison
    for dataset, model, optimizer in product(asked.datasets, asked.models, asked.optimizers):
        for device in devices:
            yield Cell(dataset, model, optimizer, device, asked.repeats)


def timed_settings(study: Study) -> str:
    """Return the comparison's one setting as JSON."""
    names = ("batch_size", "learning_rate", "epochs", "precision")
    return json.dumps({name: getattr(study.comparison, name) for name in names})
