"""What the best of every competitor gets wrong: class by class, pair by pair, and all of them together.

Owns the counting of wrong answers. Must not know what an image looks like.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.analysis.best import best_cell
from bakeoff.analysis.derived import ClassRow
from bakeoff.analysis.study import Study, by
from bakeoff.records.predictions import Predictions
from bakeoff.records.record import Record

Counts = NDArray[np.int64]

# Classes whose matrix of counts can be read; of more a list of the pairs most often confused is.
MATRIX = 20


@dataclass(frozen=True)
class Answers:
    """What the best cell of a competitor answered to the test set."""

    competitor: str
    cell: Record
    given: Predictions


@dataclass(frozen=True)
class Pair:
    """A class taken for another: how often by each competitor, and the images, most often confused first."""

    true: int
    predicted: int
    counts: dict[str, int]
    images: list[int]


@dataclass(frozen=True)
class Missed:
    """An image that no competitor gets right, with the answer of each."""

    image: int
    true: int
    said: tuple[int, ...]


def rows(study: Study) -> list[ClassRow]:
    """Return precision and recall of every class for the best cell of every competitor."""
    every = ((dataset, answers) for dataset in study.datasets for answers in of(study, dataset))
    return [row for dataset, answers in every for row in _classes(dataset, answers)]


def of(study: Study, dataset: str) -> list[Answers]:
    """Return the answers of every competitor's best cell that kept them, the first one's images for all."""
    cells = [cell for cell in study.selection if cell.dataset == dataset]
    found: list[Answers] = []
    for competitor, members in by(cells, lambda cell: cell.competitor).items():
        best = best_cell(study, members)
        given = study.predictions(best[0]) if best else None
        if best and given and (not found or _alike(best[0], given, found[0])):
            found.append(Answers(competitor, best[0], given))
    return sorted(found, key=lambda answers: study.competitors.index(answers.competitor))


def _alike(cell: Record, given: Predictions, other: Answers) -> bool:
    """Tell whether answers are to the same images of the same classes as others."""
    same = cell.data.classes == other.cell.data.classes
    return same and np.array_equal(given.labels, other.given.labels)


def matrix(labels: Counts, predictions: Counts, classes: int) -> Counts:
    """Return counts (classes, classes): rows are true classes, columns are predictions."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def rates(counts: Counts) -> NDArray[np.float64]:
    """Return the share of each true class per prediction; a class without images is all zero."""
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _classes(dataset: str, answers: Answers) -> list[ClassRow]:
    names = answers.cell.data.classes
    counts = matrix(answers.given.labels, answers.given.predictions, len(names))
    right, images, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return [
        ClassRow(
            dataset=dataset,
            competitor=answers.competitor,
            cell=answers.cell.cell,
            class_index=index,
            class_name=name,
            images=int(images[index]),
            predicted=int(predicted[index]),
            right=int(right[index]),
            precision=float(right[index] / predicted[index]) if predicted[index] else None,
            recall=float(right[index] / images[index]) if images[index] else None,
        )
        for index, name in enumerate(names)
    ]


def confused(every: list[Answers], most: int) -> list[Pair]:
    """Return the pairs of classes that all competitors together confuse most often, at most so many."""
    if not every:
        return []
    classes = len(every[0].cell.data.classes)
    counts = {a.competitor: matrix(a.given.labels, a.given.predictions, classes) for a in every}
    total = np.sum(list(counts.values()), axis=0)
    np.fill_diagonal(total, 0)
    # A stable sort: of pairs that are confused equally often, the first classes come first.
    order = np.argsort(-total, axis=None, kind="stable")[:most]
    places = [divmod(int(place), classes) for place in order if total.flat[place]]
    return [
        Pair(true, wrong, {name: int(one[true, wrong]) for name, one in counts.items()}, images)
        for true, wrong in places
        for images in [_confused_images(every, true, wrong)]
    ]


def _confused_images(every: list[Answers], true: int, wrong: int) -> list[int]:
    votes = np.sum([a.given.predictions == wrong for a in every], axis=0)
    votes = np.where(every[0].given.labels == true, votes, 0)
    order = np.argsort(-votes, kind="stable")
    return [int(image) for image in order[: np.count_nonzero(votes)]]


def missed_by_all(every: list[Answers]) -> list[Missed]:
    """Return the images that every competitor gets wrong: first those that they agree on most."""
    if not every:
        return []
    labels = every[0].given.labels
    said = np.stack([answers.given.predictions for answers in every])
    images = np.flatnonzero((said != labels).all(axis=0))
    found = [
        Missed(int(image), int(labels[image]), tuple(int(answer) for answer in said[:, image]))
        for image in images
    ]
    return sorted(found, key=lambda missed: len(set(missed.said)))
