"""What the audit of a data set found, as frozen types with one JSON form."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from bakeoff import files
from bakeoff.records.kinds import AtLeastOne, Count, Name, Positive, Share, form
from bakeoff.records.record import adapter
from bakeoff.typed import said

# What a picture of a suspected pair is called, by its number in the list.
THUMBNAIL = "pair-{:03d}.png"


@form
class Seen:
    """One image: its place in the data set."""

    path: str = said("As people know it; of prepared arrays the part and the number in it.")
    label: Count = said("Its class.")
    part: str = said("Its part; empty where there are none.")
    row: Count = said("Its number in the part.")


@form
class Suspect:
    """Two images that look like copies of each other."""

    first: Seen
    second: Seen
    likeness: Share = said("Concordance correlation after alignment.")
    mirrored: bool


@form
class Copies:
    """Images of equal pixels, counted in groups of equal ones."""

    groups: Count
    images: Count = said("Images in these groups.")
    across_classes: Count = said("Groups with images of several classes.")
    across_parts: Count = said("Groups with images in several parts.")
    listed: tuple[tuple[Seen, ...], ...] = said("The first of the groups, those across parts before others.")
    leaked: tuple[Count, ...] = said(
        "Test images, by their number, whose pixels are among those that are learnt or chosen from, too."
    )


@form
class Near:
    """Pairs that look like copies, none of them exact."""

    pairs: Count
    across_classes: Count
    across_parts: Count
    listed: tuple[Suspect, ...] = said("The first of the pairs, those across parts before others.")
    suspected: tuple[Count, ...] = said(
        "Test images, by their number, that look like a copy of one that is learnt or chosen from."
    )
    looked_at: Count = said("Images that were looked for among the others: those with some contrast.")


@form
class Trial:
    """How many copies, made of images of this data set, the search found."""

    made: AtLeastOne
    found: Count


@form
class Odd:
    """Images that are odd in one way."""

    images: Count
    examples: tuple[Seen, ...]


@form
class Sizes:
    """Rows and columns of the images, and how much wider than high they are."""

    kinds: AtLeastOne = said("Different sizes.")
    rows: tuple[AtLeastOne, AtLeastOne] = said("The least and the most.")
    columns: tuple[AtLeastOne, AtLeastOne] = said("The least and the most.")
    aspect: tuple[Positive, Positive] = said("Columns by rows: the least and the most.")
    far: Count = said("Images that are more than half again as wide as high, or the other way round.")


@form
class Shortcut:
    """How well a trivial classifier tells the classes by one thing alone, cross-validated."""

    by: str
    recall: Share = said("Mean over the classes.")
    low: Share = said("Lower end of its interval.")
    high: Share
    chance: Share
    images: AtLeastOne
    warned: bool = said("Whether it lies far above chance.")


@form
class Grouping:
    """Names that look as if images belonged together."""

    pattern: str = said("What the row's `group` may be set to.")
    groups: AtLeastOne
    crossing: Count = said("Groups with images in several parts.")
    example: str


@form
class Audit:
    """What the audit of one data set found."""

    format: Literal[1] = 1
    dataset: Name | None = said("Null where a folder was audited by itself.")
    title: str
    digest: str | None = said("Of the prepared arrays; null where a folder was audited by itself.")
    classes: tuple[str, ...]
    images: AtLeastOne
    parts: Mapping[str, Count]
    smallest: Mapping[str, tuple[str, Count]] = said("The class with fewest images in each part, and these.")
    unreadable: Count
    copies: Copies
    near: Near
    trials: Mapping[str, Trial] = said("By what was done to the copies.")
    sizes: Sizes
    modes: Mapping[str, AtLeastOne] = said("Images by how they were stored.")
    odd: Mapping[str, Odd] = said("By what is odd.")
    shortcuts: tuple[Shortcut, ...]
    grouping: Grouping | None


def write(path: Path, audit: Audit) -> None:
    """Write what was found, whole or not at all."""
    files.write_text(path, adapter(Audit).dump_json(audit, indent=2).decode() + "\n")


def read(path: Path) -> Audit:
    """Return what `write` wrote; UserError where the file is absent, DamagedError if it is something else."""
    with files.reading(path):
        found: Audit = adapter(Audit).validate_json(path.read_bytes())
        return found


def by_digest(paths: Iterable[Path]) -> dict[str, Audit]:
    """Return what several files say, by the digest of the data that each is about."""
    return {audit.digest: audit for audit in map(read, paths) if audit.digest is not None}
