"""Sentences on two sides compared on the same test images, and what the comparison speaks of."""

from collections.abc import Iterator

from bakeoff.analysis import wording
from bakeoff.analysis.contrasts import COMPETITOR, METHODS, MODELS, called
from bakeoff.analysis.derived import TestRow
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.study import Study


def within_groups(study: Study, tests: list[TestRow]) -> Iterator[Finding]:
    """Yield which competitor beats which of its group, on which data sets."""
    wins: dict[tuple[str, ...], list[TestRow]] = {}
    for test in tests:
        alike = test.contrast == COMPETITOR and study.group(test.a) == study.group(test.b)
        if alike and test.better:
            wins.setdefault((*_order(study, test), caveat(test), _unforeseen(study, test)), []).append(test)
    for (better, worse, only, unforeseen), rows in wins.items():
        where = wording.some([study.title(row.dataset) for row in rows])
        text = f"{better} beats {worse} on {where}{only}{unforeseen}."
        yield Finding("group", text, wording.some([_pair(study, row) for row in rows], glue="; "))


def factors(study: Study, tests: list[TestRow]) -> Iterator[Finding]:
    """Yield which level of a factor is better than which, for which competitors: an optimizer of networks."""
    wins: dict[tuple[str, ...], list[TestRow]] = {}
    for test in tests:
        if test.contrast != COMPETITOR and test.better:
            key = (test.contrast, *_order(study, test), test.dataset, caveat(test), _unforeseen(study, test))
            wins.setdefault(key, []).append(test)
    for (factor, better, worse, dataset, only, unforeseen), rows in wins.items():
        names = wording.some([study.label(row.within) for row in rows if row.within])
        text = f"{better} is better than {worse} on {study.title(dataset)} for {names}{only}{unforeseen}."
        yield Finding(factor, text, wording.some([_pair(study, row) for row in rows], glue="; "))


def _order(study: Study, test: TestRow) -> tuple[str, str]:
    """Return how people call the better and the worse side of a test."""
    a, b = (called(study, test.contrast, name) for name in (test.a, test.b))
    return (a, b) if test.better == test.a else (b, a)


def caveat(test: TestRow | None) -> str:
    """Say where a comparison is of two trained models, not of what other seeds would come to."""
    if test is None or test.tested is None or test.tested.compared != MODELS:
        return ""
    return f" ({MODELS}; other seeds may differ)" if test.seeds_a or test.seeds_b else ""


def _unforeseen(study: Study, test: TestRow) -> str:
    """Say where validation, which chooses, did not prefer what did better on the test images."""
    ahead = (test.validation_a - test.validation_b) * (1 if test.better == test.a else -1)
    if ahead > 0:
        return ""
    worse = _order(study, test)[1]
    return f", although validation preferred {worse}" if ahead else ", which validation did not tell"


def _pair(study: Study, test: TestRow) -> str:
    where = study.label(test.within) if test.within else study.title(test.dataset)
    scores = " against ".join(score(study, test, side) for side in "ab")
    return f"{where}: {scores}, {tested(test)}, n = {wording.count(test.tested.n if test.tested else None)}"


def tested(test: TestRow) -> str:
    """Say what was compared, and with what p value; nothing of what was not tested."""
    if (found := test.tested) is None:
        return ""
    p = f"{wording.p_clause(found.p_holm)} (Holm)"
    if found.compared == METHODS:
        counts = dict.fromkeys(count for count in (test.seeds_a, test.seeds_b) if count)
        seeds = wording.listed([str(count) for count in counts])
        lost = test.lost_a + test.lost_b
        more = f" ({lost} more did not finish)" if lost else ""
        return f"{p}, over {seeds} other seeds{more}" if seeds else f"{p}, nothing random in either"
    first = ", of the first seed" if max(test.seeds_a, test.seeds_b) > 1 else ""
    return f"McNemar {p}, {found.compared}{first}"


def score(study: Study, test: TestRow, side: str) -> str:
    """Return a side of a test, a or b, with its accuracy."""
    name, accuracy = (test.a, "accuracy_a") if side == "a" else (test.b, "accuracy_b")
    known = getattr(test.tested, accuracy, None)
    return f"{called(study, test.contrast, name)} {wording.percent(known)} %"
