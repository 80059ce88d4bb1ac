"""Fit one classifier over a grid of settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, values
from bakeoff.cells import shards
from bakeoff.cells.run import run_cell
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families.estimator import axes, rows


@dataclass(frozen=True)
class Options:
    """Fit one classifier over a grid of settings."""

    data: Path = option("the prepared data set (.npz)")
    classifier: str = option("its row's name or the row as JSON", check=rows.CLASSIFIERS.named)
    grid: Any = option("JSON list of blocks, multiplied out like a ParameterGrid", check=axes.check)
    output: Path = option("record to write (.json); journal/ and others lie beside it", check=values.record)
    seeds: list[int] = option("of every setting's fits", default=(0,), least=0, most=values.SEED, once=True)
    threads: int = option("CPU threads", default=1, least=1, most=4096)
    shard: str = option("fit only this part of the grid, such as 2/3", default="", check=shards.Shard.parse)


def main(options: Options) -> None:
    """Run the cell."""
    from bakeoff.families.estimator import family

    dataset, row = store.load(options.data, "images"), rows.CLASSIFIERS.named(options.classifier)
    fits = family.EstimatorBackend(dataset, row, options.grid, options.seeds, options.threads)
    run_cell(fits, options.output, options.threads, family.code(), options.shard)


if __name__ == "__main__":
    command.run(main, Options)
