"""How names and numbers are said, once for tables, figures and sentences.

Owns labels and number formats. Must not know where a number comes from.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bakeoff.analysis.settings import SETTINGS as SETTINGS
from bakeoff.analysis.settings import SHORT as SHORT
from bakeoff.analysis.settings import UNSAID as UNSAID
from bakeoff.records import folds
from bakeoff.records.record import Record
from bakeoff.records.request import Fold
from bakeoff.records.run import Run
from bakeoff.values import plural as plural

# Settings as they were carried out: what `as_run` or `on_devices` returns.
CarriedOut = Mapping[str, Any]
# The seed and the fold of a run, of which there are others with the same settings.
Replicate = tuple[int | None, Fold]

DEVICES = {"cpu": "CPU", "gpu": "GPU"}
NOT_MEASURED = "not measured"
NOT_JUDGED = "not judged"
# So many are named where there are more.
NAMED = 8
# An error may be a paragraph: CUDA's of a full memory has 500 letters. A warning says what to do, too.
LONGEST_ERROR, LONGEST_WARNING = 120, 240


def device(name: str) -> str:
    """Return a device's name for people."""
    return DEVICES.get(name, name)


def beforehand(records: Iterable[Record]) -> str:
    """Return what is said of training times where features were made before any training, else nothing."""
    made = any(record.features for record in records)
    return "No training time includes the making of features. " if made else ""


def setting(name: str) -> str:
    """Return a setting's name for people."""
    return SETTINGS.get(name, name)


def value(item: Any) -> str:
    """Return a setting's value: 0.001, scale, yes."""
    if isinstance(item, bool):
        return "yes" if item else "no"
    if item is None:
        return "\N{EN DASH}"
    if isinstance(item, tuple):
        return f"[{', '.join(map(value, item))}]"
    return f"{item:g}" if isinstance(item, float) else str(item)


def as_run(*runs: Run) -> CarriedOut:
    """Return the settings that runs share as they were carried out, for a table, an axis or `settings`.

    Beside a precision that was asked for stands `autocast`, what it came to on the machine: a type, None for
    fp32, or several where the runs differ.
    """
    shared = runs[0].settings
    found = tuple(dict.fromkeys(run.details["autocast"] for run in runs if "autocast" in run.details))
    if "precision" not in shared or not found:
        return shared
    return {**shared, "autocast": found if len(found) > 1 else found[0]}


def on_devices(sides: Mapping[str, CarriedOut]) -> CarriedOut:
    """Return one setting as it was carried out on each device: `autocast` by device where these differ."""
    known = {name: each for name, each in sides.items() if "autocast" in each}
    if not known:
        return next(iter(sides.values()))
    first, *others = known.values()
    if all(other["autocast"] == first["autocast"] for other in others):
        return first
    return {**first, "autocast": {name: each["autocast"] for name, each in known.items()}}


def used(carried_out: CarriedOut) -> CarriedOut:
    """Return settings whose precision is the one that was used, in words, the wish beside it if another."""
    if "autocast" not in carried_out:
        return carried_out
    said = {name: item for name, item in carried_out.items() if name != "autocast"}
    return {**said, "precision": _precision(said["precision"], carried_out["autocast"])}


def _precision(wish: str, autocast: Any) -> str:
    if isinstance(autocast, Mapping):
        words = listed([f"{_used(item, True)} on the {device(name)}" for name, item in autocast.items()])
        types = {each for item in autocast.values() for each in _each(item)}
    else:
        words, types = _used(autocast), set(_each(autocast))
    return words if {_used(each) for each in types} == {wish} else f"{words} (asked for: {wish})"


def _each(autocast: Any) -> tuple[Any, ...]:
    return autocast if isinstance(autocast, tuple) else (autocast,)


def _used(autocast: Any, exactly: bool = False) -> str:
    if isinstance(autocast, tuple):
        return listed([_used(each, True) for each in autocast])
    return "fp32" if autocast is None else f"mixed ({autocast})" if exactly else "mixed"


def settings(chosen: CarriedOut, levels: Iterable[str] = (), short: bool = False) -> str:
    """Return settings in one line: Adam, batch 16, learning rate 0.001, 3 epochs, mixed.

    levels: how people call the choices beside them. What was not set and what goes without saying is left
    out; the short form says lr for the learning rate. The precision is the one that was used, where `chosen`
    knows it (`as_run`).
    """
    chosen = used(chosen)
    parts = list(levels)
    for name, item in chosen.items():
        if item is None or item == UNSAID.get(name):
            continue
        if name == "epochs":
            parts.append(f"{item} epoch{'s' if item != 1 else ''}")
        elif name == "batch_size":
            parts.append(f"batch {item}")
        elif name in ("precision", "engine"):
            parts.append(str(item))
        elif name == "pin_memory":
            parts.append("pinned" if item else "not pinned")
        else:
            said = SHORT.get(name, setting(name)) if short else setting(name)
            parts.append(f"{said} {value(item)}")
    return ", ".join(parts)


