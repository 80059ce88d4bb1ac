"""Made-up studies for the tests: cell records and predictions that hang together.

Every number is invented or taken from the published table; nothing here was trained.
"""

import csv
import dataclasses
import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.analysis.study import Study
from bakeoff.data.rows import DATASETS
from bakeoff.records import layout, selection, written
from bakeoff.records import predictions as predicted
from bakeoff.records.record import Record, adapter, to_json
from bakeoff.records.run import Run

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "config" / "reference" / "published_results.csv"
DIGITS = [str(digit) for digit in range(10)]
CLOTHES = [
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
]
TITLES = {"mnist": "MNIST", "fashion": "Fashion-MNIST", "digits": "Digits"}
COUNTS = {
    "digits": {"train": 1005, "validation": 144, "holdout": 288, "test": 360},
    "mnist": {"train": 42000, "validation": 6000, "holdout": 12000, "test": 10000},
}
COUNTS["fashion"] = COUNTS["mnist"]
LABELS = {"resnet18": "ResNet-18", "resnet50": "ResNet-50", "sgd": "SGD", "adam": "Adam"}
KERNELS = {"poly": "polynomial", "rbf": "RBF"}
COMPUTE = {
    "resnet18": (11_181_642, 37_220_352),
    "resnet50": (23_528_522, 84_340_736),
}


def run(settings: dict[str, Any], test: float | None = 0.95, **changes: Any) -> dict[str, Any]:
    """Return one finished run; a test accuracy of None makes a diverged one."""
    validation = changes.pop("validation", test)
    ok = test is not None
    base = {
        "settings": settings,
        "seed": 0 if "epochs" in settings else None,
        "fold": None,
        "repeat": 0,
        "status": "ok" if ok else "diverged",
        "validation_accuracy": validation if ok else None,
        "test_accuracy": test,
        "holdout_accuracy": validation if ok else None,
        "train_accuracy": min(1.0, test + 0.01) if test is not None else None,
        "train_s": 10.0 if ok else None,
        "time_to_result_s": None,
        "phases_s": {},
        "history": _history(settings, test, validation) if ok else [],
        "packed": False,
        "error": None if ok else "the loss became NaN in epoch 1",
        "details": {} if "epochs" in settings else {"support_vectors": 400},
        "environment": 0,
        "load": None,
    }
    base |= changes
    if base["train_s"] is not None and base["time_to_result_s"] is None:
        base["time_to_result_s"] = 1.2 * base["train_s"] + 2
    return {"cost": _cost(base), **base}


def _cost(run: dict[str, Any]) -> float:
    """Return what a network's run costs, or an SVM's."""
    settings = run["settings"]
    if "epochs" in settings and "batch_size" in settings:
        return settings["epochs"] / settings["batch_size"]
    return float(run["details"].get("support_vectors", 0))


def _history(settings: dict[str, Any], test: float | None, validation: float | None) -> list[dict]:
    epochs = settings.get("epochs", 0)
    final = validation or test or 0.0
    rows = []
    for epoch in range(1, epochs + 1):
        left = 0.5 ** (epoch - 1) - 0.5 ** (epochs - 1)
        accuracy = final - 0.2 * left * final
        rows.append(
            {
                "epoch": epoch,
                "train_loss": 1.05 - accuracy,
                "train_accuracy": accuracy - 0.02,
                "validation_loss": 1.08 - accuracy,
                "validation_accuracy": accuracy,
                "train_s": 4.0 * epoch,
            }
        )
    return rows


