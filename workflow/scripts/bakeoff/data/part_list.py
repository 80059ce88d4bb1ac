"""parts.csv: which image is in which part, as a file that a second tool can use.

Owns its columns and its form. Must not know how parts are cut.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bakeoff.command import UserError
from bakeoff.data.parts import CUT
from bakeoff.files import reading, writing
from bakeoff.formulas import guarded, unguarded

FOLD = "fold"
BEFORE, BEHIND = ("path", "class", "part"), ("group", "sha256")
SHA256 = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
# A name that is no UTF-8 is kept byte by byte, as Python has it of a file system.
TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}


@dataclass(frozen=True, slots=True)
class Placed:
    """An image: its path, its class by name, its part, its fold of each cut, its group, its content.

    folds: as runs name them; none where it is not one to learn from, or there are none.
    """

    path: str
    label: str
    part: str
    folds: tuple[int, ...]
    group: str | None
    sha256: str


def _head(cuts: int) -> tuple[str, ...]:
    """Return the columns of a list of images whose folds were cut so many times."""
    folds = [FOLD if cut == 0 else f"{FOLD}_{cut}" for cut in range(cuts)]
    return (*BEFORE, *folds, *BEHIND)


def write(path: Path, images: Iterable[Placed]) -> None:
    """Write a list of images as a CSV file, whole or not at all; UserError for a name that none can hold."""
    images = list(images)
    cuts = max((len(image.folds) for image in images), default=0)
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(_head(cuts))
    for image in images:
        folds = map(str, image.folds or [""] * cuts)
        named = [image.path, image.label, image.part, *folds, image.group or "", image.sha256]
        lines.writerow(map(guarded, named))
    try:
        content = text.getvalue().encode(**TEXT)
    except UnicodeEncodeError as error:
        raise UserError(f"{path}: not written: {error.object[error.start]!r} in a name; rename it") from error
    with writing(path) as place:
        place.write_bytes(content)


def read(path: Path) -> list[Placed]:
    """Return the images that `write` listed; UserError where the file is absent, DamagedError if damaged."""
    with reading(path):
        text = Path(path).read_bytes().decode(**TEXT)
        if not text.endswith("\n"):
            raise ValueError("it ends too early")
        try:
            head, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        except csv.Error as error:
            raise ValueError(str(error)) from error
        cuts = len(head) - len(_head(0))
        if tuple(head) != _head(cuts):
            raise ValueError(f"its columns are {', '.join(head)}, not {', '.join(_head(1))}")
        images = [_image(number, head, line) for number, line in enumerate(lines, start=2)]
        if len({image.path for image in images}) < len(images):
            raise ValueError("a path stands in it twice")
        return images


def _image(number: int, head: Sequence[str], line: Sequence[str]) -> Placed:
    if len(line) != len(head):
        raise ValueError(f"row {number} has {len(line)} values of {len(head)}")
    found = dict(zip(head, map(unguarded, line), strict=True))
    folds = [fold for fold in line[len(BEFORE) : -len(BEHIND)] if fold]
    if found["part"] not in CUT:
        raise ValueError(f"row {number}: {found['part']!r:.40} is no part; known are {', '.join(CUT)}")
    if not SHA256.fullmatch(found["sha256"]):
        raise ValueError(f"row {number}: {found['sha256']!r:.40} is no sha256")
    if unnamed := [fold for fold in folds if not NUMBER.fullmatch(fold)]:
        raise ValueError(f"row {number}: {unnamed[0]!r:.40} is no fold")
    if folds and len(folds) < len(head) - len(_head(0)):
        raise ValueError(f"row {number} names some of its folds, not all")
    if not found["path"]:
        raise ValueError(f"row {number} names no path")
    of = found["path"], found["class"], found["part"], tuple(map(int, folds))
    return Placed(*of, found["group"] or None, found["sha256"])


def digests(images: Iterable[Placed]) -> dict[str, str]:
    """Return one sha256 for each part: of the class and the content of its images, in whichever order."""
    found: dict[str, list[str]] = {}
    for image in images:
        found.setdefault(image.part, []).append(f"{image.sha256} {image.label}\n")
    return {
        part: hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogatepass")).hexdigest()
        for part, lines in found.items()
    }
