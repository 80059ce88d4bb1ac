"""Test images that models get wrong: the classes taken for each other, and what defeats every model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bakeoff.analysis import mistakes
from bakeoff.analysis.mistakes import Answers, Missed, Pair
from bakeoff.analysis.study import Study, unique
from bakeoff.plots import style, thumbnails
from bakeoff.plots.style import Plot
from bakeoff.plots.thumbnails import Images

# Test images, uint8 (n, rows, columns) or in colour, by the digest of the data that they belong to.
Pictures = Mapping[str, Images]


@dataclass(frozen=True)
class Shown:
    """The test images that figures show, by their numbers, and how many there are in all."""

    images: Mapping[int, Images]
    count: int


PAIR_COLUMNS = ("true_class", "predicted_class", "competitor", "count")
PAIRS = 6
EXAMPLES = 8
SHOWN = 24
ARROW = "\N{RIGHTWARDS ARROW}"


def shown(study: Study, pictures: Pictures) -> dict[str, Shown]:
    """Return of each data set's test images those that its figures show, by the data set's name.

    None of a data set without images, or with those of other data.
    """
    found = {}
    for dataset in study.datasets:
        every = mistakes.of(study, dataset)
        images = pictures.get(every[0].cell.data.digest) if every else None
        if images is not None and len(images) == len(every[0].given.labels):
            pairs, missed = _wrong(every)
            numbers = {number for pair in pairs for number in pair.images[:EXAMPLES]}
            numbers |= {each.image for each in missed[:SHOWN]}
            found[dataset] = Shown({number: images[number] for number in sorted(numbers)}, len(images))
    return found


def _wrong(every: list[Answers]) -> tuple[list[Pair], list[Missed]]:
    missed = mistakes.missed_by_all(every) if len(every) > 1 else []
    return mistakes.confused(every, PAIRS), missed


def plots(study: Study, dataset: str, pictures: Mapping[str, Shown]) -> Iterator[Plot]:
    """Yield the figures of a data set whose test images are at hand."""
    if (images := pictures.get(dataset)) is None:
        return
    every = mistakes.of(study, dataset)
    pairs, missed = _wrong(every)
    if pairs:
        yield _confused(study, dataset, every, pairs, images)
    if missed:
        yield _missed(study, dataset, every, missed, images)


def _confused(study: Study, dataset: str, every: list[Answers], pairs: list[Pair], images: Shown) -> Plot:
    classes = every[0].cell.data.classes
    names = style.labels(classes, longest=12)  # two fit beside the first image
    figure = Figure(figsize=(style.WIDTH, 0.15 + 0.66 * len(pairs)))
    grid = figure.subplots(len(pairs), EXAMPLES + 1, squeeze=False, width_ratios=[3.6, *[1] * EXAMPLES])
    for axes, pair in zip(grid, pairs, strict=True):
        _words(axes[0], f"{names[pair.true]} {ARROW} {names[pair.predicted]}", _counts(study, pair))
        for axis, image in zip(axes[1:], pair.images[:EXAMPLES], strict=False):
            _picture(axis, images.images[image])
        for axis in axes[1 + len(pair.images) :]:
            axis.set_visible(False)
    title = study.title(dataset)
    said = "; ".join(
        f"{classes[p.true]} taken for {classes[p.predicted]}: {', '.join(_counts(study, p))}" for p in pairs
    )
    return Plot(
        name=f"confused_{dataset}",
        figure=figure,
        title=f"Most confused on {title}",
        caption="True class, arrow, answer, and how many test images the best configuration of each model "
        f"answered so; up to {EXAMPLES} of them, those first that most models confuse.",
        alt=f"Test images of {title} under the classes most often confused. {said}.",
        section="confusion",
        dataset=dataset,
        columns=PAIR_COLUMNS,
        rows=[
            {
                "true_class": classes[p.true],
                "predicted_class": classes[p.predicted],
                "competitor": c,
                "count": n,
            }
            for p in pairs
            for c, n in p.counts.items()
        ],
    )


def _counts(study: Study, pair: Pair) -> list[str]:
    return [f"{study.label(name)} {count}" for name, count in pair.counts.items()]


def _words(axis: Axes, heading: str, counts: list[str]) -> None:
    axis.set_axis_off()
    lines = [", ".join(counts[start : start + 2]) for start in range(0, len(counts), 2)]
    look: dict[str, Any] = {"transform": axis.transAxes, "in_layout": False}
    axis.text(0, 0.98, heading, va="top", weight="bold", size=8, **look)
    axis.text(0, 0.64, "\n".join(lines), va="top", color=style.HINT, size=6.5, **look)


def _picture(axis: Axes, image: Images) -> None:
    shown = thumbnails.in_colour(thumbnails.small(image, thumbnails.LARGE))
    axis.imshow(shown, interpolation="none")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)


def _missed(study: Study, dataset: str, every: list[Answers], missed: list[Missed], images: Shown) -> Plot:
    classes = every[0].cell.data.classes
    names, brief = style.labels(classes, longest=12), style.labels(classes, longest=9)
    shown = missed[:SHOWN]
    rows = -(-len(shown) // EXAMPLES)
    figure = Figure(figsize=(style.WIDTH, 0.1 + 1.08 * rows))
    places = figure.subplots(rows, EXAMPLES, squeeze=False).ravel()
    for axis, item in zip(places, shown, strict=False):
        _picture(axis, images.images[item.image])
        answers = ", ".join(dict.fromkeys(brief[answer] for answer in item.said))
        axis.set_title(names[item.true], size=7, loc="center", pad=2)
        short = answers if len(answers) <= 14 else f"{answers[:13]}{style.CUT}"
        axis.set_xlabel(f"{ARROW} {short}", size=6, color=style.HINT, labelpad=2)
    for axis in places[len(shown) :]:
        axis.set_visible(False)
    title, number = study.title(dataset), len(missed)
    count = f"{number:,} of {images.count:,} test images"
    who = _models(study, dataset, every)
    cut = f" The first {SHOWN} are shown." if number > SHOWN else ""
    return Plot(
        name=f"missed_{dataset}",
        figure=figure,
        title=f"What all models get wrong on {title}",
        caption=f"{count} defeat the best configuration of {who}. Above: the class given by the data set; "
        f"below: the answers. Those with a single wrong answer come first.{cut}",
        alt=f"{count} of {title} that {who} get wrong, each with its class and the "
        "answers; the numbers behind the figure list them all.",
        section="confusion",
        dataset=dataset,
        columns=("image", "true_class", *(answers.competitor for answers in every)),
        rows=[
            {"image": item.image, "true_class": classes[item.true]}
            | {a.competitor: classes[said] for a, said in zip(every, item.said, strict=True)}
            for item in missed
        ],
    )


def _models(study: Study, dataset: str, every: list[Answers]) -> str:
    """Say whose answers are known: of all models that took part, or of some."""
    competitors = unique(cell.competitor for cell in study.of(dataset))
    some = (
        f" of {len(competitors)} whose answers to these images were kept"
        if len(every) < len(competitors)
        else ""
    )
    return f"all {len(every)} models{some}"
