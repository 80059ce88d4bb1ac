"""Arrays in a file of ours (.npz): of the types that they were written in, or one line without a traceback.

Owns what is looked at before memory is taken, and the type of class numbers: int64 in memory, the smallest
that tells all classes apart in a file. Must not know what the arrays are of.
"""

import math
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from bakeoff.command import DamagedError, UserError
from bakeoff.files import DAMAGE, reading

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# numpy's letters for kinds of type, in words.
KINDS = {"u": "whole numbers", "iu": "whole numbers", "f": "floats", "U": "a text"}
# An archive with a password, or whose own notes lead nowhere, ends in others than a damaged file does.
FOREIGN = (*DAMAGE, RuntimeError, ArithmeticError, struct.error)


class WrongContent(ValueError):
    """A whole file that holds something else; says what."""


@dataclass(frozen=True)
class Arrays:
    """The arrays of an open file, each read when it is asked for."""

    content: zipfile.ZipFile
    size: int

    def __contains__(self, name: str) -> bool:
        return f"{name}.npy" in self.content.namelist()

    def read(self, name: str, kinds: str, *ranks: int) -> np.ndarray:
        """Return an array of one of the ranks and kinds of type; WrongContent where it is of others."""
        if name not in self:
            raise WrongContent(f"it holds no {name}")
        self._check(name, kinds, ranks)
        with self.content.open(f"{name}.npy") as file:
            return npy.read_array(file, allow_pickle=False)

    def class_numbers(self, name: str) -> np.ndarray:
        """Return class numbers (n,), int64 whatever they are kept as; WrongContent where they are none."""
        found = self.read(name, "u", 1)
        if found.max(initial=0) > np.iinfo(np.int64).max:
            raise WrongContent(f"{name} holds {found.max()}, which is no class")
        return found.astype(np.int64)

    def _check(self, name: str, kinds: str, ranks: tuple[int, ...]) -> None:
        about = self.content.getinfo(f"{name}.npy")
        # Ours are stored as they are: what would unpack to more than the file is long is none.
        if about.compress_type != zipfile.ZIP_STORED or about.file_size > self.size:
            raise WrongContent(f"{name} is compressed")
        with self.content.open(about) as file:
            try:
                shape, _, kind = HEADERS[npy.read_magic(file)](file)
            except Exception as error:  # of a parser that was given anything at all
                raise WrongContent(f"{name} is no array") from error
            room = about.file_size - file.tell()
        if kind.kind not in kinds or len(shape) not in ranks:
            known = " or ".join(map(str, ranks))
            raise WrongContent(f"{name} is {kind.name} {shape}, not {KINDS[kinds]} of rank {known}")
        if math.prod(shape) * kind.itemsize != room:
            raise WrongContent(f"{name} has not as many values as it says")


def as_kept(numbers: np.ndarray, classes: int) -> np.ndarray:
    """Return class numbers in the type in which files keep them, the smallest that tells so many apart.

    ValueError for a number that is none of these classes: in a smaller type it would be another one.
    """
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < classes):
        raise ValueError(f"class numbers from {numbers.min()} to {numbers.max()}, of {classes} classes")
    return numbers.astype(np.min_scalar_type(max(classes - 1, 0)))


@contextmanager
def opened(path: Path, what: str) -> Iterator[Arrays]:
    """Give the arrays of a file that should be `what`.

    UserError where it is absent or may not be read, DamagedError where it is not whole or something else.
    """
    with reading(path):
        try:
            with zipfile.ZipFile(path) as content:
                yield Arrays(content, path.stat().st_size)
        except UserError:
            raise
        except WrongContent as error:
            raise DamagedError({path: f"not {what}: {error}"}) from error
        except FOREIGN as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DamagedError({path: f"damaged, or not {what}"}) from error
