"""Any IDX files of images and labels, gzipped or not: MNIST's relatives, torchvision's folder raw."""

import gzip
import re
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import idx, indexed, located, own
from bakeoff.data.indexed import Indexed, Series
from bakeoff.data.packed import GZIP
from bakeoff.data.source import part_called
from bakeoff.typed import Text, said

if TYPE_CHECKING:
    import numpy as np

# emnist-letters-train-images-idx3-ubyte.gz: what stands before the part, the part, what the file holds.
NAME = re.compile(
    r"(.*?)(train|training|t10k|test|testing|val|valid|validation|dev)[-_.]?(images|labels)[-.].*"
)
ARCHIVES = (".zip", ".tar", ".tgz")


@typed.settings
class Idx(indexed.Numbered):
    """A folder of IDX files: train-images-idx3-ubyte and so on, or train-images.idx3-ubyte, gzipped or not.

    A folder raw in it, as torchvision makes one, is looked into as well. A row with digests (`sha256`)
    is one of published originals, which are taken from wherever they lie.
    """

    kind: Literal["idx"] = said("idx")
    root: Text = said("The folder; `~` and `$NAME` are expanded.")
    prefix: str = said("What files' names begin with, before the part's: emnist-letters-, for example.", "")
    transposed: typed.Switch = said("Whether rows and columns are exchanged, as EMNIST's are.", False)

    def source(self) -> Indexed:
        """Return the files, made ready; UserError where some are missing, or hold something else."""
        root = own.place(self.root)
        indexed.check_ungrouped(self, str(root))
        found = _found(root, self.prefix)
        parts = sorted({part for part, _ in found})
        if "train" not in parts:
            raise UserError(_lacking(root, self.prefix, "train-images-idx3-ubyte"))
        series = [
            self._series(root, part, found) for part in ("train", "validation", "test") if part in parts
        ]
        return Indexed(self, series, str(root), f"IDX files of {root.name}")

    def _series(self, root: Path, part: str, found: dict[tuple[str, str], Path]) -> Series:
        for what in ("images", "labels"):
            if (part, what) not in found:
                (other,) = (path.name for (each, _), path in found.items() if each == part)
                raise UserError(f"{root}: {other} without the {part} part's {what}; put them beside it")
        images, labels = found[part, "images"], found[part, "labels"]
        shape = _shape(images)
        indexed.check_form(images.name, shape, "uint8", None, str(root))
        indexed.check_labels(labels.name, _shape(labels), shape[0], str(root))
        return Series(part, part, list(_read(labels)), _lazily(images, self.transposed))


def _found(root: Path, prefix: str) -> dict[tuple[str, str], Path]:
    """Return the file of each part's images and labels; the plain one, where it lies there gzipped, too."""
    located.folder(root)
    found: dict[tuple[str, str], Path] = {}
    for folder in (root / "raw", root):
        for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():
            match = NAME.fullmatch(path.name)
            if match and match[1] == prefix and path.is_file() and not path.name.endswith(ARCHIVES):
                part = "test" if match[2] == "t10k" else part_called(match[2])
                found[str(part), match[3]] = path
    return found


def _lacking(root: Path, prefix: str, file: str) -> str:
    """Return the line for a folder without training images: by the prefixes that are there."""
    names = [path.name for folder in (root, root / "raw") if folder.is_dir() for path in folder.iterdir()]
    prefixes = sorted({match[1] for name in names if (match := NAME.fullmatch(name))} - {prefix})
    cure = f"say which by `prefix`: {values.shown(', '.join(prefixes))}" if prefixes else "put it there"
    return f"{root}: no {prefix}{file}; {cure}"


def _bytes(path: Path, count: int = -1) -> bytes:
    """Return the first bytes of a file, or all; its content, not its name, says if it is a gzip."""
    try:
        with open(path, "rb") as plain:
            packed = plain.read(2) == GZIP
            plain.seek(0)
            if not packed:
                return plain.read(count)
            with gzip.GzipFile(fileobj=plain) as file:
                return file.read(count)
    except (OSError, EOFError, zlib.error) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UserError(f"{path}: {said}; replace the file") from error


def _shape(path: Path) -> tuple[int, ...]:
    """Return the sizes in a file's head; UserError where it is no IDX file of unsigned bytes."""
    return idx.shape(_bytes(path, idx.MOST_HEAD), str(path))


def _read(path: Path) -> "np.ndarray":
    return idx.parse(_bytes(path), str(path))


def _lazily(path: Path, transposed: bool) -> Callable[[int], "np.ndarray"]:
    """Return what gives an image by its number, all of them read with the first."""
    whole = cache(lambda: _read(path))
    return lambda number: whole()[number].swapaxes(0, 1) if transposed else whole()[number]
