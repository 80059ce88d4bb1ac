"""Cell records: written whole or not at all, and checked against the schema on both sides."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from bakeoff.command import DamagedError
from bakeoff.files import reading, write_text
from bakeoff.records.layout import FOLDERS as FOLDERS

Record = dict[str, Any]
Run = dict[str, Any]

# Which version of the schema a record follows; another is refused in one line.
FORMAT = 2
# No measurement has more, and a float holds no number of many more.
DIGITS = 300
ACCURACIES = ("validation_accuracy", "test_accuracy", "holdout_accuracy", "train_accuracy")

SCHEMA = Path(__file__).with_name("cell.schema.json")


@cache
def _validator(*parts: str):
    """Return what checks a record, or some parts of one alone."""
    from jsonschema import Draft7Validator

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    if parts:
        properties = {name: schema["properties"][name] for name in parts}
        schema = {"properties": properties, "required": parts, "definitions": schema["definitions"]}
    return Draft7Validator(schema)


def fault(record: Record) -> str | None:
    """Return where a record contradicts itself or records/cell.schema.json, None if nowhere."""
    if isinstance(record, dict) and record.get("format") != FORMAT:
        made = f"of format {record['format']!r:.40}" if "format" in record else "without a format"
        return f"not a cell record of this version, which writes format {FORMAT}, but one {made}"
    found = _first(_validator().iter_errors(record)) or _contradiction(record)
    return f"not a cell record: {found}" if found else None


def data_fault(dataset: Any, data: Any) -> str | None:
    """Return where what is said of a data set could not stand in a record, None where it could."""
    said = {"dataset": dataset, "data": data}
    return _first(_validator(*said).iter_errors(said))


def _first(errors: Iterable[Any]) -> str | None:
    """Return the place and the words of the first of a schema's complaints, None where there are none."""
    found = sorted(errors, key=lambda error: (list(map(str, error.path)), error.validator == "type"))
    if not found:
        return None
    error = found[0]
    place = " ".join("/".join(map(str, error.path)).split())[:100] or "top level"
    if error.validator in ("pattern", "maxLength"):
        said = f"{error.instance!r:.60} is no name; one has letters, digits, _ and -, 64 at most"
    else:
        said = " ".join(error.message.split())[:200]
    return f"{place}: {said}"


def _contradiction(record: Record) -> str | None:
    """Return where parts of a record do not fit each other, which no schema can say."""
    known = len(record["environments"])
    for number, run in enumerate(record["runs"]):
        if run["environment"] >= known:
            return f"runs/{number}/environment: {run['environment']}, but there are {known} of them"
    if saved := record.get("saved"):
        for name in ("mean", "deviation"):
            if len(saved[name]) != saved["channels"]:
                return f"saved/{name}: {len(saved[name])} values for {saved['channels']} channels"
    return None


def environment(record: Record, run: Run) -> dict[str, Any]:
    """Return what a run of a record was measured on."""
    return record["environments"][run["environment"]]


def write(path: Path, record: Record) -> None:
    """Check the record and write it as JSON, atomically."""
    if found := fault(record):
        raise ValueError(f"{path}: {found}")
    write_text(path, json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read(path: Path) -> Record:
    """Read one record; a file that is not one raises DamagedError with its name."""
    with reading(path):
        return parse(Path(path).read_bytes(), path)


def parse(text: bytes, path: Path, place: str = "") -> Record:
    """Return the record that a text holds, or raise DamagedError naming the file, the place and the fault."""
    try:
        record = json.loads(text, parse_int=_whole)
        # What cannot be written again is no record: infinity, half a character, a thousand brackets.
        json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise DamagedError({path: f"{place}not JSON: {error}"}) from error
    if isinstance(record, dict) and record.get("family") == "resnet":
        record = {**record, "family": "network"}  # as earlier versions called it
    if found := fault(record):
        raise DamagedError({path: f"{place}{found}"})
    return record


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def cell_name(record: Record) -> str:
    """Return the cell's file name without its suffix: resnet18_adam_gpu, svm_rbf_cpu."""
    return f"{record['model']}_{record['optimizer'] or record['kernel']}_{record['device']}"


def model_name(record: Record) -> str:
    """Return what competes in the study: resnet18, resnet50, svm_rbf, svm_poly."""
    return record["model"] if record["family"] == "network" else f"svm_{record['kernel']}"
