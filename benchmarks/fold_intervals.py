"""How often an interval of an accuracy over folds holds the truth: the report's, and what it does not do.

python benchmarks/fold_intervals.py [--quick]
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.stats import t

from bakeoff.analysis.intervals import wilson

RANDOM = np.random.default_rng(17)
FOLDS, CUTS, FEATURES = 5, (1, 2, 10), 8


class Line(NamedTuple):
    """One simulated rate: of which interval, in which case, of how many images."""

    claim: str
    case: str
    n: int
    nominal: float
    rate: float


def nearest(images: np.ndarray, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return which images (n, features) are of their nearest neighbour's class, sought in the other folds."""
    squares = (images**2).sum(axis=1)
    apart = squares + squares[:, None] - 2 * images @ images.T
    return labels[np.where(fold == fold[:, None], np.inf, apart).argmin(axis=1)] == labels


def centroids(images: np.ndarray, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return which images are nearer to their own class's mean than to the other's, over the other folds."""
    side = 2 * labels - 1
    right = np.empty(len(labels), bool)
    for place in range(FOLDS):
        fitted, scored = fold != place, fold == place
        means = [images[fitted & (labels == label)].mean(axis=0) for label in (0, 1)]
        right[scored] = side[scored] * ((images[scored] - sum(means) / 2) @ (means[1] - means[0])) > 0
    return right


def folded(draws: int) -> Iterator[Line]:
    """The interval of a validation accuracy over folds, cut once and again; what the report does not do.

    True is what cross-validation estimates, the expected accuracy of models of so many images: its mean over
    all draws. Folds are stratified; two classes are normal in 8 features, their means 2 deviations apart.
    """
    for n, learner in product((100, 400), (nearest, centroids)):
        labels, found = np.arange(n) % 2, np.empty((draws, max(CUTS), FOLDS))
        for draw in range(draws):
            images = RANDOM.standard_normal((n, FEATURES))
            images[:, 0] += 2 * labels
            for cut in range(max(CUTS)):
                fold = np.empty(n, int)
                for label in (0, 1):
                    fold[labels == label] = RANDOM.permutation(n // 2) % FOLDS
                right = learner(images, labels, fold)
                found[draw, cut] = [right[fold == place].mean() for place in range(FOLDS)]
        truth = float(found.mean())
        for cuts in CUTS:
            case = f"{learner.__name__}, {FOLDS} folds, cut {cuts} times"
            for claim, rate in _folded(found[:, :cuts].reshape(draws, -1), n, truth):
                yield Line(claim, case, n, 0.95, rate)


def _folded(found: np.ndarray, n: int, truth: float) -> Iterator[tuple[str, float]]:
    """Yield claim and coverage of intervals of accuracies over folds (draws, folds of all cuts)."""
    folds = found.shape[1]
    means, spread = found.mean(axis=1), found.var(axis=1, ddof=1)

    def covered(ends: Callable[[float], tuple[float, float]]) -> float:
        return float(np.mean([low <= truth <= high for low, high in map(ends, means)]))

    yield "accuracy over folds, Wilson", covered(lambda mean: wilson(mean, n))
    if folds > FOLDS:
        yield "counting images cut by cut", covered(lambda mean: wilson(mean, n * folds // FOLDS))
    # As if folds were independent, and with the term for shared images (Nadeau and Bengio 2003).
    for claim, shared in (("t over folds", 0.0), ("t over folds, corrected", 1 / (FOLDS - 1))):
        half = t.ppf(0.975, folds - 1) * np.sqrt((1 / folds + shared) * spread)
        yield claim, float(np.mean(np.abs(means - truth) <= half))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the draws")
    draws = 40 if parser.parse_args().quick else 400
    print(f"{'interval':28}{'case':32}{'n':>6}{'nominal':>10}{'found':>8}   {draws} draws")
    for line in folded(draws):
        print(f"{line.claim:28}{line.case:32}{line.n:>6}{line.nominal:>10.3f}{line.rate:>8.3f}")
