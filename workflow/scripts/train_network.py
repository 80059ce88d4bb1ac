"""Train one network with one optimizer on one device over a grid of settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, values
from bakeoff.cells import shards
from bakeoff.cells.run import run_cell
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families.network import axes, backend, code, optimizers
from bakeoff.machine import devices, hardware, threads
from bakeoff.networks import models


@dataclass(frozen=True)
class Options:
    """Train one network with one optimizer on one device over a grid of settings."""

    data: Path = option("the prepared data set (.npz)")
    model: str = option("the network: its row's name or the row as JSON", check=models.NETWORKS.named)
    optimizer: str = option("what trains it, likewise", check=optimizers.OPTIMIZERS.named)
    device: str = option("where it trains", **devices.CHOICE)
    grid: Any = option("JSON list of blocks, multiplied out like a ParameterGrid", check=axes.check)
    output: Path = option("record to write (.json); journal/ and others lie beside it", check=values.record)
    seeds: list[int] = option("of every setting's runs", default=(0,), least=0, most=values.SEED, once=True)
    threads: int = option("CPU threads", default=1, least=1, most=4096)
    pack: int = option("train up to so many settings and seeds side by side", default=1, least=1)
    shard: str = option("fit only this part of the grid, such as 2/3", default="", check=shards.Shard.parse)


def main(options: Options) -> None:
    """Run the cell."""
    hardware.require_device(options.device)
    threads.set_threads(options.threads)
    what = (options.device, options.grid, options.seeds, options.pack)
    rows = models.NETWORKS.named(options.model), optimizers.OPTIMIZERS.named(options.optimizer)
    trainings = backend.NetworkBackend(store.load(options.data, "resized"), *rows, *what)
    run_cell(trainings, options.output, options.threads, code(), options.shard)


if __name__ == "__main__":
    command.run(main, Options)
