"""How well a trivial classifier tells the classes by how images were stored, or by next to nothing of them.

A shallow tree, cross-validated, that sees one thing alone. Of each content, and of each group, one image is
taken: equal ones would be known by heart, and count as many. The interval of the mean recall takes the
classes' binomial variances; it is widened for the number of things that are tried.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit.images import Images
from bakeoff.records.audit import Shortcut

FOLDS, LEAVES, IN_LEAF = 5, 32, 5
# Images of a class that are taken at most, and that make it one to be tried at least.
MOST, LEAST = 500, 10
# Of the way from chance to certainty, what is far above chance; and how sure that has to be.
FAR, ALPHA = 0.1, 0.01

Values = NDArray[np.float64]
Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def features(images: Images) -> dict[str, Values]:
    """Return what a trivial classifier is shown, (n, d) by what it is; nothing that is equal everywhere."""
    looks = images.looks
    found: Mapping[str, list[tuple[float, ...]]] = {
        "file size": [(float(each.bytes),) for each in looks],
        "JPEG quantisation": [(float(each.quality),) for each in looks],
        "image size": [(*map(float, each.size), each.size[1] / each.size[0]) for each in looks],
        "mean colour": [each.colour for each in looks],
        "border pixels": [each.border for each in looks],
    }
    arrays = {what: np.array(values) for what, values in found.items()}
    return {what: values for what, values in arrays.items() if (np.ptp(values, axis=0) > 0).any()}


def shortcuts(images: Images) -> tuple[Shortcut, ...]:
    """Return how well each thing alone tells the classes; none where too few classes have enough images."""
    shown = features(images)
    taken, labels = _taken(images)
    if len({*labels.tolist()}) < 2 or not shown:
        return ()
    folds = _folds(labels)
    return tuple(_tried(what, values[taken], labels, folds, len(shown)) for what, values in shown.items())


def _taken(images: Images) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return numbers of images, of each class MOST at most, and their classes."""
    units: dict[str, int] = {}
    for number, each in enumerate(images.looks):
        name = images.groups[number] if images.groups else ""
        units.setdefault(f"group {name}" if name else each.digest, number)
    apart = np.array(list(units.values()))
    random, found = np.random.default_rng(0), []
    for label in range(len(images.classes)):
        own = apart[images.labels[apart] == label]
        if len(own) >= LEAST:
            found.append(random.permutation(own)[:MOST])
    taken = np.concatenate(found) if found else np.empty(0, np.intp)
    return taken, images.labels[taken]


def _folds(labels: NDArray[np.int64]) -> Folds:
    """Return the images to fit on and those to score on, of each fold."""
    from sklearn.model_selection import StratifiedKFold

    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels))


def _tried(what: str, values: Values, labels: NDArray[np.int64], folds: Folds, tried: int) -> Shortcut:
    from sklearn.tree import DecisionTreeClassifier

    classes, counts = np.unique(labels, return_counts=True)
    given = np.full(len(labels), -1)
    for fit, scored in folds:
        tree = DecisionTreeClassifier(
            max_leaf_nodes=LEAVES, min_samples_leaf=IN_LEAF, class_weight="balanced", random_state=0
        )
        given[scored] = tree.fit(values[fit], labels[fit]).predict(values[scored])
    right = np.array([(given[labels == label] == label).sum() for label in classes])
    recall, low, high = interval(right, counts, ALPHA / tried)
    chance = 1 / len(classes)
    return Shortcut(
        by=what,
        recall=recall,
        low=low,
        high=high,
        chance=chance,
        images=len(labels),
        warned=low > chance and recall > chance + FAR * (1 - chance),
    )


def interval(right: NDArray[np.int64], counts: NDArray[np.int64], alpha: float) -> tuple[float, float, float]:
    """Return a mean of recalls, and its interval that is wrong in a share `alpha` of cases.

    right, counts: (k,) images of each class that were told, and all of them. Each recall counts with two
    more told and two more missed (Agresti and Coull 1998), so that none has a variance of 0.
    """
    from scipy.special import ndtri

    shares = (right + 2) / (counts + 4)
    recall = float((right / counts).mean())
    error = float(np.sqrt((shares * (1 - shares) / (counts + 4)).sum())) / len(counts)
    reach = float(ndtri(1 - alpha / 2)) * error
    return recall, max(0.0, recall - reach), min(1.0, recall + reach)
