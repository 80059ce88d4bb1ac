"""The command that makes one run again, derived from the command that made its cell."""

import json
import shlex
from functools import cache
from pathlib import PurePath

from bakeoff.records.record import Record
from bakeoff.records.request import as_block
from bakeoff.records.run import Run


def command(cell: Record, run: Run) -> str:
    """Return the cell's command narrowed to one run's settings, seed and fold, writing rerun.json.

    The grid becomes the run's own settings and the output lies beside the cell's record, which
    stays untouched. A command without --grid or --output is returned as it is.
    """
    words = _words(cell.command)
    if _value(words, "--grid") is None or _value(words, "--output") is None:
        return cell.command
    words = _replaced(words, "--grid", [json.dumps([as_block(run.settings)])])
    if run.seed is not None and _value(words, "--seeds") is not None:
        words = _replaced(words, "--seeds", [str(run.seed)])
    if run.fold is not None:
        words = [*_without(words, "--fold"), "--fold", str(run.fold)]
    output = PurePath(_value(words, "--output") or "")
    return shlex.join(_replaced(words, "--output", [str(output.parent / "rerun.json")]))


@cache
def _words(line: str) -> list[str]:
    # Cached: a cell's runs share its line, and a grid of hundreds makes a long one.
    return shlex.split(line)


def _span(words: list[str], flag: str) -> tuple[int, int] | None:
    """Return where a flag's values begin and end in the words, or None where it is not given."""
    if flag not in words:
        return None
    start = words.index(flag) + 1
    end = start
    while end < len(words) and not words[end].startswith("--"):
        end += 1
    return start, end


def _value(words: list[str], flag: str) -> str | None:
    span = _span(words, flag)
    return words[span[0]] if span and span[1] > span[0] else None


def _replaced(words: list[str], flag: str, values: list[str]) -> list[str]:
    span = _span(words, flag)
    return [*words[: span[0]], *values, *words[span[1] :]] if span else words


def _without(words: list[str], flag: str) -> list[str]:
    span = _span(words, flag)
    return [*words[: span[0] - 1], *words[span[1] :]] if span else words
