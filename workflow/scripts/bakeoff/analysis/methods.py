"""The methods side by side: accuracy and time per data set, and what each is best used for.

"Best use" is derived from the measurements: a method that leads nowhere gets none.
"""

import math
from dataclasses import dataclass, field

from bakeoff.analysis import wording
from bakeoff.analysis.contrasts import NO_EVIDENCE
from bakeoff.analysis.intervals import overlap, shorter
from bakeoff.analysis.study import Study
from bakeoff.analysis.tables import Row
from bakeoff.records.selection import prefer


@dataclass
class Method:
    """One competitor: its best row per data set, and in words what it is best used for."""

    model: str
    best: dict[str, Row]
    uses: list[str] = field(default_factory=list)


def summary(study: Study, best: list[Row], tests: list[Row]) -> list[Method]:
    """Return the competitors in the study's order, with their uses."""
    finished = [row for row in best if row["status"] == "ok"]
    methods = [
        Method(model, {row["dataset"]: row for row in finished if row["model"] == model})
        for model in study.models
    ]
    for dataset in study.datasets:
        rows = [row for row in finished if row["dataset"] == dataset]
        if len(rows) > 1:
            _uses(study.title(dataset), rows, tests, {m.model: m for m in methods})
    return [method for method in methods if method.best]


def _uses(title: str, rows: list[Row], tests: list[Row], methods: dict[str, Method]) -> None:
    chosen = winner(rows)
    for row in (chosen, *level(chosen, rows)):
        methods[row["model"]].uses.append(f"the highest validation accuracy on {title}")
    timed = [row for row in rows if row["ranked"]]
    if not timed:
        return
    first = quickest(timed)
    if first is not None and first is not chosen:
        some = "" if len(timed) == len(rows) else ", of those timed alone on one machine"
        methods[first["model"]].uses.append(f"the shortest training on {title}{some}")
    tied = [row for row in timed if row is not chosen and ties(chosen, row, tests)]
    for row in tied:
        if quicker(row, chosen) and row["train_s"] < 0.5 * chosen["train_s"]:
            share = wording.percent(row["train_s"] / chosen["train_s"], 0)
            methods[row["model"]].uses.append(
                f"{title} when time counts: no evidence of a lower accuracy, {share} % of the time"
            )


def quickest(rows: list[Row]) -> Row | None:
    """Return the row whose training was shown to be shorter than any other's; None where none was."""
    if len(rows) < 2:
        return None
    return next((row for row in rows if all(quicker(row, other) for other in rows if other is not row)), None)


def quicker(first: Row, second: Row) -> bool:
    """Tell whether the first training was shown to be shorter, on one machine."""
    if not (first["ranked"] and second["ranked"]):
        return False
    (first_low, first_high), (low, high) = (
        (row["train_s_low"], row["train_s_high"]) for row in (first, second)
    )
    return None not in (first_low, low) and shorter((first_low, first_high), (low, high))


def winner(rows: list[Row]) -> Row:
    """Return the row with the highest validation accuracy.

    Of equals the one with the shortest time to its result, alone on the machine; within 10 % the one with
    fewer parameters; times that cannot be ranked (not alone, or on another machine) come last.
    """

    def rate(row: Row) -> tuple[float, float, float]:
        cost = row["time_to_result_s"] if row["ranked"] else math.inf
        return row["validation_accuracy"], cost, row["parameters"] or math.inf

    return prefer(rows, rate)


def level(chosen: Row, rows: list[Row]) -> list[Row]:
    """Return the others that validation could not tell from the chosen row."""
    equal = [row for row in rows if row["validation_accuracy"] == chosen["validation_accuracy"]]
    return [row for row in equal if row is not chosen]


def test_between(first: Row, second: Row, tests: list[Row]) -> Row | None:
    """Return the paired test between the best rows of two models, if it could be made."""
    names = {first["model"], second["model"]}
    for test in tests:
        same = test["dataset"] == first["dataset"] and test["contrast"] == "model"
        if same and {test["a"], test["b"]} == names and test["p_holm"] is not None:
            return test
    return None


def ties(first: Row, second: Row, tests: list[Row]) -> bool:
    """Tell whether two models tie: by the paired test, or without one by overlapping intervals."""
    test = test_between(first, second, tests)
    if test is not None:
        return test["verdict"] == NO_EVIDENCE
    if first["test_low"] is None or second["test_low"] is None:
        return False
    return overlap((first["test_low"], first["test_high"]), (second["test_low"], second["test_high"]))
