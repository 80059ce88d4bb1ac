"""What deciding a row takes by the number of classes: libsvm's own way, and by products, class by class.

PYTHONPATH=workflow/scripts python benchmarks/svm_classes.py [--classes 100 300 1000] [--rows 64]
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
from sklearn.svm import SVC

from bakeoff.families.svm.decisions import Shared
from bakeoff.families.svm.machine import from_svc, of_svc

FEATURES, EACH, TURNS = 768, 2, 3


def main() -> None:
    """Print a line per number of classes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--rows", type=int, default=64)
    options = parser.parse_args()
    print("classes     pairs  libsvm ms/row  products ms/row  votes ms/row  probabilities ms/row")
    for classes in options.classes:
        found = "".join(f"{ms:15.2f}" for ms in measured(classes, options.rows))
        print(f"{classes:7,} {classes * (classes - 1) // 2:9,}{found}")


def measured(classes: int, rows: int) -> list[float]:
    """Return milliseconds a row of both ways to decisions, and of what comes after."""
    random = np.random.default_rng(0)
    middles, labels = random.normal(size=(classes, FEATURES)), np.repeat(np.arange(classes), EACH)
    features = middles[labels] + 0.5 * random.normal(size=(len(labels), FEATURES))
    svc = SVC(kernel="linear", decision_function_shape="ovo").fit(features, labels)
    machine, block = from_svc(svc), np.resize(features, (rows, FEATURES))
    shared = Shared([machine], "cpu")
    decisions = shared.decide(block)[0]
    assert np.allclose(decisions, of_svc(svc, block), atol=1e-8)
    ways: list[Callable[[], object]] = [
        lambda: of_svc(svc, block),
        lambda: shared.decide(block),
        lambda: machine.labels(decisions),
        lambda: machine.probabilities(decisions, 1.0),
    ]
    return [1000 * seconds(way) / rows for way in ways]


def seconds(call: Callable[[], object]) -> float:
    """Return the median duration of a few calls."""
    times = []
    for _ in range(TURNS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    main()
