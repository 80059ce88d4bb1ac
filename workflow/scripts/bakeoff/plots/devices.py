"""CPU against GPU: bars of training times with their range; an empty place says "not measured"."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bakeoff.analysis import tables, wording
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.study import Study, unique
from bakeoff.analysis.tables import Row
from bakeoff.plots import style
from bakeoff.plots.style import Plot

MEASURED = (
    "settings",
    "device",
    "n",
    "train_s_median",
    "train_s_min",
    "train_s_max",
    "speedup",
    "speedup_low",
    "speedup_high",
    "verdict",
    "reason",
)
BAR = 0.36
# Told apart without colour, too.
HATCHES = {"cpu": "///", "gpu": ""}


def plots(study: Study, dataset: str, speedup: Sequence[SpeedupRow]) -> Iterator[Plot]:
    """Yield the figure of a data set that was timed."""
    if rows := [row for row in speedup if row.dataset == dataset]:
        yield _plot(study, dataset, rows)


def _plot(study: Study, dataset: str, rows: list[SpeedupRow]) -> Plot:
    figure = Figure(figsize=(style.WIDTH, 1.15 + 0.62 * len(rows)))
    axis = figure.subplots()
    sides = [side for row in rows for device in style.DEVICES if (side := row.timed(device))]
    longest = max((side.train_s_max for side in sides), default=1.0)
    for place, row in enumerate(rows):
        for offset, device in ((-BAR / 2, "cpu"), (BAR / 2, "gpu")):
            _bar(axis, place + offset, row, device, longest)
    axis.set_yticks(np.arange(len(rows)), ["\n".join(_name(study, row)) for row in rows])
    axis.set(xlabel="training time (s), median and range", xlim=(0, longest * 1.28))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.grid(False, axis="y")
    axis.tick_params(axis="y", length=0)
    title = study.title(dataset)
    return Plot(
        name=f"devices_{dataset}",
        figure=figure,
        title=f"CPU and GPU on {title}",
        caption="Bars: median time of the repeats, whiskers: shortest and longest. The same program, data, "
        "batch order and precision asked for, whatever the device, with no other job of the study beside it.",
        alt=f"Bar chart of training times on {title}. " + "; ".join(_words(study, row) for row in rows) + ".",
        section="devices",
        dataset=dataset,
        columns=("competitor", *_factors(rows), *MEASURED),
        rows=[_csv(row, device) for row in rows for device in style.DEVICES],
    )


def _factors(rows: list[SpeedupRow]) -> list[str]:
    return unique(name for row in rows for name in row.factors)


def _name(study: Study, row: SpeedupRow) -> list[str]:
    return [study.label(row.competitor), *study.levels(row.factors)]


def _bar(axis: Axes, place: float, row: SpeedupRow, device: str, longest: float) -> None:
    side, name = row.timed(device), wording.device(device)
    if side is None:
        hint: dict[str, Any] = {"va": "center", "color": style.HINT, "style": "italic", "size": 8}
        axis.text(longest * 0.01, place, f"{name} {wording.NOT_MEASURED}", **hint)
        return
    time, low, high = side.train_s_median, side.train_s_min, side.train_s_max
    look: dict[str, Any] = {
        "color": style.DEVICES[device],
        "hatch": HATCHES[device],
        "edgecolor": "white",
    }
    axis.barh(place, time, height=BAR * 0.92, linewidth=0, **look)
    whisker: dict[str, Any] = {"ecolor": style.INK, "elinewidth": 1.1, "capsize": 2.5}
    axis.errorbar(time, place, xerr=[[time - low], [high - time]], fmt="none", **whisker)
    note = ""
    if device == "gpu" and row.ratios:
        note = f", {wording.ratio(row.ratios.speedup)}\N{MULTIPLICATION SIGN}"
    text = f"{name} {wording.seconds(time)} s{note}"
    axis.text(high + longest * 0.015, place, text, va="center", size=8)


def _words(study: Study, row: SpeedupRow) -> str:
    name = " ".join(_name(study, row))
    sides = {device: row.timed(device) for device in style.DEVICES}
    said = [
        f"{wording.device(d)} {wording.seconds(side.train_s_median)} s" for d, side in sides.items() if side
    ]
    if row.ratios is None:
        return ", ".join([f"{name}: speedup {wording.NOT_MEASURED}, {row.reason}", *said])
    return f"{name}: {', '.join(said)}, speedup {wording.ratio(row.ratios.speedup)}"


def _csv(row: SpeedupRow, device: str) -> Row:
    flat = tables.flat(row)
    sides = ("n", "train_s_median", "train_s_min", "train_s_max")
    return {
        **flat,
        **row.factors,
        **{name: flat[f"{device}_{name}"] for name in sides},
        "settings": wording.settings(row.settings),
        "device": device,
    }
