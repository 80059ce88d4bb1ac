"""What competitors cost, as benchmarks/sizing.py and a whole study measured it on two cores of an Intel Xeon.

Owns the numbers, in seconds of one core unless said otherwise. Must not know what is chosen by them.
"""

from collections.abc import Mapping
from typing import NamedTuple

# Images that the costs were measured at, in all parts together, and their rows and columns.
MEASURED_IMAGES, MEASURED_SIZE = 2000, 32
# Until the first job begins, and from the last cell to the report; of the wall clock.
AROUND_S = 40.0
# A command from its start to its first run, and what it does after its last.
START_S = 6.0
# A lone training's command, which also times single predictions; of the wall clock.
ALONE_S = 9.0
# An image read and brought to its size, and a byte of its file: JPEGs of 500 x 375 pixels, of 88 kB.
IMAGE_S, BYTE_S = 0.0003, 1.2e-8
# Of so many cores, this power of their number is gained.
CORES_GAIN = 0.7
# No GPU was measured: a network is taken to be so much quicker there than on one core.
GPU_TIMES = 10.0


class Cost(NamedTuple):
    """What one setting costs for one image of any part, fitted and scored.

    grows: with the number of images to this power, beyond once for each; pair_s: for each pair of classes.
    """

    image_s: float
    grows: float = 0.0
    pair_s: float = 0.0

    def seconds(self, images: int, size: float, classes: int) -> float:
        """Return the seconds of a setting on images of so many rows and columns."""
        area = (size / MEASURED_SIZE) ** 2
        more = float((images / MEASURED_IMAGES) ** self.grows)
        return self.image_s * images * area * more + self.pair_s * classes * (classes - 1) / 2


CLASSIFIERS: Mapping[str, Cost] = {
    "knn": Cost(0.0016, grows=1.0),
    "logistic": Cost(0.0040),
    "forest": Cost(0.0030, grows=0.1),
}
SVM = Cost(0.0010, grows=0.4, pair_s=0.001)


class Training(NamedTuple):
    """What a network costs for one image of any part: in each epoch, and once whatever their number.

    size: rows and columns that its own row asks for; None where it takes the images as they are prepared.
    """

    epoch: Cost
    once_s: float = 0.0
    size: int | None = None

    def seconds(self, epochs: int, images: int, size: int, classes: int) -> float:
        """Return the seconds of a training on images of so many rows and columns."""
        seen = MEASURED_SIZE if self.size else size
        return self.once_s * images + epochs * self.epoch.seconds(images, seen, classes)


NETWORKS: Mapping[str, Training] = {
    "resnet18": Training(Cost(0.0016)),
    # By trainings of 2,000 images on an AMD EPYC that had other work beside: more than on a quiet one.
    "lite0_tuned": Training(Cost(0.0008), once_s=0.011, size=96),
}


class Extraction(NamedTuple):
    """What a row of features costs: seconds of an image, its rows and columns, and its numbers."""

    image_s: float
    size: int
    numbers: int

    @property
    def like(self) -> float:
        """Return the rows and columns of an image in colour that has as many numbers."""
        return float((self.numbers / 3) ** 0.5)


# With one thread of the same processor, channels innermost in memory.
FEATURES: Mapping[str, Extraction] = {"lite0": Extraction(0.023, size=128, numbers=1280)}
