"""Data sets that Hugging Face's library `datasets` saved to disk."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import indexed, own, pictures
from bakeoff.data.indexed import Indexed, Series
from bakeoff.data.source import Unreadable, part_called
from bakeoff.typed import Text, said


@typed.settings
class HuggingFace(indexed.Numbered):
    """A folder that a data set of Hugging Face was saved to (`save_to_disk`).

    `group` is the name of a column.
    """

    kind: Literal["huggingface"] = said("huggingface")
    root: Text = said("The folder; `~` and `$NAME` are expanded.")
    image_column: Text = said("The column of images.", "image")
    label_column: Text = said("The column of labels.", "label")

    def source(self) -> Indexed:
        """Return the data set, made ready; UserError where it is none, or the library is not installed."""
        root = own.place(self.root)
        loaded = _load(root)
        splits: Mapping[Any, Any] = loaded if isinstance(loaded, Mapping) else {None: loaded}
        left_out = {
            f"images of the split {values.shown(name)}": len(data)
            for name, data in splits.items()
            if name is not None and part_called(str(name)) is None
        }
        taken = {name: data for name, data in splits.items() if name is None or part_called(str(name))}
        series = [self._series(name, data, root) for name, data in taken.items()]
        features = [data.features.get(self.label_column) for data in taken.values()]
        names = next((getattr(each, "names", None) for each in features), None)
        return Indexed(self, series, str(root), f"saved data set {root.name}", names, left_out=left_out)

    def _series(self, name: str | None, data: Any, root: Path) -> Series:
        for column in filter(None, (self.image_column, self.label_column, self.group)):
            if column not in data.column_names:
                near = typed.nearest(column, data.column_names)
                raise UserError(f"{root}: no column {values.shown(column)}{near}")
        groups = [str(each) for each in data[self.group]] if self.group else None
        part = None if name is None else part_called(name)
        labels = list(data[self.label_column])
        return Series(name or "images", part, labels, lambda at: _image(data[at][self.image_column]), groups)


def _load(root: Path) -> Any:
    """Return what was saved in a folder."""
    try:
        library = importlib.import_module("datasets")
    except ImportError as error:
        raise UserError(
            "kind: huggingface reads by the package datasets, which is not installed; `pip install datasets`"
        ) from error
    try:
        return library.load_from_disk(str(root))
    except Exception as error:  # in the library's own words
        said = " ".join(str(error).split())[:200]
        cure = "name the folder that save_to_disk wrote"
        raise UserError(f"{root}: {type(error).__name__}: {said}; {cure}") from error


def _image(found: Any) -> Any:
    """Return a cell as an image: decoded by the library, as a file's bytes, or as an array."""
    import numpy as np

    if isinstance(found, Mapping):
        if found.get("bytes") is None:
            raise Unreadable("a path in place of an image; save the data set with its images in it")
        return pictures.decode(found["bytes"]).image
    if found is None:
        raise Unreadable("no image")
    return np.asarray(found, np.uint8) if isinstance(found, list) else found
