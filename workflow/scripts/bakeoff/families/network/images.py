"""A data set as a network sees it: of which shape, and its parts as tensors, normalised as the row says."""

from functools import cached_property, lru_cache

from bakeoff.data import store
from bakeoff.data.store import Dataset
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.networks import models
from bakeoff.networks.models import Network
from bakeoff.records.request import Fold


def shape(dataset: Dataset) -> tuple[int, ...]:
    """Return channels, rows and columns of an image as a network is given it."""
    return models.CHANNELS, *dataset.parts["train"].images.shape[1:3]


class Images:
    """The parts of a data set for one network; nothing is read before it is asked for."""

    def __init__(self, dataset: Dataset, network: Network) -> None:
        self._dataset, self._network = dataset, network
        # A fold is a copy of nearly all images: no more than one is held.
        self.fold = lru_cache(maxsize=1)(self._of_fold)

    @cached_property
    def scaling(self) -> tuple[models.Channels, models.Channels]:
        """Return mean and deviation of each channel, of pixels in 0..1; UserError as of its weights."""
        return models.scaling(self._network)

    @cached_property
    def held_back(self) -> dict[str, Part]:
        """Return the parts that no choice sees, by name."""
        return {name: self._part(part) for name, part in self._dataset.held_back.items()}

    def _part(self, found: store.Part) -> Part:
        pixels = Pixels(self._dataset.meta.get("grey", False), *self.scaling)
        return Part.from_arrays(found.images, found.labels, pixels)

    def _of_fold(self, fold: Fold) -> tuple[Part, Part]:
        """Return the images to train on and those to score on."""
        fitted, scored = self._dataset.fold(fold)
        return self._part(fitted), self._part(scored)
