"""The published study's results beside ours, row by row, judged by the study's own repeats.

Owns what that study calls its competitors. Must not know where our numbers are shown.
"""

import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from statistics import fmean
from typing import Any

from bakeoff.analysis import repeatability, wording
from bakeoff.analysis.derived import Ours, PublishedRow
from bakeoff.analysis.repeatability import Setting, Training
from bakeoff.analysis.study import Study, measured, unique
from bakeoff.records.earlier import KERNELS
from bakeoff.records.parts import Data
from bakeoff.records.record import Record
from bakeoff.records.run import Run, finished
from bakeoff.records.selection import groups
from bakeoff.rows import shipped, shipped_as

DEVICES = "cpu_vs_gpu"
PUBLISHED_SCALE = "standard"  # the study standardised its pixels for every SVM
JUDGED_ONCE = "judged above, once"
CUT_DOWN, OTHER_SIZE = "not judged: cut-down data", "not judged: images of another size"
UNLIKE = (CUT_DOWN, OTHER_SIZE)
PINNED = {"true": True, "false": False}
SPREAD = "their spread"
NETWORKS, SVMS, OF_SVM = "networks", "SVMs", "svm_"
# Of one image, as a model took it; of another group nothing was published.
PUBLISHED_SHAPES = {NETWORKS: (3, 32, 32), SVMS: (784,)}
Measured = tuple[Record, list[Run]]
# Our trainings by purpose, data set and the published key; several may match one key.
Index = Mapping[Hashable, list[Measured]]
# Gives the published name of a record's data, None where they are no published ones.
Original = Callable[[Data], str | None]


def rows(study: Study, reference: Iterable[dict[str, str]], original: Original) -> list[PublishedRow]:
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
    known = unique((record.dataset, original(record.data)) for record in study.records)
    found = [
        _row(line, dataset, ours, bands)
        for line in reference
        for dataset, published in known
        if published == line["dataset"]
    ]
    beside: dict[Hashable, list[int]] = {}
    for place, row in enumerate(found):
        if row.ours:
            beside.setdefault((row.table, _trained(row)), []).append(place)
    for places in beside.values():
        for place, row in zip(places, _judged([found[place] for place in places]), strict=True):
            found[place] = row
    return _once(found)


def is_judged(row: PublishedRow) -> bool:
    """Return whether a result of ours was held against the published spread."""
    return row.verdict.endswith(SPREAD)


def label(competitor: str) -> str:
    """Return how people call a competitor of the published study."""
    if competitor.startswith(OF_SVM):
        kernel = competitor.removeprefix(OF_SVM)
        return f"SVM ({KERNELS.get(kernel, kernel)})"
    return _label(NETWORKS, competitor)


def group(competitor: str) -> str:
    """Return what a competitor of the published study is one of, in the plural."""
    return SVMS if competitor.startswith(OF_SVM) else NETWORKS


def levels(row: PublishedRow) -> list[str]:
    """Return how people call the choices beside a published result's settings."""
    return [_label("optimizers", row.optimizer)] if row.optimizer else []


def _label(kind: str, name: str) -> str:
    return str(shipped()[kind].get(name, {}).get("label", name))


def _once(rows: Iterable[PublishedRow]) -> list[PublishedRow]:
    """Return the rows with one judgement of each training of ours."""
    found, judged = [], set()
    for row in rows:
        if is_judged(row):
            again = _trained(row) in judged
            judged.add(_trained(row))
            row = replace(row, verdict=JUDGED_ONCE) if again else row
        found.append(row)
    return found


def _trained(row: PublishedRow) -> Hashable:
    """Return which training of ours a row is about; the timed ones are others than the grid's."""
    ours = row.ours
    return row.table == DEVICES, row.dataset, ours and ours.cell, ours and json.dumps(dict(ours.settings))


def _index(study: Study, original: Original) -> Index:
    found: dict[Hashable, list[Measured]] = {}
    for cell in study.records:
        if cell.group not in PUBLISHED_SHAPES or cell.data.folds or cell.skipped is not None:
            continue
        whose = cell.purpose, cell.dataset, original(cell.data), *_competitor(cell)
        for runs in groups(cell.runs):
            if runs[0].settings.get("scale", PUBLISHED_SCALE) != PUBLISHED_SCALE:
                continue
            settings = {
                name: _number(name, item)
                for name, item in runs[0].settings.items()
                if name in (*repeatability.NUMBERS, "gamma") and item is not None
            }
            key = (*whose, repeatability.settings_key(settings))
            found.setdefault(key, []).append((cell, runs))
    return found


def _number(name: str, item: Any) -> Any:
    """Return a setting as the published study's is read: 1 is 1.0 where they may be fractions."""
    return float(item) if repeatability.NUMBERS.get(name) is float and isinstance(item, int) else item


