"""Sentences that the data say, each with its evidence; where the data are silent, so is this.

Owns the wording of the verdict. Must not know how it is laid out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bakeoff.analysis import devices, pairs, wording
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.intervals import overlap, wilson
from bakeoff.analysis.methods import level, quickest, test_between, ties, winner
from bakeoff.analysis.published import CUT_DOWN
from bakeoff.analysis.study import Study, finished
from bakeoff.analysis.tables import Row
from bakeoff.records import Run, model_name
from bakeoff.selection import choose


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
    if not rows:
        return [Finding("winner", f"No run finished on {title}.", "", dataset)]
    chosen = winner(rows)
    name = wording.model(chosen["model"])
    lead = "is the only model that finished" if len(rows) == 1 else "is the choice"
    text = f"{name} {lead}: {wording.percent(chosen['test_accuracy'])} % of the test images right."
    evidence = (
        f"95 % interval {wording.span(chosen['test_low'], chosen['test_high'])} %, "
        f"n = {wording.count(chosen['test_n'])}; {_how(chosen)}; chosen by validation accuracy, "
        f"{_margin(chosen, rows)}"
    )
    others = [row for row in rows if row is not chosen]
    return [
        Finding("winner", text, evidence, dataset),
        *_rivals(chosen, others, tables.tests),
        *_cheapest(chosen, others, tables.tests),
        *_deployment(chosen),
    ]


def _margin(chosen: Row, rows: list[Row]) -> str:
    """Say how far validation preferred the choice, or what it is level with and why it is preferred then."""
    n = chosen["validation_n"]
    said = f"{wording.percent(chosen['validation_accuracy'])} %"
    if tied := level(chosen, rows):
        names = wording.listed([wording.model(row["model"]) for row in tied])
        both = all(row["ranked"] for row in (chosen, *tied))
        why = (
            "the cheaper one by time to result, within 10 % the smaller one" if both else "the first of these"
        )
        return f"{said}, tied with {names}: {why}"
    others = [row for row in rows if row is not chosen]
    if not others or not n:
        return said
    next_best = max(row["validation_accuracy"] for row in others)
    second = [wording.model(row["model"]) for row in others if row["validation_accuracy"] == next_best]
    right = [round(accuracy * n, 1) for accuracy in (chosen["validation_accuracy"], next_best)]
    counts = " against ".join(f"{count:g}" for count in right)
    return f"{said}: {counts} of {wording.count(n)} right, {wording.listed(second)} next"


def _how(row: Row) -> str:
    return wording.settings(json.loads(row["settings"]), row["optimizer"])


def _rivals(chosen: Row, others: list[Row], tests: list[Row]) -> Iterator[Finding]:
    tied = [row for row in others if ties(chosen, row, tests)]
    above = [row for row in others if row not in tied and _better(row, chosen, tests)]
    beaten = [row for row in others if row not in tied and row not in above]
    for rows, words in (
        (tied, "No evidence of a difference from {}."),
        (beaten, "Better than {}."),
        (above, "On the test images {} did better, although validation preferred the choice."),
    ):
        if rows:
            names = wording.listed([wording.model(row["model"]) for row in rows])
            evidence = "; ".join(_evidence(chosen, row, tests) for row in rows)
            yield Finding("rivals", words.format(names), evidence, chosen["dataset"])


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
    side = "a" if test["a"] == row["model"] else "b"
    return f"{pairs.score(test, side)}, {pairs.tested(test)}"


def _cheapest(chosen: Row, others: list[Row], tests: list[Row]) -> Iterator[Finding]:
    tied = [row for row in others if ties(chosen, row, tests)]
    timed = [row for row in (chosen, *tied) if row["ranked"]]
    if not tied or len(timed) < 2:
        return
    order = sorted(timed, key=lambda row: row["train_s"])
    first = quickest(order)
    text = (
        f"Cheapest of these to train: {wording.model(first['model'])}."
        if first
        else "Which of these is the cheapest to train was not shown."
    )
    yield Finding("cheapest", text, ", ".join(map(_cost, order)), chosen["dataset"])


def _cost(row: Row) -> str:
    """Return a model's training time with its interval."""
    span = "one training, no interval"
    if row["train_s_low"] is not None:
        ends = (wording.seconds(row[f"train_s_{end}"]) for end in ("low", "high"))
        span = "\N{EN DASH}".join(ends)
    device = wording.device(row["device"])
    return f"{wording.model(row['model'])} {wording.seconds(row['train_s'])} s ({span}, {device})"


def _deployment(chosen: Row) -> Iterator[Finding]:
    """Say how long the choice takes to predict, where that was measured."""
    if chosen["one_s"] is None:
        return
    one, batch = (wording.milliseconds(chosen[name]) for name in ("one_s", "batch_s"))
    where = wording.device(chosen["device"])
    text = (
        f"{wording.model(chosen['model'])} answers one image in {one} ms and a batch of "
        f"{chosen['batch_n']} in {batch} ms on the {where}."
    )
    rate = wording.count(round(chosen["batch_n"] / chosen["batch_s"]))
    evidence = f"{rate} images a second in the batch; medians, alone, decoding of files not counted"
    yield Finding("deployment", text, evidence, chosen["dataset"])


def overall(study: Study, tables: Tables) -> list[Finding]:
    """Return what holds across data sets: devices, depth, optimizers, the published study."""
    return [
        *devices.found(study, tables.speedup),
        *pairs.depth(study, tables.tests),
        *pairs.optimizers(study, tables.tests),
        *_scalings(study),
        *_published(tables.published),
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


def _published(published: list[Row]) -> Iterator[Finding]:
    judged = [row for row in published if row["verdict"].endswith("their spread")]
    if judged:
        inside = sum(row["verdict"].startswith("within") for row in judged)
        worst = max(judged, key=lambda row: abs(row["difference"]))
        yield Finding(
            "published",
            f"{inside} of {len(judged)} network results lie within the spread of the published "
            "study's own repeats.",
            f"largest difference {wording.points(worst['difference'])} points "
            f"({wording.model(worst['model'])}, {worst['dataset']}, {_how(worst)})",
        )
    svm = [row for row in published if row["table"] == "svm_grid" and row["difference"] is not None]
    if svm and not any(row["verdict"] == CUT_DOWN for row in svm):
        worst = max(svm, key=lambda row: abs(row["difference"]))
        yield Finding(
            "published",
            f"The {wording.plural(len(svm), 'published SVM result')} and ours differ by at most "
            f"{wording.percent(abs(worst['difference']))} points.",
            f"{wording.model(worst['model'])}, {worst['dataset']}, {_how(worst)}",
        )
