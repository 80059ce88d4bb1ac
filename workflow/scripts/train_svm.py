"""Fit SVMs with one kernel over a grid of settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, values
from bakeoff.cells import shards
from bakeoff.cells.run import run_cell
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families import svm
from bakeoff.families.svm import axes, backend, engines
from bakeoff.machine import devices, hardware


@dataclass(frozen=True)
class Options:
    """Fit SVMs with one kernel over a grid of settings."""

    data: Path = option("the prepared data set (.npz)")
    kernel: str = option("its kernel", choices=tuple(axes.KERNELS))
    grid: Any = option("JSON list of blocks, multiplied out like a ParameterGrid", check=axes.check)
    output: Path = option("record to write (.json); journal/ and others lie beside it", check=values.record)
    engine: str = option("what fits them", default="auto", choices=engines.NAMES)
    device: str = option("where kernel matrices are made", default="cpu", **devices.CHOICE)
    threads: int = option("CPU threads", default=1, least=1, most=4096)
    mem_mb: int = option("bound on the pairwise engine's kernel matrices, in MB", default=4000, least=1)
    shard: str = option("fit only this part of the grid, such as 2/3", default="", check=shards.Shard.parse)


def main(options: Options) -> None:
    """Run the cell."""
    hardware.require_device(options.device)
    means = engines.Means(options.engine, options.threads, options.mem_mb, options.device)
    machines = backend.SvmBackend(store.load(options.data, "images"), options.kernel, options.grid, means)
    code = [Path(svm.__file__).parent]
    run_cell(machines, options.output, options.threads, code, options.shard)


if __name__ == "__main__":
    command.run(main, Options)
