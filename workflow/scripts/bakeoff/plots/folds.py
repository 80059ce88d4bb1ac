"""Fold by fold: how far a model's validation accuracy depends on which images it is scored on."""

from collections.abc import Iterator

import pandas
from matplotlib.figure import Figure

from bakeoff.analysis import wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, by
from bakeoff.analysis.tables import Row
from bakeoff.plots import style
from bakeoff.plots.library import seaborn
from bakeoff.plots.style import Plot
from bakeoff.records.record import Record
from bakeoff.records.selection import Choice

COLUMNS = ("competitor", "cell", "settings", "seed", "fold", "validation_accuracy", "mean")
Picked = tuple[Record, Choice]


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield the figure of a data set with folds."""
    members = by((cell for cell in study.of(dataset) if cell.data.folds), lambda cell: cell.competitor)
    if picked := [found for each in members.values() if (found := best_cell(study, each))]:
        yield _plot(study, dataset, sorted(picked, key=lambda pair: -pair[1].validation_accuracy))


def _plot(study: Study, dataset: str, picked: list[Picked]) -> Plot:
    rows = [row for pair in picked for row in _rows(*pair)]
    title = study.title(dataset)
    over = [wording.replicates((run.seed, run.fold) for run in choice.scored) for _, choice in picked]
    said = [
        f"{study.label(cell.competitor)} {wording.percent(choice.validation_accuracy)} % "
        f"({wording.span(*_ends(choice))} over {words})"
        for (cell, choice), words in zip(picked, over, strict=True)
    ]
    return Plot(
        name=f"folds_{dataset}",
        figure=_draw(study, picked),
        title=f"Validation accuracy fold by fold on {title}",
        caption="Points: the settings that a model chose, fitted on all folds but one and scored on that "
        f"one{_several(picked)}. Strokes and numbers: their means, by which the settings were chosen. What a "
        f"point of one fold is scored on, those of the others are fitted on{_cuts(picked)}: they are not "
        "independent, and how they scatter is no interval of the mean.",
        alt=f"Strip chart of validation accuracy on {title}, a row per model, a point per fold. Mean and "
        f"range: {'; '.join(said)}.",
        section="grid",
        dataset=dataset,
        columns=COLUMNS,
        rows=rows,
    )


def _rows(cell: Record, choice: Choice) -> Iterator[Row]:
    whose = {"competitor": cell.competitor, "cell": cell.cell}
    settings = wording.settings(wording.as_run(*choice.scored))
    for run in choice.scored:
        measured = {"seed": run.seed, "fold": run.fold, "validation_accuracy": run.validation_accuracy}
        yield {**whose, "settings": settings, **measured, "mean": choice.validation_accuracy}


def _ends(choice: Choice) -> tuple[float, float]:
    found = [run.validation_accuracy or 0.0 for run in choice.scored]
    return min(found), max(found)


def _several(picked: list[Picked]) -> str:
    return ", one of each seed" if any(len(choice.seeds) > 1 for _, choice in picked) else ""


def _cuts(picked: list[Picked]) -> str:
    several = any(cell.data.repeats > 1 for cell, _ in picked)
    return ", and every image is scored once in each cut" if several else ""


def _draw(study: Study, picked: list[Picked]) -> Figure:
    names = [cell.competitor for cell, _ in picked]
    figure = Figure(figsize=(style.WIDTH, 0.85 + 0.36 * len(names)))
    axis = figure.subplots()
    for place, (cell, choice) in enumerate(picked):
        accuracies = [100 * (run.validation_accuracy or 0.0) for run in choice.scored]
        seaborn.stripplot(
            pandas.DataFrame({"accuracy": accuracies, "place": place}),
            x="accuracy",
            y="place",
            orient="h",
            native_scale=True,
            jitter=False,
            size=6,
            alpha=0.6,
            color=style.colour(study.competitors, cell.competitor),
            marker=style.marker(study.competitors, cell.competitor),
            legend=False,
            ax=axis,
        )
        mean = choice.validation_accuracy
        axis.plot([100 * mean] * 2, [place - 0.28, place + 0.28], color=style.INK, linewidth=1.4)
        axis.annotate(
            wording.percent(mean),
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            size=8,
            annotation_clip=False,
        )
    axis.set_yticks(range(len(names)), [study.label(name) for name in names])
    axis.set(xlabel="validation accuracy (%)", ylabel="", ylim=(len(names) - 0.5, -0.5))
    axis.grid(False, axis="y")
    axis.tick_params(axis="y", length=0)
    return figure
