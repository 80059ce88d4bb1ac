"""Sentences that the data say, each with its evidence; where the data are silent, so is this.

Owns the wording of the verdict. Must not know how it is laid out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bakeoff.analysis import agreement, devices, pairs, wording
from bakeoff.analysis.best import NO_RUN, NOT_ON_EVERY_SEED
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.intervals import overlap, wilson
from bakeoff.analysis.methods import level, quickest, test_between, ties, winner
from bakeoff.analysis.study import Study, by, finished, unique
from bakeoff.analysis.tables import Row
from bakeoff.records.record import Run, model_name
from bakeoff.records.selection import choose


@dataclass(frozen=True)
class Tables:
    """The derived tables, as read from their CSV files."""

    best: list[Row]
    tests: list[Row]
    speedup: list[Row]
    classes: list[Row]
    published: list[Row]


def of_dataset(study: Study, tables: Tables, dataset: str) -> list[Finding]:
    """Return the verdict on one data set: the choice, who ties with it, what is cheapest."""
    title = study.title(dataset)
    rows = [row for row in tables.best if row["dataset"] == dataset and row["status"] == "ok"]
    others = unique(row["status"] for row in tables.best if row["dataset"] == dataset and row not in rows)
    if not rows:
        said = NOT_ON_EVERY_SEED if NOT_ON_EVERY_SEED in others else NO_RUN
        return [Finding("winner", f"{said.capitalize()} on {title}.", "", dataset)]
    chosen = winner(rows)
    name = wording.model(chosen["model"])
    alone = "is the only model with a setting that finished on every seed"
    if NOT_ON_EVERY_SEED not in others:
        alone = "is the only model that finished"
    lead = alone if len(rows) == 1 else "is the choice"
    mean = f" (mean of {chosen['seeds']} seeds)" if chosen["seeds"] > 1 else ""
    text = f"{name} {lead}: {wording.percent(chosen['test_accuracy'])} % of the test images right{mean}."
    evidence = (
        f"95 % interval {wording.span(chosen['test_low'], chosen['test_high'])} %, "
        f"n = {wording.count(chosen['test_n'])}; {_how(chosen)}; chosen by validation accuracy, "
        f"{_margin(chosen, rows)}"
    )
    return [
        Finding("winner", text, evidence, dataset),
        *_lost(chosen),
        *_rivals(chosen, rows, tables.tests),
        *_deployment(chosen),
    ]


def _lost(chosen: Row) -> Iterator[Finding]:
    """Say on how many fresh seeds the choice did not finish."""
    if lost := chosen["fresh_lost"]:
        every = lost + (chosen["fresh_n"] or 0)
        name, seeds = wording.model(chosen["model"]), wording.plural(every, "other seed")
        text = f"{name} did not finish on {lost} of {seeds}."
        yield Finding("lost", text, "", chosen["dataset"])


def _margin(chosen: Row, rows: list[Row]) -> str:
    """Say how far validation preferred the choice, or what it is level with and why it is preferred then."""
    n = chosen["validation_n"]
    said = f"{wording.percent(chosen['validation_accuracy'])} %"
    if tied := level(chosen, rows):
        names = wording.listed([wording.model(row["model"]) for row in tied])
        return f"{said}, tied with {names}: {_why(chosen, tied)}"
    others = [row for row in rows if row is not chosen]
    if not others or not n:
        return said
    next_best = max(row["validation_accuracy"] for row in others)
    second = [wording.model(row["model"]) for row in others if row["validation_accuracy"] == next_best]
    right = [round(accuracy * n, 1) for accuracy in (chosen["validation_accuracy"], next_best)]
    counts = " against ".join(f"{count:g}" for count in right)
    return f"{said}: {counts} of {wording.count(n)} right, {wording.listed(second)} next"


def _why(chosen: Row, tied: list[Row]) -> str:
    """Say what tells the choice from what validation cannot tell from it."""
    if not chosen["ranked"]:
        return "the one with fewer parameters, as no times can be compared"
    if all(row["ranked"] for row in tied):
        return "the cheaper one by time to result, within 10 % the smaller one"
    return "of those whose times can be compared the cheaper one by time to result"


def _how(row: Row) -> str:
    return wording.settings(json.loads(row["settings"]), row["optimizer"])


def _rivals(chosen: Row, rows: list[Row], tests: list[Row]) -> Iterator[Finding]:
    others = [row for row in rows if row is not chosen]
    tied = [row for row in others if ties(chosen, row, tests)]
    above = [row for row in others if row not in tied and _better(row, chosen, tests)]
    beaten = [row for row in others if row not in tied and row not in above]
    equal = level(chosen, above)
    yield from _compared("No evidence of a difference from {}{}.", chosen, tied, tests)
    yield from _quickest(chosen, tied)
    yield from _compared("Better than {}{}.", chosen, beaten, tests)
    words = "On the test images {} did better{}, although validation preferred the choice."
    yield from _compared(words, chosen, [row for row in above if row not in equal], tests)
    yield from _compared(
        "On the test images {} did better{}, which validation did not tell.", chosen, equal, tests
    )


def _compared(words: str, chosen: Row, rows: list[Row], tests: list[Row]) -> Iterator[Finding]:
    """Yield a sentence for those that are compared as methods, and one for two trained models each."""
    for caveat, those in by(rows, lambda row: pairs.caveat(test_between(chosen, row, tests))).items():
        names = wording.listed([wording.model(row["model"]) for row in those])
        evidence = "; ".join(_evidence(chosen, row, tests) for row in those)
        yield Finding("rivals", words.format(names, caveat), evidence, chosen["dataset"])


def _better(row: Row, chosen: Row, tests: list[Row]) -> bool:
    """Tell whether a row did better than the chosen one: as their test says, else by test accuracy."""
    if (test := test_between(chosen, row, tests)) is not None:
        return test["better"] == row["model"]
    return (row["test_accuracy"] or 0) > (chosen["test_accuracy"] or 0)


def _evidence(chosen: Row, row: Row, tests: list[Row]) -> str:
    test = test_between(chosen, row, tests)
    if test is None:
        accuracy = f"{wording.model(row['model'])} {wording.percent(row['test_accuracy'])} %"
        return f"{accuracy}, judged by overlap of the intervals only"
    mine, side = ("b", "a") if test["a"] == row["model"] else ("a", "b")
    accuracy = wording.percent(test[f"accuracy_{mine}"])
    return f"{accuracy} against {pairs.score(test, side)}, {pairs.tested(test)}"


def _quickest(chosen: Row, tied: list[Row]) -> Iterator[Finding]:
    """Say which of those that tie is the quickest to train, as far as their times can be compared."""
    every = [chosen, *tied]
    timed = sorted((row for row in every if row["ranked"]), key=lambda row: row["train_s"])
    if len(timed) < 2:
        return
    names = wording.listed([wording.model(row["model"]) for row in every if row["ranked"]])
    first = quickest(timed)
    text = (
        f"Of {names}, {wording.model(first['model'])} is the quickest to train."
        if first
        else f"Which of {names} is the quickest to train was not shown."
    )
    yield Finding("quickest", text, ", ".join(map(_cost, timed)), chosen["dataset"])


def _cost(row: Row) -> str:
    """Return a model's training time with its range."""
    span = "\N{EN DASH}".join(wording.seconds(row[f"train_s_{end}"]) for end in ("min", "max"))
    some = f", {row['disturbed']} disturbed" if row["disturbed"] else ""
    facts = f"{span}, n = {row['timed_n']}{some}, {wording.device(row['device'])}"
    return f"{wording.model(row['model'])} {wording.seconds(row['train_s'])} s ({facts})"


