"""A contact sheet: training images of each class of a data set, or of many classes of some."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study
from bakeoff.plots import style, thumbnails
from bakeoff.plots.style import Plot
from bakeoff.plots.thumbnails import BENEATH, EACH, SMALL, Images, Samples

COLUMNS = ("class", "shown", "train")
# Inches of an image and of the words beside a class's images, and letters of these, by the sheet's columns.
SIDE, LETTERS = {1: 0.56, 2: 0.27}, {1: 34, 2: 19}
GAP = 0.06  # between images, of an image's side


def plots(study: Study, dataset: str, samples: Mapping[str, Samples]) -> Iterator[Plot]:
    """Yield the contact sheet of a data set whose training images are at hand."""
    about = next(record.data for record in study.records if record.dataset == dataset)
    found = samples.get(about.digest)
    if found is None or not found.images:
        return
    title, names = study.title(dataset), about.classes
    counts = about.class_counts["train"] if about.class_counts else None
    rows, columns = found.shape
    shown = len(found.images)
    some = (
        f" Shown: {shown} of {len(names):,} classes, spread evenly over their order."
        if shown < len(names)
        else ""
    )
    size = f"{rows} \N{MULTIPLICATION SIGN} {columns} pixels"
    yield Plot(
        name=f"samples_{dataset}",
        figure=_sheet(style.labels(names, LETTERS[_abreast(shown)]), found, counts),
        title=f"Training images of {title}",
        caption=f"Up to {EACH} training images of each class, spread over all that it has, as prepared: "
        f"{size}.{some}",
        alt=f"Contact sheet of {title}: training images of {size}, a line per class.{some}",
        section="data",
        dataset=dataset,
        columns=COLUMNS,
        rows=[
            {"class": names[label], "shown": len(images), "train": counts[label] if counts else None}
            for label, images in found.images.items()
        ],
    )


def _abreast(classes: int) -> int:
    return 1 if classes <= BENEATH else 2


def _sheet(names: list[str], samples: Samples, counts: tuple[int, ...] | None) -> Figure:
    abreast = _abreast(len(samples.images))
    lines = -(-len(samples.images) // abreast)
    pitch = SIDE[abreast] * 1.16
    figure = Figure(figsize=(style.WIDTH, lines * pitch + 0.05))
    figure.set_layout_engine("none")
    axis = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axis.set(xlim=(0, style.WIDTH), ylim=(lines * pitch, 0))
    axis.set_axis_off()
    half = style.WIDTH / abreast
    for place, (label, images) in enumerate(samples.images.items()):
        left, top = half * (place // lines), pitch * (place % lines)
        right = left + half - (0.12 if abreast > 1 and place < lines else 0)
        first = right - EACH * SIDE[abreast] * (1 + GAP)
        _strip(axis, images, first, top, SIDE[abreast])
        size = 8 if abreast == 1 else 7
        middle = top + SIDE[abreast] / 2
        axis.text(left, middle, names[label], va="bottom", weight="bold", size=size)
        if counts:
            words = wording.plural(counts[label], "image")
            axis.text(left, middle, words, va="top", size=size - 1, color=style.HINT)
    return figure


def _strip(axis: Axes, images: Images, left: float, top: float, side: float) -> None:
    """Draw a class's images as one picture: two hundred of them, each an axis, take seconds."""
    # Of whole pixels a gap between tiny images would be too wide.
    times = max(1, SMALL // max(images.shape[1:3]))
    images = images.repeat(times, axis=1).repeat(times, axis=2)
    strip = _joined(images)
    rows, columns = images.shape[1:3]
    scale = side / max(rows, columns)
    extent = (left, left + strip.shape[1] * scale, top + rows * scale, top)
    axis.imshow(strip, extent=extent, interpolation="none", aspect="auto")


def _joined(images: Images) -> NDArray[np.uint8]:
    """Return images side by side, (rows, columns, 4), with what is see-through between them."""
    count, rows, columns = images.shape[:3]
    gap = max(1, round(GAP * columns))
    joined = np.zeros((rows, count * (columns + gap), 4), np.uint8)
    for number, image in enumerate(images):
        place = slice(number * (columns + gap), number * (columns + gap) + columns)
        joined[:, place, :3] = thumbnails.in_colour(image)
        joined[:, place, 3] = 255
    return joined
