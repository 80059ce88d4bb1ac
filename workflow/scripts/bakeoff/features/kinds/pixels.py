"""Pixels as features: the images as they were prepared, or their principal components."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff import typed
from bakeoff.features.row import Row

if TYPE_CHECKING:
    from bakeoff.features.extractor import Extractor
    from bakeoff.records.signature import Signature


@typed.settings
class Pixels(Row):
    """What classifiers see by themselves: the pixels of the images as they were prepared."""

    @property
    def extracted(self) -> bool:
        """Return whether components take their place; pixels themselves are in every data set."""
        return self.pca is not None

    @property
    def method(self) -> str:
        """Return that they are what they are."""
        return "pixels, 0 to 1"

    def made(self, classes: int) -> tuple["Extractor", dict[str, Any] | None]:
        """Return what makes rows of pixels."""
        from bakeoff.features.by_hand import Flat

        return Flat(), None

    def load(self, known: "Signature", path: Path, own_code: bool) -> "Extractor":
        """Return what makes rows of pixels."""
        return self.made(0)[0]
