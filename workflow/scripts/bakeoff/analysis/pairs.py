"""Sentences on two competitors compared on the same test images, and what the comparison speaks of."""

from collections.abc import Iterator

from bakeoff.analysis import wording
from bakeoff.analysis.contrasts import METHODS, MODELS
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.study import Study
from bakeoff.analysis.tables import Row


def depth(study: Study, tests: list[Row]) -> Iterator[Finding]:
    """Yield which network beats which, on which data sets."""
    wins: dict[tuple[str, str], list[Row]] = {}
    for test in tests:
        networks = test["a"].startswith("resnet") and test["b"].startswith("resnet")
        if test["contrast"] == "model" and networks and test["better"]:
            worse = test["b"] if test["better"] == test["a"] else test["a"]
            wins.setdefault((test["better"], worse), []).append(test)
    for (better, worse), rows in wins.items():
        where = wording.listed([study.title(row["dataset"]) for row in rows])
        text = f"{wording.model(better)} beats {wording.model(worse)} on {where}{_only_models(rows)}."
        yield Finding("depth", text, "; ".join(_pair(study, row) for row in rows))


def optimizers(study: Study, tests: list[Row]) -> Iterator[Finding]:
    """Yield which optimizer is better than which, for which networks."""
    wins: dict[tuple[str, str, str], list[Row]] = {}
    for test in tests:
        if test["contrast"] == "optimizer" and test["better"]:
            worse = test["b"] if test["better"] == test["a"] else test["a"]
            wins.setdefault((test["better"], worse, test["dataset"]), []).append(test)
    for (better, worse, dataset), rows in wins.items():
        models = wording.listed([wording.model(row["within"]) for row in rows])
        text = (
            f"{wording.optimizer(better)} is better than {wording.optimizer(worse)} "
            f"on {study.title(dataset)} for {models}{_only_models(rows)}{_unforeseen(better, worse, rows)}."
        )
        yield Finding("optimizer", text, "; ".join(_pair(study, row) for row in rows))


def _only_models(tests: list[Row]) -> str:
    """Say where a sentence is of two trained models, not of what other seeds would come to."""
    only = any(test["compared"] == MODELS for test in tests)
    return f" ({MODELS}; other seeds may differ)" if only else ""


def _unforeseen(better: str, worse: str, tests: list[Row]) -> str:
    """Say where validation, which chooses, did not prefer what did better on the test images."""
    ahead = [
        (test["validation_a"] - test["validation_b"]) * (1 if test["a"] == better else -1) for test in tests
    ]
    if min(ahead) > 0:
        return ""
    if max(ahead) < 0:
        return f", although validation preferred {wording.optimizer(worse)}"
    return ", which validation did not tell"


def _pair(study: Study, test: Row) -> str:
    where = wording.model(test["within"]) if test["within"] else study.title(test["dataset"])
    return (
        f"{where}: {score(test, 'a')} against {score(test, 'b')}, "
        f"{tested(test)}, n = {wording.count(test['n'])}"
    )


def tested(test: Row) -> str:
    """Say what was compared, and with what p value."""
    p = f"{wording.p_clause(test['p_holm'])} (Holm)"
    if test["compared"] == METHODS:
        counts = dict.fromkeys(test[f"seeds_{side}"] for side in "ab" if test[f"seeds_{side}"])
        seeds = wording.listed([str(count) for count in counts])
        return f"{p}, over {seeds} other seeds" if seeds else f"{p}, nothing random in either"
    return f"McNemar {p}, {test['compared']}"


def score(test: Row, side: str) -> str:
    """Return a side of a test with its accuracy."""
    name = wording.model if test["contrast"] == "model" else wording.optimizer
    return f"{name(test[side])} {wording.percent(test[f'accuracy_{side}'])} %"
