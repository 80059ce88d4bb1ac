"""What a competitor sees in place of pixels: numbers that were made of each image, once for all.

Owns what records and files say of them, and how a competitor on them is called. Must not know who makes them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from bakeoff.records.kinds import AtLeastOne, Device, Name, Time, Work, form
from bakeoff.records.parts import Environment
from bakeoff.typed import said


@form
class Extraction:
    """How the numbers were computed, and how long that took."""

    images: AtLeastOne = said(
        "Images that were computed in `seconds`: those of the last call, if one was killed."
    )
    seconds: Time = said("From pixels in memory to numbers; reading, decoding and resizing are not in it.")
    batch_size: AtLeastOne
    precision: Literal["fp32"]
    device: Device
    environment: Environment

    @property
    def images_per_s(self) -> float:
        """Return how many images were computed in a second."""
        return self.images / self.seconds


@form
class Features:
    """What the numbers are of, and who made them."""

    name: Name
    label: Annotated[str, Field(min_length=1)] = said("How people call them.")
    row: Mapping[str, Any] = said(
        "What the row says: such as the network with digests of its weights, layer, pooling."
    )
    input_size: AtLeastOne | None = said(
        "Rows and columns of the images that they were made of; null: as they were prepared."
    )
    mean: tuple[float, ...] = said("Of pixels in 0 to 1, subtracted per channel.")
    deviation: tuple[float, ...] = said("What each was then divided by.")
    numbers: AtLeastOne = said("Of each image.")
    macs: Work | None = said(
        "Multiply-accumulates of one image's numbers, as torch counts them; null: not counted."
    )
    start: Mapping[str, Any] | None = said(
        "What of the network's weights is of which file; null where all are drawn, or there is none."
    )
    method: str | None = said("By what rule they are made; null where a network makes them.", default=None)
    extraction: Extraction | None = said(
        "Null where they could not be made, or were all there when a call that was killed went on.",
        default=None,
    )
    skipped: str | None = said("Why they could not be made; null where they are there.", default=None)

    @property
    def components(self) -> int | None:
        """Return how many principal components take the numbers' place, inside each fold; None of none."""
        found: int | None = self.row.get("pca")
        return found

    def on(self, competitor: str, label: str) -> tuple[str, str]:
        """Return what a competitor on these is called, by files and by people."""
        return f"{competitor}_on_{self.name}", f"{label} on {self.label}"

    def off(self, competitor: str, label: str) -> tuple[str, str]:
        """Return what a competitor on these is called by itself."""
        return competitor.removesuffix(f"_on_{self.name}"), label.removesuffix(f" on {self.label}")
