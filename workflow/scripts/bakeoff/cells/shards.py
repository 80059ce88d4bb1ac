"""A part of a cell's grid as a job of its own: which fits are its share, and which journal it writes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bakeoff.cells.family import Plan
from bakeoff.command import UserError
from bakeoff.files import listed
from bakeoff.values import shown


@dataclass(frozen=True)
class Shard:
    """One of `total` parts, counted from 1."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> "Shard | None":
        """Return the shard that "2/3" names, or None for an empty text."""
        if not text:
            return None
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UserError(f"shard {shown(text)}: name one of so many parts, like 1/3, 2/3 or 3/3")
        return cls(int(found[1]), int(found[2]))

    def cut(self, plans: Sequence[Plan]) -> list[Plan]:
        """Return this shard's share: whole fits where there are enough for all, else a slice of each."""
        if len(plans) >= self.total:
            return list(plans[self.number - 1 :: self.total])
        slices = [self._slice(plan) for plan in plans]
        return [plan for plan in slices if plan.requests]

    def _slice(self, plan: Plan) -> Plan:
        # Neighbours stay together: they may share a training.
        count = len(plan.requests)
        share = plan.requests[count * (self.number - 1) // self.total : count * self.number // self.total]
        return replace(plan, requests=share, work=plan.work * len(share) / count)

    def beside(self, path: Path) -> Path:
        """Return the shard's own place beside a cell's."""
        return path.with_name(f"{path.name}.{self.number}of{self.total}")


def found_beside(path: Path) -> Iterator[Path]:
    """Yield the places that shards of a cell have filled."""
    yield from listed(path.parent, f"{path.name}.*of*")
