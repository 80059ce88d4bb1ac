"""What a study's rows name of a person's own, images and files: which rows, the places, what is seen there.

Must not read what is in a file.
"""

import dataclasses
from collections.abc import Iterable
from typing import Any

from bakeoff.data import located, own
from bakeoff.data.own import Own
from bakeoff.data.rows import DATASETS
from bakeoff.families.section import Catalog
from bakeoff.features.row import Row
from bakeoff.rows import Built


def built_of(row: Any) -> Built | None:
    """Return what a row calls by keywords: itself, or its network; None where it calls nothing."""
    if isinstance(row, Row):
        return row.built
    return row if isinstance(row, Built) else None


def named(known: Catalog) -> dict[str, Own]:
    """Return the rows of a person's own images."""
    return {name: row for name, row in known[DATASETS.name].items() if isinstance(row, Own)}


def expanded(row: Any) -> Any:
    """Return a row with its paths expanded: in a container the home is another, a job may lack variables."""
    if isinstance(row, Built):
        paths: dict[str, Any] = {name: str(path) for name, path in row.own_files().items()}
    elif isinstance(row, Own):
        given = {name: getattr(row, name, None) for name in own.PATHS}
        paths = {name: str(own.place(each)) for name, each in given.items() if each}
    elif isinstance(row, Row):
        return row.with_built(expanded)
    else:
        return row
    return dataclasses.replace(row, **paths) if paths else row


def places(rows: Iterable[Any]) -> list[str]:
    """Return the files and folders that rows read."""
    found: list[str] = []
    for row in rows:
        if isinstance(row, Own):
            found += map(str, row.places())
        elif (built := built_of(row)) is not None:
            found += map(str, built.own_files().values())
    return found


def seen(known: Catalog, datasets: list[str]) -> dict[str, tuple[str, float] | None]:
    """Return a digest of the files of each of these data sets, and when the newest was written.

    None where there is none.
    """
    rows = named(known)
    return {name: located.fingerprint(rows[name].files()) for name in datasets if name in rows}
