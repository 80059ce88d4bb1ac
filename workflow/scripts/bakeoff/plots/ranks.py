"""The critical-difference diagram: mean ranks over many data sets, and which cannot be told apart."""

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from bakeoff.analysis import ranks, wording
from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.paired import ALPHA
from bakeoff.analysis.ranks import Ranking
from bakeoff.analysis.study import Study
from bakeoff.plots import style
from bakeoff.plots.style import Plot

COLUMNS = ("competitor", "mean_rank", "datasets", "critical_difference")


def plots(study: Study, best: Sequence[BestRow]) -> Iterator[Plot]:
    """Yield the diagram where enough data sets and competitors are there."""
    found = ranks.of(best)
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
        f"Friedman's test: {wording.p_clause(found.p)}, {difference}.",
        alt=f"Critical-difference diagram. Mean ranks: {', '.join(listed)}.",
        section="statistics",
        dataset=None,
        columns=COLUMNS,
        rows=[
            dict(zip(COLUMNS, (competitor, mean, found.datasets, found.critical), strict=True))
            for competitor, mean in zip(found.competitors, found.mean_ranks, strict=True)
        ],
    )


def _draw(study: Study, found: Ranking) -> Figure:
    count, bars = len(found.competitors), len(found.alike)
    figure = Figure(figsize=(style.WIDTH, 0.9 + 0.24 * count + 0.16 * bars))
    axis = figure.subplots()
    for place, (competitor, mean) in enumerate(zip(found.competitors, found.mean_ranks, strict=True)):
        level = bars + 1 + place
        axis.plot([mean, mean], [0, level], color=style.LINE, linewidth=1, zorder=1)
        axis.plot(mean, level, marker="o", color=style.SHADE)
        axis.annotate(
            f"{study.label(competitor)}  {mean:.2f}",
            (mean, level),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    for bar, (first, last) in enumerate(found.alike, start=1):
        ends = found.mean_ranks[first] - 0.03, found.mean_ranks[last] + 0.03
        axis.plot(ends, [bar, bar], color=style.INK, linewidth=3.5, solid_capstyle="butt")
    axis.set(xlim=(0.8, count + 0.8), ylim=(bars + count + 0.8, 0), xlabel="mean rank")
    axis.set_xticks(range(1, count + 1))
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    return figure
