"""Reliability curves: whether a model that is 90 % sure is right nine times in ten."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from bakeoff.analysis import calibration, mistakes, wording
from bakeoff.analysis.calibration import Bin
from bakeoff.analysis.intervals import wilson
from bakeoff.analysis.mistakes import Answers
from bakeoff.analysis.study import Study
from bakeoff.analysis.tables import Row
from bakeoff.plots import style
from bakeoff.plots.sheets import Sheet, sheets
from bakeoff.plots.style import Plot

COLUMNS = ("competitor", "low", "high", "images", "right", "confidence", "accuracy", "ece")


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield a figure of the competitors that kept their probabilities, of many one per group."""
    kept = {each.competitor: each for each in mistakes.of(study, dataset) if _confident(each)}
    for sheet in sheets(study, [each.cell for each in kept.values()]):
        curves = {name: calibration.bins(kept[name].given) for name in sheet.competitors}
        yield _plot(study, dataset, sheet, curves)


def _confident(answers: Answers) -> bool:
    """Tell whether answers were kept with their probabilities."""
    scores = answers.given.scores
    probable = answers.cell.scores == "probabilities" and scores.shape[1] > 0
    return probable and bool(np.isfinite(scores).all())


def _plot(study: Study, dataset: str, sheet: Sheet, curves: dict[str, list[Bin]]) -> Plot:
    figure = Figure(figsize=(style.WIDTH, 3.5))
    left, right = figure.subplots(1, 2)
    for competitor, found in curves.items():
        _curve(left, found, competitor, study.competitors)
        _shares(right, found, competitor, study.competitors)
    left.plot([0, 1], [0, 1], color=style.HINT, linewidth=0.9, linestyle=":", zorder=1)
    left.set(title="Reliability", xlabel="confidence (%)", ylabel="right (%)")
    right.set(title="How sure they are", xlabel="confidence (%)", ylabel="test images (%)")
    for axis in (left, right):
        axis.set(xlim=(0, 1.02), ylim=(0, 1.02))
        axis.xaxis.set_major_formatter(PercentFormatter(1, symbol=""))
        axis.yaxis.set_major_formatter(PercentFormatter(1, symbol=""))
    style.legend(figure, _handles(study, curves))
    title = f"{study.title(dataset)}{sheet.of}"
    said = wording.listed(
        [f"{study.label(competitor)} {_error(found)}" for competitor, found in curves.items()]
    )
    return Plot(
        name=f"reliability_{dataset}{sheet.suffix}",
        figure=figure,
        title=f"Calibration on {title}",
        caption="Test images in ten bins of the model's confidence in its answer; bars: 95 % interval of "
        "the share that is right. On the dotted line confidence can be taken at its word; below it the "
        "model is too sure. ECE, the expected calibration error: the mean distance from that line over "
        f"all images, in percentage points.{sheet.absent}",
        alt=f"Line charts of accuracy by confidence on {title}, and of how many images have each "
        f"confidence. Expected calibration error in points: {said}.",
        section="confusion",
        dataset=dataset,
        columns=COLUMNS,
        rows=[row for competitor, found in curves.items() for row in _rows(competitor, found)],
    )


def _error(found: list[Bin]) -> str:
    return wording.percent(calibration.expected_error(found))


def _curve(axis: Axes, found: list[Bin], competitor: str, competitors: list[str]) -> None:
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


def _shares(axis: Axes, found: list[Bin], competitor: str, competitors: list[str]) -> None:
    images = sum(item.images for item in found)
    axis.plot(
        [(item.low + item.high) / 2 for item in found],
        [item.images / images for item in found],
        color=style.colour(competitors, competitor),
        marker=style.marker(competitors, competitor),
    )


def _handles(study: Study, curves: dict[str, list[Bin]]) -> list[Line2D]:
    lines = [
        Line2D(
            [],
            [],
            color=style.colour(study.competitors, competitor),
            marker=style.marker(study.competitors, competitor),
            label=f"{study.label(competitor)}, ECE {_error(found)}",
        )
        for competitor, found in curves.items()
    ]
    return [*lines, Line2D([], [], color=style.HINT, linewidth=0.9, linestyle=":", label="perfect")]


def _rows(competitor: str, found: list[Bin]) -> Iterator[Row]:
    error = calibration.expected_error(found)
    for item in found:
        yield {"competitor": competitor, **vars(item), "accuracy": item.accuracy, "ece": error}
