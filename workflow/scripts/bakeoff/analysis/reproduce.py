"""The command that makes one run again, derived from the command that made its cell."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from bakeoff.records.record import Record
from bakeoff.records.request import as_block
from bakeoff.records.run import Run

# A cell has as many runs as its grid is large, and each is asked for after the other.
REMEMBERED = 8


@dataclass(frozen=True)
class Pattern:
    """A cell's command as texts around what each run puts there: its grid, its seed.

    parts: these texts, and the names of the places between them; seeds: what stands where a run has no seed.
    """

    parts: Sequence[tuple[str, bool]]
    seeds: str

    def filled(self, run: Run) -> str:
        """Return the command of one run."""
        own = {"--grid": grid(run), "--seeds": self.seeds if run.seed is None else str(run.seed)}
        line = " ".join(own[text] if named else text for text, named in self.parts)
        return line if run.fold is None else f"{line} --fold {run.fold}"


def grid(run: Run) -> str:
    """Return a run's settings as the value of --grid, for a shell."""
    return shlex.quote(json.dumps([as_block(run.settings)]))


def command(cell: Record, run: Run) -> str:
    """Return the cell's command narrowed to one run's settings, seed and fold, writing rerun.json.

    The grid becomes the run's own settings and the output lies beside the cell's record, which
    stays untouched. A command without --grid or --output is returned as it is.
    """
    found = pattern(cell.command)
    return cell.command if found is None else found.filled(run)


@lru_cache(REMEMBERED)
def pattern(line: str) -> Pattern | None:
    """Return the pattern of a cell's command for its runs, None where it has no --grid or --output."""
    words = shlex.split(line)
    output, given = _span(words, "--output"), _span(words, "--grid")
    if output is None or given is None:
        return None
    words[slice(*output)] = [str(PurePath(words[output[0]]).parent / "rerun.json")]
    if folds := _span(words, "--fold"):
        del words[folds[0] - 1 : folds[1]]
    places = sorted((span, flag) for flag in ("--grid", "--seeds") if (span := _span(words, flag)))
    parts: list[tuple[str, bool]] = []
    done, seeds = 0, ""
    for (start, end), flag in places:
        parts += [(shlex.join(words[done:start]), False), (flag, True)]
        done = end
        seeds = shlex.join(words[start:end]) if flag == "--seeds" else seeds
    parts.append((shlex.join(words[done:]), False))
    return Pattern([part for part in parts if part[0]], seeds)


def _span(words: list[str], flag: str) -> tuple[int, int] | None:
    """Return where a flag's values begin and end in the words, or None where it is not given any."""
    if flag not in words:
        return None
    start = words.index(flag) + 1
    end = start
    while end < len(words) and not words[end].startswith("--"):
        end += 1
    return (start, end) if end > start else None
