"""The published study's results: the file, what a row is of, and how far two runs of one training lie apart.

The published grid trained every network setting twice (pin_memory true and false change the
loader, not the result), so the spread of those pairs says how far two honest runs lie apart.
Must not know our own results.
"""

import csv
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bakeoff.analysis.intervals import t_quantile
from bakeoff.command import UserError

GRID = "hyperparameter_grid"
# Its trainings were made once each, so nothing says how far two of them lie apart.
ONCE = "svm_grid"
NUMBERS: dict[str, type] = {
    "batch_size": int,
    "learning_rate": float,
    "epochs": int,
    "C": float,
    "degree": int,
}
MEASURED = (
    *(f"{part}_accuracy_percent" for part in ("train", "validation", "test")),
    *("train_time_s", "mflops"),
)
NAMES = ("table", "dataset", "model", "optimizer", "kernel", "gamma", "device", "pin_memory")
COLUMNS = (*NAMES, *NUMBERS, *MEASURED)
Training = tuple[str, str, str | None]
Setting = tuple[str, str, str | None, str]


def read(path: Path) -> list[dict[str, str]]:
    """Read the published CSV as text; UserError where it is absent or another table."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    with Path(path).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            names = reader.fieldnames or ()
            if lacking := [name for name in COLUMNS if name not in names]:
                raise ValueError(f"column {lacking[0]} is missing")
            return [_checked(line) for line in reader]
        except (csv.Error, ValueError) as error:
            place = f"line {reader.line_num}"
            raise UserError(f"{path}: not the table of published results: {place}: {error}") from error


def _checked(line: dict[str, str]) -> dict[str, str]:
    """Return a line that has a value, or none, of each column's kind; ValueError for another."""
    if None in line or None in line.values():
        raise ValueError("not as many values as columns")
    settings(line)
    for name in MEASURED:
        float(line[name] or 0)
    return line


def limits(reference: Iterable[dict[str, str]]) -> dict[Training, float]:
    """Return how far two runs of the same training lie apart, per (data set, model, optimizer); fractions."""
    return {key: limit(differences) for key, differences in _repeats(reference).items()}


def limit(differences: Sequence[float]) -> float:
    """Return the 95 % limit of a difference of two runs, from the differences of other pairs.

    Student's t with a degree of freedom per pair, times their root mean square: the repeatability limit
    of ISO 5725-6 for a deviation that is known from few pairs only.
    """
    return t_quantile(len(differences)) * math.sqrt(fmean(each**2 for each in differences))


def left_out(reference: Iterable[dict[str, str]]) -> tuple[int, int]:
    """Return how many published pairs lie within the limit of the others of their group, and of how many."""
    groups = _repeats(reference).values()
    inside = [
        abs(each) <= limit([*group[:place], *group[place + 1 :]])
        for group in groups
        for place, each in enumerate(group)
    ]
    return sum(inside), len(inside)


def _repeats(reference: Iterable[dict[str, str]]) -> dict[Training, list[float]]:
    """Return the differences of test accuracy of the pairs that differ in pin_memory only."""
    pairs: dict[Setting, list[float]] = {}
    for line in reference:
        if line["table"] == GRID:
            pairs.setdefault(training(line), []).append(fraction(line["test_accuracy_percent"]) or 0.0)
    found: dict[Training, list[float]] = {}
    for key, values in pairs.items():
        if len(values) == 2:
            found.setdefault(key[:3], []).append(values[0] - values[1])
    return found


def training(line: dict[str, str]) -> Setting:
    """Return what makes two results the same training: data set, model, optimizer, settings."""
    model = f"svm_{line['kernel']}" if line["model"] == "svm" else line["model"]
    return line["dataset"], model, line["optimizer"] or None, settings_key(settings(line))


def settings(line: dict[str, str]) -> dict[str, Any]:
    """Return a published row's settings as numbers and names, without those left empty."""
    named = ("batch_size", "learning_rate", "epochs") if line["model"] != "svm" else ("C", "gamma", "degree")
    return {name: _typed(name, line[name]) for name in named if line[name]}


def _typed(name: str, text: str) -> Any:
    if name == "gamma":
        return text if text in ("scale", "auto") else float(text)
    return NUMBERS[name](text)


def settings_key(chosen: dict[str, Any]) -> str:
    """Return settings as one text that does not depend on their order."""
    return json.dumps(chosen, sort_keys=True)


def fraction(percent: str) -> float | None:
    """Return percent as a fraction, None where nothing was published."""
    # Rounded so that 97.39 stays 0.9739 and differences keep the published digits.
    return round(float(percent) / 100, 6) if percent else None
