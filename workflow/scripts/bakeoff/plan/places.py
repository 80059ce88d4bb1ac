"""What a study's rows name of a person's own images: which rows, the places, what is seen there.

Must not read what is in a file.
"""

import dataclasses
from typing import Any

from bakeoff.data import located, own
from bakeoff.data.own import Own
from bakeoff.data.rows import DATASETS
from bakeoff.families.section import Catalog


def named(known: Catalog) -> dict[str, Own]:
    """Return the rows of a person's own images."""
    return {name: row for name, row in known[DATASETS.name].items() if isinstance(row, Own)}


def expanded(row: Any) -> Any:
    """Return a row with its paths expanded: in a container the home is another, a job may lack variables."""
    if not isinstance(row, Own):
        return row
    given = {name: getattr(row, name, None) for name in own.PATHS}
    paths: dict[str, Any] = {name: str(own.place(each)) for name, each in given.items() if each}
    return dataclasses.replace(row, **paths)


def places(known: Catalog, datasets: list[str]) -> list[str]:
    """Return the files and folders that these data sets are read from."""
    rows = named(known)
    return [str(place) for name in datasets if name in rows for place in rows[name].places()]


def seen(known: Catalog, datasets: list[str]) -> dict[str, tuple[str, float] | None]:
    """Return a digest of the files of each of these data sets, and when the newest was written.

    None where there is none.
    """
    rows = named(known)
    return {name: located.fingerprint(rows[name].files()) for name in datasets if name in rows}
