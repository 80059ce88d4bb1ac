"""Reliability curves: whether a model that is 90 % sure is right nine times in ten."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from bakeoff.analysis import calibration, mistakes, wording
from bakeoff.analysis.intervals import wilson
from bakeoff.analysis.mistakes import Answers
from bakeoff.analysis.study import Study, by
from bakeoff.analysis.tables import Row
from bakeoff.plots import style
from bakeoff.plots.sheets import Sheet, sheets
from bakeoff.plots.style import Plot

COLUMNS = ("competitor", "low", "high", "images", "right", "confidence", "accuracy", "ece", "log_loss")


@dataclass(frozen=True)
class Curve:
    """The answers of a competitor's best cell, and how far its confidence can be believed."""

    answers: Answers

    @property
    def competitor(self) -> str:
        """Return whose it is."""
        return self.answers.competitor

    @cached_property
    def bins(self) -> list[calibration.Bin]:
        """Return its images by their confidence."""
        return calibration.bins(self.answers.given)

    @cached_property
    def error(self) -> float:
        """Return its expected calibration error."""
        return calibration.expected_error(self.bins)

    @cached_property
    def log_loss(self) -> float:
        """Return its log loss."""
        return calibration.log_loss(self.answers.given)


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield a figure of the competitors that kept their probabilities, of many one per group."""
    kept = {each.competitor: each for each in mistakes.of(study, dataset) if _confident(each)}
    for sheet in sheets(study, [each.cell for each in kept.values()]):
        yield _plot(study, dataset, sheet, [Curve(kept[name]) for name in sheet.competitors])


def _confident(answers: Answers) -> bool:
    """Tell whether answers were kept with their probabilities."""
    scores = answers.given.scores
    probable = answers.cell.scores == "probabilities" and scores.shape[1] > 0
    return probable and bool(np.isfinite(scores).all())


def _plot(study: Study, dataset: str, sheet: Sheet, curves: Sequence[Curve]) -> Plot:
    figure = Figure(figsize=(style.WIDTH, 3.5))
    left, right = figure.subplots(1, 2)
    for curve in curves:
        _curve(left, curve, study.competitors)
        _shares(right, curve, study.competitors)
    left.plot([0, 1], [0, 1], color=style.HINT, linewidth=0.9, linestyle=":", zorder=1)
    left.set(title="Reliability", xlabel="confidence (%)", ylabel="right (%)")
    right.set(title="How sure they are", xlabel="confidence (%)", ylabel="test images (%)")
    for axis in (left, right):
        axis.set(xlim=(0, 1.02), ylim=(0, 1.02))
        axis.xaxis.set_major_formatter(PercentFormatter(1, symbol=""))
        axis.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    style.legend(figure, _handles(study, curves))
    title = f"{study.title(dataset)}{sheet.of}"
    said = [(study.label(curve.competitor), _error(curve), f"{curve.log_loss:.3f}") for curve in curves]
    errors, losses = (wording.listed([f"{each[0]} {each[n]}" for each in said]) for n in (1, 2))
    return Plot(
        name=f"reliability_{dataset}{sheet.suffix}",
        figure=figure,
        title=f"Calibration on {title}",
        caption="Test images in ten bins of the model's confidence in its answer; bars: 95 % interval of "
        "the share that is right. On the dotted line confidence can be taken at its word; below it the "
        "model is too sure. ECE, the expected calibration error: the mean distance from that line over "
        "all images, in percentage points. Log loss: the mean -ln of the probability given to the true class."
        f"{_made(study, curves)}{sheet.absent}",
        alt=f"Line charts of accuracy by confidence on {title}, and of how many images have each "
        f"confidence. Expected calibration error in points: {errors}. Log loss: {losses}.",
        section="confusion",
        dataset=dataset,
        columns=COLUMNS,
        rows=[row for curve in curves for row in _rows(curve)],
    )


def _error(curve: Curve) -> str:
    return wording.percent(curve.error)


def _made(study: Study, curves: Sequence[Curve]) -> str:
    """Say how probabilities were made that were decisions, and how many answers are not the most probable."""
    alike = by(
        [each for each in curves if each.answers.cell.calibration], lambda each: each.answers.cell.calibration
    )
    made = "".join(
        f" Probabilities of {wording.listed([study.label(each.competitor) for each in members])}: {how}."
        for how, members in alike.items()
    )
    counts = {each.competitor: calibration.answered_otherwise(each.answers.given) for each in curves}
    otherwise = [f"{study.label(name)} {number:,}" for name, number in counts.items() if number]
    if not otherwise:
        return made
    images = len(curves[0].answers.given.labels)
    return (
        f"{made} Confidence is that in the answer given, which is not the most probable class of so many of "
        f"{images:,} images: {wording.listed(otherwise)}."
    )


def _curve(axis: Axes, curve: Curve, competitors: list[str]) -> None:
    found, competitor = curve.bins, curve.competitor
    ends = [wilson(item.accuracy, item.images) for item in found]
    heights = [item.accuracy for item in found]
    spread = [
        [max(0.0, height - low) for height, (low, _) in zip(heights, ends, strict=True)],
        [max(0.0, high - height) for height, (_, high) in zip(heights, ends, strict=True)],
    ]
    axis.errorbar(
        [item.confidence for item in found],
        heights,
        yerr=spread,
        color=style.colour(competitors, competitor),
        marker=style.marker(competitors, competitor),
        elinewidth=0.9,
    )


def _shares(axis: Axes, curve: Curve, competitors: list[str]) -> None:
    found, competitor = curve.bins, curve.competitor
    images = sum(item.images for item in found)
    axis.plot(
        [(item.low + item.high) / 2 for item in found],
        [item.images / images for item in found],
        color=style.colour(competitors, competitor),
        marker=style.marker(competitors, competitor),
    )


def _handles(study: Study, curves: Sequence[Curve]) -> list[Line2D]:
    lines = [
        Line2D(
            [],
            [],
            color=style.colour(study.competitors, curve.competitor),
            marker=style.marker(study.competitors, curve.competitor),
            label=f"{study.label(curve.competitor)}, ECE {_error(curve)}, log loss {curve.log_loss:.3f}",
        )
        for curve in curves
    ]
    return [*lines, Line2D([], [], color=style.HINT, linewidth=0.9, linestyle=":", label="perfect")]


def _rows(curve: Curve) -> Iterator[Row]:
    of = {"competitor": curve.competitor, "ece": curve.error, "log_loss": curve.log_loss}
    for item in curve.bins:
        yield {**of, **vars(item), "accuracy": item.accuracy}
