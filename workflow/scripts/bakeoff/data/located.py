"""Images that are files below one folder, as every kind of row that names files reads them.

Owns how a path of an item becomes a file's bytes, and what a link may lead to. Must not know who listed them.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bakeoff import values
from bakeoff.command import UserError
from bakeoff.data import pictures
from bakeoff.data.source import Item, Picture, Unreadable


@dataclass(frozen=True)
class Files:
    """Files below a folder, which is named as a person wrote it."""

    root: Path
    apart = True

    def stamp(self, item: Item) -> str | None:
        """Return a file's size and time, as bakeoff.data.source.Source says."""
        return stamp(self.root / item.path)

    def image(self, item: Item, size: int | None = None, content: bytes | None = None) -> Picture:
        """Return an item's image, as bakeoff.data.source.Source says."""
        return pictures.decode(self.content(item) if content is None else content, size)

    def content(self, item: Item) -> bytes:
        """Return a file's bytes; Unreadable where there are none."""
        try:
            content = (self.root / item.path).read_bytes()
        except OSError as error:
            raise Unreadable(error.strerror or type(error).__name__) from error
        if not content:
            raise Unreadable("an empty file")
        return content


def stamp(path: Path) -> str | None:
    """Return a file's size and the time it was written, None where it is not there."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return f"{about.st_size} {about.st_mtime_ns}"


def fingerprint(paths: Iterable[Path]) -> tuple[str, float] | None:
    """Return a digest that changes when files do, and when the newest was written; None of no files.

    Names, sizes and times are looked at, not what is in them.
    """
    found = sorted((str(path), about) for path in paths if (about := stamp(path)))
    if not found:
        return None
    text = "".join(f"{path}\t{about}\n" for path, about in found)
    newest = max(int(about.split()[1]) for _, about in found) / 1e9
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest(), newest


def folder(named: Path) -> None:
    """Raise UserError where what a row names is no folder that can be listed."""
    try:
        os.scandir(named).close()
    except NotADirectoryError:
        raise UserError(f"{named}: not a folder; name the folder that holds the images") from None
    except OSError as error:
        what = "no such folder" if isinstance(error, FileNotFoundError) else error.strerror
        raise UserError(f"{named}: {what}; name the folder that holds the images") from error


def within(path: Path, root: str, shown: str) -> str | None:
    """Return where a link leads, None where that is nowhere; UserError where it leaves the root or loops.

    root: the root's real path; shown: what people know the link by.
    """
    try:
        target = os.path.realpath(path, strict=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{shown}: a link that leads round in a circle; remove it") from error
    if os.path.commonpath([root, target]) != root:
        raise UserError(f"{shown}: a link that leads out of the folder; put what it leads to there itself")
    return target


def text(name: str, shown: str) -> None:
    """Raise UserError for a name that can stand in no table: not UTF-8, or with a line's end in it."""
    if not values.is_text(name) or not name.isprintable():
        raise UserError(f"{shown!a}: a name that is not UTF-8, or has a control character; rename it")