def _deployment(chosen: Row) -> Iterator[Finding]:
    """Say how long the choice takes to predict, where that was measured."""
    if chosen["one_s"] is None:
        return
    one, batch = (wording.milliseconds(chosen[name]) for name in ("one_s", "batch_s"))
    where = wording.device(chosen["predicting_device"])
    text = (
        f"{wording.model(chosen['model'])} answers one image in {one} ms and a batch of "
        f"{chosen['batch_n']} in {batch} ms on the {where}."
    )
    rate = wording.count(round(chosen["images_per_s"]))
    disturbed = ", while others used the machine" if chosen["predicting_disturbed"] else ""
    evidence = f"{rate} images a second in the batch; medians{disturbed}, decoding of files not counted"
    yield Finding("deployment", text, evidence, chosen["dataset"])


def overall(study: Study, tables: Tables) -> list[Finding]:
    """Return what holds across data sets: devices, depth, optimizers, the published study."""
    return [
        *devices.found(study, tables.speedup),
        *pairs.depth(study, tables.tests),
        *pairs.optimizers(study, tables.tests),
        *_scalings(study),
        *agreement.found(study, tables.published),
    ]


def _scalings(study: Study) -> Iterator[Finding]:
    """Tell where an SVM did clearly better with another scaling of the pixels than the usual one."""
    usual = wording.UNSAID["scale"]
    for cell in study.selection:
        groups: dict[str, list[Run]] = {}
        for run in finished(cell["runs"]):
            groups.setdefault(run["settings"].get("scale", usual), []).append(run)
        best = {scale: runs[0] for scale, group in groups.items() if (runs := choose(group))}
        if usual not in best or len(best) == 1:
            continue
        winning = max(best, key=lambda scale: best[scale]["validation_accuracy"])
        n = cell["data"]["counts"]["validation"]
        spans = [wilson(best[scale]["validation_accuracy"], n) for scale in (winning, usual)]
        if winning != usual and not overlap(*spans):
            where = f"{wording.model(model_name(cell))} on {study.title(cell['dataset'])}"
            scores = " against ".join(
                f"{wording.percent(best[scale]['validation_accuracy'])} % ({scale})"
                for scale in (winning, usual)
            )
            text = f"{where} does better with scaling {winning} than with {usual} pixels."
            yield Finding("scaling", text, f"validation {scores}, n = {wording.count(n)}")
