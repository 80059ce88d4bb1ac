"""Accuracy against training time: every finished run, the best of each competitor in front."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bakeoff.analysis import wording
from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.study import Study, unique
from bakeoff.plots import style
from bakeoff.plots.style import Plot
from bakeoff.records.record import Record
from bakeoff.records.run import finished

COLUMNS = (
    "competitor",
    "cell",
    "settings",
    "best",
    "train_s",
    "test_accuracy",
    "test_low",
    "test_high",
    "parameters",
    "alone",
    "ranked",
    "pareto",
)
# So many models have a name in the figure.
NAMED = 18
# A run so many points below the most accurate one is not drawn.
CUT = 25


@dataclass(frozen=True, kw_only=True)
class Point:
    """A run, or the best configuration of a competitor (the mean of its runs), where it stands."""

    competitor: str
    cell: str
    settings: str
    device: str
    train_s: float
    test_accuracy: float
    test_low: float | None = None
    test_high: float | None = None
    parameters: int | None
    best: bool = False
    alone: bool = False
    ranked: bool = False


def plots(study: Study, dataset: str, best: Sequence[BestRow]) -> Iterator[Plot]:
    """Yield the figure of a data set with at least one best configuration."""
    mine = [row for row in best if row.dataset == dataset and row.chosen]
    if every := points(mine):
        order = sorted(range(len(mine)), key=lambda place: -mine[place].measured.validation.accuracy)
        named = {mine[place].competitor for place in order[:NAMED]} | {it.competitor for it in pareto(every)}
        yield _plot(study, dataset, every, [point for point in every if point.competitor in named])


def points(best: Iterable[BestRow]) -> list[Point]:
    """Return where the best configurations stand."""
    return [
        Point(
            competitor=row.competitor,
            cell=chosen.cell,
            settings=wording.settings(chosen.settings),
            device=chosen.device,
            train_s=chosen.train_s,
            test_accuracy=chosen.test.accuracy,
            test_low=chosen.test.low,
            test_high=chosen.test.high,
            parameters=chosen.parameters,
            best=True,
            alone=chosen.alone is not None,
            ranked=chosen.ranked,
        )
        for row in best
        if (chosen := row.chosen)
    ]


def pareto(best: Iterable[Point]) -> list[Point]:
    """Return the points that no other beats in both training time and test accuracy, by time.

    Times that were not measured alone, or on another machine, take no part.
    """
    front: list[Point] = []
    ranked = (point for point in best if point.ranked)
    for point in sorted(ranked, key=lambda point: (point.train_s, -point.test_accuracy)):
        if not front or point.test_accuracy > front[-1].test_accuracy:
            front.append(point)
    return front


def _plot(study: Study, dataset: str, every: list[Point], best: list[Point]) -> Plot:
    """Draw the runs, in front of them the best configurations: those named of every model's."""
    cells = study.of(dataset)
    figure = Figure(figsize=(style.WIDTH, 3.9))
    axis = figure.subplots()
    others = [point for cell in cells for point in _runs(cell)]
    _faint(axis, others, study.competitors)
    front = pareto(best)
    for point in best:
        _strong(axis, point, study.competitors)
    along = [point.train_s for point in front], [100 * point.test_accuracy for point in front]
    axis.plot(*along, color=style.HINT, linewidth=0.9, linestyle=":", zorder=1)
    bottom = _axes(axis, [point.test_accuracy for point in (*others, *best)], best)
    below = sum(100 * point.test_accuracy < bottom for point in others)
    several = len(unique(cell.device for cell in cells)) > 1
    names = [_name(study, point, several) for point in best]
    _legend(figure, study.competitors, best, names)
    title = study.title(dataset)
    return Plot(
        name=f"tradeoff_{dataset}",
        figure=figure,
        title=f"Accuracy against training time on {title}",
        caption="Large: the best configuration of each model with its 95 % interval, area by its parameters. "
        "Faint: every other finished run of the grid. Hollow: timed in the grid, beside other work or on few "
        f"threads, or on another machine, which is not comparable. {wording.beforehand(study.records)}"
        f"{_front_words(study, front)}{_below_words(below)}{_unnamed(len(best), len(every))}",
        alt=f"Scatter chart of test accuracy by training time on {title}. "
        + "; ".join(_point_words(*each) for each in zip(best, names, strict=True)),
        section="tradeoff",
        dataset=dataset,
        columns=COLUMNS,
        rows=[{**vars(point), "pareto": point in front} for point in (*every, *others)],
    )


