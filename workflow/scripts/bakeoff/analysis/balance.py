"""How the images of a data set are spread over its classes, part by part.

Owns what counts as many classes. Must not know how it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bakeoff.records.parts import Data

Whole = NDArray[np.int64]

# From so many classes on, a list of all of them is longer than people read.
MANY = 20


@dataclass(frozen=True)
class Balance:
    """Images of every class, (k,) by the name of each part that has any."""

    names: tuple[str, ...]
    parts: Mapping[str, Whole]

    @cached_property
    def totals(self) -> Whole:
        """Return the images of every class in all parts, (k,)."""
        found: Whole = np.sum(list(self.parts.values()), axis=0)
        return found

    @property
    def many(self) -> bool:
        """Tell whether there are more classes than a list of them should hold."""
        return len(self.names) >= MANY

    @property
    def smallest(self) -> int:
        """Return the images of the smallest class."""
        return int(self.totals.min())

    @property
    def largest(self) -> int:
        """Return the images of the largest class."""
        return int(self.totals.max())

    @property
    def median(self) -> float:
        """Return the median of the classes' images."""
        return float(np.median(self.totals))


def of(data: Data) -> Balance | None:
    """Return the balance of a data set, None where its record does not say it."""
    if data.class_counts is None:
        return None
    parts = {part: np.array(data.class_counts[part]) for part, count in data.counts.sizes.items() if count}
    return Balance(data.classes, parts)
