"""Sentences that the data say, each with its evidence; where the data are silent, so is this.

Owns the wording of the verdict. Must not know how it is laid out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bakeoff.analysis import agreement, devices, pairs, wording
from bakeoff.analysis.best import NO_RUN, NOT_ON_EVERY_SEED, SKIPPED
from bakeoff.analysis.derived import BestRow, ClassRow, PublishedRow, TestRow
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.intervals import overlap, wilson
from bakeoff.analysis.methods import level, quickest, test_between, ties, winner
from bakeoff.analysis.study import Study, by, unique
from bakeoff.records.run import finished
from bakeoff.records.selection import choose


@dataclass(frozen=True)
class Tables:
    """The derived tables, as read from their CSV files."""

    best: list[BestRow]
    tests: list[TestRow]
    speedup: list[SpeedupRow]
    classes: list[ClassRow]
    published: list[PublishedRow]


def of_dataset(study: Study, tables: Tables, dataset: str) -> list[Finding]:
    """Return the verdict on one data set: the choice, who ties with it, what is cheapest."""
    title = study.title(dataset)
    rows = [row for row in tables.best if row.dataset == dataset and row.chosen]
    others = unique(row.status for row in tables.best if row.dataset == dataset and not row.chosen)
    if not rows:
        said = "all models were skipped" if others == [SKIPPED] else NO_RUN
        said = NOT_ON_EVERY_SEED if NOT_ON_EVERY_SEED in others else said
        return [Finding("winner", f"{said.capitalize()} on {title}.", "", dataset)]
    chosen = winner(rows)
    found, name = chosen.measured, study.label(chosen.competitor)
    alone = "is the only model with a setting that finished on every seed"
    if NOT_ON_EVERY_SEED not in others:
        alone = "is the only model that finished"
    lead = alone if len(rows) == 1 else "is the choice"
    mean = f" (mean of {found.seeds} seeds)" if found.seeds > 1 else ""
    text = f"{name} {lead}: {wording.percent(found.test.accuracy)} % of the test images right{mean}."
    evidence = (
        f"95 % interval {wording.span(found.test.low, found.test.high)} %, "
        f"n = {wording.count(found.test.n)}; {_how(study, chosen)}; chosen by validation accuracy, "
        f"{_margin(study, chosen, rows)}"
    )
    return [
        Finding("winner", text, evidence, dataset),
        *_lost(study, chosen),
        *_rivals(study, chosen, rows, tables.tests),
        *_deployment(study, chosen),
    ]


def _lost(study: Study, chosen: BestRow) -> Iterator[Finding]:
    """Say on how many fresh seeds the choice did not finish."""
    if lost := chosen.measured.lost:
        every = lost + (chosen.measured.fresh.n if chosen.measured.fresh else 0)
        name, seeds = study.label(chosen.competitor), wording.plural(every, "other seed")
        yield Finding("lost", f"{name} did not finish on {lost} of {seeds}.", "", chosen.dataset)


def _margin(study: Study, chosen: BestRow, rows: list[BestRow]) -> str:
    """Say how far validation preferred the choice, or what it is level with and why it is preferred then."""
    mine = chosen.measured.validation
    said = f"{wording.percent(mine.accuracy)} %"
    if tied := level(chosen, rows):
        return f"{said}, tied with {_names(study, tied)}: {_why(chosen, tied)}"
    others = [row for row in rows if row is not chosen]
    if not others:
        return said
    next_best = max(row.measured.validation.accuracy for row in others)
    second = [row for row in others if row.measured.validation.accuracy == next_best]
    right = [round(accuracy * mine.n, 1) for accuracy in (mine.accuracy, next_best)]
    counts = " against ".join(f"{count:g}" for count in right)
    return f"{said}: {counts} of {wording.count(mine.n)} right, {_names(study, second)} next"


def _names(study: Study, rows: list[BestRow]) -> str:
    return wording.some([study.label(row.competitor) for row in rows])


def _why(chosen: BestRow, tied: list[BestRow]) -> str:
    """Say what tells the choice from what validation cannot tell from it."""
    if not chosen.measured.ranked:
        return "the one with fewer parameters, as no times can be compared"
    if all(row.measured.ranked for row in tied):
        return "the cheaper one by time to result, within 10 % the smaller one"
    return "of those whose times can be compared the cheaper one by time to result"


def _how(study: Study, row: BestRow) -> str:
    return wording.settings(row.measured.settings, study.levels(row.measured.factors))


def _rivals(study: Study, chosen: BestRow, rows: list[BestRow], tests: list[TestRow]) -> Iterator[Finding]:
    others = [row for row in rows if row is not chosen]
    tied = [row for row in others if ties(chosen, row, tests)]
    above = [row for row in others if row not in tied and _better(row, chosen, tests)]
    beaten = [row for row in others if row not in tied and row not in above]
    equal = level(chosen, above)
    yield from _compared(study, "No evidence of a difference from {}{}.", chosen, tied, tests)
    yield from _quickest(study, chosen, tied)
    yield from _compared(study, "Better than {}{}.", chosen, beaten, tests)
    words = "On the test images {} did better{}, although validation preferred the choice."
    yield from _compared(study, words, chosen, [row for row in above if row not in equal], tests)
    words = "On the test images {} did better{}, which validation did not tell."
    yield from _compared(study, words, chosen, equal, tests)


def _compared(
    study: Study, words: str, chosen: BestRow, rows: list[BestRow], tests: list[TestRow]
) -> Iterator[Finding]:
    """Yield a sentence for those that are compared as methods, and one for two trained models each."""
    for caveat, those in by(rows, lambda row: pairs.caveat(test_between(chosen, row, tests))).items():
        evidence = wording.some([_evidence(study, chosen, row, tests) for row in those], glue="; ")
        yield Finding("rivals", words.format(_names(study, those), caveat), evidence, chosen.dataset)


def _better(row: BestRow, chosen: BestRow, tests: list[TestRow]) -> bool:
    """Tell whether a row did better than the chosen one: as their test says, else by test accuracy."""
    if (test := test_between(chosen, row, tests)) is not None:
        return test.better == row.competitor
    return row.measured.test.accuracy > chosen.measured.test.accuracy


def _evidence(study: Study, chosen: BestRow, row: BestRow, tests: list[TestRow]) -> str:
    test = test_between(chosen, row, tests)
    if test is None or test.tested is None:
        accuracy = f"{study.label(row.competitor)} {wording.percent(row.measured.test.accuracy)} %"
        return f"{accuracy}, judged by overlap of the intervals only"
    mine, side = (test.tested.accuracy_a, "b") if test.b == row.competitor else (test.tested.accuracy_b, "a")
    return f"{wording.percent(mine)} against {pairs.score(study, test, side)}, {pairs.tested(test)}"


def _quickest(study: Study, chosen: BestRow, tied: list[BestRow]) -> Iterator[Finding]:
    """Say which of those that tie is the quickest to train, as far as their times can be compared."""
    ranked = [row for row in (chosen, *tied) if row.measured.ranked]
    if len(ranked) < 2:
        return
    timed = sorted(ranked, key=lambda row: row.measured.train_s)
    names, first = _names(study, ranked), quickest(timed)
    text = (
        f"Of {names}, {study.label(first.competitor)} is the quickest to train."
        if first
        else f"Which of {names} is the quickest to train was not shown."
    )
    costs = wording.some([_cost(study, row) for row in timed], glue=", ")
    yield Finding("quickest", text, costs, chosen.dataset)


def _cost(study: Study, row: BestRow) -> str:
    """Return a competitor's training time with its range."""
    found = row.measured
    spent = f"{study.label(row.competitor)} {wording.seconds(found.train_s)} s"
    if (alone := found.alone) is None:
        return spent
    span = "\N{EN DASH}".join(map(wording.seconds, (alone.train_s_min, alone.train_s_max)))
    some = f", {alone.disturbed} disturbed" if alone.disturbed else ""
    return f"{spent} ({span}, n = {alone.n}{some}, {wording.device(found.device)})"