def _runs(cell: Record) -> Iterator[Point]:
    for run in finished(cell.runs):
        if run.train_s is not None and run.test_accuracy is not None:
            yield Point(
                competitor=cell.competitor,
                cell=cell.cell,
                settings=wording.settings(wording.as_run(run)),
                device=cell.device,
                train_s=run.train_s,
                test_accuracy=run.test_accuracy,
                parameters=cell.compute.parameters,
            )


def _faint(axis: Axes, points: list[Point], competitors: list[str]) -> None:
    for competitor in unique(point.competitor for point in points):
        mine = [point for point in points if point.competitor == competitor]
        axis.scatter(
            [point.train_s for point in mine],
            [100 * point.test_accuracy for point in mine],
            s=16,
            marker=style.marker(competitors, competitor),
            facecolor="none",
            edgecolor=style.colour(competitors, competitor),
            linewidth=0.6,
            alpha=0.35,
            rasterized=len(points) > style.DRAWN,
        )


def _strong(axis: Axes, point: Point, competitors: list[str]) -> None:
    colour = style.colour(competitors, point.competitor)
    y = 100 * point.test_accuracy
    if point.test_low is not None and point.test_high is not None:
        spread = [[y - 100 * point.test_low], [100 * point.test_high - y]]
        axis.errorbar(point.train_s, y, yerr=spread, fmt="none", ecolor=colour, elinewidth=1.4)
    axis.scatter(
        point.train_s,
        y,
        s=_area(point.parameters),
        marker=style.marker(competitors, point.competitor),
        facecolor=colour if point.ranked else "none",
        edgecolor=style.INK,
        linewidth=0.8,
        zorder=3,
    )


def _area(parameters: int | None) -> float:
    """Return a marker's area in square points: in proportion to the parameters above a base."""
    return 45 + (parameters or 0) / 1e6 * 8


def _axes(axis: Axes, accuracies: list[float], best: list[Point]) -> float:
    """Lay out the axes; return the accuracy in percent at which the vertical one begins."""
    axis.set_xscale("log")
    axis.set(xlabel="training time (s, logarithmic)", ylabel="test accuracy (%)")
    low, high = axis.get_xlim()
    if high / low < 5:
        middle = (low * high) ** 0.5
        axis.set_xlim(middle / 3, middle * 3)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    # A run that learnt nothing must not flatten the others: it is cut off, but for the best of a competitor.
    lowest = 100 * min(point.test_low or point.test_accuracy for point in best) - 1
    cut = min(100 * max(accuracies) - CUT, lowest)
    bottom = max(axis.get_ylim()[0], cut)
    axis.set_ylim(bottom=bottom, top=min(100.4, axis.get_ylim()[1]))
    return bottom


def _name(study: Study, point: Point, several: bool) -> str:
    """Return a best configuration's name, with its device where the study has several."""
    name = study.label(point.competitor)
    return f"{name}, {wording.device(point.device)}" if several else name


def _legend(figure: Figure, competitors: list[str], best: list[Point], names: list[str]) -> None:
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=style.marker(competitors, point.competitor),
            markersize=7,
            color=style.colour(competitors, point.competitor),
            label=name,
        )
        for point, name in zip(best, names, strict=True)
    ]
    style.legend(figure, handles)


def _front_words(study: Study, front: list[Point]) -> str:
    names = [study.label(point.competitor) for point in front]
    if len(names) < 2:
        return f"No filled point is quicker or more accurate than {names[0]}'s." if names else ""
    return f"Dotted, the Pareto front of the filled points: {wording.listed(names)}."


def _unnamed(named: int, every: int) -> str:
    """Say whose best configuration is drawn faintly, as one of many."""
    which = f"the {NAMED} best by validation accuracy and who is on the front"
    return f" Large are {named} of {every} models: {which}." if named < every else ""


def _below_words(below: int) -> str:
    return f" Below the axis, and in the tables: {wording.plural(below, 'run')}." if below else ""


def _point_words(point: Point, name: str) -> str:
    time = f"{wording.seconds(point.train_s)} s{'' if point.ranked else ' (not comparable)'}"
    return f"{name}: {wording.percent(point.test_accuracy)} % after {time}"
