"""How far the probabilities of an SVM can be believed, by the way that they are made of its decisions.

One machine per split and kernel, every way calibrated on the same validation images and judged on the same
test images, which no way saw; printed are means over the splits. `one slope` is the workflow's own.

    PYTHONPATH=workflow/scripts python benchmarks/svm_probabilities.py [--fashion FOLDER] [--splits 4]
"""

import argparse
import gzip
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from bakeoff.analysis import calibration as judged
from bakeoff.families.svm import calibration, decisions
from bakeoff.families.svm.machine import from_svc, of_svc
from bakeoff.records.predictions import Predictions

Part = tuple[np.ndarray, np.ndarray]
Way = Callable[[SVC, Part, np.ndarray], np.ndarray]
KERNELS = {"rbf": 5.0, "linear": 0.01, "poly": 1.0}
FILES = "train", "t10k"
LEAST = 1e-7  # of two classes, as in libsvm


def one_slope(svc: SVC, validation: Part, rows: np.ndarray) -> np.ndarray:
    """Return the probabilities that the workflow gives."""
    machine = from_svc(svc)
    slope = calibration.slope(decisions.of_own_class(machine, *validation))
    return machine.probabilities(of_svc(svc, rows), slope)


def one_slope_wu(svc: SVC, validation: Part, rows: np.ndarray) -> np.ndarray:
    """Return what the same slope gives, coupled as libsvm does it."""
    slope = calibration.slope(decisions.of_own_class(from_svc(svc), *validation))
    return coupled(slope * of_svc(svc, rows), len(svc.classes_))


def platt_per_pair(svc: SVC, validation: Part, rows: np.ndarray) -> np.ndarray:
    """Return what Platt's slope and offset per pair give, coupled as libsvm does it."""
    (held, labels), pairs = validation, combinations(svc.classes_, 2)
    found, logits = of_svc(svc, held), of_svc(svc, rows)
    for column, (a, b) in enumerate(pairs):
        both = (labels == a) | (labels == b)
        slope, offset = platt(found[both, column], labels[both] == a)
        logits[:, column] = slope * logits[:, column] + offset
    return coupled(logits, len(svc.classes_))


def platt(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return Platt's slope and offset with his regularised targets."""
    ones, zeros = int(first.sum()), int((~first).sum())
    target = np.where(first, (ones + 1) / (ones + 2), 1 / (zeros + 2))

    def loss(at: np.ndarray) -> float:
        logit = at[0] * values + at[1]
        return float(-(target * log_expit(logit) + (1 - target) * log_expit(-logit)).sum())

    return minimize(loss, [0.0, np.log((ones + 1) / (zeros + 1))], method="BFGS").x


def coupled(logits: np.ndarray, classes: int) -> np.ndarray:
    """Return probabilities by the second method of Wu, Lin and Weng (JMLR 5, 2004), its equations solved."""
    r = np.zeros((len(logits), classes, classes))
    first, second = np.triu_indices(classes, 1)
    r[:, first, second] = np.clip(expit(logits), LEAST, 1 - LEAST)
    r[:, second, first] = 1 - r[:, first, second]
    system = np.zeros((len(logits), classes + 1, classes + 1))
    system[:, :classes, :classes] = -r * r.transpose(0, 2, 1)
    every = np.arange(classes)
    system[:, every, every] = (r**2).sum(axis=1)
    system[:, :classes, classes] = system[:, classes, :classes] = 1
    found = np.clip(np.linalg.solve(system, np.eye(classes + 1)[classes][:, None])[:, :classes, 0], 0, None)
    return found / found.sum(axis=1, keepdims=True)


def library(method: str) -> Way:
    """Return scikit-learn's way to calibrate a classifier that is fitted."""

    def way(svc: SVC, validation: Part, rows: np.ndarray) -> np.ndarray:
        votes = SVC(decision_function_shape="ovr")
        vars(votes).update({**vars(svc), "decision_function_shape": "ovr"})
        return (
            CalibratedClassifierCV(FrozenEstimator(votes), method=method).fit(*validation).predict_proba(rows)
        )

    return way


WAYS: dict[str, Way] = {
    "one slope": one_slope,
    "one slope, coupled by Wu": one_slope_wu,
    "Platt per pair, by Wu": platt_per_pair,
    "scikit-learn, sigmoid": library("sigmoid"),
    "scikit-learn, temperature": library("temperature"),
}


def splits(images: np.ndarray, labels: np.ndarray, sizes: list[int], number: int) -> Iterator[list[Part]]:
    """Yield training, validation and test part, scaled by the first."""
    for seed in range(number):
        order = np.random.default_rng(seed).permutation(len(labels))[: sum(sizes)]
        parts = np.split(order, np.cumsum(sizes)[:-1])
        scaler = StandardScaler().fit(images[parts[0]])
        yield [(scaler.transform(images[each]), labels[each]) for each in parts]


def measure(title: str, images: np.ndarray, labels: np.ndarray, sizes: list[int], number: int) -> None:
    """Print a line per kernel and way."""
    print(f"{title}, {' / '.join(f'{each:,}' for each in sizes)} images, {number} splits")
    every = list(splits(images, labels, sizes, number))
    for kernel, penalty in KERNELS.items():
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in WAYS}
        for train, validation, (rows, true) in every:
            svc = SVC(kernel=kernel, C=penalty, decision_function_shape="ovo").fit(*train)
            votes = svc.predict(rows)
            for name, way in WAYS.items():
                given = Predictions(true, votes, way(svc, validation, rows))
                error = judged.expected_error(judged.bins(given))
                otherwise = judged.answered_otherwise(given) / len(true)
                found[name].append((judged.log_loss(given), 100 * error, 100 * otherwise))
        for name, values in found.items():
            loss, error, otherwise = np.mean(values, axis=0)
            print(
                f"  {kernel:7}{name:28}log loss {loss:.3f}  ECE {error:5.2f}  not the vote {otherwise:.2f} %",
                flush=True,
            )


def fashion(folder: Path) -> Part:
    """Return all images (n, 784) in 0..1 and labels of the original files."""
    found = []
    for name in FILES:
        for kind, skipped in (("images-idx3", 16), ("labels-idx1", 8)):
            content = gzip.decompress((folder / f"{name}-{kind}-ubyte.gz").read_bytes())
            found.append(np.frombuffer(content, np.uint8, offset=skipped))
    images, labels = (np.concatenate(found[start::2]) for start in (0, 1))
    return images.reshape(-1, 784) / 255, labels.astype(np.int64)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fashion", type=Path, help="folder of Fashion-MNIST's original files")
    parser.add_argument("--splits", type=int, default=4)
    options = parser.parse_args()
    digits = load_digits()
    for sizes in ([1077, 360, 360], [1000, 50, 700]):
        measure("digits", digits.data, digits.target, sizes, options.splits)
    if options.fashion:
        measure("Fashion-MNIST", *fashion(options.fashion), [3000, 500, 3000], options.splits)


if __name__ == "__main__":
    main()
