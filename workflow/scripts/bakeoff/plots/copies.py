"""Pairs of images that look like copies of each other, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bakeoff.analysis import wording
from bakeoff.analysis.study import Study
from bakeoff.files import reading
from bakeoff.plots import style
from bakeoff.plots.style import Plot
from bakeoff.records import audit
from bakeoff.records.audit import THUMBNAIL, Suspect

COLUMNS = ("first", "first_class", "second", "second_class", "likeness", "mirrored")
# Beside each other, and beneath.
ABREAST, LINES = 4, 3
# Where the pictures lie, beside what was found.
FOLDER = "copies"


@dataclass(frozen=True)
class Copies:
    """Suspected pairs and their pictures, of the first of them; how many there are in all."""

    suspects: Sequence[Suspect]
    pictures: Sequence[NDArray[np.uint8]]
    pairs: int


def load(paths: Sequence[Path]) -> dict[str, Copies]:
    """Return the pictures beside what audits found, by the digest of the data."""
    from PIL import Image

    found = {}
    for path in paths:
        about = audit.read(path)
        pictures = []
        for number in range(ABREAST * LINES):
            place = path.parent / FOLDER / THUMBNAIL.format(number)
            if not place.is_file():
                break
            with reading(place), Image.open(place, formats=("PNG",)) as image:
                pictures.append(np.asarray(image.convert("L")))
        if about.digest and pictures:
            found[about.digest] = Copies(about.near.listed, pictures, about.near.pairs)
    return found


def plots(study: Study, dataset: str, copies: Mapping[str, Copies]) -> Iterator[Plot]:
    """Yield the pairs of a data set whose pictures are at hand."""
    data = next(record.data for record in study.records if record.dataset == dataset)
    found = copies.get(data.digest)
    if found is None:
        return
    title, shown = study.title(dataset), len(found.pictures)
    some = f" The first {shown} are shown, those across parts before others." if shown < found.pairs else ""
    count = wording.plural(found.pairs, "pair")
    yield Plot(
        name=f"copies_{dataset}",
        figure=_figure(found, data.classes),
        title=f"Images of {title} that look like copies",
        caption=f"{count}, stored anew, shifted, mirrored or cropped: suspects, not findings.{some} Above: "
        "parts and classes; below: the correlation once one is laid over the other.",
        alt=f"{count} of images of {title} side by side; the numbers behind the figure name them.",
        section="data",
        dataset=dataset,
        columns=COLUMNS,
        rows=[
            {
                "first": each.first.path,
                "first_class": data.classes[each.first.label],
                "second": each.second.path,
                "second_class": data.classes[each.second.label],
                "likeness": each.likeness,
                "mirrored": each.mirrored,
            }
            for each in found.suspects
        ],
    )


def _figure(found: Copies, classes: Sequence[str]) -> Figure:
    lines = -(-len(found.pictures) // ABREAST)
    figure = Figure(figsize=(style.WIDTH, 1.35 * lines))
    grid = figure.subplots(lines, ABREAST, squeeze=False).ravel()
    names = style.labels(classes, longest=12)
    for axis, picture, suspect in zip(grid, found.pictures, found.suspects, strict=False):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="none")
        words = [f"{each.part} {names[each.label]}".strip() for each in (suspect.first, suspect.second)]
        axis.set_title("\n".join(dict.fromkeys(words)), size=6, loc="left", pad=2)
        axis.set_xlabel(_likeness(suspect), size=6, color=style.HINT, labelpad=1)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
    for axis in grid[len(found.pictures) :]:
        axis.set_visible(False)
    return figure


def _likeness(suspect: Suspect) -> str:
    return f"{suspect.likeness:.3f}{', mirrored' if suspect.mirrored else ''}"
