"""What a study of a person's own images is thought to need on a machine: seconds, memory, disk.

Owns what is known of images and machine, and what can be chosen. Pure: it reads no file and asks no machine.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from bakeoff.families.section import ON
from bakeoff.plan import costs

# 60, 20 and 20 % of the images where nobody said which are which.
SPLIT = {"train": 0.75, "validation": 0.25, "holdout": 0, "test": 0.2}
# Of the minutes asked for: what is thought to take all of them will at times take more.
SHARE = 0.85
MB = 1 << 20
# A process with torch and scikit-learn loaded; a whole folder of results without a single image.
PROCESS_MB, RESULTS_MB, NETWORK_MB, EXTRACTOR_MB = 900, 60, 45, 14
# Threads that the rules give a fit on pixels at most.
FIT_THREADS = 4


@dataclass(frozen=True)
class Facts:
    """What a study is sized by: images by part (None: nobody said) and class, the machine, the minutes.

    bytes: of all files together; gpu: whether networks find one; views: rows and columns that networks' own
    rows ask for.
    """

    images: Mapping[str | None, Mapping[str, int]]
    bytes: int
    cores: int
    memory_mb: int
    disk_mb: int
    gpu: bool
    minutes: float
    views: Sequence[int] = ()

    @cached_property
    def total(self) -> int:
        """Return how many images there are."""
        return sum(sum(each.values()) for each in self.images.values())

    @cached_property
    def classes(self) -> dict[str, int]:
        """Return the images of each class."""
        found: Counter[str] = Counter()
        for each in self.images.values():
            found.update(each)
        return dict(found)

    @property
    def budget_s(self) -> float:
        """Return the seconds that a study may be thought to take."""
        return 60 * SHARE * self.minutes

    def to_fit(self, images: int) -> int:
        """Return how many of so many images models are fitted on, or a few more."""
        tested = sum(self.images.get("test", {}).values()) / self.total
        left = images * (1 - (tested or SPLIT["test"]))
        return int(left * SPLIT["train"])


@dataclass(frozen=True)
class Choice:
    """What a study tries.

    svm_C, logistic_C, rates: values of these axes; final_seeds: trainings of what each cell chose;
    limit: images at most; features: rows that kernels and classifiers are fitted on, beside pixels.
    """

    size: int = 32
    limit: int | None = None
    networks: tuple[str, ...] = ("resnet18",)
    classifiers: tuple[str, ...] = ("knn",)
    kernels: tuple[str, ...] = ("rbf",)
    svm_C: tuple[float, ...] = (1, 10)
    logistic_C: tuple[float, ...] = (0.01,)
    epochs: tuple[int, ...] = (5,)
    rates: tuple[float, ...] = (0.001,)
    final_seeds: int = 1
    features: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """Return how many cells there are: networks, kernels and classifiers on pixels and features."""
        return len(self.networks) + (len(self.kernels) + len(self.classifiers)) * (1 + len(self.features))


@dataclass(frozen=True)
class Needs:
    """What a choice is thought to take: seconds of the clock, and megabytes."""

    seconds: float
    memory_mb: int
    disk_mb: int


def estimate(choice: Choice, facts: Facts) -> Needs:
    """Return what a choice is thought to need on this machine."""
    images = min(choice.limit or facts.total, facts.total)
    trainings, fits = _trainings(choice, facts, images), _fits(choice, facts, images)
    readings = 1 + len(_others(choice, facts)) + len(choice.features)
    seconds = costs.AROUND_S + _reading(facts, images) * readings + _extracting(choice, facts, images)
    seconds += _grids(choice, facts, trainings, fits)
    alone = choice.final_seeds * (sum(trainings) + sum(fits.values())) / _speed(facts)
    seconds += costs.ALONE_S * choice.cells + alone
    return Needs(seconds, _memory_mb(choice, facts, images), _disk_mb(choice, facts, images))


def _others(choice: Choice, facts: Facts) -> list[int]:
    """Return the sizes of the views beside the main one: each is decoded by itself, and a file of its own."""
    own = {costs.NETWORKS[name].size for name in choice.networks}
    return sorted({*facts.views, *(size for size in own if size)} - {choice.size})


def _reading(facts: Facts, images: int) -> float:
    """Return the seconds that the files of so many images take to be read."""
    return images * (costs.IMAGE_S + costs.BYTE_S * facts.bytes / facts.total)


def _extracting(choice: Choice, facts: Facts, images: int) -> float:
    """Return the seconds of the clock in which features are made."""
    each = sum(costs.FEATURES[name].image_s for name in choice.features) * images
    return costs.START_S * len(choice.features) + each / _speed(facts)


def _trainings(choice: Choice, facts: Facts, images: int) -> list[float]:
    """Return the seconds of one core that one training of each network takes; epochs in a list are one."""
    shape = max(choice.epochs), images, choice.size, len(facts.classes)
    times = costs.GPU_TIMES if facts.gpu else 1
    return [costs.NETWORKS[name].seconds(*shape) / times for name in choice.networks]


def _fits(choice: Choice, facts: Facts, images: int) -> dict[str, float]:
    """Return the seconds of one core that one fit of every other competitor takes."""
    fits: dict[str, float] = {}
    sizes = {"": choice.size, **{f"{ON}{name}": costs.FEATURES[name].like for name in choice.features}}
    for on, size in sizes.items():
        seen = images, size, len(facts.classes)
        fits |= {f"{name}{on}": costs.CLASSIFIERS[name].seconds(*seen) for name in choice.classifiers}
        fits |= {f"svm_{name}{on}": costs.SVM.seconds(*seen) for name in choice.kernels}
    return fits


def _grids(choice: Choice, facts: Facts, trainings: Sequence[float], fits: Mapping[str, float]) -> float:
    """Return the seconds of the clock that all grids take.

    A network's has one thread; the others' have several, and on few cores nothing runs beside them.
    """
    settings = {"logistic": len(choice.logistic_C)}
    settings |= {f"svm_{name}": len(choice.svm_C) for name in choice.kernels}
    counts = {name: settings.get(name.partition(ON)[0], 1) for name in fits}
    others = sum(counts[name] * each for name, each in fits.items()) / _speed(facts)
    others += costs.START_S * len(fits)
    networks = [costs.START_S + len(choice.rates) * each for each in trainings]
    if facts.cores <= FIT_THREADS:
        return sum(networks) + others
    return max(*networks, others / max(1, (facts.cores - 1) // FIT_THREADS))


def _speed(facts: Facts) -> float:
    """Return how many times as quick as one core those of a fit are together."""
    return float(min(facts.cores, FIT_THREADS) ** costs.CORES_GAIN)


def _pixels_mb(images: int, *sizes: int) -> float:
    """Return the megabytes of the prepared images, in colour, at each of the sizes."""
    return images * sum(size**2 for size in sizes) * 3 / MB


def _memory_mb(choice: Choice, facts: Facts, images: int) -> int:
    """Return what the cells side by side take; preparing takes less, however many images there are."""
    pixels, side_by_side = _pixels_mb(images, choice.size), min(facts.cores, choice.cells)
    # As numbers of four bytes, once as they are and once scaled; networks share the file's own pages.
    rows = min(2, side_by_side) * 8 * pixels
    views = _pixels_mb(images, *_others(choice, facts))
    return ceil(side_by_side * PROCESS_MB + pixels + views + rows + kernels_mb(facts, images))


def kernels_mb(facts: Facts, images: int) -> int:
    """Return the bound on an SVM's kernel matrices: what they need, at most a quarter of the memory."""
    fitted = facts.to_fit(images)
    return int(min(4000, max(200, 2 * 8 * fitted**2 / MB), max(200, facts.memory_mb / 4)))


def _disk_mb(choice: Choice, facts: Facts, images: int) -> int:
    """Return what decoded images, the parts made of them, models and the report take."""
    pixels = _pixels_mb(images, choice.size)
    models = NETWORK_MB * len(choice.networks) + 4 * pixels * (len(choice.kernels) + 1)
    for row in (costs.FEATURES[name] for name in choice.features):
        # Decoded images, the numbers, waiting and kept, and models with the network and rows of these.
        numbers = 4 * images * row.numbers / MB
        models += _pixels_mb(images, row.size) + 2 * numbers
        models += (len(choice.kernels) + len(choice.classifiers)) * (EXTRACTOR_MB + numbers)
    return ceil(RESULTS_MB + 2 * (pixels + _pixels_mb(images, *_others(choice, facts))) + models)
