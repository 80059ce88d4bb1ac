"""What is audited: prepared parts, the originals behind them, or a folder by itself."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import typed
from bakeoff.audit import images
from bakeoff.audit.images import Images
from bakeoff.command import UserError
from bakeoff.data import part_list, store
from bakeoff.data.kinds.folder import Folder
from bakeoff.data.own import Own
from bakeoff.data.rows import DATASETS


@dataclass(frozen=True)
class Audited:
    """Images, and whose they are; dataset, digest: None of a folder by itself."""

    images: Images
    title: str
    dataset: str | None = None
    digest: str | None = None


def read(place: Path, row: str, parts: Path | None, processes: int) -> Audited:
    """Return what a call names: a folder of classes, or a prepared data set (.npz).

    row, parts: that of a person's own images, as JSON, and its parts.csv, by which the originals are read in
    place of a prepared data set's arrays. UserError for a row whose images are not one's own.
    """
    placed = part_list.read(parts) if parts else None
    if place.is_dir():
        folder = typed.read(Folder, {"kind": "folder", "root": str(place)})
        own = images.originals(folder.source(), placed, processes)
        return Audited(own, place.resolve().name)
    data = store.load(place, "images")
    about = str(data.meta["title"]), data.name, data.main_digest
    if not row or placed is None:
        return Audited(images.prepared(data), *about)
    named = DATASETS.named(row)
    if not isinstance(named.row, Own):
        raise UserError(f"{named.name}: no row of one's own images; leave --dataset and --parts out")
    return Audited(images.originals(named.row.source(), placed, processes), *about)
