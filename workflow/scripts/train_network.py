"""Train one network with one optimizer on one device over a grid of settings."""

from dataclasses import dataclass
from typing import Any

from bakeoff import command, values
from bakeoff.cells.options import CellOptions
from bakeoff.command import option
from bakeoff.families.network import axes, entry, family
from bakeoff.families.network.options import NetworkOptions
from bakeoff.machine import devices, hardware, threads


@dataclass(frozen=True, kw_only=True)
class Options(CellOptions, NetworkOptions):
    """Train one network with one optimizer on one device over a grid of settings."""

    device: str = option("where it trains", **devices.CHOICE)
    grid: Any = option("JSON list of blocks, multiplied out like a ParameterGrid")
    seeds: list[int] = option("of every setting's runs", default=(0,), least=0, most=values.SEED, once=True)
    pack: int = option("train up to so many settings and seeds side by side", default=1, least=1)


def main(options: Options) -> None:
    """Run the cell."""
    axes.check(options.grid, options.rows[1].row.axes())
    hardware.require_device(options.device)
    threads.set_threads(options.threads)
    what = (options.device, options.grid, options.seeds, options.pack)
    data = options.dataset(options.data)
    cell = family.NetworkFamily(data, *options.rows, *what)
    cell.skipped = options.skipped(data)
    options.carry_out(cell, entry.code())


if __name__ == "__main__":
    command.run(main, Options)
