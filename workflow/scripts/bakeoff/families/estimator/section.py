"""The classifiers' section of the configuration: which of the catalog's take part.

Owns its settings and cells. Must not import what fits them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.families.estimator import axes
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.families.section import Catalog, Cell, Scope, Section
from bakeoff.typed import Distinct, Name, said


@typed.settings
class Classifiers:
    """Other classifiers, such as scikit-learn's."""

    names: Distinct[Name] = said(
        "Classifiers to fit, each over the axes that its row says; an empty list fits none.", []
    )


class ClassifiersSection(Section):
    """A cell per row, on the CPU."""

    key = "classifiers"
    settings = Classifiers
    says = "Other classifiers, such as scikit-learn's."
    required = False
    lists = "names"
    names: Mapping[str, str] = {"names": CLASSIFIERS.name}
    kinds = (CLASSIFIERS,)
    form = "{classifier}"

    def wildcards(self, rows: Catalog) -> dict[str, Iterable[str]]:
        """Return the rows."""
        return {"classifier": rows[CLASSIFIERS.name]}

    def cells(self, own: Classifiers, asked: Scope) -> Iterator[Cell]:
        """Yield a cell per data set and classifier."""
        found = {name: asked.runs(self._settings(asked.rows, name)) for name in own.names}
        several = len(asked.seeds) > 1
        for dataset in asked.datasets:
            for name, runs in found.items():
                yield Cell(dataset, self.form.format(classifier=name), "cpu", runs, bound=several)

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
