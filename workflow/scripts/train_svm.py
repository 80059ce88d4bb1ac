"""Fit SVMs with one kernel over a grid of settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import cell, command, svm
from bakeoff.command import option
from bakeoff.datasets import store


@dataclass(frozen=True)
class Options:
    """Fit SVMs with one kernel over a grid of settings."""

    data: Path = option("the prepared data set (.npz)")
    kernel: str = option("rbf, poly, linear or sigmoid")
    grid: Any = option("JSON list of blocks of settings, multiplied out like a ParameterGrid")
    output: Path = option("the cell record (.json); models/, predictions/, journal/ lie beside it")
    threads: int = option("CPU threads", default=1)


def main(options: Options) -> None:
    """Run the cell."""
    backend = svm.SvmBackend(store.load(options.data, "images"), options.kernel, options.grid)
    cell.run_cell(backend, options.output, options.threads, [Path(svm.__file__)])


if __name__ == "__main__":
    command.run(main, Options)
