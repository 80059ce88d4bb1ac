"""Main effects: one panel per setting, one line per competitor."""

from collections.abc import Iterator
from typing import Any

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bakeoff.analysis import effects, wording
from bakeoff.analysis.effects import Effect
from bakeoff.analysis.study import Study, unique
from bakeoff.plots import style
from bakeoff.plots.library import seaborn
from bakeoff.plots.sheets import Sheet, sheets
from bakeoff.plots.style import Plot

COLUMNS = (
    "competitor",
    "setting",
    "value",
    "validation_accuracy",
    "lowest",
    "highest",
    "replicates",
    "groups",
    "compared",
)
ACROSS = 3


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield a figure of the settings that varied, of many competitors one per group."""
    for sheet in sheets(study, study.of(dataset)):
        if found := effects.of(sheet.cells):
            yield _plot(study, dataset, sheet, found)


def _plot(study: Study, dataset: str, sheet: Sheet, found: list[Effect]) -> Plot:
    title = f"{study.title(dataset)}{sheet.of}"
    return Plot(
        name=f"effects_{dataset}{sheet.suffix}",
        figure=_draw(study, found),
        title=f"What each setting does on {title}",
        caption="Mean validation accuracy at each value, over the combinations of all other settings that "
        f"finished at every value{_left_out(found)}.{_bars(study, found)} How settings act "
        f"together is in the heat maps.{sheet.absent}",
        alt=f"Line charts of mean validation accuracy on {title} by value, a panel per setting. Differences "
        f"between the best and the worst value, in percentage points: {_ranges(study, found)}.",
        section="grid",
        dataset=dataset,
        columns=COLUMNS,
        rows=[
            {
                "competitor": effect.competitor,
                "setting": effect.setting,
                "value": _value(study, effect.setting, value),
                "validation_accuracy": mean,
                "lowest": min(effect.of_replicates(value), default=None),
                "highest": max(effect.of_replicates(value), default=None),
                "replicates": len(effect.replicates) or None,
                "groups": effect.groups,
                "compared": effect.compared,
            }
            for effect in found
            for value, mean in effect.means.items()
        ],
    )


def _draw(study: Study, found: list[Effect]) -> Figure:
    names = unique(effect.setting for effect in found)
    panels = {name: [effect for effect in found if effect.setting == name] for name in names}
    down = -(-len(panels) // ACROSS)
    figure = Figure(figsize=(style.WIDTH, 0.4 + 1.75 * down))
    grid = figure.subplots(down, ACROSS, squeeze=False, sharey=True).ravel()
    for axis, (setting, members) in zip(grid, panels.items(), strict=False):
        _panel(study, axis, setting, members)
    for axis in grid[::ACROSS]:
        axis.set_ylabel("validation (%)")
    for axis in grid[len(panels) :]:
        axis.set_visible(False)
    competed = {effect.competitor for effect in found}
    shown = [name for name in study.competitors if name in competed]
    style.legend(
        figure,
        [
            Line2D(
                [],
                [],
                color=style.colour(study.competitors, name),
                marker=style.marker(study.competitors, name),
                label=study.label(name),
            )
            for name in shown
        ],
    )
    return figure


def _panel(study: Study, axis: Axes, setting: str, members: list[Effect]) -> None:
    # Settings differ in kind, and steps like 0.1, 1, 10 have no one scale: values stand at equal distances.
    values = effects.ordered(unique(value for effect in members for value in effect.means))
    # Bars of several competitors stand beside each other.
    step = 0.4 / max(5, len(members)) if any(effect.replicates for effect in members) else 0.0
    for place, effect in enumerate(members):
        aside = step * (place - (len(members) - 1) / 2)
        colour = style.colour(study.competitors, effect.competitor)
        seaborn.lineplot(
            _long(effect, values, aside),
            x="place",
            y="accuracy",
            errorbar=("pi", 100) if effect.replicates else None,
            err_style="bars",
            err_kws={"elinewidth": 1.1, "capsize": 2.5},
            color=colour,
            marker=style.marker(study.competitors, effect.competitor),
            markeredgecolor=colour,
            legend=False,
            ax=axis,
        )
    axis.set(title=wording.setting(setting), xlim=(-0.4, len(values) - 0.6), xlabel="", ylabel="")
    axis.set_xticks(range(len(values)), [_value(study, setting, value) for value in values])
    axis.yaxis.set_major_locator(MaxNLocator(5))


def _long(effect: Effect, values: list[Any], aside: float) -> pandas.DataFrame:
    """Return a row per value and replicate: the value's place on the axis, accuracy in percent."""
    rows = [
        (values.index(value) + aside, 100 * mean)
        for means in effect.replicates.values() or [effect.means]
        for value, mean in means.items()
    ]
    return pandas.DataFrame(rows, columns=["place", "accuracy"])


def _bars(study: Study, found: list[Effect]) -> str:
    """Say what the bars are, where there are any."""
    varied = [
        word
        for place, word in enumerate(("seed", "fold"))
        if any(len({pair[place] for pair in effect.replicates}) > 1 for effect in found)
    ]
    if not varied:
        return ""
    over = unique(
        f"{study.label(effect.competitor)}, {wording.replicates(effect.replicates)}"
        for effect in found
        if effect.replicates
    )
    return (
        f" Bars: from the lowest to the highest of such means, each over the runs of one "
        f"{wording.listed(varied)} alone ({'; '.join(over)})."
    )


def _value(study: Study, setting: str, value: Any) -> str:
    if setting == "device":
        return wording.device(value)
    # A word may be the name of a factor's level.
    return study.level(setting, value) if isinstance(value, str) else wording.value(value)


def _left_out(found: list[Effect]) -> str:
    lost = sum(effect.compared - effect.groups for effect in found)
    return f" (left out because a run did not finish: {lost}, all panels together)" if lost else ""


def _ranges(study: Study, found: list[Effect]) -> str:
    return "; ".join(
        f"{study.label(effect.competitor)} {wording.setting(effect.setting)} {wording.percent(effect.range)}"
        for effect in found
    )
