"""Accuracy against training time: every finished run, the best of each model in front."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, by, finished, unique
from bakeoff.analysis.tables import Row
from bakeoff.plots import style
from bakeoff.plots.style import Plot
from bakeoff.records.record import Record, cell_name, model_name

COLUMNS = (
    "model",
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
# A run so many points below the most accurate one is not drawn.
CUT = 25


def plots(study: Study, best: list[Row]) -> Iterator[Plot]:
    """Yield one figure per data set with at least one best configuration."""
    for dataset, cells in by(study.selection, lambda record: record["dataset"]).items():
        rows = [row for row in best if row["dataset"] == dataset and row["train_s"]]
        if rows:
            yield _plot(study, dataset, cells, rows)


def pareto(rows: list[Row]) -> list[Row]:
    """Return the rows that no other beats in both training time and test accuracy, by time.

    Times that were not measured alone, or on another machine, take no part.
    """
    front: list[Row] = []
    for row in sorted(
        (row for row in rows if row["ranked"]), key=lambda row: (row["train_s"], -row["test_accuracy"])
    ):
        if not front or row["test_accuracy"] > front[-1]["test_accuracy"]:
            front.append(row)
    return front


def _plot(study: Study, dataset: str, cells: list[Record], best: list[Row]) -> Plot:
    figure = Figure(figsize=(style.WIDTH, 3.9))
    axis = figure.subplots()
    others = [row for cell in cells for row in _runs(cell)]
    _faint(axis, others, study.models)
    front = pareto(best)
    for row in best:
        _strong(axis, row, study.models)
    axis.plot(
        [row["train_s"] for row in front],
        [100 * row["test_accuracy"] for row in front],
        color=style.HINT,
        linewidth=0.9,
        linestyle=":",
        zorder=1,
    )
    bottom = _axes(axis, [row["test_accuracy"] for row in (*others, *best)], best)
    below = sum(100 * row["test_accuracy"] < bottom for row in others)
    several = len(unique(cell["device"] for cell in cells)) > 1
    names = [_name(row, several) for row in best]
    _legend(figure, study.models, best, names)
    title = study.title(dataset)
    return Plot(
        name=f"tradeoff_{dataset}",
        figure=figure,
        title=f"Accuracy against training time on {title}",
        caption="Large: the best configuration of each model with its 95 % interval, area by its "
        "parameters (an SVM's are its support vectors and their coefficients). Faint: every other "
        "finished run of the grid. Hollow: timed in the grid, beside other work or on few threads, or on "
        f"another machine, which is not comparable. {_front_words(front)}{_below_words(below)}",
        alt=f"Scatter chart of test accuracy by training time on {title}. "
        + "; ".join(_point_words(*each) for each in zip(best, names, strict=True)),
        section="tradeoff",
        dataset=dataset,
        columns=COLUMNS,
        rows=[_csv(row, True, row in front) for row in best] + [_csv(row, False, False) for row in others],
    )


def _runs(cell: Record) -> Iterator[Row]:
    for run in finished(cell["runs"]):
        if run["train_s"] and run["test_accuracy"] is not None:
            yield {
                "model": model_name(cell),
                "cell": cell_name(cell),
                "settings": wording.settings(wording.as_run(run)),
                "parameters": cell["compute"]["parameters"],
                **{name: run[name] for name in ("train_s", "test_accuracy")},
                "alone": False,
                "ranked": False,
            }


def _faint(axis: Axes, rows: list[Row], models: list[str]) -> None:
    for model in unique(row["model"] for row in rows):
        mine = [row for row in rows if row["model"] == model]
        axis.scatter(
            [row["train_s"] for row in mine],
            [100 * row["test_accuracy"] for row in mine],
            s=16,
            marker=style.marker(models, model),
            facecolor="none",
            edgecolor=style.colour(models, model),
            linewidth=0.6,
            alpha=0.35,
            rasterized=len(rows) > style.DRAWN,
        )


def _strong(axis: Axes, row: Row, models: list[str]) -> None:
    colour = style.colour(models, row["model"])
    y = 100 * row["test_accuracy"]
    if row["test_low"] is not None:
        spread = [[y - 100 * row["test_low"]], [100 * row["test_high"] - y]]
        axis.errorbar(row["train_s"], y, yerr=spread, fmt="none", ecolor=colour, elinewidth=1.4)
    axis.scatter(
        row["train_s"],
        y,
        s=_area(row["parameters"]),
        marker=style.marker(models, row["model"]),
        facecolor=colour if row["ranked"] else "none",
        edgecolor=style.INK,
        linewidth=0.8,
        zorder=3,
    )


def _area(parameters: int | None) -> float:
    """Return a marker's area in square points: in proportion to the parameters above a base."""
    return 45 + (parameters or 0) / 1e6 * 8


def _axes(axis: Axes, accuracies: list[float], best: list[Row]) -> float:
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
    # A run that learnt nothing must not flatten the others: it is cut off, but for the best of a model.
    lowest = 100 * min(row["test_low"] or row["test_accuracy"] for row in best) - 1
    cut = min(100 * max(accuracies) - CUT, lowest)
    bottom = max(axis.get_ylim()[0], cut)
    axis.set_ylim(bottom=bottom, top=min(100.4, axis.get_ylim()[1]))
    return bottom


def _name(row: Row, several: bool) -> str:
    """Return a best configuration's name, with its device where the study has several."""
    name = wording.model(row["model"])
    return f"{name}, {wording.device(row['device'])}" if several else name


def _legend(figure: Figure, models: list[str], best: list[Row], names: list[str]) -> None:
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=style.marker(models, row["model"]),
            markersize=7,
            color=style.colour(models, row["model"]),
            label=name,
        )
        for row, name in zip(best, names, strict=True)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _front_words(front: list[Row]) -> str:
    names = [wording.model(row["model"]) for row in front]
    if len(names) < 2:
        return f"No filled point is quicker or more accurate than {names[0]}'s." if names else ""
    return f"Dotted, the Pareto front of the filled points: {wording.listed(names)}."


def _below_words(below: int) -> str:
    return f" Below the axis, and in the tables: {wording.plural(below, 'run')}." if below else ""


def _point_words(row: Row, name: str) -> str:
    time = f"{wording.seconds(row['train_s'])} s{'' if row['ranked'] else ' (not comparable)'}"
    return f"{name}: {wording.percent(row['test_accuracy'])} % after {time}"


def _csv(row: Row, best: bool, on_front: bool) -> Row:
    return {**row, "best": best, "pareto": on_front}
