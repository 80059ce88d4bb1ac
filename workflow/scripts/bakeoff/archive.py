"""Arrays in a file of ours (.npz): of the types that they were written in, or one line without a traceback.

They are stored as they are, so that a large one is mapped into memory, and processes side by side share it.

Owns what is looked at before memory is taken, and the type of class numbers: int64 in memory, the smallest
that tells all classes apart in a file. Must not know what the arrays are of.
"""

import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.lib import format as npy

from bakeoff.command import DamagedError, UserError
from bakeoff.files import DAMAGE, reading, writing

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# numpy's letters for kinds of type, in words.
KINDS = {"u": "whole numbers", "iu": "whole numbers", "f": "floats", "U": "a text"}
# An archive with a password, or whose own notes lead nowhere, ends in others than a damaged file does.
FOREIGN = (*DAMAGE, RuntimeError, ArithmeticError, struct.error)
# What stands before each member: of its last two fields, how long its name is, and its notes.
LOCAL = struct.Struct("<4s5H3L2H")


class WrongContent(ValueError):
    """A whole file that holds something else; says what."""


@dataclass(frozen=True)
class Form:
    """What the head of an array says, and where in its member the values begin."""

    shape: tuple[int, ...]
    kind: "np.dtype[Any]"
    order: Literal["C", "F"]
    offset: int


@dataclass(frozen=True)
class Arrays:
    """The arrays of an open file, each read when it is asked for."""

    content: zipfile.ZipFile
    path: Path
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

    def mapped(self, name: str, kinds: str, *ranks: int) -> np.ndarray:
        """Return an array as `read` does, from the file's own pages; what is written to it goes nowhere.

        The file is replaced by whoever makes it anew, never changed: the pages stay those of this one.
        """
        if name not in self:
            raise WrongContent(f"it holds no {name}")
        form, about = self._check(name, kinds, ranks), self.content.getinfo(f"{name}.npy")
        if math.prod(form.shape) == 0:
            return np.empty(form.shape, form.kind)
        start = self._start(about) + form.offset
        found = np.memmap(self.path, form.kind, "c", start, form.shape, form.order)
        with self.content.open(about) as file:
            check = zlib.crc32(file.read(form.offset))
        # zipfile checks what it reads itself alone.
        check = zlib.crc32(found.reshape(-1, order="A").view(np.uint8), check)
        if check != about.CRC:
            raise WrongContent(f"{name} is not what was written")
        return np.asarray(found)

    def _start(self, about: zipfile.ZipInfo) -> int:
        """Return where a member's bytes begin: behind its own head, which differs from the list's."""
        with open(self.path, "rb") as file:
            file.seek(about.header_offset)
            head = file.read(LOCAL.size)
        *_, name, extra = LOCAL.unpack(head)
        return about.header_offset + LOCAL.size + int(name) + int(extra)

    def class_numbers(self, name: str, *ranks: int) -> np.ndarray:
        """Return class numbers, int64 whatever they are kept as; WrongContent where they are none.

        They are (n,), or of one of the ranks.
        """
        found = self.read(name, "u", *(ranks or (1,)))
        if found.max(initial=0) > np.iinfo(np.int64).max:
            raise WrongContent(f"{name} holds {found.max()}, which is no class")
        return found.astype(np.int64)

    def _check(self, name: str, kinds: str, ranks: tuple[int, ...]) -> "Form":
        """Return an array's form; WrongContent where it is of other kinds or ranks."""
        about = self.content.getinfo(f"{name}.npy")
        # Ours are stored as they are: what would unpack to more than the file is long is none.
        if about.compress_type != zipfile.ZIP_STORED or about.file_size > self.size:
            raise WrongContent(f"{name} is compressed")
        with self.content.open(about) as file:
            try:
                shape, turned, kind = HEADERS[npy.read_magic(file)](file)
            except Exception as error:  # of a parser that was given anything at all
                raise WrongContent(f"{name} is no array") from error
            offset = file.tell()
        if kind.kind not in kinds or len(shape) not in ranks:
            known = " or ".join(map(str, ranks))
            raise WrongContent(f"{name} is {kind.name} {shape}, not {KINDS[kinds]} of rank {known}")
        if math.prod(shape) * kind.itemsize != about.file_size - offset:
            raise WrongContent(f"{name} has not as many values as it says")
        return Form(shape, kind, "F" if turned else "C", offset)


def as_kept(numbers: np.ndarray, classes: int) -> np.ndarray:
    """Return class numbers in the type in which files keep them, the smallest that tells so many apart.

    ValueError for a number that is none of these classes: in a smaller type it would be another one.
    """
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < classes):
        raise ValueError(f"class numbers from {numbers.min()} to {numbers.max()}, of {classes} classes")
    return numbers.astype(np.min_scalar_type(max(classes - 1, 0)))


class Blocks(Protocol):
    """An array that is never in memory as a whole."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return its shape."""

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Return the type of its values."""

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield it piece by piece, along its first axis."""


@dataclass(frozen=True)
class Writer:
    """A file of arrays that is being written."""

    content: zipfile.ZipFile

    def add(
        self, name: str, array: np.ndarray | Blocks, told: Callable[[np.ndarray], object] = lambda block: None
    ) -> None:
        """Write an array under a name; `told` is given every piece of it."""
        about = {
            "descr": npy.dtype_to_descr(np.dtype(array.dtype)),
            "fortran_order": False,
            "shape": array.shape,
        }
        with self.content.open(f"{name}.npy", "w", force_zip64=True) as file:
            npy.write_array_header_1_0(file, about)
            for block in (array,) if isinstance(array, np.ndarray) else array.blocks():
                piece = np.ascontiguousarray(block)
                told(piece)
                file.write(piece.reshape(-1).view(np.uint8).data if piece.size else b"")


@contextmanager
def saving(path: Path) -> Iterator[Writer]:
    """Give a file to write arrays to, which takes its name when all of it is there."""
    with writing(path) as place, zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as content:
        yield Writer(content)


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a file of arrays, whole or not at all."""
    with saving(path) as file:
        for name, array in arrays.items():
            file.add(name, array)


@contextmanager
def opened(path: Path, what: str) -> Iterator[Arrays]:
    """Give the arrays of a file that should be `what`.

    UserError where it is absent or may not be read, DamagedError where it is not whole or something else.
    """
    with reading(path):
        try:
            with zipfile.ZipFile(path) as content:
                yield Arrays(content, path, path.stat().st_size)
        except UserError:
            raise
        except WrongContent as error:
            raise DamagedError({path: f"not {what}: {error}"}) from error
        except FOREIGN as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DamagedError({path: f"damaged, or not {what}"}) from error
