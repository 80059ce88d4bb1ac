"""Cell records: written whole or not at all, and checked against the schema on both sides."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from bakeoff.command import DamagedError
from bakeoff.files import reading, write_text

Record = dict[str, Any]
Run = dict[str, Any]

# Which version of the schema a record follows; another is refused in one line.
FORMAT = 2
# Where below a data set's folder cells of a purpose lie.
FOLDERS = {"selection": "", "alone": "alone/", "speed": "speed/"}
ACCURACIES = ("validation_accuracy", "test_accuracy", "holdout_accuracy", "train_accuracy")

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "cell.schema.json"


@cache
def _validator():
    from jsonschema import Draft7Validator

    return Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def fault(record: Record) -> str | None:
    """Return where a record does not follow workflow/schemas/cell.schema.json, None where it does."""
    if isinstance(record, dict) and record.get("format") != FORMAT:
        made = f"of format {record['format']}" if "format" in record else "without a format"
        return f"not a cell record of this version, which writes format {FORMAT}, but one {made}"
    errors = sorted(_validator().iter_errors(record), key=lambda error: list(map(str, error.path)))
    if not errors:
        return None
    place = "/".join(map(str, errors[0].path)) or "top level"
    return f"not a cell record: {place}: {errors[0].message[:200]}"


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
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError({path: f"{place}not JSON: {error}"}) from error
    if found := fault(record):
        raise DamagedError({path: f"{place}{found}"})
    return record


def cell_name(record: Record) -> str:
    """Return the cell's file name without its suffix: resnet18_adam_gpu, svm_rbf_cpu."""
    return f"{record['model']}_{record['optimizer'] or record['kernel']}_{record['device']}"


def model_name(record: Record) -> str:
    """Return what competes in the study: resnet18, resnet50, svm_rbf, svm_poly."""
    return record["model"] if record["family"] == "resnet" else f"svm_{record['kernel']}"