def _deployment(study: Study, chosen: BestRow) -> Iterator[Finding]:
    """Say how long the choice takes to predict, where that was measured."""
    if (found := chosen.measured.predicting) is None:
        return
    one, batch = (wording.milliseconds(time) for time in (found.one_s, found.batch_s))
    text = (
        f"{study.label(chosen.competitor)} answers one image in {one} ms and a batch of "
        f"{found.batch_n} in {batch} ms on the {wording.device(found.device)}."
    )
    rate = wording.count(round(found.images_per_s))
    disturbed = ", while others used the machine" if found.disturbed else ""
    evidence = f"{rate} images a second in the batch; medians{disturbed}, decoding of files not counted"
    yield Finding("deployment", text, evidence, chosen.dataset)


def overall(study: Study, tables: Tables) -> list[Finding]:
    """Return what holds across data sets: devices, groups, factors, the published study."""
    return [
        *devices.found(study, tables.speedup),
        *pairs.within_groups(study, tables.tests),
        *pairs.factors(study, tables.tests),
        *_scalings(study),
        *agreement.found(study, tables.published),
    ]


def _scalings(study: Study) -> Iterator[Finding]:
    """Tell where a competitor did clearly better with another scaling of the pixels than the usual one."""
    usual = wording.UNSAID["scale"]
    for cell in study.selection:
        groups = by(finished(cell.runs), lambda run: run.settings.get("scale", usual))
        choices = {str(scale): choose(runs) for scale, runs in groups.items()}
        best = {scale: choice.validation_accuracy for scale, choice in choices.items() if choice}
        if usual not in best or len(best) == 1:
            continue
        winning = max(best, key=best.__getitem__)
        n = cell.data.validated
        spans = [wilson(best[scale], n) for scale in (winning, usual)]
        if winning != usual and not overlap(*spans):
            where = f"{study.label(cell.competitor)} on {study.title(cell.dataset)}"
            scores = " against ".join(
                f"{wording.percent(best[scale])} % ({scale})" for scale in (winning, usual)
            )
            text = f"{where} does better with scaling {winning} than with {usual} pixels."
            yield Finding("scaling", text, f"validation {scores}, n = {wording.count(n)}")