def cell(dataset: str, model: str, choice: str | None, device: str, runs: list[dict], **changes: Any) -> dict:
    """Return a cell record.

    `choice` is the optimizer, or the kernel of model "svm"; None makes a classifier of a family of its own.
    """
    of = _competitor(model, choice)
    purpose = changes.pop("purpose", "selection")
    name = "_".join(filter(None, (model, choice, device)))
    classes = CLOTHES if dataset == "fashion" else DIGITS
    data = {
        "digest": "0123456789abcdef" * 4,
        "title": TITLES.get(dataset, dataset),
        "classes": changes.pop("classes", classes),
        "counts": changes.pop("counts", COUNTS.get(dataset, COUNTS["digits"])),
        "image_shape": [28, 28],
        "input_shape": [3, 32, 32] if of["group"] == "networks" else [784],
        "limit_train": changes.pop("limit_train", None),
        "limit_test": changes.pop("limit_test", None),
        "fingerprints": DATASETS.named(dataset).row.digests if dataset in TITLES else {},
        "licence": "CC BY-SA 3.0" if dataset == "mnist" else "MIT",
        "source": "public mirror",
    }
    record = {
        "format": 3,
        "purpose": purpose,
        "dataset": dataset,
        **of,
        "device": device,
        "rows": None,
        "data": data,
        "runs": runs,
        "best": None,
        "saved": None,
        "compute": _compute(of["competitor"]),
        "environments": [_environment(device)],
        "allocation": None,
        "command": _command(dataset, model, choice, device, runs, purpose, name),
    }
    return record | changes


def _competitor(model: str, choice: str | None) -> dict[str, Any]:
    """Return what a record says that it is of."""
    if model == "svm":
        return {
            "family": "svm",
            "competitor": f"svm_{choice}",
            "label": f"SVM ({KERNELS.get(str(choice), choice)})",
            "group": "SVMs",
            "factors": {},
            "scores": "decisions",
        }
    alone = choice is None
    return {
        "family": "classifier" if alone else "network",
        "competitor": model,
        "label": LABELS.get(model, model),
        "group": "classifiers" if alone else "networks",
        "factors": {} if alone else {"optimizer": {"name": choice, "label": LABELS.get(choice, choice)}},
        "scores": "probabilities",
    }


def _compute(competitor: str) -> dict[str, Any]:
    parameters, macs = COMPUTE.get(competitor, (None, 7_840_000))
    return {
        "parameters": parameters,
        "macs_forward": macs,
        "flops_forward": 2 * macs,
        "flops_train": 6 * macs if parameters else None,
        "flops_train_executed": 4 * macs if parameters else None,
        "operators": {"conv": macs - 5120, "linear": 5120, "batch_norm": 101_376} if parameters else None,
        "method": "torch.utils.flop_counter; fvcore counts the same"
        if parameters
        else "support vectors x features",
    }


def _environment(device: str) -> dict[str, Any]:
    return {
        "cpu": "Example CPU 2.4 GHz",
        "cores": 8,
        "threads": 8,
        "memory_bytes": 34_359_738_368,
        "gpu": "Example GPU 24 GB" if device == "gpu" else None,
        "driver": "570.10" if device == "gpu" else None,
        "platform": "Linux x86_64",
        "versions": {"python": "3.11.2", "torch": "2.12.0", "scikit-learn": "1.9.0"},
        "image_digest": None,
        "git_commit": "0fba8ca9deab891961ac0c40fabb30480541366d",
    }


def _command(
    dataset: str, model: str, choice: str | None, device: str, runs: list[dict], purpose: str, name: str
) -> str:
    if purpose == "speed":
        return (
            f"python workflow/scripts/time_training.py --data resources/{dataset}.npz "
            f"--model {model} --optimizer {choice} --device {device} "
            f"--settings '{{}}' --repeats {len(runs)} "
            f"--output results/{dataset}/speed/{name}.json --threads 8"
        )
    axes: dict[str, list] = {}
    for setting, value in (pair for run in runs for pair in run["settings"].items()):
        if value is not None and value not in axes.setdefault(setting, []):
            axes[setting].append(value)
    blocks = json.dumps([{setting: values for setting, values in axes.items() if values}])
    which = f"--kernel {choice}" if model == "svm" else f"--model {model} --optimizer {choice}"
    script = "train_svm.py" if model == "svm" else "train_network.py"
    if choice is None:
        which, script = f"--classifier {model}", "train_classifier.py"
    seeds = "" if model == "svm" else " --seeds 0"
    return (
        f"python workflow/scripts/{script} --data resources/{dataset}.npz {which} "
        f"--device {device} --grid '{blocks}'{seeds} --output results/{dataset}/{name}.json --threads 8"
    )