def _competitor(cell: Record) -> tuple[str | None, str | None]:
    """Return what the published study calls a cell's competitor, and its optimizer where it has one.

    A network and an optimizer are known by what their rows say, where a record says it.
    """
    said = cell.rows or {}
    if "network" in said:
        optimizer = shipped_as("optimizers", said["optimizer"]) if "optimizer" in said else None
        return shipped_as(NETWORKS, said["network"]), optimizer
    level = cell.factors.get("optimizer")
    return cell.competitor, level.name if level else None


def _row(line: dict[str, str], dataset: str, ours: Index, bands: Mapping[Training, float]) -> PublishedRow:
    key = repeatability.training(line)
    settings = repeatability.settings(line)
    if line["pin_memory"]:
        settings["pin_memory"] = PINNED.get(line["pin_memory"], False)
    found, verdict = _beside(line, dataset, key, ours)
    return PublishedRow(
        table=line["table"],
        dataset=dataset,
        competitor=key[1],
        optimizer=key[2],
        settings=settings,
        device=line["device"],
        published_validation=repeatability.fraction(line["validation_accuracy_percent"]),
        published_test=repeatability.fraction(line["test_accuracy_percent"]),
        published_train=repeatability.fraction(line["train_accuracy_percent"]),
        published_train_s=float(line["train_time_s"]) if line["train_time_s"] else None,
        published_mflops=float(line["mflops"]) if line["mflops"] else None,
        ours=found,
        band=bands.get(key[:3]),
        verdict=verdict,
    )


def _beside(line: dict[str, str], dataset: str, key: Setting, ours: Index) -> tuple[Ours | None, str]:
    """Return our runs of a published training, and why they cannot be judged, nothing where they can."""
    purpose = "speed" if line["table"] == DEVICES else "selection"
    candidates = ours.get((purpose, dataset, *key), [])
    if purpose == "speed":
        candidates = [pair for pair in candidates if pair[0].device == line["device"]]
    if not candidates:
        named = line["model"] != "svm" or line["C"]
        return None, "not run" if named else "settings not published"
    cell, runs = max(candidates, key=lambda pair: _likeness(pair, line))
    if not (done := finished(runs)):
        return None, "did not finish"
    cut = cell.data.limit_train or cell.data.limit_test
    return _ours(cell, done), CUT_DOWN if cut else "" if _of_their_size(cell) else OTHER_SIZE


def _of_their_size(cell: Record) -> bool:
    return cell.data.input_shape == PUBLISHED_SHAPES[cell.group]


def _likeness(pair: Measured, line: dict[str, str]) -> tuple[bool, ...]:
    """Rank our runs of one setting: published size, device, mixed precision (used), same pinning first."""
    cell, runs = pair
    settings = runs[0].settings
    pinned = settings.get("pin_memory")
    return (
        _of_their_size(cell),
        cell.device == line["device"],
        runs[0].details.get("autocast", settings.get("precision") == "mixed") not in (None, False),
        pinned is not None and pinned == PINNED.get(line["pin_memory"]),
    )


def _ours(cell: Record, runs: list[Run]) -> Ours:
    means = {part: fmean(measured(runs, f"{part}_accuracy")) for part in ("validation", "test", "train")}
    return Ours(
        cell=cell.cell,
        settings=wording.as_run(*runs),
        device=cell.device,
        runs=len(runs),
        **means,
        train_s=fmean(measured(runs, "train_s")),
        packed=any(run.packed for run in runs),
        macs=cell.compute.macs_forward,
    )


def _judged(repeats: list[PublishedRow]) -> list[PublishedRow]:
    """Hold a training of ours against the mean of the published repeats that it stands beside."""
    ours = repeats[0].ours
    assert ours is not None
    theirs = [row.published_test for row in repeats if row.published_test is not None]
    if not theirs:
        return [replace(row, verdict=row.verdict or "not judged: no accuracy published") for row in repeats]
    difference = ours.test - fmean(theirs)
    # The limit is of one run against one; means of several lie closer together.
    shrunk = math.sqrt((1 / ours.runs + 1 / len(theirs)) / 2)
    found = []
    for row in repeats:
        band = None if row.band is None else shrunk * row.band
        verdict = row.verdict or _verdict(difference, band)
        found.append(replace(row, difference=difference, band=band, verdict=verdict))
    return found


def _verdict(difference: float, band: float | None) -> str:
    if band is None:
        return "not judged: no published repeat"
    if abs(difference) <= band:
        return f"within {SPREAD}"
    return f"above {SPREAD}" if difference > 0 else f"below {SPREAD}"
