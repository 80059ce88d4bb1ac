"""Every figure of a study, written to one folder with the numbers behind it and a list.

Owns the folder's layout: <name>.svg, <name>.csv, figures.json. Must not know how a figure is drawn.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from bakeoff.analysis import tables
from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.study import Study
from bakeoff.files import writing
from bakeoff.plots import (
    confusion,
    curves,
    devices,
    effects,
    folds,
    grids,
    mistakes,
    ranks,
    reliability,
    style,
    tradeoff,
)
from bakeoff.plots.mistakes import Pictures
from bakeoff.plots.style import Plot

LIST = "figures.json"
LISTED = ("title", "caption", "alt", "section", "dataset")


def draw(
    study: Study,
    folder: Path,
    best: Sequence[BestRow],
    speedup: Sequence[SpeedupRow],
    pictures: Pictures | None = None,
) -> None:
    """Remake the folder: figures of an earlier study do not stay behind.

    The tables are those that the report shows. The pictures are test images by the digest of their data;
    without them, none is shown.
    """
    with style.used(), writing(folder) as place:
        place.mkdir()
        listed = []
        for plot in _plots(study, best, speedup, pictures or {}):
            style.save(plot.figure, place / f"{plot.name}.svg")
            (place / f"{plot.name}.csv").write_text(tables.text(plot.columns, plot.rows), encoding="utf-8")
            entry = {"file": f"{plot.name}.svg", "data": f"{plot.name}.csv"}
            listed.append(entry | {name: getattr(plot, name) for name in LISTED})
        (place / LIST).write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _plots(
    study: Study, best: Sequence[BestRow], speedup: Sequence[SpeedupRow], pictures: Pictures
) -> Iterator[Plot]:
    yield from devices.plots(study, speedup)
    yield from tradeoff.plots(study, best)
    yield from grids.plots(study)
    yield from effects.plots(study)
    yield from folds.plots(study)
    yield from curves.plots(study)
    yield from confusion.plots(study)
    yield from mistakes.plots(study, pictures)
    yield from reliability.plots(study)
    yield from ranks.plots(study, best)
