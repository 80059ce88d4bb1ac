"""Copies: images of equal pixels, and pairs that an index proposes and alignment confirms.

A pair is suspected where it is alike by itself, and far more so than either image and its other neighbours:
so trousers, which are all alike, are no copies of each other.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit import spectra
from bakeoff.audit.images import Images, small
from bakeoff.audit.likeness import Floats, Numbers, unlike
from bakeoff.audit.look import Pixels
from bakeoff.audit.neighbours import Index, index
from bakeoff.audit.spectra import Vectors

# Deviation of grey values below which nothing can be told apart.
FLAT = 4.0
# Others that an image is held against, and which of them, in order, stands for all: of four copies of one
# image each still has strangers to be held against.
OTHERS, MIDDLE = 10, 4
# Of descriptors: a candidate is nearer than so much of what its neighbours are in the median.
NEARER = 0.75
# Of pixels: the most that a suspect may differ, and of what strangers do. Of Fashion-MNIST's pairs of up to a
# tenth, the 24 that were looked at seemed copies to the eye.
UNLIKE, OF_STRANGERS = 0.03, 0.1
# A crop is tried on pairs that differ by no more.
WORTH = 0.3


class Pair(NamedTuple):
    """Two numbers of images, how unlike they are, and whether one is mirrored."""

    first: int
    second: int
    unlike: float
    mirrored: bool


def exact(images: Images) -> list[list[int]]:
    """Return the groups of images with equal pixels, two images at least each."""
    found = defaultdict(list)
    for number, each in enumerate(images.looks):
        found[each.digest].append(number)
    return [group for group in found.values() if len(group) > 1]


@dataclass(frozen=True)
class Field:
    """Images of one shape, one of each content, in which copies are looked for.

    numbers: (m,) of the images; pixels: (m, rows, columns); mean, directions: of their descriptors.
    """

    numbers: Numbers
    pixels: Pixels
    mean: Vectors
    directions: Vectors
    known: Index
    workers: int

    def candidates(self, pixels: Pixels, own: bool = False) -> tuple[Vectors, Numbers]:
        """Return distances and places (k, OTHERS) of the nearest to each image; own: not itself."""
        asked = spectra.projected(spectra.describe(pixels, self.workers), self.mean, self.directions)
        distances, places = self.known.nearest(asked, OTHERS + own)
        if not own:
            return distances, places
        # Itself is first, or beyond the last where more are as near.
        others = places != np.arange(len(pixels))[:, None]
        others[others.all(axis=1), -1] = False
        shape = len(pixels), OTHERS
        return distances[others].reshape(shape), places[others].reshape(shape)

    def strangers(self, pixels: Pixels, places: Numbers) -> Floats:
        """Return how unlike images (k, ...) and their neighbours (k, OTHERS) are: of these the MIDDLE one."""
        first = np.repeat(np.arange(len(pixels)), places.shape[1])
        found, _ = unlike(pixels, first, self.pixels, np.maximum(places, 0).ravel(), self.workers)
        apart = np.where(places < 0, 1, found.reshape(places.shape))
        ranked: Floats = np.sort(apart, axis=1)[:, min(MIDDLE, places.shape[1] - 1)]
        return ranked

    def like(self, pixels: Pixels, own: bool = False) -> list[Pair]:
        """Return the suspects between images (k, ...) and this field's, by their places in both."""
        distances, places = self.candidates(pixels, own)
        there = np.where(np.isfinite(distances), distances, np.nan)
        nearer = there < NEARER * np.nanmedian(there, axis=1, keepdims=True)
        # Of a few images the neighbours are no measure.
        nearer |= np.isfinite(distances) & (len(self.numbers) <= OTHERS)
        asked, rank = np.nonzero(nearer)
        found = places[asked, rank]
        if own:
            both = np.unique(np.sort(np.stack([asked, found]), axis=0), axis=1)
            asked, found = both[0], both[1]
        apart, mirrored = self._apart(pixels, asked, found)
        close = np.flatnonzero(apart <= UNLIKE)
        involved = np.unique(asked[close])
        if not len(involved):
            return []
        strangers = self.strangers(pixels[involved], places[involved])
        usual = dict(zip(involved.tolist(), strangers.tolist(), strict=True))
        return [
            Pair(int(asked[n]), int(found[n]), float(apart[n]), bool(mirrored[n]))
            for n in close.tolist()
            if apart[n] <= OF_STRANGERS * usual[int(asked[n])]
        ]

    def _apart(self, pixels: Pixels, asked: Numbers, found: Numbers) -> tuple[Floats, NDArray[np.bool_]]:
        apart, mirrored = unlike(pixels, asked, self.pixels, found, self.workers)
        again = np.flatnonzero((apart > UNLIKE) & (apart <= WORTH))
        closer = unlike(pixels, asked[again], self.pixels, found[again], self.workers, crops=True)
        apart[again], mirrored[again] = closer
        return apart, mirrored


def fields(images: Images, workers: int) -> list[Field]:
    """Return the fields of a data set: images of equal shape, none of them flat, one of each content."""
    contrast = np.array([each.contrast for each in images.looks])
    first = {each.digest: number for number, each in reversed([*enumerate(images.looks)])}
    once = np.array([first[each.digest] == number for number, each in enumerate(images.looks)])
    found = []
    for numbers, pixels in small(images).values():
        kept = once[numbers] & (contrast[numbers] >= FLAT)
        if min(pixels.shape[1:]) >= 5 and kept.sum() > 1:
            found.append(_field(numbers[kept], pixels[kept], workers))
    return found


def _field(numbers: Numbers, pixels: Pixels, workers: int) -> Field:
    vectors = spectra.describe(pixels, workers)
    mean, directions = spectra.principal(vectors)
    return Field(
        numbers, pixels, mean, directions, index(spectra.projected(vectors, mean, directions)), workers
    )


def near(known: Sequence[Field]) -> list[Pair]:
    """Return the pairs of images that look like copies, by the numbers of the images, alike ones first."""
    found = [
        Pair(int(field.numbers[each.first]), int(field.numbers[each.second]), each.unlike, each.mirrored)
        for field in known
        for each in field.like(field.pixels, own=True)
    ]
    return sorted(found, key=lambda each: each.unlike)