def replicates(runs: Iterable[Replicate]) -> str:
    """Say over which seeds and folds runs are alike: 3 seeds, 2 seeds in each of 5 folds, cut 2 times."""
    runs = list(runs)
    seeds, on = {seed for seed, _ in runs}, {fold for _, fold in runs}
    folded = folds.told(fold for fold in on if isinstance(fold, int))
    if len(seeds) * len(on) != len(runs) or folded is None:
        return plural(len(runs), "run")
    words = {plural(len(seeds), "seed"): len(seeds), folded: len(on)}
    return " in each of ".join(said for said, count in words.items() if count > 1)


def error(text: str, longest: int = LONGEST_ERROR) -> str:
    """Return what an error says in its last line, cut to a length that fits a table."""
    return textwrap.shorten(text.splitlines()[-1], longest, placeholder=" \N{HORIZONTAL ELLIPSIS}")


def percent(fraction: float | None, digits: int = 2) -> str:
    """Return a fraction as percent without the sign: 97.31."""
    return "\N{EN DASH}" if fraction is None else f"{100 * fraction:.{digits}f}"


def points(difference: float | None, digits: int = 2) -> str:
    """Return a difference of two fractions in percentage points, signed with a real minus."""
    if difference is None:
        return "\N{EN DASH}"
    rounded = round(100 * difference, digits)
    return f"{rounded:+.{digits}f}".replace("-", "\N{MINUS SIGN}") if rounded else f"{0:.{digits}f}"


def span(low: float | None, high: float | None, digits: int = 2) -> str:
    """Return an interval of fractions in percent: 96.90-97.66, with an en dash."""
    if low is None or high is None:
        return "\N{EN DASH}"
    return f"{percent(low, digits)}\N{EN DASH}{percent(high, digits)}"


def seconds(duration: float | None, digits: int | None = None) -> str:
    """Return seconds without the unit, to about three figures unless told how many decimals."""
    if duration is None:
        return "\N{EN DASH}"
    return f"{duration:,.{time_digits([duration]) if digits is None else digits}f}"


def milliseconds(duration: float) -> str:
    """Return seconds as milliseconds with about three figures, without the unit."""
    return seconds(1000 * duration)


def time_digits(durations: Iterable[float | None]) -> int:
    """Return the decimals that show the shortest of some durations with about three figures."""
    known = [abs(duration) for duration in durations if duration is not None]
    shortest = min(known, default=1.0)
    return 3 if shortest < 1 else 2 if shortest < 10 else 1 if shortest < 100 else 0


def ratio(number: float | None) -> str:
    """Return a speedup: 0.92, 2.64, 13.1."""
    return "\N{EN DASH}" if number is None else f"{number:.2f}" if number < 10 else f"{number:.1f}"


def ratio_span(low: float, high: float) -> str:
    """Return an interval of ratios: 1.52-1.98, with an en dash."""
    return f"{ratio(low)}\N{EN DASH}{ratio(high)}"


def count(number: int | None) -> str:
    """Return a whole number with thousands set apart."""
    return "\N{EN DASH}" if number is None else f"{number:,}"


def scaled(number: float | None, digits: int = 2) -> str:
    """Return a large number with its SI prefix: 11.18 M, 3.52 G."""
    if number is None:
        return "\N{EN DASH}"
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= factor:
            return f"{number / factor:.{digits}f}\N{NO-BREAK SPACE}{prefix}"
    return f"{number:.0f}"


def p_value(p: float | None) -> str:
    """Return a p value: 0.031, < 0.001."""
    if p is None:
        return "\N{EN DASH}"
    if p < 0.001:
        return "<\N{NO-BREAK SPACE}0.001"
    # Rounding must not carry a p value over the level that it is held against.
    return f"{p:.4f}" if f"{p:.3f}" == "0.050" else f"{p:.3f}"


def p_clause(p: float) -> str:
    """Return a p value for a sentence: p = 0.031, p < 0.001."""
    return f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"


def singular(group: str) -> str:
    """Return one of a group that is named in the plural: network of networks."""
    return group.removesuffix("s")


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does: a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def some(words: Sequence[str], glue: str = "") -> str:
    """Join words as a sentence does, or by a sign; of many the first, with the number of the others."""
    first, more = words[:NAMED], len(words) - NAMED
    if more <= 1:
        return glue.join(words) if glue else listed(words)
    return glue.join([*first, f"{more} more"]) if glue else listed([*first, f"{more} more"])
