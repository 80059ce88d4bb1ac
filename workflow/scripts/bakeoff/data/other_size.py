"""A prepared data set's images at another size: originals are resized, a person's own decoded anew.

Owns which of both a row asks for. Must not know who sees them.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bakeoff.archive import Blocks
from bakeoff.command import UserError
from bakeoff.data import own_parts, part_list
from bakeoff.data.own import Own
from bakeoff.data.own_parts import Log
from bakeoff.data.prepare import Resized
from bakeoff.data.store import Dataset
from bakeoff.rows import Named


def images(
    main: Dataset,
    named: Named,
    size: int | None,
    parts: Path | None,
    decoded: Path | None,
    processes: int,
    log: Log,
) -> Mapping[str, Blocks | np.ndarray]:
    """Return {part}_images of every part, uint8 (n, size, size, ...), in the order of the prepared ones.

    size: None for these themselves, which are of their own.
    parts, decoded, processes: of a person's own images, as for own_parts.again. UserError where the row is
    that of another data set, or its images are others by now.
    """
    if main.name != named.name:
        raise UserError(f"the data are of {main.name}, but the row is {named.name}; name the row of the data")
    if main.digest != main.main_digest:
        raise UserError(f"{main.name}: is a view itself; name the data set that it is of")
    if size is None:
        return {f"{part}_images": each.images for part, each in main.parts.items()}
    if not isinstance(named.row, Own):
        return {f"{part}_images": Resized(each.images, size) for part, each in main.parts.items()}
    if parts is None or decoded is None:
        raise UserError(f"{named.name}: images of one's own are decoded anew; name --parts and --decoded")
    return own_parts.again(named, main, part_list.read(parts), size, decoded, processes, log)