def answers(accuracy: float, n: int, classes: int, seed: int) -> dict[str, np.ndarray]:
    """Return labels, predictions and scores with this accuracy; hard images are hard for all."""
    shared = np.random.default_rng(7)
    labels = shared.integers(0, classes, n)
    difficulty = shared.normal(size=n)
    own = np.random.default_rng(seed)
    order = np.argsort(difficulty + 0.35 * own.normal(size=n))
    wrong = order[round(accuracy * n) :]
    predictions = labels.copy()
    predictions[wrong] = (labels[wrong] + own.choice([1, 2, classes - 1], len(wrong))) % classes
    scores = np.full((n, classes), 0.02, dtype=np.float32)
    scores[np.arange(n), predictions] = 0.9
    return {
        "labels": labels,
        "predictions": predictions,
        "scores": scores,
    }


def pictures(cells: Iterable[dict]) -> dict[str, np.ndarray]:
    """Return made-up test images of every data set in the records, by the digest of its data."""
    random = np.random.default_rng(3)
    counts = {cell["data"]["digest"]: cell["data"]["counts"]["test"] for cell in cells}
    return {
        digest: random.integers(0, 256, (number, 8, 8), dtype=np.uint8) for digest, number in counts.items()
    }


def study(cells: Iterable[dict], folder: Path) -> Study:
    """Return the records as the analysis reads them; what lies in the folder is read when it is asked for."""
    return Study([written.from_json(cell) for cell in cells], folder)


def read(path: Path) -> dict[str, Any]:
    """Return the JSON of a record's file."""
    return json.loads(path.read_text(encoding="utf-8"))


def as_runs(given: Iterable[dict]) -> list[Run]:
    """Return runs as a record holds them."""
    return [adapter(Run).validate_json(json.dumps(each)) for each in given]


def save(folder: Path, cells: Iterable[dict], predictions: bool = True) -> list[Path]:
    """Write the records where the workflow would, with the predictions of each best run."""
    paths = []
    for number, given in enumerate(cells):
        found = written.from_json(given)
        choice = selection.choose(found.runs)
        best = selection.summarise(choice)
        given["best"] = best and to_json(best)
        paths.append(folder / f"{layout.place(found.dataset, found.purpose, found.cell)}{layout.RECORD}")
        written.write(paths[-1], dataclasses.replace(found, best=best))
        if predictions:
            kept = answered(found, choice.final if choice else [], number)
            predicted.save(layout.beside(paths[-1], "predictions"), **kept)
    return paths


def answered(record: Record, chosen: list[Run], number: int) -> dict[str, Any]:
    """Return what the cell would keep: of a grid the chosen runs' answers, of timed runs those of all."""
    counts, classes = record.data.counts, len(record.data.classes)
    timed = record.purpose != "selection"
    parts = ("validation", "test")
    labels = {part: answers(1.0, counts.of(part), classes, 0)["labels"] for part in parts}
    found = []
    for place, run in enumerate(record.runs):
        kept = run.finished and (timed or any(run is each for each in chosen))
        given = answers(run.test_accuracy or 0.0, counts.test, classes, number + place) if kept else {}
        scored = kept and not timed and record.scores != "none"
        scores = given["scores"] if scored else None
        found.append(predicted.Answers(None, given.get("predictions"), scores))
    return {"labels": labels, "classes": classes, "answers": found}


