"""The published study's results beside ours, row by row, judged by the study's own repeats.

Must not know where our numbers are shown.
"""

import json
import math
from collections.abc import Callable, Iterable
from statistics import fmean
from typing import Any

from bakeoff.analysis import repeatability, wording
from bakeoff.analysis.study import Study, finished, unique
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.records.record import Record, Run, cell_name, model_name
from bakeoff.records.selection import groups
from bakeoff.rows import shipped_as

DEVICES = "cpu_vs_gpu"
COLUMNS: Columns = {
    "table": str,
    "dataset": str,
    "model": str,
    "optimizer": str,
    "settings": str,
    "device": str,
    "published_validation": float,
    "published_test": float,
    "published_train": float,
    "published_train_s": float,
    "published_mflops": float,
    "our_cell": str,
    "our_settings": str,
    "our_device": str,
    "our_runs": int,
    "our_validation": float,
    "our_test": float,
    "our_train": float,
    "our_train_s": float,
    "our_packed": bool,
    "our_macs": int,
    "difference": float,
    "band": float,
    "verdict": str,
}
PUBLISHED_SCALE = "standard"  # the study standardised its pixels for every SVM
JUDGED_ONCE = "judged above, once"
CUT_DOWN, OTHER_SIZE = "not judged: cut-down data", "not judged: images of another size"
UNLIKE = (CUT_DOWN, OTHER_SIZE)
PUBLISHED_SHAPES = {"network": [3, 32, 32], "svm": [784]}  # of one image, as a model took it
Measured = tuple[Record, list[Run]]
# Gives the published name of a record's data, None where they are no published ones.
Original = Callable[[dict[str, Any]], str | None]


def rows(study: Study, reference: Iterable[dict[str, str]], original: Original) -> list[Row]:
    """Return one row per published result of a data set in the study; accuracies are fractions.

    A data set of the study is a published one by what `original` says of its records' data, and keeps the
    name that it has in the study.
    `difference` is ours minus published test accuracy, the mean of those repeats that stand beside the same
    training of ours. `verdict` tells whether it lies inside the band, once for each training of ours, or why
    there is no judgement. Nothing is returned for data sets that nobody published.
    """
    reference = list(reference)
    bands = repeatability.limits(reference)
    ours = _index(study, original)
    known = unique((record["dataset"], original(record["data"])) for record in study.records)
    found = [
        _row(line, dataset, ours, bands)
        for line in reference
        for dataset, published in known
        if published == line["dataset"]
    ]
    beside: dict[tuple, list[Row]] = {}
    for row in found:
        if "our_cell" in row:
            beside.setdefault((row["table"], *_trained(row)), []).append(row)
    for repeats in beside.values():
        _judge(repeats)
    judged = set()
    for row in found:
        if row["verdict"].endswith("their spread"):
            if _trained(row) in judged:
                row["verdict"] = JUDGED_ONCE
            judged.add(_trained(row))
    return complete(COLUMNS, found)


def _trained(row: Row) -> tuple:
    """Return which training of ours a row is about; the timed ones are others than the grid's."""
    return row["table"] == DEVICES, row["dataset"], row["our_cell"], row["our_settings"]


def _index(study: Study, original: Original) -> dict[tuple, list[Measured]]:
    """Return our trainings by purpose, data set and the published key; several may match one key."""
    found: dict[tuple, list[Measured]] = {}
    for cell in study.records:
        whose = cell["purpose"], cell["dataset"], original(cell["data"]), *_competitor(cell)
        for runs in groups(cell["runs"]):
            settings = {
                name: float(item) if name in ("learning_rate", "C") else item
                for name, item in runs[0]["settings"].items()
                if name in (*repeatability.NUMBERS, "gamma") and item is not None
            }
            if runs[0]["settings"].get("scale", PUBLISHED_SCALE) != PUBLISHED_SCALE:
                continue
            key = (*whose, repeatability.settings_key(settings))
            found.setdefault(key, []).append((cell, runs))
    return found


def _competitor(cell: Record) -> tuple[str | None, str | None]:
    """Return what the published study calls a cell's model, and its optimizer where it has one.

    A network and an optimizer are known by what their rows say, where a record says it.
    """
    if "network" not in (said := cell.get("rows", {})):
        return model_name(cell), cell["optimizer"]
    return shipped_as("networks", said["network"]), shipped_as("optimizers", said["optimizer"])


def _row(line: dict[str, str], dataset: str, ours: dict[tuple, list[Measured]], bands: dict) -> Row:
    key = repeatability.training(line)
    purpose = "speed" if line["table"] == DEVICES else "selection"
    candidates = ours.get((purpose, dataset, *key), [])
    if purpose == "speed":
        candidates = [pair for pair in candidates if pair[0]["device"] == line["device"]]
    settings = repeatability.settings(line)
    if line["pin_memory"]:
        settings["pin_memory"] = line["pin_memory"] == "true"
    row = {
        "table": line["table"],
        "dataset": dataset,
        "model": key[1],
        "optimizer": key[2],
        "settings": json.dumps(settings),
        "device": line["device"],
        "published_validation": repeatability.fraction(line["validation_accuracy_percent"]),
        "published_test": repeatability.fraction(line["test_accuracy_percent"]),
        "published_train": repeatability.fraction(line["train_accuracy_percent"]),
        "published_mflops": float(line["mflops"]) if line["mflops"] else None,
        "published_train_s": float(line["train_time_s"]) if line["train_time_s"] else None,
        "band": bands.get(key[:3]),
    }
    if not candidates:
        named = line["model"] != "svm" or line["C"]
        return row | {"verdict": "not run" if named else "settings not published"}
    cell, runs = max(candidates, key=lambda pair: _likeness(pair, line))
    done = finished(runs)
    return row | (_ours((cell, done)) if done else {"verdict": "did not finish"})


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


def _ours(measured: Measured) -> Row:
    cell, runs = measured
    cut = cell["data"]["limit_train"] or cell["data"]["limit_test"]
    other = cell["data"]["input_shape"] != PUBLISHED_SHAPES[cell["family"]]
    return {
        "our_cell": cell_name(cell),
        "our_settings": json.dumps(wording.as_run(*runs)),
        "our_device": cell["device"],
        "our_runs": len(runs),
        "our_validation": fmean(run["validation_accuracy"] for run in runs),
        "our_test": fmean(run["test_accuracy"] for run in runs),
        "our_train": fmean(run["train_accuracy"] for run in runs),
        "our_macs": cell["compute"]["macs_forward"],
        "our_train_s": fmean(run["train_s"] for run in runs),
        "our_packed": any(run["packed"] for run in runs),
        "verdict": CUT_DOWN if cut else OTHER_SIZE if other else None,
    }


def _judge(repeats: list[Row]) -> None:
    """Hold a training of ours against the mean of the published repeats that it stands beside."""
    runs, test = repeats[0]["our_runs"], repeats[0]["our_test"]
    difference = test - fmean(row["published_test"] for row in repeats)
    # The limit is of one run against one; means of several lie closer together.
    shrunk = math.sqrt((1 / runs + 1 / len(repeats)) / 2)
    for row in repeats:
        row["difference"] = difference
        row["band"] = None if row["band"] is None else shrunk * row["band"]
        row["verdict"] = row["verdict"] or _verdict(difference, row["band"])


def _verdict(difference: float, band: float | None) -> str:
    if band is None:
        return "not judged: no published repeat"
    if abs(difference) <= band:
        return "within their spread"
    return "above their spread" if difference > 0 else "below their spread"
