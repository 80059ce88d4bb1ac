"""Confusion matrices of the best run of every competitor: counts and rates side by side."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bakeoff.analysis import wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.mistakes import MATRIX, matrix, rates
from bakeoff.analysis.study import Study, by
from bakeoff.analysis.tables import Row
from bakeoff.plots import style
from bakeoff.plots.sheets import sheets
from bakeoff.plots.style import Plot
from bakeoff.records.record import Record

Counts = NDArray[np.int64]
Rates = NDArray[np.float64]

COLUMNS = ("true_class", "predicted_class", "count", "rate")
# Of equally frequent errors so many are named.
MENTIONED = 3


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield a figure per competitor whose best cell kept its predictions; of many, the best of each group.

    Of classes too many for a matrix that can be read there is none: the report has a table of them.
    """
    best = [best_cell(study, cells) for cells in by(study.of(dataset), lambda cell: cell.competitor).values()]
    few = [cell for cell, _ in filter(None, best) if len(cell.data.classes) <= MATRIX]
    kept = [cell for cell in few if study.predictions(cell)]
    for sheet in sheets(study, kept, most=1):
        for cell in sheet.cells:
            yield _plot(study, cell, sheet.absent)


def most_confused(counts: Counts) -> list[tuple[int, int]]:
    """Return the (true, predicted) pairs with the most errors; none where there are no errors."""
    errors = counts - np.diag(np.diag(counts))
    if not errors.any():
        return []
    return [(int(true), int(predicted)) for true, predicted in np.argwhere(errors == errors.max())]


def _plot(study: Study, cell: Record, absent: str) -> Plot:
    names, answers = cell.data.classes, study.predictions(cell)
    assert answers is not None
    counts = matrix(answers.labels, answers.predictions, len(names))
    shares = rates(counts)
    shown = style.labels(names)
    figure = Figure(figsize=(style.WIDTH, 4.3 if _long(shown) else 3.9))
    left, right = figure.subplots(1, 2, sharey=True)
    _matrix(left, shares, [[str(n) if n else "" for n in row] for row in counts], shown)
    _matrix(right, shares, [[_rate(item) for item in row] for row in shares], shown)
    left.set(title="images", xlabel="predicted", ylabel="true")
    right.set(title="% of the true class", xlabel="predicted")
    name, title = study.label(cell.competitor), study.title(cell.dataset)
    said = f"{int(np.trace(counts)):,} of {int(counts.sum()):,}"
    mistake = _mistake(counts, names)
    return Plot(
        name=f"confusion_{cell.dataset}_{cell.competitor}",
        figure=figure,
        title=f"{name} on {title}",
        caption=f"Test images of {cell.cell}: {said} right.{mistake}{absent}",
        alt=f"Two confusion matrices, counts and row percentages, of {name} on "
        f"{title}: {said} test images on the diagonal.{mistake}",
        section="confusion",
        dataset=cell.dataset,
        columns=COLUMNS,
        rows=_rows(names, counts, shares),
    )


def _mistake(counts: Counts, names: Sequence[str]) -> str:
    """Name the most frequent error, or the number of those that are equally frequent."""
    worst = most_confused(counts)
    if not worst:
        return ""
    images = wording.plural(int(counts[worst[0]]), "image")
    if len(worst) > MENTIONED:
        return f" No error is more frequent than {images}, as {len(worst)} of them are."
    said = wording.listed([f"{names[true]} taken for {names[predicted]}" for true, predicted in worst])
    errors, each = ("errors", " each") if len(worst) > 1 else ("error", "")
    return f" Most frequent {errors}: {said} ({images}{each})."


def _rate(share: float) -> str:
    return "" if not share else "<0.1" if share < 0.0005 else f"{100 * share:.1f}"


def _matrix(axis: Axes, shares: Rates, texts: list[list[str]], names: Sequence[str]) -> None:
    # Opacity, not a colour ramp: zero is the page itself, light or dark.
    colours = np.empty((*shares.shape, 4))
    colours[..., :3] = to_rgb(style.SHADE)
    # The square root lifts the rare errors, which are what one looks for, out of the background.
    colours[..., 3] = np.sqrt(shares)
    axis.pcolormesh(colours, edgecolors=style.LINE, linewidth=0.4, clip_on=False)
    axis.set(aspect="equal", xlim=(0, len(names)), ylim=(len(names), 0))
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, labelsize=6.5)
    places = np.arange(len(names)) + 0.5
    axis.set_xticks(places, names, rotation=90 if _long(names) else 0)
    axis.set_yticks(places, names)
    size = 6.5 if len(names) <= 10 else 4.5
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            ink = style.on_shade(float(colours[row, column, 3]))
            # Inside its cell by design: measuring hundreds of texts for the layout takes seconds.
            axis.text(
                column + 0.5,
                row + 0.5,
                text,
                ha="center",
                va="center",
                color=ink,
                size=size,
                in_layout=False,
            )


def _long(names: Sequence[str]) -> bool:
    return max(map(len, names)) > 2


def _rows(names: Sequence[str], counts: Counts, shares: Rates) -> list[Row]:
    return [
        {
            "true_class": names[true],
            "predicted_class": names[predicted],
            "count": counts[true, predicted],
            "rate": shares[true, predicted],
        }
        for true, predicted in np.argwhere(counts).tolist()
    ]
