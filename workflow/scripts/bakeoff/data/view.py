"""The one form that images of a data set are brought to: a square of so many rows, in grey or in colour.

Must not know where images come from, nor where they go.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bakeoff.data import pictures
from bakeoff.data.source import Picture

if TYPE_CHECKING:
    import numpy as np

COLOURS = 3


@dataclass(frozen=True)
class View:
    """size: rows and columns; resize: how an image becomes a square; grey: whether it is taken as grey."""

    size: int
    resize: Literal["squash", "crop", "pad"]
    grey: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of a square: of one channel where images are taken as grey, else of three."""
        return (self.size, self.size) if self.grey else (self.size, self.size, COLOURS)

    @property
    def bytes(self) -> int:
        """Return how many bytes a square has."""
        return self.size * self.size * (1 if self.grey else COLOURS)

    def of(self, picture: Picture) -> "tuple[np.ndarray, bool]":
        """Return a picture as a square, uint8, and whether it is grey."""
        import numpy as np

        if self.grey:
            picture = picture._replace(image=picture.image.convert("L"))
        found = pictures.square(picture, self.size, self.resize)
        grey = pictures.is_grey(found)
        whole = found if self.grey or found.ndim == len(self.shape) else found[..., None]
        return np.ascontiguousarray(np.broadcast_to(whole, self.shape)), grey
