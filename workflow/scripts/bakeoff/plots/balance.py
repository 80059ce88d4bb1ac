"""How many images each of many classes has, from the largest class to the smallest."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from bakeoff.analysis import balance
from bakeoff.analysis.study import Study
from bakeoff.plots import style
from bakeoff.plots.style import Plot

# Beyond so many to one the smallest classes would lie on the axis.
STEEP = 30


def plots(study: Study, dataset: str) -> Iterator[Plot]:
    """Yield the figure of a data set of many classes that are not all of one size."""
    found = balance.of(next(record.data for record in study.records if record.dataset == dataset))
    if found is None or not found.many or found.smallest == found.largest:
        return
    title = study.title(dataset)
    order = np.argsort(-found.totals, kind="stable")
    yield Plot(
        name=f"balance_{dataset}",
        figure=_draw(found.totals[order]),
        title=f"Images by class in {title}",
        caption=f"Each of {len(order):,} classes with its images in all parts together, the largest first.",
        alt=f"Images of each of {len(order):,} classes of {title}, the largest first: from "
        f"{found.largest:,} down to {found.smallest:,}, median {found.median:g}.",
        section="data",
        dataset=dataset,
        columns=("class", *found.parts),
        rows=[
            {"class": found.names[label], **{part: int(found.parts[part][label]) for part in found.parts}}
            for label in order.tolist()
        ],
    )


def _draw(totals: np.ndarray) -> Figure:
    figure = Figure(figsize=(style.WIDTH, 2.1))
    axis = figure.subplots()
    places = np.arange(len(totals) + 1)
    steps = np.append(totals, totals[-1])
    steep = totals[0] > STEEP * max(1, totals[-1])
    lowest = 0.5 if steep else 0
    axis.fill_between(places, steps, lowest, step="post", color=style.SHADE, alpha=0.3, linewidth=0)
    axis.step(places, np.maximum(steps, lowest), where="post", color=style.SHADE, linewidth=1.2)
    axis.set(xlim=(0, len(totals)), xlabel="classes, by their images", ylabel="images", ylim=(lowest, None))
    if steep:
        axis.set_yscale("log")
        axis.set_ylim(lowest, None)
    return figure
