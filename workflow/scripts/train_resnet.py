"""Train one network with one optimizer on one device over a grid of settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import cell, command, hardware, train
from bakeoff.command import option
from bakeoff.datasets import store
from bakeoff.train.backend import ResnetBackend


@dataclass(frozen=True)
class Options:
    """Train one network with one optimizer on one device over a grid of settings."""

    data: Path = option("the prepared data set (.npz)")
    model: str = option("resnet18 or resnet50")
    optimizer: str = option("sgd or adam")
    device: str = option("cpu or gpu")
    grid: Any = option("JSON list of blocks of settings, multiplied out like a ParameterGrid")
    output: Path = option("the cell record (.json); models/, predictions/, journal/ lie beside it")
    seeds: list[int] = option("every setting is trained once per seed", default=(0,))
    threads: int = option("CPU threads", default=1)
    pack: int = option("train up to so many settings and seeds side by side", default=1)
    shard: str = option("fit one of so many parts of the grid, such as 2/3, into the journal", default="")


def main(options: Options) -> None:
    """Run the cell."""
    hardware.require_device(options.device)
    train.set_threads(options.threads)
    what = (options.model, options.optimizer, options.device, options.grid, options.seeds, options.pack)
    backend = ResnetBackend(store.load(options.data, "resized"), *what)
    cell.run_cell(backend, options.output, options.threads, train.code(), options.shard)


if __name__ == "__main__":
    command.run(main, Options)
