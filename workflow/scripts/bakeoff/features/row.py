"""What every row of features says, and what it gives to those who extract, load and plan.

Must not know any kind of row.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from bakeoff import typed
from bakeoff.networks.models import Network
from bakeoff.typed import said

if TYPE_CHECKING:
    from bakeoff.features.extractor import Extractor
    from bakeoff.records.signature import Signature

Scaling = tuple[tuple[float, ...], tuple[float, ...]]
# Of pixels in 0..1, which are taken as they are.
PLAIN_MEAN, PLAIN_DEVIATION = 0.0, 1.0


@typed.settings
class Row(ABC):
    """What any row of features says."""

    key: ClassVar[str | None] = None  # the field by which a row is known as one of its kind

    pca: typed.Count | None = said(
        "How many principal components take the numbers' place, behind the scale, both fitted inside each "
        "fold; null: the numbers themselves.",
        None,
    )
    label: typed.Text | None = said("What people call it; its row's name where it has none.", None)

    @property
    def extracted(self) -> bool:
        """Return whether its numbers are made beforehand: what is fitted on them is called after it."""
        return True

    @property
    def size(self) -> int | None:
        """Return rows and columns of the images that it is made of; None: as they were prepared."""
        return None

    @property
    def built(self) -> Network | None:
        """Return the network that it rests on, None where on none."""
        return None

    def lacks(self) -> str | None:
        """Return what is to be done where something that makes its numbers is not installed, else None."""
        return self.built.lacks() if self.built else None

    @property
    def method(self) -> str | None:
        """Return by what rule its numbers are made, None where a network makes them."""
        return None

    def resolved(self, networks: Mapping[str, Network] | None = None) -> Self:
        """Return the row with all in it that it names; networks: rows that a name may mean.

        UserError where it means none.
        """
        return self

    def with_built(self, change: Callable[[Network], Network]) -> Self:
        """Return the row with the network that it rests on changed."""
        return self

    def scaling(self, channels: int) -> Scaling:
        """Return mean and deviation of each channel of images with so many, by which they are normalised."""
        return (PLAIN_MEAN,) * channels, (PLAIN_DEVIATION,) * channels

    @abstractmethod
    def made(self, classes: int) -> tuple["Extractor", dict[str, Any] | None]:
        """Return what makes its numbers, and what of its weights is of which file.

        UnfitError where there can be none of it.
        """

    @abstractmethod
    def load(self, known: "Signature", path: Path, own_code: bool) -> "Extractor":
        """Return what makes its numbers, as a saved model holds it, on the CPU.

        UserError where that names code to be run, unless own_code asks for it.
        """
