"""The networks' sections of the configuration: their grid, and the comparison of devices.

Owns their settings and cells. Must not import what trains them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.families.network import axes
from bakeoff.families.network.axes import BatchSize, NetworkSettings, Precision
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.families.section import Catalog, Cell, Scope, Section
from bakeoff.machine import devices
from bakeoff.networks.models import NETWORKS
from bakeoff.search import grid
from bakeoff.typed import Count, Distinct, Name, said

Device = Annotated[Literal["cpu", "gpu"], BeforeValidator(devices.named)]
FORM = "{model}_{optimizer}"
NetworkBlock = grid.block(NetworkSettings)


@typed.settings
class Block(NetworkBlock):  # type: ignore[misc, valid-type]
    """A block of a network's grid."""

    devices: Annotated[Distinct[Device], Field(min_length=1)] | None = said(
        "Devices that the block is meant for; all when it is absent.", None
    )


@typed.settings
class Networks:
    """The networks and their grid."""

    models: Distinct[Name] = said("Networks to train; an empty list trains none.")
    optimizers: Annotated[Distinct[Name], Field(min_length=1)] = said("Optimizers to train each with.")
    input_size: typed.Side = said(
        "Rows and columns that images are resized to, but for networks whose row says others.", 32
    )
    pack: Count = said("Trainings of equal batch size side by side on a GPU, at most; 1 for one by one.", 8)
    grid: Annotated[list[Block], Field(min_length=1)] = said(
        "Blocks of settings, multiplied out like scikit-learn's ParameterGrid."
    )


@typed.settings
class Comparison:
    """The same training on every device, timed alone on the machine."""

    datasets: Distinct[Name] = said("Data sets to compare on; an empty list compares none.")
    models: Annotated[Distinct[Name], Field(min_length=1)] = said("Networks to compare.")
    optimizers: Annotated[Distinct[Name], Field(min_length=1)] = said("Optimizers to compare.")
    batch_size: BatchSize = said("Images per step, at least 2.")
    learning_rate: typed.Positive = said("Step size of the optimizer.")
    epochs: Count = said("Passes over the training part.")
    precision: Precision = said("fp32, or mixed.", "fp32")
    repeats: Count = said("Times each training is repeated.", 3)


class _Trained(Section):
    """What both sections say: a competitor is a network with what trains it."""

    form = FORM
    lists = "models"

    def wildcards(self, rows: Catalog) -> dict[str, Iterable[str]]:
        """Return the rows of both kinds."""
        return {"model": rows[NETWORKS.name], "optimizer": rows[OPTIMIZERS.name]}


class NetworksSection(_Trained):
    """The grid."""

    key = "networks"
    formerly = ("resnet",)
    settings = Networks
    says = "The networks and their grid."
    names: Mapping[str, str] = {"models": NETWORKS.name, "optimizers": OPTIMIZERS.name}
    kinds = (NETWORKS, OPTIMIZERS)

    def cells(self, own: Networks, asked: Scope) -> Iterator[Cell]:
        """Yield a cell per data set, network, optimizer and device."""
        found = {
            (optimizer, device): asked.runs(self._settings(own, asked.rows, optimizer, device))
            for optimizer, device in product(own.optimizers, asked.devices)
            if own.models
        }
        for dataset, model, (optimizer, device) in product(asked.datasets, own.models, found):
            name = FORM.format(model=model, optimizer=optimizer)
            yield Cell(dataset, name, device, found[optimizer, device])

    def _settings(self, own: Networks, rows: Catalog, optimizer: str, device: str) -> int:
        """Return how many settings the grid comes to."""
        if not (blocks := _meant(own, device)):
            raise UserError(f"{self.key}/grid: no block is meant for the {device}; add one")
        try:
            return len(axes.expand(blocks, device, rows[OPTIMIZERS.name][optimizer].axes()))
        except UserError as error:
            raise UserError(f"{self.key}/grid: {error}") from error

    def arguments(self, own: Networks, rows: Catalog) -> dict[str, Any]:
        """Return the grid of each device."""
        return {"grid": {device: json.dumps(_meant(own, device)) for device in devices.NAMES}}

    def views(self, own: Networks, rows: Catalog) -> dict[str, int]:
        """Return the size that the row of each competitor's network says, where that is another."""
        sizes = {name: row.input_size or own.input_size for name, row in rows[NETWORKS.name].items()}
        return {
            FORM.format(model=model, optimizer=optimizer): size
            for (model, size), optimizer in product(sizes.items(), rows[OPTIMIZERS.name])
            if size != own.input_size
        }

    def check(self, own: Networks, asked: Scope, counts: Mapping[str, int]) -> None:
        """Raise UserError for a batch larger than a training part: it would be the same training again."""
        sizes = {
            (f"{self.key}/grid/{number}/batch_size", size)
            for number, block in enumerate(own.grid)
            for size in block.batch_size
            if own.models
        }
        for number, block in enumerate(own.grid):
            if asked.folds and own.models and any(block.early_stop):
                raise UserError(f"{self.key}/grid/{number}/early_stop: {axes.UNSTOPPED}")
        for place, size in sorted(sizes):
            _check_batch(place, size, asked.datasets, counts)


class ComparisonSection(_Trained):
    """The same training on every device, in turns."""

    key = "comparison"
    settings = Comparison
    says = "The same training on every device, timed alone on the machine."
    names: Mapping[str, str] = {"datasets": "datasets", **NetworksSection.names}
    purpose = "speed"

    def cells(self, own: Comparison, asked: Scope) -> Iterator[Cell]:
        """Yield a cell per data set, network, optimizer and device."""
        for dataset, model, optimizer in product(own.datasets, own.models, own.optimizers):
            for device in asked.visible:
                yield Cell(dataset, FORM.format(model=model, optimizer=optimizer), device, own.repeats)

    def arguments(self, own: Comparison, rows: Catalog) -> dict[str, Any]:
        """Return the one setting."""
        names = ("batch_size", "learning_rate", "epochs", "precision")
        return {"settings": json.dumps({name: getattr(own, name) for name in names})}

    def check(self, own: Comparison, asked: Scope, counts: Mapping[str, int]) -> None:
        """Raise UserError for a batch that is larger than a training part."""
        _check_batch(f"{self.key}/batch_size", own.batch_size, own.datasets, counts)


def _meant(own: Networks, device: str) -> list[dict[str, Any]]:
    """Return the blocks of the grid that are meant for a device, as a command takes them."""
    meant = [block for block in own.grid if not block.devices or device in block.devices]
    return [block.written(without=("devices",)) for block in meant]


def _check_batch(place: str, size: int, datasets: Iterable[str], counts: Mapping[str, int]) -> None:
    for name in datasets:
        if size > counts.get(name, size):
            there = f"the {counts[name]} training images of {name}"
            raise UserError(f"{place}: {size} is more than {there}; make it smaller")


SECTIONS: tuple[Section, ...] = (NetworksSection(), ComparisonSection())
