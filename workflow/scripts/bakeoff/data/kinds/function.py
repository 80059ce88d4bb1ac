"""Images that a person's own function returns, checked before anything rests on them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bakeoff import plugins, typed, values
from bakeoff.command import UserError
from bakeoff.data.raw import UNSTATED, Raw
from bakeoff.plugins import ImportPath
from bakeoff.rows import Keywords
from bakeoff.typed import Text, said

if TYPE_CHECKING:
    import numpy as np

KNOWN = ("images", "labels", "classes", "test_images", "test_labels")


@typed.settings
class Function:
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


def load(row: Function) -> Raw:
    """Call the function; UserError says what it returned that is no data set."""
    try:
        given = plugins.find(row.kind)(**row.settings)
    except UserError:
        raise
    except Exception as error:  # whatever a person's function raises
        said = " ".join(str(error).split())[:200]
        raise UserError(f"{row.kind}: {type(error).__name__}: {said}") from error
    try:
        return _raw(given, f"{row.kind}, called with {values.shown(dict(row.settings))}")
    except ValueError as error:
        raise UserError(f"{row.kind}: {error}") from error


def _raw(given: Any, source: str) -> Raw:
    if not isinstance(given, Mapping):
        raise ValueError(f"returned {type(given).__name__}, not a mapping of {', '.join(KNOWN[:3])}")
    if lacking := [name for name in KNOWN[:3] if name not in given]:
        raise ValueError(f"returned no {lacking[0]}")
    if unknown := [name for name in given if name not in KNOWN]:
        raise ValueError(
            f"returned {values.shown(unknown[0])}, which is unknown; known are {', '.join(KNOWN)}"
        )
    classes = tuple(map(str, given["classes"]))
    if len(classes) < 2:
        raise ValueError(f"{len(classes)} classes; two are the least")
    values.each_once(classes)
    images, labels = _part(given["images"], given["labels"], classes, "")
    if ("test_images" in given) != ("test_labels" in given):
        raise ValueError("test_images and test_labels belong together; return both or neither")
    if "test_images" not in given:
        return Raw(images, labels, images[:0], labels[:0], classes, images.ndim == 3, source)
    test = _part(given["test_images"], given["test_labels"], classes, "test_")
    if test[0].shape[1:] != images.shape[1:]:
        raise ValueError(f"test_images are {test[0].shape[1:]}, images {images.shape[1:]}; make them alike")
    return Raw(images, labels, *test, classes, images.ndim == 3, source)


def _part(images: Any, labels: Any, classes: tuple[str, ...], name: str) -> tuple["np.ndarray", "np.ndarray"]:
    """Return images and labels of a part; ValueError where they are not what a loader returns."""
    import numpy as np

    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8:
        raise ValueError(f"{name}images are {images.dtype}; make them uint8, 0 to 255")
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] != 3):
        raise ValueError(
            f"{name}images are {images.shape}; make them (n, rows, columns) or (n, rows, columns, 3)"
        )
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{name}labels are {labels.dtype} {labels.shape}; make them whole numbers (n,)")
    if len(images) != len(labels) or not len(labels):
        raise ValueError(
            f"{len(images)} {name}images and {len(labels)} {name}labels; one label belongs to each"
        )
    if labels.min() < 0 or labels.max() >= len(classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"a label is {wrong}, of {len(classes)} classes, which are counted from 0")
    return np.ascontiguousarray(images), labels.astype(np.int64)
