"""Data sets as rows: which kinds there are, and which one a row is of."""

from collections.abc import Mapping
from typing import Any

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.data.kinds.digits import Digits
from bakeoff.data.kinds.folder import Folder
from bakeoff.data.kinds.function import Function
from bakeoff.data.kinds.huggingface import HuggingFace
from bakeoff.data.kinds.idx import Idx
from bakeoff.data.kinds.npz import Npz
from bakeoff.data.kinds.originals import Originals
from bakeoff.data.kinds.sklearn import Sklearn
from bakeoff.data.kinds.table import Table
from bakeoff.data.kinds.torchvision import Torchvision
from bakeoff.plugins import PATH
from bakeoff.rows import Kind
from bakeoff.values import shown

Dataset = Originals | Digits | Function | Folder | Table | Npz | Idx | Torchvision | Sklearn | HuggingFace
KINDS: dict[str, type[Dataset]] = {
    "folder": Folder,
    "csv": Table,
    "npz": Npz,
    "idx": Idx,
    "torchvision": Torchvision,
    "sklearn": Sklearn,
    "huggingface": HuggingFace,
    "digits": Digits,
}
# What no other row says.
ORIGINALS = {"sha256", "train", "test", "mirrors", "distribution_folder"}


def kind_of(given: Any) -> type[Dataset]:
    """Return the type of a row as it is written; UserError where its kind is none."""
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if isinstance(kind, str) and PATH.fullmatch(kind):
        return Function
    if not isinstance(kind, str) or kind not in KINDS:
        known = typed.nearest(str(kind), list(KINDS))
        raise UserError(f"kind: {shown(kind)} is no kind of data set{known}, or package.module:name")
    # One format, two rows: published originals, known by digest wherever they are, and files of one's own.
    return Originals if kind == "idx" and given.keys() & ORIGINALS else KINDS[kind]


DATASETS = Kind("datasets", kind_of, "Data sets")
