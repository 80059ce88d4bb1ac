"""The whole grid as a heat map: validation accuracy of every setting, one panel per model."""

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bakeoff.analysis import wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, by, finished, unique
from bakeoff.plots import panels, style
from bakeoff.plots.panels import Table
from bakeoff.plots.style import Plot
from bakeoff.records import selection
from bakeoff.records.record import Record, cell_name, model_name

COLUMNS = ("model", "cell", "settings", "validation_accuracy", "runs", "finished", "chosen")
# What goes down the side; everything else that varies goes along the top.
DOWN = ("device", "optimizer", "learning_rate", "C")
# Columns that numbers fit into.
WIDE = 16
# Of more columns than this, not every one is labelled.
LABELLED = 40


def plots(study: Study) -> Iterator[Plot]:
    """Yield one figure per data set: a panel per model, all in one scale."""
    for dataset, cells in by(study.selection, lambda record: record["dataset"]).items():
        panels = {model: _entries(study, members) for model, members in by(cells, model_name).items()}
        panels = {model: panels[model] for model in study.models if panels.get(model)}
        if any(entry["validation_accuracy"] is not None for p in panels.values() for entry in p):
            yield _plot(study, dataset, panels)


def _entries(study: Study, cells: list[Record]) -> list[dict[str, Any]]:
    """Return one entry per cell and settings, with the mean over seeds (None: not all finished)."""
    best = best_cell(study, cells)
    found = []
    for cell in cells:
        for runs in selection.groups(cell["runs"]):
            done = finished(runs)
            whole = len(done) == len(runs)
            found.append(
                {
                    "axes": {
                        "device": cell["device"],
                        "optimizer": cell["optimizer"],
                        **wording.used(wording.as_run(*runs)),
                    },
                    "model": model_name(cell),
                    "cell": cell_name(cell),
                    "settings": wording.settings(wording.as_run(*runs)),
                    "validation_accuracy": selection.mean(done, "validation_accuracy") if whole else None,
                    "runs": len(runs),
                    "finished": len(done),
                    "status": runs[0]["status"]
                    if whole
                    else "diverged"
                    if any(r["status"] == "diverged" for r in runs)
                    else "failed",
                    "chosen": best is not None and best[0] is cell and best[1][0] is runs[0],
                }
            )
    return found


def _plot(study: Study, dataset: str, panels: dict[str, list[dict[str, Any]]]) -> Plot:
    title = study.title(dataset)
    best = [entry for entries in panels.values() for entry in entries if entry["chosen"]]
    words = "; ".join(
        f"{wording.model(entry['model'])} {entry['cell']} with {entry['settings']}, "
        f"{wording.percent(entry['validation_accuracy'])} %"
        for entry in best
    )
    return Plot(
        name=f"grid_{dataset}",
        figure=_draw(panels),
        title=f"The whole grid on {title}",
        caption="Validation accuracy (%) of every setting, mean over seeds; the higher, the more colour. The "
        f"framed one was chosen. A dot marks a combination that the grid leaves out. {edges(panels)}".strip(),
        alt=f"Heat maps of validation accuracy on {title} over the grid. Best: {words}.",
        section="grid",
        dataset=dataset,
        columns=COLUMNS,
        rows=[entry for entries in panels.values() for entry in entries],
    )


def edges(panels: dict[str, list[dict[str, Any]]]) -> str:
    """Say which choices sit on the edge of the numbers that were tried; nothing where none does."""
    found = []
    for model, entries in panels.items():
        for best in (entry["axes"] for entry in entries if entry["chosen"]):
            outer = [
                f"{wording.setting(name)} {wording.value(item)}"
                for name, item in best.items()
                if _outermost(item, [entry["axes"].get(name) for entry in entries])
            ]
            if outer:
                found.append(f"{wording.model(model)} ({', '.join(outer)})")
    if not found:
        return ""
    return f"On the edge of the grid, where values further out might do better: {wording.listed(found)}."


def _outermost(value: Any, tried: list[Any]) -> bool:
    numbers = {item for item in tried if isinstance(item, int | float) and not isinstance(item, bool)}
    return len(numbers) > 1 and value in (min(numbers), max(numbers))


