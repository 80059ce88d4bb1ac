"""Paired tests between the best of every two models, and of every two optimizers, per data set."""

from itertools import combinations

import numpy as np

from bakeoff.analysis import wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.paired import ALPHA, holm, mcnemar
from bakeoff.analysis.study import Predictions, Study, by
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.records import Record, cell_name, model_name

NO_EVIDENCE = "no evidence of a difference"
COLUMNS: Columns = {
    "dataset": str,
    "contrast": str,
    "within": str,
    "a": str,
    "b": str,
    "cell_a": str,
    "cell_b": str,
    "n": int,
    "accuracy_a": float,
    "accuracy_b": float,
    "only_a_right": int,
    "only_b_right": int,
    "p": float,
    "p_holm": float,
    "better": str,
    "verdict": str,
}


def rows(study: Study) -> list[Row]:
    """Return every paired test; p values are Holm-corrected within a data set and kind of contrast.

    contrast is "model" (best cell of each model) or "optimizer" (best cell of each optimizer within
    one network, named in `within`). `better` is empty without evidence of a difference.
    """
    found = []
    for cells in by(study.selection, lambda record: record["dataset"]).values():
        found += _corrected(_pairs(study, "model", None, by(cells, model_name)))
        optimizer_rows = []
        networks = [cell for cell in cells if cell["family"] == "resnet"]
        for network, members in by(networks, model_name).items():
            groups = by(members, lambda record: record["optimizer"])
            optimizer_rows += _pairs(study, "optimizer", network, groups)
        found += _corrected(optimizer_rows)
    return complete(COLUMNS, found)


def _pairs(study: Study, contrast: str, within: str | None, groups: dict[str, list[Record]]) -> list[Row]:
    best = {name: pair[0] for name, cells in groups.items() if (pair := best_cell(cells))}
    found = []
    for a, b in combinations(best, 2):
        row = {
            "dataset": best[a]["dataset"],
            "contrast": contrast,
            "within": within,
            "a": a,
            "b": b,
            "cell_a": cell_name(best[a]),
            "cell_b": cell_name(best[b]),
        }
        found.append(row | _tested(study.predictions(best[a]), study.predictions(best[b]), row))
    return found


def _tested(a: Predictions | None, b: Predictions | None, row: Row) -> Row:
    if a is None or b is None:
        cell = row["cell_a"] if a is None else row["cell_b"]
        return {"verdict": f"not tested: no predictions were kept for {cell}"}
    if not np.array_equal(a.labels, b.labels):
        return {"verdict": "not tested: the two were tested on different images"}
    right_a, right_b = a.predictions == a.labels, b.predictions == b.labels
    test = mcnemar(right_a, right_b)
    return {
        "n": len(a.labels),
        "accuracy_a": float(right_a.mean()),
        "accuracy_b": float(right_b.mean()),
        "only_a_right": test.only_a_right,
        "only_b_right": test.only_b_right,
        "p": test.p,
    }


def _corrected(found: list[Row]) -> list[Row]:
    tested = [row for row in found if "p" in row]
    for row, corrected in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_holm"] = corrected
        if corrected >= ALPHA:
            row["verdict"] = NO_EVIDENCE
            continue
        a_wins = row["only_a_right"] > row["only_b_right"]
        row["better"], worse = (row["a"], row["b"]) if a_wins else (row["b"], row["a"])
        name = wording.model if row["contrast"] == "model" else wording.optimizer
        row["verdict"] = f"{name(row['better'])} is better than {name(worse)}"
    return found
