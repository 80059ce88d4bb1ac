"""Fit SVMs with one kernel over a grid of settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import cell, command, hardware, svm
from bakeoff.command import option
from bakeoff.datasets import store
from bakeoff.svm.backend import SvmBackend
from bakeoff.svm.task import Means


@dataclass(frozen=True)
class Options:
    """Fit SVMs with one kernel over a grid of settings."""

    data: Path = option("the prepared data set (.npz)")
    kernel: str = option("rbf, poly, linear or sigmoid")
    grid: Any = option("JSON list of blocks of settings, multiplied out like a ParameterGrid")
    output: Path = option("the cell record (.json); models/, predictions/, journal/ lie beside it")
    engine: str = option("auto, pairwise, sklearn or intelex", default="auto")
    device: str = option("cpu, or gpu for the pairwise engine's kernel matrices", default="cpu")
    threads: int = option("CPU threads", default=1)
    mem_mb: int = option("bound on the pairwise engine's kernel matrices, in MB", default=4000)
    shard: str = option("fit one of so many parts of the grid, such as 2/3, into the journal", default="")


def main(options: Options) -> None:
    """Run the cell."""
    hardware.require_device(options.device)
    means = Means(options.engine, options.threads, options.mem_mb, options.device)
    dataset = store.load(options.data, "images")
    backend = SvmBackend(dataset, options.kernel, options.grid, means)
    code = [Path(svm.__file__).parent]
    cell.run_cell(backend, options.output, options.threads, code, options.shard)


if __name__ == "__main__":
    command.run(main, Options)
