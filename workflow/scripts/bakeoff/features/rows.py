"""What classifiers see, as rows: which kinds there are, and which one a row is of."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff import fields
from bakeoff.command import UserError
from bakeoff.features.kinds.hog import Hog
from bakeoff.features.kinds.network import Frozen
from bakeoff.features.kinds.pixels import Pixels
from bakeoff.features.row import Row
from bakeoff.rows import Kind, Named

if TYPE_CHECKING:
    from bakeoff.features.extractor import Extractor
    from bakeoff.records.signature import Signature

KINDS: tuple[type[Row], ...] = (Frozen, Hog, Pixels)


def kind_of(given: Any) -> type[Row]:
    """Return the type of a row as it is written: of pixels nothing is said but what is of every row."""
    if not isinstance(given, Mapping):
        return Frozen
    bare = Pixels if not given.keys() - set(fields.names(Row)) else Frozen
    return next((kind for kind in KINDS if kind.key in given), bare)


FEATURES = Kind("features", kind_of, "Features")


def extracted(text: str) -> Named:
    """Return the row that an option says, with all that it names; UserError where nothing is extracted."""
    found = FEATURES.named(text)
    if not found.row.extracted:
        raise UserError(
            f"{found.name}: is of pixels, of which nothing is extracted; name a row of a network, hog or pca"
        )
    return found._replace(row=found.row.resolved())


def load(known: "Signature", path: Path, own_code: bool) -> "Extractor | None":
    """Return what makes of images what a saved model is fitted on; None where that is their pixels.

    UserError where that names code to be run, unless own_code asks for it.
    """
    if known.features is None:
        return None
    row: Row = FEATURES.said("extractor", known.features["row"]).row
    return row.load(known, path, own_code)
