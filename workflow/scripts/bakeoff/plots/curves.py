"""Learning curves: validation accuracy and loss by epoch, the chosen settings in front."""

from collections.abc import Iterator
from statistics import fmean

import pandas
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study, unique
from bakeoff.analysis.tables import Row
from bakeoff.plots import style
from bakeoff.plots.library import seaborn
from bakeoff.plots.sheets import Sheet, sheets
from bakeoff.plots.style import Plot
from bakeoff.records import selection
from bakeoff.records.record import Record
from bakeoff.records.run import Run, finished

EPOCH = (
    "epoch",
    *(f"{part}_{what}" for part in ("train", "validation") for what in ("loss", "accuracy")),
)
# Of many competitors so many fit a page.
ROWS = 4
PANELS = (("accuracy", "accuracy (%)", 100.0), ("loss", "loss", 1.0))


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield a figure with a row of accuracy and loss per competitor with epochs; of many one per group."""
    learnt = [cell for cell in study.of(dataset) if any(run.history for run in finished(cell.runs))]
    for sheet in sheets(study, learnt, most=ROWS):
        yield _plot(study, dataset, sheet)


def _plot(study: Study, dataset: str, sheet: Sheet) -> Plot:
    cells, rows = sheet.cells, sheet.competitors
    several = len(unique(cell.device for cell in cells)) > 1
    kinds = {cell.cell: _kind(study, cell, several) for cell in cells}
    names = sorted(unique(kinds.values()))
    figure = Figure(figsize=(style.WIDTH, 0.5 + 2.35 * len(rows)))
    grid = figure.subplots(len(rows), 2, squeeze=False, sharex="row")
    for axes, (competitor, members) in zip(grid, rows.items(), strict=True):
        for axis, (measure, label, scale) in zip(axes, PANELS, strict=True):
            for cell in members:
                _draw(axis, cell, measure, scale, names, kinds[cell.cell])
            axis.set(title=f"{study.label(competitor)}: {measure}", xlabel="epoch", ylabel=label)
            # Half an epoch is measured nowhere.
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(figure, names)
    title, folded = f"{study.title(dataset)}{sheet.of}", any(cell.data.folds for cell in cells)
    shown = wording.listed([study.label(name) for name in rows])
    return Plot(
        name=f"curves_{dataset}{sheet.suffix}",
        figure=figure,
        title=f"Learning curves on {title}",
        caption=f"Strong lines: the settings chosen by validation accuracy in each cell{_spread(cells)}; "
        "faint lines: every training of the grid. Training values are running "
        f"averages over an epoch, validation values are taken at its end.{_apart(cells)}{sheet.absent}",
        alt=f"Line charts of accuracy and loss by epoch on {title} for {shown}, training dashed, "
        f"validation solid{_colours(cells, several)}. {_ends(cells)}",
        section="curves",
        dataset=dataset,
        columns=("cell", "settings", "seed", *(["fold"] if folded else []), *EPOCH),
        rows=[row for cell in cells for row in _rows(cell)],
    )


def _apart(cells: list[Record]) -> str:
    """Say where trainings of few epochs are no beginnings of those of more."""
    if not any(run.details.get("follows_epochs") for cell in cells for run in finished(cell.runs)):
        return ""
    return (
        " Where the learning rate follows a schedule, or a training stops early, every number of epochs is a "
        "training, and so a line, of its own."
    )


def _kind(study: Study, cell: Record, several: bool) -> str:
    """Return what a cell's lines are called: its factors, with its device where there are several."""
    words = [level.label for level in cell.factors.values()]
    words += [wording.device(cell.device)] if several else []
    return ", ".join(words) or study.label(cell.competitor)


def _colours(cells: list[Record], several: bool) -> str:
    """Say what the colours stand for."""
    factors = unique(wording.setting(name) for cell in cells for name in cell.factors)
    told = [*factors, *(["device"] if several else [])]
    return f", one colour per {wording.listed(told)}" if told else ""


