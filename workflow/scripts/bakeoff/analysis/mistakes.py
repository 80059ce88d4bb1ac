"""What the best models get wrong: class by class, pair by pair, and all of them together.

Owns the counting of wrong answers. Must not know what an image looks like.
"""

from dataclasses import dataclass

import numpy as np

from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Predictions, Study, by
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.records.record import Record, cell_name, model_name

COLUMNS: Columns = {
    "dataset": str,
    "model": str,
    "cell": str,
    "class_index": int,
    "class_name": str,
    "images": int,
    "predicted": int,
    "right": int,
    "precision": float,
    "recall": float,
}


@dataclass(frozen=True)
class Answers:
    """What the best cell of a model answered to the test set."""

    model: str
    cell: Record
    given: Predictions


@dataclass(frozen=True)
class Pair:
    """A class taken for another: how often by each model, and the images, most often confused first."""

    true: int
    predicted: int
    counts: dict[str, int]
    images: list[int]


@dataclass(frozen=True)
class Missed:
    """An image that no model gets right, with the answer of each."""

    image: int
    true: int
    said: tuple[int, ...]


def rows(study: Study) -> list[Row]:
    """Return precision and recall of every class for the best cell of every model."""
    found = []
    for dataset in study.datasets:
        for answers in of(study, dataset):
            found += _classes(dataset, answers)
    return complete(COLUMNS, found)


def of(study: Study, dataset: str) -> list[Answers]:
    """Return the answers of every model's best cell that kept them, the first one's images for all."""
    cells = [cell for cell in study.selection if cell["dataset"] == dataset]
    found: list[Answers] = []
    for model, members in by(cells, model_name).items():
        best = best_cell(study, members)
        given = study.predictions(best[0]) if best else None
        if best and given and (not found or _alike(best[0], given, found[0])):
            found.append(Answers(model, best[0], given))
    return sorted(found, key=lambda answers: study.models.index(answers.model))


def _alike(cell: Record, given: Predictions, other: Answers) -> bool:
    """Tell whether answers are to the same images of the same classes as others."""
    same = cell["data"]["classes"] == other.cell["data"]["classes"]
    return same and np.array_equal(given.labels, other.given.labels)


def matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return counts (classes, classes): rows are true classes, columns are predictions."""
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, predictions), 1)
    return counts


def rates(counts: np.ndarray) -> np.ndarray:
    """Return the share of each true class per prediction; a class without images is all zero."""
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _classes(dataset: str, answers: Answers) -> list[Row]:
    names = answers.cell["data"]["classes"]
    counts = matrix(answers.given.labels, answers.given.predictions, len(names))
    right, images, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return [
        {
            "dataset": dataset,
            "model": answers.model,
            "cell": cell_name(answers.cell),
            "class_index": index,
            "class_name": name,
            "images": int(images[index]),
            "predicted": int(predicted[index]),
            "right": int(right[index]),
            "precision": float(right[index] / predicted[index]) if predicted[index] else None,
            "recall": float(right[index] / images[index]) if images[index] else None,
        }
        for index, name in enumerate(names)
    ]


def confused(every: list[Answers], most: int) -> list[Pair]:
    """Return the pairs of classes that all models together confuse most often, at most so many."""
    if not every:
        return []
    classes = len(every[0].cell["data"]["classes"])
    counts = {a.model: matrix(a.given.labels, a.given.predictions, classes) for a in every}
    total = np.sum(list(counts.values()), axis=0)
    np.fill_diagonal(total, 0)
    # A stable sort: of pairs that are confused equally often, the first classes come first.
    order = np.argsort(-total, axis=None, kind="stable")[:most]
    places = [divmod(int(place), classes) for place in order if total.flat[place]]
    return [
        Pair(true, wrong, {model: int(one[true, wrong]) for model, one in counts.items()}, images)
        for true, wrong in places
        for images in [_confused_images(every, true, wrong)]
    ]


def _confused_images(every: list[Answers], true: int, wrong: int) -> list[int]:
    votes = np.sum([a.given.predictions == wrong for a in every], axis=0)
    votes = np.where(every[0].given.labels == true, votes, 0)
    order = np.argsort(-votes, kind="stable")
    return [int(image) for image in order[: np.count_nonzero(votes)]]


def missed_by_all(every: list[Answers]) -> list[Missed]:
    """Return the images that every model gets wrong: first those that the models agree on most."""
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