def _chosen(given: list[dict]) -> list[dict]:
    """Return the runs of the settings that would be chosen, as they are given."""
    typed = as_runs(given)
    choice = selection.choose(typed)
    final = choice.final if choice else []
    return [each for each, run in zip(given, typed, strict=True) if any(run is one for one in final)]


def without_holdout(cells: list[dict]) -> list[dict]:
    """Return the cells as they are where no image is kept as a second test set."""
    return [
        cell
        | {"data": cell["data"] | {"counts": cell["data"]["counts"] | {"holdout": 0}}}
        | {"runs": [run | {"holdout_accuracy": None} for run in cell["runs"]]}
        for cell in cells
    ]


def small(seeds: int = 1) -> list[dict]:
    """Return a study like the demo: digits, ResNet-18 and two SVMs, CPU only, one run diverged."""
    adam, sgd = (_demo_runs(shift, seeds) for shift in (0.0, -0.012))
    adam[-1] = run(adam[-1]["settings"], None, seed=adam[-1]["seed"])
    rbf = [
        run(_svm(c, gamma), 0.9861 - 0.003 / c, train_s=0.05)
        for c in (1.0, 10.0)
        for gamma in ("scale", 0.01)
    ]
    poly = [
        run(_svm(c, "scale", degree), 0.975 + 0.001 * degree, train_s=0.04)
        for c in (1.0, 10.0)
        for degree in (2, 3)
    ]
    timed = _repeats(_network(16, 0.001, 2, "fp32"), 0.93, 4.2)
    return [
        cell("digits", "resnet18", "adam", "cpu", adam),
        cell("digits", "resnet18", "sgd", "cpu", sgd),
        cell("digits", "svm", "rbf", "cpu", rbf),
        cell("digits", "svm", "poly", "cpu", poly),
        cell("digits", "resnet18", "adam", "cpu", timed, purpose="speed"),
        cell("digits", "resnet18", "sgd", "cpu", timed, purpose="speed"),
    ]


def _demo_runs(shift: float, seeds: int) -> list[dict]:
    return [
        run(
            _network(16, rate, epochs, "fp32"),
            0.9722 + shift - (0.01 if epochs == 4 else 0) - 0.004 * seed,
            seed=seed,
            train_s=2.1 * epochs,
        )
        for rate in (0.01, 0.001)
        for epochs in (4, 8)
        for seed in range(seeds)
    ]


def _network(batch: int, rate: float, epochs: int, precision: str) -> dict[str, Any]:
    return {
        "batch_size": batch,
        "learning_rate": rate,
        "epochs": epochs,
        "precision": precision,
        "engine": "resident",
        "pin_memory": None,
    }


def _svm(c: float, gamma: str | float, degree: int | None = None) -> dict[str, Any]:
    return {"C": c, "gamma": gamma, "degree": degree, "scale": "standard"}


def _repeats(settings: dict[str, Any], test: float, seconds: float, n: int = 3) -> list[dict]:
    return [
        run(settings, test, repeat=index, seed=index, train_s=seconds * (1 + 0.01 * index))
        for index in range(n)
    ]


def alone(cells: list[dict], n: int = 3) -> list[dict]:
    """Return the cells and what each chose, trained again alone: a third of the grid's time, fresh seeds."""
    again = []
    for each in cells:
        if each["purpose"] == "selection" and (chosen := _chosen(each["runs"])):
            first, seeded = chosen[0], chosen[0]["seed"] is not None
            used = max(run["seed"] or 0 for run in each["runs"])
            runs = [
                first
                | {"repeat": number, "seed": used + 1 + number if seeded else None, "packed": False}
                | {name: first[name] / 3 * (1 + 0.01 * number) for name in ("train_s", "time_to_result_s")}
                | {"test_accuracy": first["test_accuracy"] - (0.002 * number if seeded else 0)}
                for number in range(n)
            ]
            more = {
                "prediction": _prediction(each["group"], each["device"]),
                "command": "python time_chosen.py",
            }
            again.append(each | {"purpose": "alone", "runs": runs} | more)
    return [*cells, *again]