def _draw(models: dict[str, list[dict[str, Any]]]) -> Figure:
    """Draw the panels, two in a line where their columns fit, all in one scale."""
    values = [entry["validation_accuracy"] for entries in models.values() for entry in entries]
    known = sorted(value for value in values if value is not None)
    # The lowest tenth shares the lightest shade: one failed setting must not bleach the rest.
    scale = known[len(known) // 10], known[-1]
    drawn = [(model, _table(entries)) for model, entries in models.items()]
    lines = panels.lines(drawn)
    heights = [max(panels.height(table) for _, table in line) for line in lines]
    figure = Figure(figsize=(style.WIDTH, 0.15 + sum(heights)))
    grid = figure.add_gridspec(len(lines), 2, height_ratios=heights)
    for place, line in enumerate(lines):
        for side, (model, table) in enumerate(line):
            axis = figure.add_subplot(grid[place, side] if panels.narrow(table) else grid[place, :])
            _panel(axis, table, scale)
            axis.set_title(wording.model(model))
    return figure


def _table(entries: list[dict[str, Any]]) -> Table:
    """Return row labels, the words of column labels, and the entries by (row, column)."""
    names = unique(name for entry in entries for name in entry["axes"])
    varying = [n for n in names if len(unique(entry["axes"].get(n) for entry in entries)) > 1]
    down = [name for name in DOWN if name in varying]
    along = [name for name in varying if name not in down]
    row_keys = unique(tuple(entry["axes"].get(n) for n in down) for entry in entries)
    column_keys = unique(tuple(entry["axes"].get(n) for n in along) for entry in entries)
    row_keys.sort(key=_order)
    column_keys.sort(key=_order)
    cells = {
        (
            row_keys.index(tuple(entry["axes"].get(n) for n in down)),
            column_keys.index(tuple(entry["axes"].get(n) for n in along)),
        ): entry
        for entry in entries
    }
    rows = [", ".join(_words(down, key)) for key in row_keys]
    return rows, [_words(along, key) for key in column_keys], cells


def _order(key: tuple) -> list[tuple]:
    """Sort numbers by size, words by the alphabet, what is not set last."""
    return [(item is None, isinstance(item, str), 0 if item is None else item) for item in key]


def _words(names: list[str], key: tuple) -> list[str]:
    words = []
    for name, item in zip(names, key, strict=True):
        if name == "optimizer":
            words.append(wording.optimizer(item))
        elif name == "device":
            words.append(wording.device(item))
        elif item is not None and name in ("precision", "engine", "pin_memory"):
            # "dataloader" and "not pinned" explain themselves; what goes without saying is said here.
            words.append(wording.settings({name: item}) or wording.value(item))
        elif item is not None:
            words.append(f"{wording.SHORT.get(name, name)} {wording.value(item)}")
    return words


def _panel(axis: Axes, table: Table, scale: tuple[float, float]) -> None:
    rows, columns, cells = table
    width = max(scale[1] - scale[0], 1e-9)
    for row in range(len(rows)):
        for column in range(len(columns)):
            _cell(axis, row, column, cells.get((row, column)), scale[0], width, len(columns) <= WIDE)
    axis.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    step = -(-len(columns) // LABELLED)
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
    axis: Axes, row: int, column: int, entry: dict | None, low: float, width: float, written: bool
) -> None:
    if entry is None or entry["validation_accuracy"] is None:
        text = (
            "\N{MIDDLE DOT}" if entry is None else entry["status"] if written else "\N{MULTIPLICATION SIGN}"
        )
        axis.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=style.HINT, size=7)
        return
    value = entry["validation_accuracy"]
    strength = 0.08 + 0.87 * min(1.0, max(0.0, (value - low) / width))
    frame = {"edgecolor": style.INK, "linewidth": 1.6, "zorder": 3} if entry["chosen"] else {"linewidth": 0}
    axis.add_patch(
        Rectangle(
            (column + 0.03, row + 0.05),
            0.94,
            0.9,
            facecolor=(*to_rgb(style.SHADE), strength),
            rasterized=not written,
            **frame,
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
