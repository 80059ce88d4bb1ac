"""What a call may be given: JSON, numbers and paths, each taken or refused with a ValueError that says why.

Owns these rules. Must not know which option or setting asks.
"""

import json
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

Take = Callable[[Any], Any]  # returns the value as it is used, or raises ValueError
# What every library below takes for a whole number, and for a seed.
MOST, SEED = 2**31 - 1, 2**32 - 1
# Rows and columns of a prepared image.
SIDE = {"least": 8, "most": 1024}
DIGITS, LEVELS, SHOWN = 400, 50, 60


def shown(value: Any) -> str:
    """Return a value in a line that names it: texts as they are, the rest as JSON, long ones cut."""
    text = value if isinstance(value, str) and value else json.dumps(value, default=str)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: 1 run, 12 runs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(least: int = 0, most: int = MOST) -> Take:
    """Return what takes a whole number within these bounds; 2.0 is one, as it is to a JSON schema."""

    def take(value: Any) -> int:
        if _number(value) and least <= value <= most and value == int(value):
            return int(value)
        bound = f"at most {most}" if _number(value) and value > most else f"at least {least}"
        raise ValueError(f"must be a whole number of {bound}")

    return take


def whole_text(text: str) -> int:
    """Return the whole number that a word of the command line says."""
    try:
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,30}", text) else whole(-MOST)(float(text))
    except ValueError:
        raise ValueError(f"{shown(text)} is not a whole number") from None


def one_of(known: Iterable[str]) -> Take:
    """Return what takes one of these words."""
    words = tuple(known)

    def take(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"is unknown; known are {', '.join(words)}")
        return value

    return take


def each_once(values: Sequence[Any]) -> None:
    """Raise ValueError where a value is named twice; paths are compared by where they lead."""
    places = Counter(os.path.realpath(each) if isinstance(each, Path) else each for each in values)
    if twice := [place for place, count in places.items() if count > 1]:
        raise ValueError(f"{shown(twice[0])} is named twice; name each once")


def folder(path: Path) -> None:
    """Raise ValueError where there is no such folder."""
    if not path.is_dir():
        raise ValueError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")


def to_write(path: Path) -> None:
    """Raise ValueError where a file cannot be written, before hours are spent on what it shall hold."""
    if path.is_dir():
        raise ValueError(f"{path}: is a folder; name a file")
    _room_for(path)


def record(path: Path) -> None:
    """Raise ValueError where a cell's record cannot be written, or would lie where its journal does."""
    if path.suffix != ".json":
        raise ValueError(f"{path}: a record's name ends in .json; what lies beside it is named after it")
    to_write(path)


def figures(path: Path) -> None:
    """Raise ValueError where a folder of figures cannot be made anew without loss of what else it holds."""
    if path.is_dir() and any(path.iterdir()) and not (path / "figures.json").is_file():
        raise ValueError(f"{path}: holds other things than figures; name a folder for them alone")
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path}: is a file; name a folder")
    _room_for(path)


def _room_for(path: Path) -> None:
    parent = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not parent.is_dir():
        raise ValueError(f"{path}: {parent} is not a folder; name another place")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ValueError(f"{path}: {parent} may not be written to; name another place")


def path(text: str) -> Path:
    """Take a path that is not empty."""
    if not text:
        raise ValueError("an empty path; name a file or a folder")
    return Path(text)


def some(read: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    """Return what takes a word of a list: one value, or those of the file that @FILE names, one a line."""

    def take(word: str) -> list[Any]:
        if not word.startswith("@"):
            return [read(word)]
        try:
            text = Path(word[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(
                f"{word}: cannot be read: {error.strerror}; ./{word} is a path that begins so"
            ) from None
        except ValueError:
            raise ValueError(f"{word}: not UTF-8") from None
        return [read(line) for line in text.split("\n") if line]

    return take


def is_text(word: str) -> bool:
    """Tell whether a word of the command line can be written down."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_json(text: str) -> Any:
    """Return what a JSON text says; NaN, infinities and a name given twice are none of JSON's."""
    try:
        value = json.loads(
            text,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_short,
            object_pairs_hook=_object,
        )
        if _levels(value) > LEVELS:
            raise RecursionError
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    except RecursionError:
        raise ValueError(f"nested more than {LEVELS} levels deep") from None
    return value


def object_from_json(text: str) -> dict[str, Any]:
    """Return what a JSON text says of an object."""
    value = from_json(text)
    if not isinstance(value, dict):
        raise ValueError(f'{shown(value)} is not a JSON object, such as {{"name": 1}}')
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _finite(text: str) -> float:
    return _no_number(shown(text)) if math.isinf(float(text)) else float(text)


def _short(text: str) -> int:
    return int(_no_number(shown(text)) if len(text) > DIGITS else text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    each_once([name for name, _ in pairs])
    return dict(pairs)


def _levels(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_levels, inner), default=0)
