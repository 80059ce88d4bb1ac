"""Records as files: written whole or not at all, checked on both sides, earlier versions' read as well."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bakeoff.command import DamagedError
from bakeoff.files import reading, write_text
from bakeoff.records import earlier
from bakeoff.records.kinds import Name, form
from bakeoff.records.parts import Data
from bakeoff.records.record import FORMAT, Record, adapter, contradiction, to_json
from bakeoff.values import shown


@form
class Place:
    """What a prepared data set says of itself."""

    dataset: Name
    data: Data


# No measurement has more, and a float holds no number of many more.
DIGITS = 300


def from_json(given: Any) -> Record:
    """Return the record that JSON's values say; ValueError names the place and the fault in one line."""
    given = earlier.as_now(given, FORMAT)
    if not isinstance(given, dict) or given.get("format") != FORMAT:
        made = (
            f"of format {given['format']!r:.40}" if isinstance(given, dict) and "format" in given else "none"
        )
        raise ValueError(f"not a cell record of format {FORMAT}, but {made}; make it again with this version")
    try:
        # As text: lists of JSON are tuples here, and nothing else is taken for what it is not.
        record: Record = adapter(Record).validate_json(json.dumps(given))
    except ValidationError as error:
        raise ValueError(f"not a cell record: {complaint(given, error)}") from None
    if fault := contradiction(record):
        raise ValueError(f"not a cell record: {fault}")
    return record


def data_fault(dataset: Any, data: Any) -> str | None:
    """Return where what is said of a data set could not stand in a record, None where it could."""
    given = {"dataset": dataset, "data": data}
    try:
        adapter(Place).validate_json(json.dumps(given))
    except ValidationError as error:
        return complaint(given, error)
    return None


def complaint(given: Any, error: ValidationError) -> str:
    """Return the place, the value and the words of the first complaint, the innermost of its place."""
    first, *rest = sorted(error.errors(include_url=False), key=lambda each: tuple(map(str, each["loc"])))
    for each in rest:
        if each["loc"][: len(first["loc"])] != first["loc"]:
            break
        first = each
    missing = first["type"] in ("missing", "missing_argument")
    steps = [*_steps(given, first["loc"]), *(map(str, first["loc"][-1:]) if missing else ())]
    place = " ".join("/".join(steps).split())[:100] or "top level"
    if missing:
        return f"{place}: missing"
    if first["type"] in ("string_pattern_mismatch", "string_too_long"):
        return f"{place}: {shown(first['input'])} is no name; one has letters, digits, _ and -, 64 at most"
    return f"{place}: {shown(first['input'])}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _steps(given: Any, path: Iterable[int | str]) -> Iterator[str]:
    """Yield the steps of a path as far as there is something: beyond, they name kinds of values."""
    for step in path:
        try:
            given = given[step]
        except (LookupError, TypeError):
            return
        yield str(step)


def text(record: Record, indent: int | None = None) -> str:
    """Return a record as JSON; ValueError where it is none."""
    found = to_json(record)
    from_json(found)
    ordered = {"format": found.pop("format"), **found}
    return json.dumps(ordered, indent=indent, ensure_ascii=False, allow_nan=False)


def write(path: Path, record: Record) -> None:
    """Check the record and write it as JSON, atomically."""
    try:
        write_text(path, f"{text(record, indent=2)}\n")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read(path: Path) -> Record:
    """Read one record; a file that is not one raises DamagedError with its name."""
    with reading(path):
        return parse(Path(path).read_bytes(), path)


def parse(content: bytes, path: Path, place: str = "") -> Record:
    """Return the record that a text holds, or raise DamagedError naming the file, the place and the fault."""
    try:
        given = json.loads(content, parse_int=_whole)
        # What cannot be written again is no record: infinity, half a character, a thousand brackets.
        json.dumps(given, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise DamagedError({path: f"{place}not JSON: {error}"}) from error
    try:
        return from_json(given)
    except ValueError as error:
        raise DamagedError({path: f"{place}{error}"}) from error


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def schema() -> str:
    """Return the JSON schema of a record, as cell.schema.json holds it."""
    return json.dumps(adapter(Record).json_schema(), indent=2, ensure_ascii=False) + "\n"
