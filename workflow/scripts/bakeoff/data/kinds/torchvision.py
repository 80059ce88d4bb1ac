"""Data sets of torchvision by the name of their class, from a folder on the machine."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from bakeoff import typed, values
from bakeoff.command import UserError
from bakeoff.data import indexed, own
from bakeoff.data.indexed import Indexed, Series
from bakeoff.data.source import PARTS
from bakeoff.rows import Keywords
from bakeoff.typed import Text, said

# Where torchvision's classes keep their labels; of others every image is asked for its own.
LABELS = ("targets", "_labels", "labels", "y")


@typed.settings
class Torchvision(indexed.Numbered):
    """A data set of torchvision: CIFAR10, KMNIST, Flowers102 and so on, in its published parts."""

    kind: Literal["torchvision"] = said("torchvision")
    dataset: Text = said("The class in torchvision.datasets.")
    root: Text = said("The folder that torchvision keeps its files in; `~` and `$NAME` are expanded.")
    settings: Keywords = said("More keywords of the class, such as EMNIST's split.", {})
    download: typed.Switch = said("Whether torchvision may download what is not there.", False)

    def source(self) -> Indexed:
        """Return the data set, made ready; UserError where it is not there, or torchvision has none such."""
        where = f"torchvision.datasets.{self.dataset}"
        indexed.check_ungrouped(self, where)
        made = self._made(_class(self.dataset), where)
        series = [_series(part, data, where) for part, data in made.items()]
        names = [", ".join(each) if isinstance(each, tuple) else str(each) for each in _names(made)]
        return Indexed(self, series, where, f"torchvision {_version()}, {self.dataset}", names or None)

    def _made(self, kind: Callable[..., Any], where: str) -> Mapping[str | None, Any]:
        """Return the parts that the class knows."""
        taken = inspect.signature(kind).parameters
        given = dict(self.settings)
        given |= {"root": str(own.place(self.root))} if "root" in taken else {}
        given |= {"download": True} if self.download and "download" in taken else {}
        made: dict[str | None, Any] = {}
        if "train" in taken and "train" not in given:
            return {
                part: _call(kind, {**given, "train": part == "train"}, where) for part in ("train", "test")
            }
        if "split" not in taken or "split" in given:
            return {None: _call(kind, given, where)}
        for part, words in PARTS.items():
            for word in words:
                if part not in made and (found := _call(kind, {**given, "split": word}, where)) is not None:
                    made[part] = found
        return made


def _class(name: str) -> Callable[..., Any]:
    from torchvision import datasets

    kind = getattr(datasets, name, None)
    if not (isinstance(kind, type) and issubclass(kind, datasets.VisionDataset)):
        near = typed.nearest(name, sorted(datasets.__all__))
        raise UserError(f"dataset: torchvision.datasets has no {values.shown(name)}{near}")
    return kind


def _call(kind: Callable[..., Any], given: Mapping[str, Any], where: str) -> Any:
    """Return a part, None where the class has no such split; UserError for all else that it raises."""
    try:
        return kind(**given)
    except Exception as error:  # in each class's own words
        said = " ".join(str(error).split())
        if isinstance(error, ValueError) and "Unknown value" in said and "split" in said:
            return None
        if isinstance(error, RuntimeError | FileNotFoundError) and "download" not in given:
            cure = "name the folder that it is in by `root`, or let torchvision fetch it by `download: true`"
            raise UserError(f"{where}: not in {given.get('root')}, or damaged; {cure}") from error
        raise UserError(f"{where}: {type(error).__name__}: {said[:200]}") from error


def _series(part: str | None, data: Any, where: str) -> Series:
    known = (getattr(data, name, None) for name in LABELS)
    labels = next((found for found in known if _fits(found, len(data))), None)
    every = [data[number][1] for number in range(len(data))] if labels is None else list(labels)
    return Series(part or "images", part, every, lambda number: data[number][0])


def _fits(labels: Any, count: int) -> bool:
    return hasattr(labels, "__len__") and len(labels) == count


def _names(made: Mapping[str | None, Any]) -> Sequence[Any]:
    """Return what torchvision calls the classes, nothing where it does not."""
    found: Sequence[Any] = next((getattr(data, "classes", None) or () for data in made.values()), ())
    return found


def _version() -> str:
    import torchvision

    return torchvision.__version__.partition("+")[0]
