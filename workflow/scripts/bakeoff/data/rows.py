"""Data sets as rows: original IDX files, scikit-learn's scans, or what a person's own function loads."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.data import idx
from bakeoff.plugins import PATH, ImportPath
from bakeoff.rows import Keywords, Kind
from bakeoff.typed import Text, said
from bakeoff.values import shown

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

Sha256 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
UNSTATED = "not stated"


@typed.settings
class IdxFiles:
    """The sha256 of the decompressed bytes of each of the four original files."""

    train_images: Sha256 = said(f"Of {TRAIN_IMAGES}.")
    train_labels: Sha256 = said(f"Of {TRAIN_LABELS}.")
    test_images: Sha256 = said(f"Of {TEST_IMAGES}.")
    test_labels: Sha256 = said(f"Of {TEST_LABELS}.")


@typed.settings
class Idx:
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


@typed.settings
class Loaded:
    """Images that a person's own function returns.

    It is called with `settings` and returns a mapping: images, uint8 (n, rows, columns) where they are grey,
    (n, rows, columns, 3) where they are in colour; labels, whole numbers (n,) from 0; classes, their names;
    and, where a test set is official, test_images and test_labels.
    """

    kind: ImportPath = said("The function: package.module:name, installed or in the working directory.")
    settings: Keywords = said("Keywords of its call.", {})
    title: Text | None = said("The name people know it by; its row's name where it has none.", None)
    licence: Text = said("Its licence and authors.", UNSTATED)

    @property
    def digests(self) -> dict[str, str]:
        """Return nothing: no original file is known."""
        return {}

    def counts(self) -> None:
        """Return nothing: the images are not read before they are fetched."""


@typed.settings
class Digits:
    """scikit-learn's 1,797 scans of digits, 8 x 8 pixels; no test set is official."""

    kind: Literal["digits"] = said("digits")
    title: Text = said("The name people know it by.")
    licence: Text = said("Its licence and authors.", UNSTATED)

    @property
    def digests(self) -> dict[str, str]:
        """Return nothing: no original file is read."""
        return {}

    def counts(self) -> tuple[int, int]:
        """Return how many training and test images there are."""
        return 1797, 0


Dataset = Idx | Digits | Loaded
KINDS: dict[str, type[Dataset]] = {"idx": Idx, "digits": Digits}


def kind_of(given: Any) -> type[Dataset]:
    """Return the type of a row as it is written; UserError where its kind is none."""
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if isinstance(kind, str) and PATH.fullmatch(kind):
        return Loaded
    if not isinstance(kind, str) or kind not in KINDS:
        known = typed.nearest(str(kind), list(KINDS))
        raise UserError(f"kind: {shown(kind)} is no kind of data set{known}, or package.module:name")
    return KINDS[kind]


DATASETS = Kind("datasets", kind_of, "Data sets")
