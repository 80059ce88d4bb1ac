"""What a family says of a section of the configuration: its settings, rows, cells, and what commands get.

Owns the form. Must not know any family; a section imports nothing that a family computes with, so that a plan
is made at once and anywhere.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, Protocol

from bakeoff.records import layout
from bakeoff.rows import Kind

Catalog = Mapping[str, Mapping[str, Any]]  # rows by kind and name
# The kind of rows of what classifiers see, the row that they see by themselves, and how others are called.
FEATURES, BY_ITSELF = "features", "pixels"
ON = "_on_"


class Cell(NamedTuple):
    """One cell: data set, competitor as files are called after it, device, and its runs.

    bound: whether `runs` is the most that there can be, as where only what fits knows if a seed matters.
    """

    dataset: str
    competitor: str
    device: str
    runs: int
    bound: bool = False

    @property
    def name(self) -> str:
        """Return its record's name without the suffix."""
        return f"{self.competitor}_{self.device}"

    def record(self, purpose: str) -> str:
        """Return where its record of a purpose lies."""
        return layout.record(self.dataset, purpose, self.name)


class Scope(NamedTuple):
    """What a study asks of every family: on which data, on which devices, with which seeds and folds.

    devices: those of grids; visible: all that there are; repeats: times that the folds are cut.
    """

    datasets: Sequence[str]
    devices: Sequence[str]
    visible: Sequence[str]
    seeds: Sequence[int]
    rows: Catalog
    folds: int | None = None
    repeats: int = 1

    def runs(self, settings: int, seeded: bool = True) -> int:
        """Return the runs to choose by of so many settings; seeded: whether each is fitted once per seed."""
        return settings * (len(self.seeds) if seeded else 1) * (self.folds or 1) * self.repeats


class Section(Protocol):
    """A section of the configuration, and what a study makes of it.

    key: its name there; formerly: names that it had; settings: its dataclass, described by `says`;
    required: whether a study must have it; lists: the key of its own that names competitors; names: the kind
    of row that each key of its own names; kinds: the kinds of rows that are its family's; purpose: of its
    cells' records; form: how a competitor is called, by wildcards.
    """

    key: str
    formerly: tuple[str, ...] = ()
    settings: type[Any]
    says: str
    required: bool = True
    lists: str
    names: Mapping[str, str]
    kinds: tuple[Kind, ...] = ()
    purpose: str = "selection"
    form: str

    def wildcards(self, rows: Catalog) -> dict[str, Iterable[str]]:
        """Return what each wildcard of its form may stand for."""

    def cells(self, own: Any, asked: Scope) -> Iterator[Cell]:
        """Yield its cells, data set by data set; UserError, which begins with a key's place, for no grid."""

    def arguments(self, own: Any, rows: Catalog) -> dict[str, Any]:
        """Return what its rules hand on to commands, as text, by what it depends on."""

    def views(self, own: Any, rows: Catalog) -> dict[str, int]:
        """Return rows and columns of the images that competitors see, of those that see others than most.

        Of every competitor that rows allow, as files are called after it.
        """
        return {}

    def features(self, own: Any, rows: Catalog) -> dict[str, str]:
        """Return the row of features that competitors see, of those that see any but pixels.

        Of every competitor that rows allow, as files are called after it.
        """
        return {}

    def check(self, own: Any, asked: Scope, counts: Mapping[str, int]) -> None:
        """Raise UserError, which begins with a key's place, for what does not fit the data.

        counts: images of the training part of each data set, as far as they are known beforehand.
        """
        return

    def named(self, own: Any) -> Iterator[tuple[str, str, str]]:
        """Yield every row that it names: where, its kind, its name."""
        for key, kind in self.names.items():
            for name in getattr(own, key):
                yield f"{self.key}/{key}", kind, name

    def competitors(self, rows: Catalog) -> Iterator[tuple[str, str]]:
        """Yield what every competitor that rows allow is called, by files and in words."""
        known = self.wildcards(rows)
        for chosen in product(*known.values()):
            parts = dict(zip(known, chosen, strict=True))
            words = {name: part.replace(ON, " on ") if name == "on" else part for name, part in parts.items()}
            yield self.form.format(**parts), self.form.replace("_", " with ").format(**words)


def on(features: str, rows: Catalog) -> str:
    """Return how what is fitted on features is called behind its own name: of pixels, nothing is said."""
    return f"{ON}{features}" if rows[FEATURES][features].extracted else ""


class OnFeatures(Section):
    """A section whose competitors are each fitted on every row of features that it names.

    own: the wildcard of its form beside `on`, of the features.
    """

    own: str

    @abstractmethod
    def alone(self, rows: Catalog) -> Iterable[str]:
        """Return what its competitors may be called by themselves."""

    def wildcards(self, rows: Catalog) -> dict[str, Iterable[str]]:
        """Return these, and every row of features that they may be on."""
        return {self.own: self.alone(rows), "on": [on(name, rows) for name in rows[FEATURES]]}

    def named_on(self, own: Any, name: str, rows: Catalog) -> list[str]:
        """Return what a competitor is called on each of the features that the section names."""
        return [self.form.format(**{self.own: name, "on": on(each, rows)}) for each in own.features]

    def features(self, own: Any, rows: Catalog) -> dict[str, str]:
        """Return the row of features of every competitor that is on one."""
        pairs = product(self.alone(rows), [name for name in rows[FEATURES] if on(name, rows)])
        return {
            self.form.format(**{self.own: name, "on": on(features, rows)}): features
            for name, features in pairs
        }
