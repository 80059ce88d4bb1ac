"""Data sets as MNIST is published: four IDX files whose content is known by its digest."""

from typing import Annotated, Literal

from pydantic import Field

from bakeoff import typed
from bakeoff.data import idx
from bakeoff.data.raw import UNSTATED
from bakeoff.typed import Text, said

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]


@typed.settings
class IdxFiles:
    """The sha256 of the decompressed bytes of each of the four original files."""

    train_images: Sha256 = said(f"Of {TRAIN_IMAGES}.")
    train_labels: Sha256 = said(f"Of {TRAIN_LABELS}.")
    test_images: Sha256 = said(f"Of {TEST_IMAGES}.")
    test_labels: Sha256 = said(f"Of {TEST_LABELS}.")


@typed.settings
class Originals:
    """A data set as MNIST is published: four IDX files of grey images and labels, the test set apart."""

    kind: Literal["idx"] = said("idx")
    title: Text = said("The name people know it by.")
    classes: Annotated[list[Text], Field(min_length=2)] = said(
        "Names of the classes, in the order of their labels."
    )
    licence: Text = said("Its licence and authors.", UNSTATED)
    train: typed.Count = said("Training images.")
    test: typed.Count = said("Test images.")
    size: Annotated[list[typed.Count], Field(min_length=2, max_length=2)] = said(
        "Rows and columns of an image."
    )
    sha256: IdxFiles = said("The sha256 of each original file's decompressed bytes.")
    distribution_folder: Text | None = said("Where a Linux distribution's package puts the files.", None)
    mirrors: list[Text] = said("URLs of folders that hold the files, gzipped.", [])

    @property
    def digests(self) -> dict[str, str]:
        """Return the digest of each original file by its name."""
        found = self.sha256
        digests = (found.train_images, found.train_labels, found.test_images, found.test_labels)
        return dict(zip(FILES, digests, strict=True))

    def length(self, file: str) -> int:
        """Return how many bytes an original file has, decompressed."""
        count = self.train if file in (TRAIN_IMAGES, TRAIN_LABELS) else self.test
        return idx.size((count, *self.size) if "images" in file else (count,))

    def counts(self) -> tuple[int, int]:
        """Return how many training and test images there are."""
        return self.train, self.test
