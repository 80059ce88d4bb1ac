"""The classifiers' section of the configuration: which of the catalog's take part.

Owns its settings and cells. Must not import what fits them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.families.estimator import axes
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.families.section import BY_ITSELF, FEATURES, Catalog, Cell, OnFeatures, Scope, Section
from bakeoff.typed import Distinct, Name, said


@typed.settings
class Classifiers:
    """Other classifiers, such as scikit-learn's."""

    names: Distinct[Name] = said(
        "Classifiers to fit, each over the axes that its row says; an empty list fits none.", []
    )
    features: Annotated[Distinct[Name], Field(min_length=1)] = said(
        "What each is fitted on: rows of features; pixels are the images as they are.", [BY_ITSELF]
    )


class ClassifiersSection(OnFeatures):
    """A cell per row and features, on the CPU."""

    key = "classifiers"
    settings = Classifiers
    says = "Other classifiers, such as scikit-learn's."
    required = False
    lists = "names"
    names: Mapping[str, str] = {"names": CLASSIFIERS.name, "features": FEATURES}
    kinds = (CLASSIFIERS,)
    form, own = "{classifier}{on}", "classifier"

    def alone(self, rows: Catalog) -> Iterable[str]:
        """Return the rows."""
        return rows[CLASSIFIERS.name]

    def cells(self, own: Classifiers, asked: Scope) -> Iterator[Cell]:
        """Yield a cell per data set, classifier and features."""
        found = {name: asked.runs(self._settings(asked.rows, name)) for name in own.names}
        several = len(asked.seeds) > 1
        for dataset in asked.datasets:
            for name, runs in found.items():
                for called in self.named_on(own, name, asked.rows):
                    yield Cell(dataset, called, "cpu", runs, bound=several)

    def _settings(self, rows: Catalog, name: str) -> int:
        """Return how many settings a row's grid comes to."""
        try:
            return len(axes.expand([rows[CLASSIFIERS.name][name].block()]))
        except UserError as error:
            raise UserError(f"catalog/{CLASSIFIERS.name}/{name}: {error}") from error

    def arguments(self, own: Classifiers, rows: Catalog) -> dict[str, Any]:
        """Return the grid of each classifier."""
        known = rows[CLASSIFIERS.name]
        return {"grid": {name: json.dumps([row.block()]) for name, row in known.items()}}


SECTIONS: tuple[Section, ...] = (ClassifiersSection(),)
