"""Fit one classifier over a grid of settings."""

from dataclasses import dataclass
from typing import Any

from bakeoff import command, values
from bakeoff.cells.options import CellOptions
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families.estimator import axes, entry, family, rows


@dataclass(frozen=True, kw_only=True)
class Options(CellOptions):
    """Fit one classifier over a grid of settings."""

    classifier: str = option("its row's name or the row as JSON", check=rows.CLASSIFIERS.named)
    grid: Any = option("JSON list of blocks, multiplied out like a ParameterGrid", check=axes.check)
    seeds: list[int] = option("of every setting's fits", default=(0,), least=0, most=values.SEED, once=True)


def main(options: Options) -> None:
    """Run the cell."""
    row = rows.CLASSIFIERS.named(options.classifier)
    what = store.load(options.data, "images"), row, options.grid, options.seeds, options.threads
    options.carry_out(family.EstimatorFamily(*what), entry.code())


if __name__ == "__main__":
    command.run(main, Options)
