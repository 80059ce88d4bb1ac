"""The critical-difference diagram: mean ranks over many data sets, and which cannot be told apart."""

from collections.abc import Iterator, Sequence
from textwrap import fill

from matplotlib.figure import Figure

from bakeoff.analysis import ranks, wording
from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.paired import ALPHA
from bakeoff.analysis.ranks import Ranking
from bakeoff.analysis.study import Study
from bakeoff.plots import style
from bakeoff.plots.style import Plot

# Letters of a name on one line.
LONGEST = 34
COLUMNS = ("competitor", "mean_rank", "datasets", "critical_difference")


def plots(study: Study, best: Sequence[BestRow]) -> Iterator[Plot]:
    """Yield the diagram where enough data sets and competitors are there."""
    found = ranks.of(study, best)
    if found is None:
        return
    listed = [
        f"{study.label(competitor)} {mean:.2f}"
        for competitor, mean in zip(found.competitors, found.mean_ranks, strict=True)
    ]
    difference = (
        "the models differ" if found.p < ALPHA else "no evidence that the models differ in rank at all"
    )
    yield Plot(
        name="ranks",
        figure=_draw(study, found),
        title=f"Mean ranks over {found.datasets} data sets",
        caption="1 is the best test accuracy on a data set. A bar joins models that are not told apart: "
        f"their mean ranks differ by {found.critical:.2f}, the critical difference, at most (Nemenyi, 5 %). "
        f"Friedman's test: {wording.p_clause(found.p)}, {difference}. Both take the data sets for "
        f"independent of each other.{_shared(study, found)}",
        alt=f"Critical-difference diagram. Mean ranks: {', '.join(listed)}.",
        section="statistics",
        dataset=None,
        columns=COLUMNS,
        rows=[
            dict(zip(COLUMNS, (competitor, mean, found.datasets, found.critical), strict=True))
            for competitor, mean in zip(found.competitors, found.mean_ranks, strict=True)
        ],
    )


def _shared(study: Study, found: Ranking) -> str:
    """Say which data sets count as one, if any."""
    said = (wording.listed([study.title(dataset) for dataset in group]) for group in found.shared)
    return "".join(f" {titles} share original images and count as one, by their mean." for titles in said)


def _draw(study: Study, found: Ranking) -> Figure:
    """Draw the critical difference as a ruler, below it the bars, then a row for each model, best first."""
    bars = len(found.alike)
    listed = zip(found.competitors, found.mean_ranks, strict=True)
    # The names stand beside the rows, where no line crosses them.
    names = [f"{fill(study.label(competitor), LONGEST)}: {mean:.2f}" for competitor, mean in listed]
    rows = range(bars + 1, bars + 1 + len(names))
    height = 0.1 + 0.14 * max(len(name.splitlines()) for name in names)
    figure = Figure(figsize=(style.WIDTH, 0.5 + height * (len(names) + bars + 2)))
    axis = figure.subplots()
    for row, mean in zip(rows, found.mean_ranks, strict=True):
        axis.plot([mean, mean], [0.6, row], color=style.HINT, linewidth=0.6, zorder=1)
        axis.plot(mean, row, marker="o", color=style.SHADE)
    for bar, (first, last) in enumerate(found.alike, start=1):
        ends = found.mean_ranks[first] - 0.03, found.mean_ranks[last] + 0.03
        axis.plot(ends, [bar, bar], color=style.INK, linewidth=3.5, solid_capstyle="butt")
    axis.plot([1, 1 + found.critical], [0, 0], color=style.INK, linewidth=1, marker="|")
    said = f"critical difference {found.critical:.2f}"
    axis.annotate(said, (1, 0), xytext=(0, 5), textcoords="offset points", va="bottom")
    axis.set(xlim=(0.8, len(names) + 0.2), ylim=(rows[-1] + 0.7, -1.6), xlabel="mean rank")
    axis.set_xticks(range(1, len(names) + 1))
    axis.set_yticks(rows, names)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False)
    axis.spines["left"].set_visible(False)
    return figure
