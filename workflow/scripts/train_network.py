"""Train one network with one optimizer on one device over a grid of settings."""

from dataclasses import dataclass
from typing import Any

from bakeoff import command, values
from bakeoff.cells.options import CellOptions
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families.network import axes, entry, family, optimizers
from bakeoff.machine import devices, hardware, threads
from bakeoff.networks import models


@dataclass(frozen=True, kw_only=True)
class Options(CellOptions):
    """Train one network with one optimizer on one device over a grid of settings."""

    model: str = option("the network: its row's name or the row as JSON", check=models.NETWORKS.named)
    optimizer: str = option("what trains it, likewise", check=optimizers.OPTIMIZERS.named)
    device: str = option("where it trains", **devices.CHOICE)
    grid: Any = option("JSON list of blocks, multiplied out like a ParameterGrid")
    seeds: list[int] = option("of every setting's runs", default=(0,), least=0, most=values.SEED, once=True)
    pack: int = option("train up to so many settings and seeds side by side", default=1, least=1)


def main(options: Options) -> None:
    """Run the cell."""
    rows = models.NETWORKS.named(options.model), optimizers.OPTIMIZERS.named(options.optimizer)
    axes.check(options.grid, rows[1].row.axes())
    hardware.require_device(options.device)
    threads.set_threads(options.threads)
    what = (options.device, options.grid, options.seeds, options.pack)
    data = store.load(options.data, "resized", rows[0].row.input_size)
    options.carry_out(family.NetworkFamily(data, *rows, *what), entry.code())


if __name__ == "__main__":
    command.run(main, Options)
