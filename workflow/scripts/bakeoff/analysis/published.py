"""The published study's results beside ours, row by row, judged by the study's own repeats.

The published grid trained every network setting twice (pin_memory true and false change the
loader, not the result), so the spread of those pairs says how far two honest runs lie apart.
Must not know where our numbers are shown.
"""

import csv
import json
import math
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

from bakeoff.analysis import wording
from bakeoff.analysis.intervals import Z95
from bakeoff.analysis.study import Study, finished
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.command import UserError
from bakeoff.records import Record, Run, cell_name
from bakeoff.selection import groups

GRID, SVM, DEVICES, HEADLINE = "hyperparameter_grid", "svm_grid", "cpu_vs_gpu", "headline"
COLUMNS: Columns = {
    "table": str,
    "dataset": str,
    "model": str,
    "optimizer": str,
    "settings": str,
    "device": str,
    "published_validation": float,
    "published_test": float,
    "published_train_s": float,
    "our_cell": str,
    "our_settings": str,
    "our_device": str,
    "our_runs": int,
    "our_validation": float,
    "our_test": float,
    "our_train_s": float,
    "our_packed": bool,
    "difference": float,
    "band": float,
    "verdict": str,
}
NUMBERS: dict[str, type] = {
    "batch_size": int,
    "learning_rate": float,
    "epochs": int,
    "C": float,
    "degree": int,
}
PUBLISHED_SCALE = "standard"  # the study standardised its pixels for every SVM
Measured = tuple[Record, list[Run]]


def read_reference(path: Path) -> list[dict[str, str]]:
    """Read the published CSV as text; UserError where it is absent."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(study: Study, reference: Iterable[dict[str, str]]) -> list[Row]:
    """Return one row per published result of a data set in the study; accuracies are fractions.

    `difference` is ours minus published test accuracy. `verdict` tells whether it lies inside the
    band, or why there is no judgement. Nothing is returned for data sets that nobody published.
    """
    reference = list(reference)
    bands = repeatability(reference)
    ours = _index(study)
    found = (_row(line, ours, bands) for line in reference if line["dataset"] in study.datasets)
    return complete(COLUMNS, found)


def repeatability(reference: Iterable[dict[str, str]]) -> dict[tuple[str, str, str], float]:
    """Return how far two runs of the same training lie apart, per (data set, model, optimizer).

    The 95 % repeatability limit of ISO 5725-6, 1.96 times the root mean square difference of the
    pairs that differ in pin_memory only; a fraction.
    """
    pairs: dict[tuple, list[float]] = {}
    for line in reference:
        if line["table"] == GRID:
            pairs.setdefault(_key(line), []).append(_fraction(line["test_accuracy_percent"]) or 0.0)
    squares: dict[tuple[str, str, str], list[float]] = {}
    for key, values in pairs.items():
        if len(values) == 2:
            squares.setdefault(key[:3], []).append((values[0] - values[1]) ** 2)
    return {key: Z95 * math.sqrt(fmean(found)) for key, found in squares.items()}


def _key(line: dict[str, str]) -> tuple:
    """Return what makes two results the same training: data set, model, optimizer, settings."""
    settings = reference_settings(line)
    model = f"svm_{line['kernel']}" if line["model"] == "svm" else line["model"]
    return line["dataset"], model, line["optimizer"] or None, _settings_key(settings)


def reference_settings(line: dict[str, str]) -> dict[str, Any]:
    """Return a published row's settings as numbers and names, without those left empty."""
    named = ("batch_size", "learning_rate", "epochs") if line["model"] != "svm" else ("C", "gamma", "degree")
    return {name: _typed(name, line[name]) for name in named if line[name]}


def _typed(name: str, text: str) -> Any:
    if name == "gamma":
        return text if text in ("scale", "auto") else float(text)
    return NUMBERS[name](text)


def _settings_key(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def _fraction(percent: str) -> float | None:
    # Rounded so that 97.39 stays 0.9739 and differences keep the published digits.
    return round(float(percent) / 100, 6) if percent else None


def _index(study: Study) -> dict[tuple, list[Measured]]:
    """Return our finished trainings by purpose and the published key.

    Several may match one key; a key without any is one whose trainings did not finish.
    """
    found: dict[tuple, list[Measured]] = {}
    for cell in study.records:
        model = cell["model"] if cell["family"] == "resnet" else f"svm_{cell['kernel']}"
        for runs in groups(cell["runs"]):
            settings = {
                name: float(item) if name in ("learning_rate", "C") else item
                for name, item in runs[0]["settings"].items()
                if name in (*NUMBERS, "gamma") and item is not None
            }
            if runs[0]["settings"].get("scale", PUBLISHED_SCALE) != PUBLISHED_SCALE:
                continue
            key = cell["dataset"], model, cell["optimizer"], _settings_key(settings)
            matching = found.setdefault((cell["purpose"], *key), [])
            if done := finished(runs):
                matching.append((cell, done))
    return found


def _row(line: dict[str, str], ours: dict[tuple, list[Measured]], bands: dict) -> Row:
    key = _key(line)
    purpose = "speed" if line["table"] == DEVICES else "selection"
    matching = ours.get((purpose, *key))
    candidates = matching or []
    if purpose == "speed":
        candidates = [pair for pair in candidates if pair[0]["device"] == line["device"]]
    settings = reference_settings(line)
    if line["pin_memory"]:
        settings["pin_memory"] = line["pin_memory"] == "true"
    row = {
        "table": line["table"],
        "dataset": key[0],
        "model": key[1],
        "optimizer": key[2],
        "settings": json.dumps(settings),
        "device": line["device"],
        "published_validation": _fraction(line["validation_accuracy_percent"]),
        "published_test": _fraction(line["test_accuracy_percent"]),
        "published_train_s": float(line["train_time_s"]) if line["train_time_s"] else None,
        "band": bands.get(key[:3]),
    }
    if matching == []:
        return row | {"verdict": "did not finish"}
    if not candidates:
        named = line["model"] != "svm" or line["C"]
        return row | {"verdict": "not run" if named else "settings not published"}
    return row | _ours(row, max(candidates, key=lambda pair: _likeness(pair, line)))


def _likeness(pair: Measured, line: dict[str, str]) -> tuple[bool, bool, bool]:
    """Rank our runs of one setting: published device, mixed precision (used), same pinning first."""
    cell, runs = pair
    settings = runs[0]["settings"]
    pinned = {True: "true", False: "false"}.get(settings.get("pin_memory"))
    return (
        cell["device"] == line["device"],
        runs[0]["details"].get("autocast", settings.get("precision") == "mixed") not in (None, False),
        pinned == line["pin_memory"],
    )


def _ours(row: Row, measured: Measured) -> Row:
    cell, runs = measured
    test = fmean(run["test_accuracy"] for run in runs)
    difference = test - row["published_test"]
    data = cell["data"]
    if data["limit_train"] or data["limit_test"]:
        verdict = "not judged: cut-down data"
    elif row["band"] is None:
        verdict = "not judged: no published repeat"
    elif abs(difference) <= row["band"]:
        verdict = "within their spread"
    else:
        verdict = "above their spread" if difference > 0 else "below their spread"
    return {
        "our_cell": cell_name(cell),
        "our_settings": json.dumps(wording.as_run(*runs)),
        "our_device": cell["device"],
        "our_runs": len(runs),
        "our_validation": fmean(run["validation_accuracy"] for run in runs),
        "our_test": test,
        "our_train_s": fmean(run["train_s"] for run in runs),
        "our_packed": any(run["packed"] for run in runs),
        "difference": difference,
        "verdict": verdict,
    }
