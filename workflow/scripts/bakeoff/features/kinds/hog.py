"""Histograms of oriented gradients as features, made by scikit-image of grey values."""

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.features.row import Row
from bakeoff.typed import said

if TYPE_CHECKING:
    from bakeoff.features.extractor import Extractor
    from bakeoff.records.signature import Signature

SIZE = 64


@typed.settings
class Histograms:
    """How gradients are counted."""

    orientations: Annotated[typed.Whole, Field(ge=2, le=360)] = said(
        "Bins of directions, over 180 degrees.", 9
    )
    cell: typed.Count = said("Rows and columns of pixels whose gradients are one histogram.", 8)
    block: typed.Count = said("Rows and columns of cells that are normalised together (L2-Hys).", 2)


@typed.settings
class Hog(Row):
    """Histograms of oriented gradients, of grey values."""

    key: ClassVar[str | None] = "hog"

    hog: Histograms = said(
        "How gradients are counted: orientations, cell, block; {} for the defaults of each."
    )
    input_size: typed.Side = said("Rows and columns of the images that they are made of.", SIZE)

    def __post_init__(self) -> None:
        """Raise ValueError for images in which there is no block."""
        side = self.hog.cell * self.hog.block
        if side > self.input_size:
            raise ValueError(
                f"input_size: {self.input_size} pixels a side hold no block of {side}; enlarge it, or name a "
                "smaller cell or block"
            )

    @property
    def size(self) -> int:
        """Return rows and columns of the images that they are made of."""
        return self.input_size

    def lacks(self) -> str | None:
        """Return how scikit-image is installed where it is not, else None."""
        if find_spec("skimage") is not None:
            return None
        return "no package scikit-image, which makes it; `pip install scikit-image` installs it"

    @property
    def method(self) -> str:
        """Return what makes them."""
        if (fault := self.lacks()) is not None:
            raise UserError(f"hog: {fault}")
        return f"histograms of oriented gradients, scikit-image {metadata.version('scikit-image')}"

    def made(self, classes: int) -> tuple["Extractor", dict[str, Any] | None]:
        """Return what makes the histograms."""
        from bakeoff.features.by_hand import Gradients

        return Gradients(**vars(self.hog)), None

    def load(self, known: "Signature", path: Path, own_code: bool) -> "Extractor":
        """Return what makes the histograms: a saved model names no other code."""
        return self.made(0)[0]
