"""What every row of a person's own images says, whatever its kind.

Owns these fields and what they mean for a list of images. Must not know any kind.
"""

import dataclasses
import hashlib
import os
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data.raw import UNSTATED
from bakeoff.data.source import Item, Listed, Source
from bakeoff.data.view import View
from bakeoff.typed import Text, said

INPUT_SIZE = 64
MAX_UNREADABLE = 10
# Fields of rows that lead to where the images lie.
PATHS = ("file", "root")


def _grey(given: Any) -> Any:
    """Take auto, true or false."""
    word = str(given).strip().lower() if isinstance(given, bool | str) else ""
    if word not in ("auto", "true", "false"):
        raise ValueError(f"{values.shown(given)} is unknown; known are auto, true, false")
    return word if word == "auto" else word == "true"


@typed.settings
class Own:
    """What every row of a person's own images says."""

    title: Text | None = said("The name people know it by; its row's name where it has none.", None)
    licence: Text = said("Its licence and authors.", UNSTATED)
    citation: Text | None = said("What to cite for it.", None)
    input_size: typed.Side = said("Rows and columns that images are brought to.", INPUT_SIZE)
    resize: Literal["squash", "crop", "pad"] = said(
        "How an image becomes a square: squash takes all of it, crop its middle, pad puts it on black.",
        "squash",
    )
    grey: Annotated[Any, AfterValidator(_grey)] = said(
        "Whether images are taken as grey; auto: where every one of them is.", "auto"
    )
    group: Text | None = said(
        "What belongs together (a patient, a session, a video): a column of a table, or else a regular "
        "expression on the path, whose first bracket, or all that it matches, is the group's name.",
        None,
    )
    limit: typed.Count | None = said("Use only so many images, of each class its share; null for all.", None)
    max_unreadable: Annotated[typed.Whole, Field(ge=0, le=values.MOST)] = said(
        "Images that may be left out because they cannot be decoded; one more ends the study.", MAX_UNREADABLE
    )

    @property
    def digests(self) -> dict[str, str]:
        """Return nothing: no original file is known."""
        return {}

    def counts(self) -> None:
        """Return nothing: the images are not counted before they are fetched."""

    @property
    def view(self) -> View:
        """Return the form that the row's images are brought to."""
        return View(self.input_size, self.resize, self.grey is True)

    def source(self) -> Source:
        """Return what the row names, made ready to be read."""
        raise NotImplementedError

    def places(self) -> list[Path]:
        """Return the files and folders that the row names, there or not."""
        named = (getattr(self, name, None) for name in PATHS)
        return [place(each) for each in named if each]

    def files(self) -> Iterable[Path]:
        """Return every file that the images may rest on."""
        for named in self.places():
            if named.is_dir():
                yield from (Path(above) / name for above, _, names in os.walk(named) for name in names)
            else:
                yield named


def place(named: str) -> Path:
    """Return where a path that a person wrote leads, `~` and variables of the environment expanded."""
    return Path(os.path.expanduser(os.path.expandvars(named)))


def pattern(text: str | None) -> "re.Pattern[str] | None":
    """Return what a row's `group` matches paths by; UserError where it is no regular expression."""
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise UserError(f"group: {values.shown(text)} is no regular expression: {error}") from error


def grouped(items: Iterable[Item], text: str | None) -> list[Item]:
    """Return images with their groups by a regular expression on the path; UserError where one has none."""
    finder = pattern(text)
    if finder is None:
        return list(items)
    found = []
    for item in items:
        match = finder.search(item.path)
        group = match and (match.group(1) if finder.groups else match.group())
        if not group:
            raise UserError(
                f"{item.path}: group: {values.shown(text)} finds none in this path; give every image a group"
            )
        found.append(dataclasses.replace(item, group=group))
    return found


def taken(listed: Listed, row: Own) -> Listed:
    """Return the images that a row's `limit` leaves: of each class and part its share."""
    if row.limit is None or row.limit >= len(listed.items):
        return listed
    kept = sample({item.path: (item.part, item.label) for item in listed.items}, row.limit)
    out = {f"beyond the limit of {row.limit}": len(listed.items) - len(kept)}
    return dataclasses.replace(
        listed,
        items=[item for item in listed.items if item.path in kept],
        left_out={**listed.left_out, **out},
    )


def sample(strata: Mapping[str, Hashable], count: int) -> set[str]:
    """Return so many names, of each stratum its share.

    They are ranked by a digest of the name, so that the sample is no first stretch, and the same tomorrow.
    """
    sizes, seen = Counter(strata.values()), Counter[Hashable]()
    ranked = []
    for name in sorted(strata, key=lambda name: hashlib.sha256(name.encode()).digest()):
        stratum = strata[name]
        ranked.append(((seen[stratum] + 0.5) / sizes[stratum], name))
        seen[stratum] += 1
    ranked.sort(key=lambda each: each[0])
    return {name for _, name in ranked[:count]}


def classes_of(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the classes that labels name, in order: numbers by their value, others as texts."""
    found = set(labels)
    numbers = all(re.fullmatch(r"[0-9]{1,18}", label) for label in found)
    return tuple(sorted(found, key=lambda label: (int(label) if numbers else 0, label)))


def checked(listed: Listed, where: object) -> Listed:
    """Return a list that can be a data set; UserError where it has no image, or one class alone."""
    if not listed.items:
        raise UserError(f"{where}: no image in it{_passed(listed.left_out)}; name a place that holds images")
    counts = Counter(item.label for item in listed.items)
    if empty := [name for label, name in enumerate(listed.classes) if not counts[label]]:
        more = f", nor of {values.plural(len(empty) - 1, 'other')}" if len(empty) > 1 else ""
        raise UserError(
            f"{where}: no image of class {values.shown(empty[0])}{more}"
            f"{_passed(listed.left_out)}; put some there, or remove the class"
        )
    if len(listed.classes) < 2:
        raise UserError(
            f"{where}: all {len(listed.items)} images are of one class, "
            f"{values.shown(listed.classes[0])}; two are the least"
        )
    return listed


def _passed(left_out: Mapping[str, int]) -> str:
    """Return what was passed over, in brackets, nothing where nothing was."""
    words = [f"{reason}: {count:,}" for reason, count in left_out.items() if count]
    return f" (left out: {', '.join(words)})" if words else ""


def once(paths: Sequence[str], where: object) -> None:
    """Raise UserError where two images have one path."""
    if twice := [path for path, count in Counter(paths).items() if count > 1]:
        raise UserError(f"{where}: {values.shown(twice[0])} stands there twice; name each image once")
