"""Which competitors share a figure: all of a data set or, where they are too many, the best of each group.

Must not know what a figure shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, by
from bakeoff.plots import style
from bakeoff.records.record import Record

# As many as can be told apart in one figure by their colours alone.
TOGETHER = len(style.COLOURS)


@dataclass(frozen=True)
class Sheet:
    """The cells that one figure shows.

    suffix, of: what its name and its title end with; absent: a sentence on who is not drawn.
    """

    cells: list[Record]
    suffix: str = ""
    of: str = ""
    absent: str = ""

    @property
    def competitors(self) -> dict[str, list[Record]]:
        """Return the cells of each competitor."""
        return by(self.cells, lambda cell: cell.competitor)


def sheets(study: Study, cells: Sequence[Record], most: int = TOGETHER) -> list[Sheet]:
    """Return one sheet for the cells of a data set, or with many competitors one per group of these.

    Of a group's competitors at most so many are drawn, those whose choice is best by validation accuracy.
    """
    if len(by(cells, lambda cell: cell.competitor)) <= TOGETHER:
        return [Sheet(list(cells))] if cells else []
    order = study.competitors.index
    groups = by(sorted(cells, key=lambda cell: order(cell.competitor)), lambda cell: cell.group)
    return [_sheet(study, number, *group, most) for number, group in enumerate(groups.items(), start=1)]


def _sheet(study: Study, number: int, group: str, cells: list[Record], most: int) -> Sheet:
    competitors = by(cells, lambda cell: cell.competitor)
    drawn = sorted(competitors, key=lambda name: -_validation(study, competitors[name]))[:most]
    kept = [cell for name in competitors if name in drawn for cell in competitors[name]]
    which = "best" if most == 1 else f"{most} best"
    absent = f" Drawn: the {which} of {len(competitors)} {group} by validation accuracy."
    return Sheet(kept, f"_{number}", f", {group}", absent if len(drawn) < len(competitors) else "")


def _validation(study: Study, cells: list[Record]) -> float:
    best = best_cell(study, cells)
    return best[1].validation_accuracy if best else 0.0
