"""By what data are known as the published study's: the content of their originals, never their name."""

from collections.abc import Mapping

import numpy as np

from bakeoff import rows
from bakeoff.data import idx
from bakeoff.data.kinds.originals import FILES, Originals
from bakeoff.data.raw import Raw
from bakeoff.data.rows import DATASETS
from bakeoff.records.parts import Data

# The digest of the arrays that config/config.yaml makes of them: records without fingerprints go by it.
PREPARED = {
    "39f6b9b333cbfbd9797f533f5301c9b8f6eaa8d13346c249bc8387d6e7942dd2": "mnist",
    "8f214137720bc72d45f3ad52037dec27fd8804ed47f70584b73bc386b046f5e2": "fashion",
}


def fingerprints(raw: Raw) -> dict[str, str]:
    """Return the sha256 of every original file, decompressed; none for data that are no shipped row's.

    They follow from the arrays, whatever the data are called and wherever they were taken from.
    """
    arrays = (raw.train_images, raw.train_labels, raw.test_images, raw.test_labels)
    if any(array.max(initial=0) > np.iinfo(np.uint8).max for array in arrays):
        return {}
    found = dict(zip(FILES, map(idx.sha256, arrays), strict=True))
    return found if _named(found) else {}


def original(data: Data) -> str | None:
    """Return whose originals a record's data were made of, by the name of the shipped row; None for others.

    data: what the record says of its data. Where it is of a version that noted no fingerprints, its data are
    known by the digest of the arrays.
    """
    return PREPARED.get(data.digest) if data.fingerprints is None else _named(data.fingerprints)


def _named(found: Mapping[str, str]) -> str | None:
    for name in rows.shipped()["datasets"]:
        row = DATASETS.named(name).row
        if isinstance(row, Originals) and row.digests == found:
            return name
    return None
