"""Every figure of a study, written to one folder with the numbers behind it and a list.

Owns the folder's layout: <name>.svg, <name>.csv, figures.json. Must not know how a figure is drawn.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from bakeoff.analysis import tables
from bakeoff.analysis.derived import BestRow
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.study import Study
from bakeoff.files import writing
from bakeoff.plots import (
    balance,
    confusion,
    copies,
    curves,
    devices,
    effects,
    folds,
    grids,
    mistakes,
    ranks,
    reliability,
    samples,
    style,
    tradeoff,
)
from bakeoff.plots.copies import Copies
from bakeoff.plots.mistakes import Shown
from bakeoff.plots.style import Plot
from bakeoff.plots.thumbnails import Samples
from bakeoff.processes import shared

LIST = "figures.json"
LISTED = ("title", "caption", "alt", "section", "dataset")
# Fewer tasks, those of three data sets, are done before other processes have read the libraries.
PAYS = 30
LIBRARIES = ("matplotlib.backends.backend_svg", "pandas", "scipy.stats", "seaborn")
Entry = dict[str, Any]
# Figures of one kind and data set.
Task = Callable[[], Iterable[Plot]]


@dataclass(frozen=True)
class Drawing:
    """What is drawn: a study, the tables that its report shows, images of the data.

    pictures: the test images that figures show; samples: some training images; copies: pairs that look like
    copies. Without its images, none of a data set is shown.
    """

    study: Study
    best: Sequence[BestRow]
    speedup: Sequence[SpeedupRow]
    pictures: Mapping[str, Shown] = field(default_factory=dict)
    samples: Mapping[str, Samples] = field(default_factory=dict)
    copies: Mapping[str, Copies] = field(default_factory=dict)

    def tasks(self) -> list[Task]:
        """Return what can be drawn apart, in the order of the list."""
        return [*self._tasks(), partial(ranks.plots, self.study, self.best)]

    def _tasks(self) -> Iterator[Task]:
        kinds: tuple[tuple[Callable[..., Iterable[Plot]], tuple[Any, ...]], ...] = (
            (devices.plots, (self.speedup,)),
            (tradeoff.plots, (self.best,)),
            (grids.plots, ()),
            (effects.plots, ()),
            (folds.plots, ()),
            (curves.plots, ()),
            (confusion.plots, ()),
            (mistakes.plots, (self.pictures,)),
            (reliability.plots, ()),
            (balance.plots, ()),
            (samples.plots, (self.samples,)),
            (copies.plots, (self.copies,)),
        )
        for plots, more in kinds:
            for dataset in self.study.datasets:
                yield partial(plots, self.study, dataset, *more)


def draw(drawing: Drawing, folder: Path, processes: int = 1) -> None:
    """Remake the folder: figures of an earlier study do not stay behind.

    Several processes draw the same figures; UserError where the system ends one of them.
    """
    with writing(folder) as place:
        place.mkdir()
        listed = list(chain.from_iterable(_drawn(drawing, place, processes)))
        (place / LIST).write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _drawn(drawing: Drawing, place: Path, processes: int) -> Iterator[list[Entry]]:
    """Draw every task and yield what each adds to the list, in order."""
    numbers = range(len(drawing.tasks()))
    several = processes if len(numbers) >= PAYS else 1
    with shared(partial(_saved, drawing, place), numbers, several, LIBRARIES, "--processes 1") as found:
        yield from found


def _saved(drawing: Drawing, place: Path, number: int) -> list[Entry]:
    """Draw the figures of one task, each with its numbers."""
    listed = []
    with style.used():
        for plot in drawing.tasks()[number]():
            style.save(plot.figure, place / f"{plot.name}.svg")
            (place / f"{plot.name}.csv").write_text(tables.text(plot.columns, plot.rows), encoding="utf-8")
            entry = {"file": f"{plot.name}.svg", "data": f"{plot.name}.csv"}
            listed.append(entry | {name: getattr(plot, name) for name in LISTED})
    return listed
