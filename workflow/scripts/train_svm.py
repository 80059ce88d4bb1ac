"""Fit SVMs with one kernel over a grid of settings."""

from dataclasses import dataclass
from typing import Any

from bakeoff import command
from bakeoff.cells.family import Resources
from bakeoff.cells.options import CellOptions
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families.svm import axes, engines, entry, family
from bakeoff.machine import devices, hardware


@dataclass(frozen=True, kw_only=True)
class Options(CellOptions):
    """Fit SVMs with one kernel over a grid of settings."""

    kernel: str = option("its kernel", choices=tuple(axes.KERNELS))
    grid: Any = option("JSON list of blocks, multiplied out like a ParameterGrid", check=axes.check)
    engine: str = option("what fits them", default="auto", choices=engines.NAMES)
    device: str = option("where kernel matrices are made", default="cpu", **devices.CHOICE)
    mem_mb: int = option("bound on the pairwise engine's kernel matrices, in MB", default=4000, least=1)


def main(options: Options) -> None:
    """Run the cell."""
    hardware.require_device(options.device)
    resources = Resources(options.engine, options.threads, options.mem_mb, options.device)
    data = store.load(options.data, "images")
    options.carry_out(family.SvmFamily(data, options.kernel, options.grid, resources), entry.code())


if __name__ == "__main__":
    command.run(main, Options)
