"""Cell records: written whole or not at all, and checked against the schema on both sides."""

import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from bakeoff.command import UserError

Record = dict[str, Any]
Run = dict[str, Any]

ACCURACIES = ("validation_accuracy", "test_accuracy", "holdout_accuracy", "train_accuracy")

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "cell.schema.json"


class RecordError(UserError):
    """A cell record does not follow workflow/schemas/cell.schema.json."""


@cache
def _validator():
    from jsonschema import Draft7Validator

    return Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def check(record: Record, source: str) -> Record:
    """Return the record, or raise RecordError naming the source, the place and the fault."""
    errors = sorted(_validator().iter_errors(record), key=lambda error: list(map(str, error.path)))
    if errors:
        place = "/".join(map(str, errors[0].path)) or "top level"
        raise RecordError(f"{source}: not a cell record: {place}: {errors[0].message}")
    return record


def write(path: Path, record: Record) -> None:
    """Check the record and write it as JSON, atomically."""
    check(record, str(path))
    write_text(path, json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read(path: Path) -> Record:
    """Read one record; a file that is not one raises RecordError with its name."""
    return parse(Path(path).read_text(encoding="utf-8"), str(path))


def parse(text: str, source: str) -> Record:
    """Return the record that a text holds, or raise RecordError naming the source and the fault."""
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordError(f"{source}: not JSON: {error}") from error
    return check(record, source)


def write_text(path: Path, text: str) -> None:
    """Write text so that the file is either absent, old or whole, never half-written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def cell_name(record: Record) -> str:
    """Return the cell's file name without its suffix: resnet18_adam_gpu, svm_rbf_cpu."""
    return f"{record['model']}_{record['optimizer'] or record['kernel']}_{record['device']}"


def model_name(record: Record) -> str:
    """Return what competes in the study: resnet18, resnet50, svm_rbf, svm_poly."""
    return record["model"] if record["family"] == "resnet" else f"svm_{record['kernel']}"
