"""The commands: of every cell, and of every run of a grid the one that makes it again."""

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.analysis import reproduce, wording
from bakeoff.analysis.study import place
from bakeoff.records.record import Record
from bakeoff.records.request import REFIT
from bakeoff.report.runs import TIMED, Numbered


@dataclass(frozen=True)
class Commands:
    """The commands of one cell: the whole cell's, and one per run, none where the page's script has them.

    first: the number of its first run; count: how many it has.
    """

    title: str
    command: str
    first: int
    count: int
    runs: Sequence[tuple[Numbered, str, str]]


def of(cells: list[list[Numbered]], embedded: bool) -> list[Commands]:
    """Return the command of every cell and, but where the page embeds its runs, of every run in it."""
    return [
        Commands(
            place(items[0].cell),
            items[0].cell.command,
            items[0].number,
            len(items),
            [] if embedded else [(it, words(it), reproduce.command(it.cell, it.run)) for it in items],
        )
        for items in cells
    ]


def by_cell(runs: list[Numbered]) -> list[list[Numbered]]:
    """Return the runs of each cell."""
    found: dict[int, list[Numbered]] = {}
    for item in runs:
        found.setdefault(id(item.cell), []).append(item)
    return list(found.values())


def words(item: Numbered) -> str:
    """Return what tells a run from the others of its cell."""
    return ", ".join(filter(None, (wording.settings(item.settings), *again(item))))


def again(item: Numbered) -> list[str]:
    """Return what tells a run from others of the same settings."""
    cell: Record = item.cell
    run, said = item.run, []
    if cell.purpose in TIMED:
        said.append(f"repeat {run.repeat}")
    elif run.seed is not None:
        said.append(f"seed {run.seed}")
    if run.fold is not None:
        said.append("all folds" if run.fold == REFIT else f"fold {run.fold}")
    return said
