"""The facts about each data set: names, classes, licence, and where its original files lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bakeoff.datasets import idx

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"

SHAPES: dict[str, tuple[int, ...]] = {
    TRAIN_IMAGES: (60_000, 28, 28),
    TRAIN_LABELS: (60_000,),
    TEST_IMAGES: (10_000, 28, 28),
    TEST_LABELS: (10_000,),
}


@dataclass(frozen=True)
class Entry:
    """One data set; by IDX file, `sha256` is the digest of the decompressed bytes, `shapes` the array's.

    prepared: the digest of the arrays that config/config.yaml makes of it, which older records are known by.
    """

    title: str
    classes: tuple[str, ...]
    licence: str
    sha256: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    distribution_folder: str | None = None
    mirrors: tuple[str, ...] = ()
    prepared: str | None = None

    def size(self, file: str) -> int:
        """Return how many bytes an IDX file has, decompressed."""
        return idx.size(self.shapes[file])


CATALOG = {
    "mnist": Entry(
        title="MNIST",
        classes=tuple("0123456789"),
        licence="CC BY-SA 3.0; Y. LeCun, C. Cortes, C. Burges",
        sha256={
            TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        shapes=SHAPES,
        distribution_folder="/usr/share/datasets/mnist",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "http://yann.lecun.com/exdb/mnist",
        ),
        prepared="39f6b9b333cbfbd9797f533f5301c9b8f6eaa8d13346c249bc8387d6e7942dd2",
    ),
    "fashion": Entry(
        title="Fashion-MNIST",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        licence="MIT; Zalando SE",
        sha256={
            TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        shapes=SHAPES,
        # Debian's package dataset-fashion-mnist.
        distribution_folder="/usr/share/datasets/fashion-mnist",
        mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",),
        prepared="8f214137720bc72d45f3ad52037dec27fd8804ed47f70584b73bc386b046f5e2",
    ),
    "digits": Entry(
        title="Digits",
        classes=tuple("0123456789"),
        licence="CC BY 4.0; E. Alpaydin, C. Kaynak (UCI Optical Recognition of Handwritten Digits)",
    ),
}


def original(data: Mapping[str, Any]) -> str | None:
    """Return whose originals a record's data were made of, by the name in this catalog; None for any other's.

    data: what the record says of its data. Known by their fingerprints, never by what they are called; where
    the record is of a version that noted none, by the digest of the arrays.
    """
    for name, entry in CATALOG.items():
        if "fingerprints" in data:
            same = bool(entry.sha256) and data["fingerprints"] == entry.sha256
        else:
            same = data["digest"] == entry.prepared
        if same:
            return name
    return None
