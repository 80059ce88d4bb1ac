"""The whole grid as a heat map: validation accuracy of every setting, one panel per competitor."""

from collections.abc import Iterator, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bakeoff.analysis import tried, wording
from bakeoff.analysis.study import Study, unique
from bakeoff.analysis.tried import Tried
from bakeoff.plots import panels, style
from bakeoff.plots.panels import Table
from bakeoff.plots.sheets import Sheet, sheets
from bakeoff.plots.style import Plot

COLUMNS = ("competitor", "cell", "settings", "validation_accuracy", "runs", "finished", "chosen")
# What goes down the side after the device and the factors; everything else that varies goes along the top.
DOWN = ("learning_rate", "C")
# Columns that numbers fit into.
WIDE = 16
# Of more columns than this, not every one is labelled.
LABELLED = 40
# Of so few settings each is a line of its own where a column's label would be longer than this.
LISTED, LETTERS = 30, 30

# What was tried of every competitor.
Every = Mapping[str, list[Tried]]
Key = tuple[Any, ...]


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield a figure with a panel per competitor, all in one scale; of many competitors one per group."""
    for sheet in sheets(study, study.of(dataset)):
        groups = sheet.competitors
        every = {name: tried.of(study, groups[name]) for name in study.competitors if name in groups}
        every = {name: each for name, each in every.items() if each}
        if any(one.validation_accuracy is not None for each in every.values() for one in each):
            yield _plot(study, dataset, sheet, every)


def _plot(study: Study, dataset: str, sheet: Sheet, every: Every) -> Plot:
    title = f"{study.title(dataset)}{sheet.of}"
    words = "; ".join(
        f"{study.label(one.competitor)} {one.cell} with {one.settings}, "
        f"{wording.percent(one.validation_accuracy)} %"
        for each in every.values()
        for one in each
        if one.chosen
    )
    return Plot(
        name=f"grid_{dataset}{sheet.suffix}",
        figure=_draw(study, every),
        title=f"The whole grid on {title}",
        caption=f"Validation accuracy (%) of every setting, mean over seeds{_folds(study, dataset)}; the "
        "higher, the more colour. The framed one was chosen. A dot marks a combination that the grid leaves "
        "out. "
        f"{edges(study, every)}".strip()
        + sheet.absent,
        alt=f"Heat maps of validation accuracy on {title} over the grid. Best: {words}.",
        section="grid",
        dataset=dataset,
        columns=COLUMNS,
        rows=[vars(one) for each in every.values() for one in each],
    )


def _folds(study: Study, dataset: str) -> str:
    folded = any(cell.data.folds for cell in study.of(dataset))
    return " and folds" if folded else ""


def edges(study: Study, every: Every) -> str:
    """Say which choices sit on the edge of the numbers that were tried; nothing where none does."""
    found = []
    for competitor, each in every.items():
        for best in (one.axes for one in each if one.chosen):
            outer = [
                f"{wording.setting(name)} {wording.value(item)}"
                for name, item in best.items()
                if _outermost(item, [one.axes.get(name) for one in each])
            ]
            if outer:
                found.append(f"{study.label(competitor)} ({', '.join(outer)})")
    if not found:
        return ""
    return f"On the edge of the grid, where values further out might do better: {wording.listed(found)}."


def _outermost(value: Any, found: list[Any]) -> bool:
    numbers = {item for item in found if isinstance(item, int | float) and not isinstance(item, bool)}
    return len(numbers) > 1 and value in (min(numbers), max(numbers))


def _draw(study: Study, every: Every) -> Figure:
    """Draw the panels, two in a line where their columns fit, all in one scale."""
    values = [one.validation_accuracy for each in every.values() for one in each]
    known = sorted(value for value in values if value is not None)
    # The lowest tenth shares the lightest shade: one failed setting must not bleach the rest.
    scale = known[len(known) // 10], known[-1]
    lines = panels.lines([(name, _table(study, each)) for name, each in every.items()])
    heights = [max(panels.height(table) for _, table in line) for line in lines]
    figure = Figure(figsize=(style.WIDTH, 0.15 + sum(heights)))
    grid = figure.add_gridspec(len(lines), 2, height_ratios=heights)
    for place, line in enumerate(lines):
        for side, (competitor, table) in enumerate(line):
            axis = figure.add_subplot(grid[place, side] if panels.narrow(table) else grid[place, :])
            _panel(axis, table, scale)
            axis.set_title(study.label(competitor))
    return figure


def _table(study: Study, found: list[Tried]) -> Table[Tried]:
    """Return row labels, the words of column labels, and what was tried by (row, column)."""
    down, along = _sides(found)
    table = _sorted(study, found, down, along)
    longest = max(len(", ".join(words)) for words in table[1])
    if longest > LETTERS and len(found) <= LISTED and not panels.upright(table[1]):
        return _sorted(study, found, [*down, *along], [])
    return table


def _sorted(study: Study, found: list[Tried], down: list[str], along: list[str]) -> Table[Tried]:
    def keys(names: list[str]) -> list[Key]:
        return [tuple(one.axes.get(name, wording.UNSAID.get(name)) for name in names) for one in found]

    row_keys, column_keys = (sorted(unique(keys(names)), key=_order) for names in (down, along))
    places = zip(map(row_keys.index, keys(down)), map(column_keys.index, keys(along)), strict=True)
    factors = {name for one in found for name in one.factors}
    rows = [", ".join(_words(study, factors, down, key)) for key in row_keys]
    columns = [_words(study, factors, along, key) for key in column_keys]
    return rows, columns, dict(zip(places, found, strict=True))


def _sides(found: list[Tried]) -> tuple[list[str], list[str]]:
    """Return what varies down the side and along the top; of several settings one goes down at least."""
    names = unique(name for one in found for name in one.axes)
    varying = [name for name in names if len(unique(one.axes.get(name) for one in found)) > 1]
    factors = unique(name for one in found for name in one.factors)
    down = [name for name in ("device", *factors, *DOWN) if name in varying]
    along = [name for name in varying if name not in down]
    if not {*down} & {*DOWN} and len(along) > 1:
        down.append(along.pop(0))
    return down, along


def _order(key: Key) -> list[tuple[int, float, str]]:
    """Sort numbers by size, then words by the alphabet, what is not set last."""

    def place(item: Any) -> tuple[int, float, str]:
        if isinstance(item, int | float):
            return 0, item, ""
        return (2, 0.0, "") if item is None else (1, 0.0, str(item))

    return [place(item) for item in key]


def _words(study: Study, factors: set[str], names: list[str], key: Key) -> list[str]:
    words: list[str] = []
    unsaid: list[str] = []
    for name, item in zip(names, key, strict=True):
        if item is None:
            continue
        if name == "device":
            words.append(wording.device(item))
        elif name in factors:
            words.append(study.level(name, item))
        elif name in ("precision", "engine", "pin_memory"):
            # "dataloader" and "not pinned" explain themselves; what goes without saying is said here.
            words.append(wording.settings({name: item}) or wording.value(item))
        else:
            said = unsaid if name in wording.UNSAID and item == wording.UNSAID[name] else words
            said.append(f"{wording.SHORT.get(name, wording.setting(name))} {wording.value(item)}")
    return words or (unsaid if len(unsaid) < 2 else ["defaults"])


def _panel(axis: Axes, table: Table[Tried], scale: tuple[float, float]) -> None:
    rows, columns, cells = table
    width = max(scale[1] - scale[0], 1e-9)
    for row in range(len(rows)):
        for column in range(len(columns)):
            _cell(axis, row, column, cells.get((row, column)), scale[0], width, len(columns) <= WIDE)
    axis.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    step = -(-len(columns) // LABELLED)
    if name := panels.common(columns):
        axis.set_xlabel(name, size=7.5)
        columns = [[words[0].removeprefix(f"{name} ")] for words in columns]
    upright = panels.upright(columns)
    labels = [("\n" if upright else ", ").join(words) for words in columns[::step]]
    places = [i + 0.5 for i in range(0, len(columns), step)]
    axis.set_xticks(places, labels, rotation=0 if upright else 90)
    axis.set_yticks([i + 0.5 for i in range(len(rows))], rows)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, labelsize=7.5)
    if upright and not panels.narrow(table):
        axis.tick_params(axis="x", labelsize=6)


def _cell(
    axis: Axes, row: int, column: int, found: Tried | None, low: float, width: float, written: bool
) -> None:
    if found is None or found.validation_accuracy is None:
        text = "\N{MIDDLE DOT}" if found is None else found.status if written else "\N{MULTIPLICATION SIGN}"
        axis.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=style.HINT, size=7)
        return
    value = found.validation_accuracy
    strength = 0.08 + 0.87 * min(1.0, max(0.0, (value - low) / width))
    framed: dict[str, Any] = {"edgecolor": style.INK, "linewidth": 1.6, "zorder": 3}
    axis.add_patch(
        Rectangle(
            (column + 0.03, row + 0.05),
            0.94,
            0.9,
            facecolor=(*to_rgb(style.SHADE), strength),
            rasterized=not written,
            **(framed if found.chosen else {"linewidth": 0}),
        )
    )
    if not written:
        return
    axis.text(
        column + 0.5,
        row + 0.5,
        wording.percent(value),
        ha="center",
        va="center",
        color=style.on_shade(strength),
        size=7.5,
        zorder=4,
    )
