"""What a study of one's own images costs: seconds of every competitor, by images and their size.

The numbers stand in workflow/scripts/bakeoff/plan/costs.py, by which `make report IMAGES=...` chooses a study
that fits a number of minutes. Made-up photographs, JPEGs of 500 x 375 pixels in ten classes, are fetched and
prepared, and each competitor's cell is trained by its own command, one after another, each with one thread.
Seconds are the processor's, which neighbours lengthen less than the clock's.

    python benchmarks/sizing.py [--images 1000 2000] [--sizes 32 64]
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml
from demo_spread import ROOT, call, finish
from PIL import Image

CATALOG = yaml.safe_load((ROOT / "config/catalog.yaml").read_text(encoding="utf-8"))["catalog"]
CLASSES = 10
SPLIT = {"train": 0.75, "validation": 0.25, "holdout": 0, "test": 0.2}
RBF = [{"C": [1, 10], "gamma": "scale"}]
POLY = [{"C": [1, 10], "gamma": "scale", "degree": 2}]
LINEAR = [{"C": [0.001, 0.01]}]
NETWORK = [{"batch_size": 32, "learning_rate": 0.001, "epochs": 2}]


def row(name: str, **settings: object) -> str:
    """Return a shipped classifier, a row of its own with other settings, as a command takes it."""
    shipped = CATALOG["classifiers"][name]
    return json.dumps({"name": name, **shipped, "settings": {**shipped["settings"], **settings}})


COMPETITORS = {
    "svm_rbf": ("train_svm", {"kernel": "rbf", "grid": RBF}, 2),
    "svm_poly": ("train_svm", {"kernel": "poly", "grid": POLY}, 2),
    "svm_linear": ("train_svm", {"kernel": "linear", "grid": LINEAR}, 2),
    "knn": ("train_classifier", {"classifier": "knn", "grid": [{"n_neighbors": [1, 5]}]}, 2),
    "logistic": ("train_classifier", {"classifier": row("logistic", C=0.01), "grid": [{}]}, 1),
    "forest": ("train_classifier", {"classifier": row("forest", max_features="sqrt"), "grid": [{}]}, 1),
    "resnet18": ("train_network", {"model": "resnet18", "optimizer": "adam", "grid": NETWORK}, 2),
    # At its own size: --sizes 96.
    "lite0_tuned": ("train_network", {"model": "lite0_tuned", "optimizer": "adam", "grid": NETWORK}, 2),
}
FEATURES = ("lite0",)


def timed(work: Callable[[], None]) -> float:
    """Return how many seconds of the processor the commands that something starts take."""
    start = os.times()
    work()
    end = os.times()
    return end.children_user + end.children_system - start.children_user - start.children_system


def lay(folder: Path, count: int) -> None:
    """Write photographs of waves and noise, the waves of a class alike."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:375, 0:500]
    for number in range(count):
        label = number % CLASSES
        place = folder / f"class {label}"
        place.mkdir(parents=True, exist_ok=True)
        waves = [
            np.sin(x / (20 + 9 * label) + c + random.normal()) * np.cos(y / (30 + 5 * c)) for c in range(3)
        ]
        pixels = 127 + 60 * np.stack(waves, axis=2) + random.normal(0, 25, (375, 500, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(place / f"{number}.jpg", quality=85)


def measure(folder: Path, count: int, size: int, names: list[str]) -> None:
    """Print what each step costs at a number of images and a size."""
    row = json.dumps(
        {"name": "made-up", "kind": "folder", "root": str(folder / "images"), "input_size": size}
    )
    data, place = folder / f"data{size}.npz", {"parts": folder / "parts.csv", "decoded": folder / "decoded"}
    shape = {"dataset": row, "split": json.dumps(SPLIT), "input_size": size}
    prepared = timed(lambda: finish(call("prepare_images", **shape, output=data, **place)))
    train = int(count * (1 - SPLIT["test"]) * SPLIT["train"])
    print(f"{count} images, {train} to fit, size {size}: prepare {prepared:.1f} s", flush=True)
    for name in set(FEATURES) & set(names):
        known = {"data": data, "dataset": row, "features": name, "output": folder / f"{name}{size}.npz"}
        whole = timed(lambda known=known: finish(call("extract_features", **known, **place)))
        print(f"  {name:<12} {whole:.1f} s for the numbers of all images", flush=True)
    for name in [each for each in names if each not in FEATURES]:
        script, options, settings = COMPETITORS[name]
        given = {key: json.dumps(each) if key == "grid" else each for key, each in options.items()}
        more = {"device": "cpu"} if script != "train_classifier" else {}
        record = folder / f"{name}{size}.json"
        whole = timed(partial(finished, script, data=data, **given, **more, threads=1, output=record))
        accuracy = max(run["validation_accuracy"] for run in json.loads(record.read_bytes())["runs"])
        print(f"  {name:<12} {whole:.1f} s for {settings} settings, {accuracy:.1%}", flush=True)


def finished(script: str, **options: object) -> None:
    """Train a cell."""
    finish(call(script, **options))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 2000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64])
    parser.add_argument(
        "--only", nargs="+", choices=[*COMPETITORS, *FEATURES], default=[*COMPETITORS, *FEATURES]
    )
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    for count, size in product(asked.images, asked.sizes):
        with TemporaryDirectory() as folder:
            lay(Path(folder) / "images", count)
            measure(Path(folder), count, size, asked.only)


if __name__ == "__main__":
    sys.exit(main())
