"""What commands that run a cell have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bakeoff import values
from bakeoff.cells.family import Family
from bakeoff.cells.run import run_cell
from bakeoff.cells.shards import Shard
from bakeoff.command import UserError, option
from bakeoff.records.request import REFIT, Fold


def parse_fold(text: str) -> list[Fold] | None:
    """Return the one fold that a word names, None for an empty one; UserError for another."""
    if not text:
        return None
    if text != REFIT and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UserError(f"fold {values.shown(text)}: name its number, from 0, or {REFIT}")
    return [REFIT if text == REFIT else int(text)]


@dataclass(frozen=True, kw_only=True)
class CellOptions:
    """Options of a command that runs a cell."""

    data: Path = option("the prepared data set (.npz)")
    output: Path = option("record to write (.json); journal/ and others lie beside it", check=values.record)
    threads: int = option("CPU threads", default=1, least=1, most=4096)
    shard: str = option("fit only this part of the grid, such as 2/3", default="", check=Shard.parse)
    fold: str = option("fit only on this fold: its number, or refit", default="", check=parse_fold)

    def carry_out(self, family: Family, code: Sequence[Path]) -> None:
        """Run the cell of a family."""
        folds = parse_fold(self.fold)
        if folds and (family.dataset.folds is None or folds[0] not in [*family.dataset.fold_names, REFIT]):
            raise UserError(f"--fold {self.fold}: {self.data} has no such fold; leave it out")
        run_cell(family, self.output, self.threads, code, self.shard, folds)
