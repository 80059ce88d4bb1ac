"""Paired tests between the best of every two models, and of every two optimizers, per data set."""

from itertools import combinations

import numpy as np

from bakeoff.analysis import wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.differences import of_methods
from bakeoff.analysis.paired import ALPHA, holm, mcnemar
from bakeoff.analysis.study import Predictions, Study, by, finished
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.records import selection
from bakeoff.records.record import Record, Run, cell_name, model_name

Chosen = tuple[Record, list[Run]]
# What a test speaks of: settings with whatever seed, or the two models that were kept.
METHODS, MODELS = "methods", "two trained models"
NO_EVIDENCE = "no evidence of a difference"
COLUMNS: Columns = {
    "dataset": str,
    "contrast": str,
    "within": str,
    "a": str,
    "b": str,
    "cell_a": str,
    "cell_b": str,
    "compared": str,
    "seeds_a": int,
    "seeds_b": int,
    "lost_a": int,
    "lost_b": int,
    "n": int,
    "validation_a": float,
    "validation_b": float,
    "accuracy_a": float,
    "accuracy_b": float,
    "only_a_right": int,
    "only_b_right": int,
    "difference": float,
    "difference_low": float,
    "difference_high": float,
    "p": float,
    "p_holm": float,
    "better": str,
    "verdict": str,
}


def rows(study: Study) -> list[Row]:
    """Return every paired test; p values are Holm-corrected within a data set and kind of contrast.

    seeds are fresh ones that were compared as methods, else those that chose; lost: fresh ones that did not
    finish. contrast is "model" (best cell of each model) or "optimizer" (best cell of each optimizer within
    one network, named in `within`). `better` is empty without evidence of a difference.
    """
    found = []
    for cells in by(study.selection, lambda record: record["dataset"]).values():
        found += _corrected(_pairs(study, "model", None, by(cells, model_name)))
        optimizer_rows = []
        networks = [cell for cell in cells if cell["family"] == "network"]
        for network, members in by(networks, model_name).items():
            groups = by(members, lambda record: record["optimizer"])
            optimizer_rows += _pairs(study, "optimizer", network, groups)
        found += _corrected(optimizer_rows)
    return complete(COLUMNS, found)


def _pairs(study: Study, contrast: str, within: str | None, groups: dict[str, list[Record]]) -> list[Row]:
    best = {name: pair for name, cells in groups.items() if (pair := best_cell(study, cells))}
    found = []
    for a, b in combinations(best, 2):
        row = {
            "dataset": best[a][0]["dataset"],
            "contrast": contrast,
            "within": within,
            "a": a,
            "b": b,
            "cell_a": cell_name(best[a][0]),
            "cell_b": cell_name(best[b][0]),
            "validation_a": selection.mean(best[a][1], "validation_accuracy"),
            "validation_b": selection.mean(best[b][1], "validation_accuracy"),
            "lost_a": study.lost(*best[a]),
            "lost_b": study.lost(*best[b]),
        }
        methods = _methods(study, best[a], best[b])
        kept_a, kept_b = (study.predictions(best[name][0]) for name in (a, b))
        seeds = {f"seeds_{side}": _seeds(best[name][1]) for side, name in (("a", a), ("b", b))}
        found.append(row | (methods or seeds | _models(kept_a, kept_b, row)))
    return found


def _seeds(chosen: list[Run]) -> int:
    """Return how many seeds chose, 0 where nothing is random."""
    return len(chosen) if chosen[0]["seed"] is not None else 0


def _methods(study: Study, a: Chosen, b: Chosen) -> Row | None:
    """Compare what was trained again from fresh seeds; None where a side has too few of them for that."""
    sides = [_fresh(study, *pair) for pair in (a, b)]
    if None in sides or a[0]["data"]["digest"] != b[0]["data"]["digest"]:
        return None
    (right_a, seeded_a), (right_b, seeded_b) = filter(None, sides)
    found = of_methods(right_a, right_b, seeded_a, seeded_b)
    if found is None:
        return None
    return {
        "compared": METHODS,
        "seeds_a": len(right_a) if seeded_a else 0,
        "seeds_b": len(right_b) if seeded_b else 0,
        "n": right_a.shape[1],
        "accuracy_a": float(right_a.mean()),
        "accuracy_b": float(right_b.mean()),
        "difference": found.value,
        "difference_low": found.low,
        "difference_high": found.high,
        "p": found.p,
    }


def _fresh(study: Study, cell: Record, chosen: list[Run]) -> tuple[np.ndarray, bool] | None:
    """Return which test images the trainings from fresh seeds got right, and whether seeds matter."""
    again, record = finished(study.again(cell, chosen)), study.alone_record(cell)
    right = study.right(record, again) if record else None
    if right is None:
        return None
    seeded = again[0]["seed"] is not None
    return right if seeded else right[:1], seeded


def _models(a: Predictions | None, b: Predictions | None, row: Row) -> Row:
    """Compare the two trained models that the cells keep."""
    if a is None or b is None:
        cell = row["cell_a"] if a is None else row["cell_b"]
        return {"verdict": f"not tested: no predictions were kept for {cell}"}
    if not np.array_equal(a.labels, b.labels):
        return {"verdict": "not tested: the two were tested on different images"}
    test = mcnemar(a.right, b.right)
    return {
        "compared": MODELS,
        "n": len(a.labels),
        "accuracy_a": float(a.right.mean()),
        "accuracy_b": float(b.right.mean()),
        "only_a_right": test.only_a_right,
        "only_b_right": test.only_b_right,
        "difference": float(a.right.mean() - b.right.mean()),
        "p": test.p,
    }


def _corrected(found: list[Row]) -> list[Row]:
    tested = [row for row in found if "p" in row]
    for row, corrected in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_holm"] = corrected
        if corrected >= ALPHA:
            row["verdict"] = NO_EVIDENCE
            continue
        a_wins = row["difference"] > 0
        row["better"], worse = (row["a"], row["b"]) if a_wins else (row["b"], row["a"])
        name = wording.model if row["contrast"] == "model" else wording.optimizer
        row["verdict"] = f"{name(row['better'])} is better than {name(worse)}"
        if row["compared"] == MODELS:
            row["verdict"] += f" ({MODELS})"
    return found
