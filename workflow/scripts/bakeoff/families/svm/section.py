"""The support vector machines' section of the configuration: kernels, and a grid for each.

Owns its settings and cells. Must not import what fits them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.families.section import BY_ITSELF, FEATURES, Catalog, Cell, OnFeatures, Scope, Section
from bakeoff.families.svm import axes
from bakeoff.search import grid
from bakeoff.typed import Distinct, Name, said

Kernels: Any = typed.made(
    "Kernels",
    {
        name: (Annotated[list[grid.block(kind)], Field(min_length=1)], said(kind.__doc__ or name))  # type: ignore[misc]
        for name, kind in axes.KERNELS.items()
    },
)


@typed.settings
class Svm:
    """The support vector machines and their grid."""

    kernels: Distinct[axes.Kernel] = said(  # type: ignore[valid-type]
        "Kernels to fit; an empty list fits none."
    )
    features: Annotated[Distinct[Name], Field(min_length=1)] = said(
        "What each is fitted on: rows of features; pixels are the images as they are.", [BY_ITSELF]
    )
    engine: axes.Engine = said("What fits them; auto takes the fastest that is exact.", "auto")
    mem_mb: Annotated[typed.Whole, Field(ge=100, le=values.MOST)] = said(
        "Bound on the pairwise engine's kernel matrices, in MB.", 4000
    )
    grid: Kernels = said("Blocks of settings per kernel.")


class SvmSection(OnFeatures):
    """A grid per kernel and features, on the CPU."""

    key = "svm"
    settings = Svm
    says = "The support vector machines and their grid."
    lists = "kernels"
    names: Mapping[str, str] = {"features": FEATURES}
    form, own = "svm_{kernel}{on}", "kernel"

    def alone(self, rows: Catalog) -> Iterable[str]:
        """Return the kernels."""
        return axes.KERNELS

    def cells(self, own: Svm, asked: Scope) -> Iterator[Cell]:
        """Yield a cell per data set, kernel and features."""
        fits = {kernel: asked.runs(self._settings(own, kernel), seeded=False) for kernel in own.kernels}
        for dataset in asked.datasets:
            for kernel, count in fits.items():
                for name in self.named_on(own, kernel, asked.rows):
                    yield Cell(dataset, name, "cpu", count)

    def _settings(self, own: Svm, kernel: str) -> int:
        """Return how many settings a kernel's grid comes to."""
        try:
            return len(axes.expand(_blocks(own, kernel), kernel))
        except UserError as error:
            raise UserError(f"{self.key}/grid/{kernel}: {error}") from error

    def arguments(self, own: Svm, rows: Catalog) -> dict[str, Any]:
        """Return the grid of each kernel."""
        return {"grid": {kernel: json.dumps(_blocks(own, kernel)) for kernel in axes.KERNELS}}


def _blocks(own: Svm, kernel: str) -> list[dict[str, Any]]:
    """Return the blocks of a kernel's grid, as a command takes them."""
    return [block.written() for block in getattr(own.grid, kernel)]


SECTIONS: tuple[Section, ...] = (SvmSection(),)
