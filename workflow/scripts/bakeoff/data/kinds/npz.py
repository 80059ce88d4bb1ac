"""Arrays in a file of numpy's (.npz): images and labels, or MedMNIST's names for its three parts."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import indexed, own
from bakeoff.data.indexed import Indexed, Series
from bakeoff.typed import Text, said

if TYPE_CHECKING:
    import numpy as np

# As MedMNIST calls its parts, and what they are here.
PARTS = {"train": "train", "val": "validation", "test": "test"}


@typed.settings
class Npz(indexed.Arrays):
    """A file of numpy's with arrays of images and of labels.

    images and labels, or train_images and train_labels beside val_ and test_, as MedMNIST calls them. `group`
    is the name of an array of one group for each image, in MedMNIST's form with the part before it.
    """

    kind: Literal["npz"] = said("npz")
    file: Text = said("The file; `~` and `$NAME` are expanded.")
    images: Text = said("The array of images, after a part's name and _ where there are parts.", "images")
    labels: Text = said("The array of labels, likewise.", "labels")

    def source(self) -> Indexed:
        """Return the arrays, made ready; UserError where the file has none that belong together."""
        file = own.place(self.file)
        where = str(file)
        with _opened(file) as inside:
            names = {name.removesuffix(".npy") for name in inside.namelist()}
            forms = {name: _form(inside, name, where) for name in sorted(names)}
        parts: dict[str | None, str] = {
            PARTS[word]: f"{word}_" for word in PARTS if f"{word}_{self.images}" in names
        }
        if self.images in names:
            if parts:
                raise UserError(
                    f"{where}: holds {self.images} and {parts.popitem()[1]}{self.images}; name one"
                )
            parts = {None: ""}
        if not parts:
            known = typed.nearest(self.images, sorted(names))
            raise UserError(f"{where}: no array {self.images}{known}, or name it by `images`")
        series = [self._series(file, part, before, forms) for part, before in parts.items()]
        return Indexed(self, series, where, f"arrays {file.name}", white=self.white)

    def _series(self, file: Path, part: str | None, before: str, forms: dict[str, "Form"]) -> Series:
        where, images, labels = str(file), f"{before}{self.images}", f"{before}{self.labels}"
        if labels not in forms:
            raise UserError(f"{where}: no array {labels}{typed.nearest(labels, list(forms))}")
        shape, kind = forms[images].shape, forms[images].kind
        indexed.check_form(images, shape, kind, self.white, where)
        indexed.check_labels(labels, forms[labels].shape, shape[0], where)
        return Series(
            images, part, list(_read(file, labels)), _lazily(file, images), self._groups(file, before, forms)
        )

    def _groups(self, file: Path, before: str, forms: dict[str, "Form"]) -> list[str] | None:
        if self.group is None:
            return None
        name, images = f"{before}{self.group}", f"{before}{self.images}"
        if name not in forms:
            raise UserError(f"{file}: group: no array {name}{typed.nearest(name, list(forms))}")
        indexed.check_labels(name, forms[name].shape, forms[images].shape[0], str(file))
        return [str(each) for each in _read(file, name).reshape(-1).tolist()]


@dataclass(frozen=True)
class Form:
    """What the head of an array says: its sizes and its type of number."""

    shape: tuple[int, ...]
    kind: str


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """Give the arrays of a file; UserError, in one line, for whatever it is instead."""
    from bakeoff.archive import FOREIGN

    try:
        with zipfile.ZipFile(file) as inside:
            yield inside
    except UserError:
        raise
    except FOREIGN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{file}: {error.strerror}; name the file that holds the arrays") from error
        said = values.shown(str(error) or type(error).__name__)
        raise UserError(f"{file}: damaged, or no .npz of numpy's: {said}; replace it") from error


def _form(inside: zipfile.ZipFile, name: str, where: str) -> Form:
    """Return the form of an array, of which nothing but its head is read."""
    from numpy.lib import format as npy

    from bakeoff.archive import HEADERS

    with inside.open(f"{name}.npy") as opened:
        shape, _, kind = HEADERS[npy.read_magic(opened)](opened)
    if kind.hasobject:
        raise UserError(f"{where}: {name} holds Python's objects, which may run code; save plain arrays")
    return Form(tuple(shape), kind.name)


def _read(file: Path, name: str) -> "np.ndarray":
    from numpy.lib import format as npy

    with _opened(file) as inside, inside.open(f"{name}.npy") as opened:
        return npy.read_array(opened, allow_pickle=False)


def _lazily(file: Path, name: str) -> Callable[[int], "np.ndarray"]:
    """Return what gives an image by its number, all of them read with the first."""
    whole = cache(lambda: _read(file, name))
    return lambda number: whole()[number]
