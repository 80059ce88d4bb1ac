"""Sentences on two competitors compared on the same test images, and what the comparison speaks of."""

from collections.abc import Callable, Iterator

from bakeoff.analysis import wording
from bakeoff.analysis.contrasts import METHODS, MODELS
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.study import Study
from bakeoff.analysis.tables import Row


def depth(study: Study, tests: list[Row]) -> Iterator[Finding]:
    """Yield which network beats which, on which data sets."""
    wins: dict[tuple[str, ...], list[Row]] = {}
    for test in tests:
        networks = test["a"].startswith("resnet") and test["b"].startswith("resnet")
        if test["contrast"] == "model" and networks and test["better"]:
            wins.setdefault((*_order(test), caveat(test), _unforeseen(test, wording.model)), []).append(test)
    for (better, worse, only, unforeseen), rows in wins.items():
        where = wording.listed([study.title(row["dataset"]) for row in rows])
        text = f"{wording.model(better)} beats {wording.model(worse)} on {where}{only}{unforeseen}."
        yield Finding("depth", text, "; ".join(_pair(study, row) for row in rows))


def optimizers(study: Study, tests: list[Row]) -> Iterator[Finding]:
    """Yield which optimizer is better than which, for which networks."""
    wins: dict[tuple[str, ...], list[Row]] = {}
    for test in tests:
        if test["contrast"] == "optimizer" and test["better"]:
            key = (*_order(test), test["dataset"], caveat(test), _unforeseen(test, wording.optimizer))
            wins.setdefault(key, []).append(test)
    for (better, worse, dataset, only, unforeseen), rows in wins.items():
        models = wording.listed([wording.model(row["within"]) for row in rows])
        text = (
            f"{wording.optimizer(better)} is better than {wording.optimizer(worse)} "
            f"on {study.title(dataset)} for {models}{only}{unforeseen}."
        )
        yield Finding("optimizer", text, "; ".join(_pair(study, row) for row in rows))


def _order(test: Row) -> tuple[str, str]:
    """Return the better and the worse side of a test."""
    return test["better"], test["b"] if test["better"] == test["a"] else test["a"]


def caveat(test: Row | None) -> str:
    """Say where a comparison is of two trained models, not of what other seeds would come to."""
    random = test is not None and test["compared"] == MODELS and (test["seeds_a"] or test["seeds_b"])
    return f" ({MODELS}; other seeds may differ)" if random else ""


def _unforeseen(test: Row, name: Callable[[str], str]) -> str:
    """Say where validation, which chooses, did not prefer what did better on the test images."""
    better, worse = _order(test)
    ahead = (test["validation_a"] - test["validation_b"]) * (1 if test["a"] == better else -1)
    if ahead > 0:
        return ""
    return f", although validation preferred {name(worse)}" if ahead else ", which validation did not tell"


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
        lost = test["lost_a"] + test["lost_b"]
        more = f" ({lost} more did not finish)" if lost else ""
        return f"{p}, over {seeds} other seeds{more}" if seeds else f"{p}, nothing random in either"
    first = ", of the first seed" if max(test["seeds_a"], test["seeds_b"]) > 1 else ""
    return f"McNemar {p}, {test['compared']}{first}"


def score(test: Row, side: str) -> str:
    """Return a side of a test with its accuracy."""
    name = wording.model if test["contrast"] == "model" else wording.optimizer
    return f"{name(test[side])} {wording.percent(test[f'accuracy_{side}'])} %"
