"""Original files, each checked by the digest of its content, from the source that a person names or others.

A named source is the only one: nothing is downloaded past it. Without one a distribution's folder and the
public mirrors are tried in order. Nothing is stored before everything is right.
"""

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bakeoff.command import UserError
from bakeoff.data import idx
from bakeoff.data.download import Deadline, Log, download
from bakeoff.data.kinds import digits, function
from bakeoff.data.kinds.originals import (
    FILES,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    Originals,
)
from bakeoff.data.own import Own
from bakeoff.data.packed import WrongContent, most, unpack
from bakeoff.data.raw import Raw
from bakeoff.rows import Named

ELSE = "or leave data_source and BAKEOFF_DATA out and it is downloaded"


def fetch(dataset: Named, data_source: str | None, log: Log) -> Raw:
    """Return a data set as published, verified where that is known; UserError where no source has it."""
    name, row = dataset
    if isinstance(row, digits.Digits):
        return digits.load()
    if isinstance(row, function.Function):
        return function.load(row)
    if isinstance(row, Own):
        raise UserError(
            f"{name}: images of your own are fetched from nowhere; prepare_images.py prepares them"
        )
    found = originals(name, row, data_source, log)
    arrays = {file: idx.parse(content, file) for file, (content, _) in found.items()}
    for file in (TRAIN_LABELS, TEST_LABELS):
        if (highest := int(arrays[file].max(initial=0))) >= len(row.classes):
            raise UserError(
                f"{file}: a label is {highest}, but the row of {name} names {len(row.classes)} classes"
            )
    return Raw(
        arrays[TRAIN_IMAGES],
        arrays[TRAIN_LABELS].astype(np.int64),
        arrays[TEST_IMAGES],
        arrays[TEST_LABELS].astype(np.int64),
        tuple(row.classes),
        True,
        ", ".join(sorted({origin for _, origin in found.values()})),
    )


def originals(name: str, row: Originals, data_source: str | None, log: Log) -> dict[str, tuple[bytes, str]]:
    """Return the verified content of every original file, and where it was found; UserError as for fetch."""
    origins = _origins(name, row, data_source)
    return {file: _first_good(name, row, file, origins, log) for file in FILES}


@dataclass(frozen=True)
class _Origin:
    """A folder or URL that may hold the files of a data set; `root` is what the user named, if he did."""

    place: str
    label: str
    root: str | None = None

    @property
    def remote(self) -> bool:
        return "://" in (self.root or self.place)

    def names(self, file: str) -> tuple[str, ...]:
        """Return how a file may be called there; what a public mirror calls it is known."""
        if self.remote and self.root is None:
            return (f"{file}.gz",)
        return _names(file)


def _spellings(file: str) -> tuple[str, str]:
    return file, file.replace("-idx", ".idx")


def _names(file: str) -> tuple[str, ...]:
    """Return what people call a file, gzipped or not."""
    return tuple(f"{name}{suffix}" for suffix in (".gz", "") for name in _spellings(file))


def _origins(name: str, row: Originals, data_source: str | None) -> list[_Origin]:
    """Return the named source alone, `~` and variables of the environment expanded; else all others."""
    if named := data_source or os.environ.get("BAKEOFF_DATA"):
        root = os.path.expanduser(os.path.expandvars(named))
        return [_Origin(f"{root.rstrip('/')}/{name}", "data_source", root)]
    places = [row.distribution_folder, *row.mirrors]
    return [_Origin(place, place) for place in places if place]


class _Fault(Exception):
    """Why a place does not give a file, in one line, and the cure."""

    def __init__(self, fault: str, cure: str) -> None:
        super().__init__(_one_line(fault))
        self.cure = _one_line(cure)


def _one_line(text: str) -> str:
    """Return a text without what would break a line or move a cursor: a server may say anything."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())


def _first_good(
    name: str, row: Originals, file: str, origins: Sequence[_Origin], log: Log
) -> tuple[bytes, str]:
    """Return the first right content and its origin's label; a named source that has none ends it."""
    tried = []
    for origin in origins:
        try:
            content = _read(origin, row, file, log)
        except _Fault as fault:
            if origin.root is not None:
                raise UserError(f"{fault}; {fault.cure}, {ELSE}") from fault
            log(str(fault))
            tried.append(str(fault))
        else:
            log(f"{file}: verified, from {origin.place}")
            return content, origin.label
    raise UserError(
        f"{file} was found nowhere; set --config data_source=FOLDER (holding {name}/{file}.gz)."
        f" Tried: {'; '.join(tried)}"
    )


def _read(origin: _Origin, row: Originals, file: str, log: Log) -> bytes:
    """Return what lies there under the first of the file's names, verified; _Fault where it is not right."""
    size, deadline, answer = row.length(file), Deadline(), ""
    for path in (f"{origin.place}/{spelled}" for spelled in origin.names(file)):
        try:
            content = download(path, size, deadline, log) if origin.remote else _read_local(path, size)
            return _verified(content, row.digests[file])
        except (FileNotFoundError, NotADirectoryError) as error:
            answer = f" ({error})" if origin.remote else ""
        except Exception as error:  # a strange path, file, address or server, in whichever library's words
            raise _Fault(f"{path}: {_reason(error)}", _cure(error, origin)) from error
    raise _absent(origin, file, answer)


def _read_local(path: str, size: int) -> bytes:
    # A named pipe or a device may never end, or never begin.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise WrongContent("not a regular file")
    with open(path, "rb") as opened:
        data = opened.read(most(size) + 1)
    return unpack(data, size)


def _verified(content: bytes, digest: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise WrongContent(f"wrong content, sha256 of the decompressed bytes is {found}, expected {digest}")
    return content


def _absent(origin: _Origin, file: str, answer: str) -> _Fault:
    """Return what is missing where none of a file's names is there, from the named folder downwards."""
    looked = " or ".join(_spellings(file))
    cure = f"put {looked}, with or without .gz, into {origin.place}"
    if not origin.remote:
        if origin.root and not os.path.isdir(origin.place) and _holds_originals(origin.root):
            return _at_wrong_level(origin)
        for folder in filter(None, (origin.root, origin.place)):
            if not os.path.isdir(folder):
                what = "not a folder" if os.path.lexists(folder) else "no such folder"
                return _Fault(f"{folder}: {what}", cure)
    return _Fault(f"{origin.place}: no {looked}{answer}", cure)


def _holds_originals(folder: str) -> bool:
    return any(os.path.exists(f"{folder}/{name}") for file in FILES for name in _names(file))


def _at_wrong_level(origin: _Origin) -> _Fault:
    root = Path(str(origin.root))
    fault = f"{root}: holds a data set's files itself, where data_source is the folder above"
    known = os.path.basename(origin.place) == root.name
    return _Fault(fault, f"name {root.parent}" if known else f"move them into {origin.place}")


def _reason(error: Exception) -> str:
    system = error.strerror if isinstance(error, OSError) else None
    return (system or str(error) or type(error).__name__)[:300]


def _cure(error: Exception, origin: _Origin) -> str:
    if origin.remote and not isinstance(error, WrongContent):
        return "check the address"
    # The system's own errors have a number: they speak of the disk or of permissions, not of the content.
    unreadable = isinstance(error, OSError) and error.errno is not None
    return "make it readable" if unreadable else "replace the file"