def _prediction(group: str, device: str) -> list[dict]:
    """Return how long a saved model takes for one image and for a batch; only a network's uses a GPU."""
    one, where = (0.0048, device) if group == "networks" else (0.0016, "cpu")
    return [
        {
            "device": where,
            "images": n,
            "s_median": time,
            "s_low": 0.9 * time,
            "s_high": 1.4 * time,
            "calls": 100,
            "load": None,
        }
        for n, time in ((1, one), (256, 9 * one))
    ]


def large(count: int) -> list[dict]:
    """Return a study of so many finished runs: two data sets, two networks with two optimizers, two SVMs."""
    choices = [*itertools.product(("resnet18", "resnet50"), ("sgd", "adam")), ("svm", "rbf"), ("svm", "poly")]
    places = list(itertools.product(("mnist", "fashion"), choices))
    cells = []
    for place, (dataset, (model, choice)) in enumerate(places):
        runs = [_of_many(model, choice, number) for number in range(len(range(place, count, len(places))))]
        if runs:
            cells.append(cell(dataset, model, choice, "cpu", runs))
    return cells


def _of_many(model: str, choice: str | None, number: int, shift: int = 0) -> dict:
    """Return the run of a number: three seeds of each setting, accuracies in no order."""
    accuracy = 0.8 + 0.15 * ((number + 31 * shift) * 7919 % 1000) / 1000
    place, seed = divmod(number, 3)
    if model == "svm":
        settings = _svm(0.1 * 2 ** (place // 8), 0.001 * 2 ** (place % 8), 3 if choice == "poly" else None)
    elif choice is None:
        settings = {"n_neighbors": 1 + place, "scale": "standard"}
    else:
        rate, batch = (0.0001, 0.001, 0.01, 0.1)[place % 4], 8 * 2 ** (place // 4 % 5)
        settings = _network(batch, rate, 2 + place // 20, "fp32")
    return run(settings, accuracy, seed=seed, train_s=10.0 * (1 + shift))


def wide(datasets: int, runs: int) -> list[dict]:
    """Return a study of many cells: per data set fifteen of so many runs each, and what these chose alone."""
    competitors = [
        *itertools.product(("resnet18", "resnet50", "vgg11", "densenet121"), ("sgd", "adam")),
        *(("svm", kernel) for kernel in ("rbf", "poly", "linear")),
        *((classifier, None) for classifier in ("knn", "logistic", "forest", "trees")),
    ]
    cells = [
        cell(
            f"set{number}", *competitor, "cpu", [_of_many(*competitor, place, shift) for place in range(runs)]
        )
        for number in range(datasets)
        for shift, competitor in enumerate(competitors)
    ]
    return alone(cells)


def _reference() -> list[dict[str, str]]:
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def published(gpu: bool = True) -> list[dict]:
    """Return a study with the published numbers, shifted a little: 2 data sets, 4 models."""
    lines = _reference()
    runs: dict[tuple, list[dict]] = {}
    for line in lines:
        if line["table"] == "headline" or line["pin_memory"] == "false":
            continue
        speed = line["table"] == "cpu_vs_gpu"
        if speed and line["device"] == "gpu" and not gpu:
            continue
        device = line["device"] if gpu else "cpu"
        key = (
            line["table"],
            line["dataset"],
            line["model"],
            line["optimizer"] or line["kernel"],
            device,
        )
        runs.setdefault(key, []).extend(_published_runs(line, speed))
    cells = []
    for (table, dataset, model, choice, device), found in runs.items():
        purpose = "speed" if table == "cpu_vs_gpu" else "selection"
        cells.append(cell(dataset, model, choice, device, found, purpose=purpose))
    return cells


def _published_runs(line: dict[str, str], speed: bool) -> list[dict]:
    test, seconds = float(line["test_accuracy_percent"]) / 100, float(line["train_time_s"])
    if line["model"] == "svm":
        gamma = line["gamma"] if line["gamma"] in ("scale", "auto") else float(line["gamma"])
        degree = int(line["degree"]) if line["degree"] else None
        settings = _svm(float(line["C"]), gamma, degree)
        return [
            run(
                settings,
                round(test + 0.0004, 4),
                validation=round(test + 0.001, 4),
                train_s=seconds / 4,
            )
        ]
    settings = _network(
        int(line["batch_size"]),
        float(line["learning_rate"]),
        int(line["epochs"]),
        "fp32" if speed else "mixed",
    )
    if speed:
        return _repeats(settings, test, seconds)
    validation = float(line["validation_accuracy_percent"]) / 100
    return [run(settings, round(test + 0.003, 4), validation=validation, train_s=seconds / 5)]


# What CUDA says of a training that finds no room, in one line as torch raises it.
NO_MEMORY = (
    "OutOfMemoryError: CUDA out of memory. Tried to allocate 128.00 MiB. GPU 0 has a total capacity of 23.64 "
    "GiB of which 81.19 MiB is free. Process 7 has 23.55 GiB memory in use. Of the allocated memory 22.84 "
    "GiB is allocated by PyTorch, and 211.32 MiB is reserved by PyTorch but unallocated. If reserved but "
    "unallocated memory is large try setting PYTORCH_ALLOC_CONF=expandable_segments:True to avoid "
    "fragmentation.  See documentation for Memory Management  "
    "(https://docs.pytorch.org/docs/stable/notes/cuda.html#environment-variables)"
)
PEAKS = {"cpu": 1.1e12, "gpu": 1.9e13}
WATTS = {"cpu": {"cpu": 95.0}, "gpu": {"cpu": 41.0, "gpu": 180.0}}
# Seconds of every repeat: a GPU that is faster, one that is slower, a tie, and a repeat that was disturbed.
REPEATS = {
    ("resnet18", "sgd"): {"cpu": (795.2, 801.4, 812.9), "gpu": (88.1, 88.9, 90.2)},
    ("resnet18", "adam"): {"cpu": (230.4, 231.9, 233.0), "gpu": (291.5, 292.2, 296.6)},
    ("resnet50", "sgd"): {"cpu": (388.0, 401.5, 430.2), "gpu": (379.3, 405.1, 425.8)},
    ("resnet50", "adam"): {"cpu": (1210.0, 1223.8, 2611.3), "gpu": (118.6, 119.9, 121.4)},
}


def on_gpu() -> list[dict]:
    """Return what a machine with a GPU brings home of the published study; a run failed and one diverged."""
    runs: dict[tuple, list[dict]] = {}
    for line in _reference():
        svm = line["table"] == "svm_grid"
        for device in ("cpu", "gpu") if svm else ("gpu",) if line["table"] == "hyperparameter_grid" else ():
            key = line["dataset"], line["model"], line["optimizer"] or line["kernel"], device
            runs.setdefault(key, []).extend(_pairwise(line, device) if svm else _engines(line))
    _lose(runs["mnist", "resnet50", "adam", "gpu"])
    cells = [cell(*key, _chosen_alone(found)) for key, found in runs.items()]
    cells = alone(cells) + [_timed(*key, device) for key in REPEATS for device in ("cpu", "gpu")]
    for each in cells:
        if each["family"] == "svm":
            each["compute"]["parameters"] = 9000 * (784 + 9) + 45
        # An SVM on a CPU needs no torch, and asks it for no version of CUDA.
        if (each["family"], each["device"]) != ("svm", "cpu"):
            each["environments"][0]["versions"]["cuda"] = "12.8"
    return cells


def _engines(line: dict[str, str]) -> list[dict]:
    """Return a published training as a GPU's grid holds it: by the loader, and once from its memory."""
    [found] = _published_runs(line, False)
    test, validation, seconds = (found[name] for name in ("test_accuracy", "validation_accuracy", "train_s"))
    resident, pinned = found["settings"], line["pin_memory"] == "true"
    runs = [
        _trained({**resident, "engine": "dataloader", "pin_memory": pinned}, test, validation, 4 * seconds)
    ]
    if pinned:
        runs.append(_trained(resident, test + 0.001, validation + 0.001, seconds, side_by_side=2))
    return runs


def _trained(settings: dict, test: float, validation: float, seconds: float, **details: Any) -> dict:
    images = COUNTS["mnist"]["train"]
    facts = {
        "autocast": "float16" if settings["precision"] == "mixed" else None,
        "steps_per_epoch": -(-images // settings["batch_size"]),
        "execution": "graph" if settings["engine"] == "resident" else "step by step",
        "images_per_s": images * settings["epochs"] / seconds,
    }
    accuracies = {"test": round(test, 4), "validation": round(validation, 4)}
    return run(settings, **accuracies, train_s=seconds, packed=bool(details), details=facts | details)


def _pairwise(line: dict[str, str], device: str) -> list[dict]:
    """Return a published SVM fitted beside the others of its grid; a GPU differs in the last digits."""
    [found] = _published_runs(line, False)
    gpu = device == "gpu"
    digit = 0.0002 if gpu and line["kernel"] == "poly" else 0.0
    accuracies = {
        "test": round(found["test_accuracy"] - digit, 4),
        "validation": round(found["validation_accuracy"] + digit, 4),
    }
    details = {"support_vectors": 9000, "engine": "pairwise", "steps": 90_000, "amortised_s": 0.8}
    # RBF is quicker on the CPU of this machine, the polynomial kernel on its GPU.
    seconds = found["train_s"] / ((3 if line["kernel"] == "rbf" else 40) if gpu else 4)
    return [run(found["settings"], **accuracies, train_s=seconds, packed=True, details=details)]


def _lose(runs: list[dict]) -> None:
    """Let a training find no memory, and another diverge in its last epoch: pinned and not."""
    for pinned, status, error in (
        (True, "failed", NO_MEMORY),
        (False, "diverged", "the loss was not finite in epoch 3"),
    ):
        lost = next(
            each
            for each in runs
            if (each["settings"]["pin_memory"], each["settings"]["epochs"]) == (pinned, 3)
        )
        lost |= run(lost["settings"], None, status=status, error=error)


def _chosen_alone(runs: list[dict]) -> list[dict]:
    """Return the runs in the grid's order, the chosen one timed again alone, which takes longer."""
    for chosen in _chosen(runs):
        if chosen["packed"]:
            shared = {"side_by_side", "amortised_s"}
            details = {name: fact for name, fact in chosen["details"].items() if name not in shared}
            times = {name: 1.6 * chosen[name] for name in ("train_s", "time_to_result_s")}
            chosen |= {"packed": False, "details": details, **times}
    return sorted(runs, key=lambda each: each["settings"].get("engine") == "dataloader")


def _timed(model: str, optimizer: str, device: str) -> dict:
    """Return a timed cell of the comparison, with what the device's counters and its peak say."""
    runs = []
    accuracy = 0.86 if (model, optimizer, device) == ("resnet50", "adam", "gpu") else 0.89
    for repeat, seconds in enumerate(REPEATS[model, optimizer][device]):
        found = _trained(_network(16, 0.001, 10, "fp32"), accuracy + 0.002 * repeat, accuracy, seconds)
        found["details"]["energy_j"] = {part: watts * seconds for part, watts in WATTS[device].items()}
        if device == "cpu":
            found["details"]["execution"] = "step by step"
        runs.append(found | {"seed": repeat, "repeat": repeat})
    record = cell("fashion", model, optimizer, device, runs, purpose="speed")
    record["peak_flops_per_s"] = PEAKS[device]
    return record