def longest(cell: Record) -> list[Run]:
    """Return each training once: of the runs that share it, the longest."""
    found: dict[str, Run] = {}
    for run in finished(cell.runs):
        key = selection.training_key(run)
        if key not in found or len(run.history) > len(found[key].history):
            found[key] = run
    return list(found.values())


def _draw(axis: Axes, cell: Record, measure: str, scale: float, kinds: list[str], kind: str) -> None:
    colour = style.colour(kinds, kind)
    lines = [_series([run], f"validation_{measure}", scale) for run in longest(cell)]
    paths = [list(zip(*line, strict=True)) for line in lines if line[0]]
    axis.add_collection(
        LineCollection(paths, colors=colour, alpha=0.25, linewidths=0.9, rasterized=len(paths) > style.DRAWN)
    )
    axis.autoscale_view()
    chosen = selection.choose(cell.runs)
    if chosen is None:
        return
    marker = style.marker(kinds, kind)
    for part, line in (("train", "--"), ("validation", "-")):
        seaborn.lineplot(
            _long(chosen.scored, f"{part}_{measure}", scale),
            x="epoch",
            y="value",
            errorbar=("pi", 100) if len(chosen.scored) > 1 else None,
            err_kws={"alpha": 0.15, "linewidth": 0},
            linestyle=line,
            color=colour,
            marker=marker if line == "-" else None,
            markeredgecolor=colour,
            linewidth=1.1 if line == "--" else 1.8,
            markersize=4.5,
            legend=False,
            ax=axis,
        )


def _long(runs: list[Run], name: str, scale: float) -> pandas.DataFrame:
    """Return a row per epoch and run, of the epochs that every run has a value for."""
    epochs, _ = _series(runs, name, scale)
    rows = [
        each for run in runs for each in zip(*_series([run], name, scale), strict=True) if each[0] in epochs
    ]
    return pandas.DataFrame(rows, columns=["epoch", "value"])


def _spread(cells: list[Record]) -> str:
    """Say over how many seeds and folds the strong lines are means, and what the bands are."""
    chosen = [choice.scored for cell in cells if (choice := selection.choose(cell.runs))]
    over = unique(
        wording.replicates((run.seed, run.fold) for run in runs) for runs in chosen if len(runs) > 1
    )
    return (
        f" (mean over {wording.listed(over, 'or')}, bands from the lowest to the highest run)" if over else ""
    )


def _series(runs: list[Run], name: str, scale: float) -> tuple[list[int], list[float]]:
    """Return the epochs and the mean over runs, without epochs that a run has no value for."""
    epochs, values = [], []
    for rows in zip(*(run.history for run in runs), strict=False):
        found = [getattr(row, name) for row in rows]
        if None not in found:
            epochs.append(rows[0].epoch)
            values.append(scale * fmean(found))
    return epochs, values


def _legend(figure: Figure, kinds: list[str]) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=style.colour(kinds, kind),
            marker=style.marker(kinds, kind),
            label=kind,
        )
        for kind in kinds
    ]
    handles += [
        Line2D([], [], color=style.HINT, label="validation"),
        Line2D([], [], color=style.HINT, linestyle="--", linewidth=1.1, label="training"),
    ]
    style.legend(figure, handles)


def _ends(cells: list[Record]) -> str:
    parts = []
    for cell in cells:
        if chosen := selection.choose(cell.runs):
            accuracy = wording.percent(chosen.validation_accuracy)
            parts.append(f"{cell.cell} ends at {accuracy} % validation accuracy")
    return f"{wording.listed(parts)}." if parts else "No settings were chosen."


def _rows(cell: Record) -> Iterator[Row]:
    for run in longest(cell):
        whose = {"cell": cell.cell, "settings": wording.settings(wording.as_run(run))}
        for epoch in run.history:
            yield {**whose, "seed": run.seed, "fold": run.fold, **vars(epoch)}
