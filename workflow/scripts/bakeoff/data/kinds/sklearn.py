"""Data sets of scikit-learn by the name of their loader."""

import inspect
import re
from typing import Any, Literal

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import indexed, own
from bakeoff.data.indexed import Indexed, Series
from bakeoff.rows import Keywords
from bakeoff.typed import Text, said

LOADER = re.compile(r"(load|fetch)_[a-z0-9_]+")


@typed.settings
class Sklearn(indexed.Arrays):
    """A data set of scikit-learn that has images: load_digits, fetch_olivetti_faces, fetch_lfw_people."""

    kind: Literal["sklearn"] = said("sklearn")
    loader: Text = said("The loader in sklearn.datasets.")
    settings: Keywords = said("Keywords of its call.", {})
    root: Text | None = said("The folder that scikit-learn keeps what it fetched in; null: its own.", None)
    download: typed.Switch = said("Whether scikit-learn may download what is not there.", False)

    def source(self) -> Indexed:
        """Return what the loader gives, made ready; UserError where it gives no images with labels."""
        import sklearn

        where = f"sklearn.datasets.{self.loader}"
        indexed.check_ungrouped(self, where)
        found = self._call(where)
        for key in ("images", "target"):
            if key not in found:
                raise UserError(f"{where}: gives no {key}; name a loader of images with labels")
        images, labels = found["images"], found["target"]
        indexed.check_form("images", images.shape, images.dtype.name, self.white, where)
        indexed.check_labels("target", labels.shape, len(images), where)
        names = [str(name) for name in found.get("target_names", ())]
        series = [Series("images", None, list(labels), images.__getitem__)]
        source = f"scikit-learn {sklearn.__version__}, {self.loader}"
        return Indexed(self, series, where, source, names or None, self.white)

    def _call(self, where: str) -> Any:
        from sklearn import datasets

        known = [name for name in dir(datasets) if LOADER.fullmatch(name)]
        if self.loader not in known:
            near = typed.nearest(self.loader, known)
            raise UserError(f"loader: sklearn.datasets has no loader {values.shown(self.loader)}{near}")
        load = getattr(datasets, self.loader)
        taken, given = inspect.signature(load).parameters, dict(self.settings)
        given |= {"download_if_missing": self.download} if "download_if_missing" in taken else {}
        given |= {"data_home": str(own.place(self.root))} if self.root and "data_home" in taken else {}
        try:
            found = load(**given)
        except Exception as error:  # in each loader's own words
            if isinstance(error, OSError) and "download_if_missing" in given and not self.download:
                cure = "name the folder that it is in by `root`, or let it be fetched by `download: true`"
                raise UserError(f"{where}: not on this machine; {cure}") from error
            said = " ".join(str(error).split())[:200]
            raise UserError(f"{where}: {type(error).__name__}: {said}") from error
        return found if isinstance(found, dict) else {}
