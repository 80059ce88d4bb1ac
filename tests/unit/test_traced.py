"""Every number in the tables of the HTML, traced to the records, predictions and published values by hand.

Nothing of the package computes what is expected here: records.jsonl is read as JSON, the rest is arithmetic.
"""

import csv
import json
import math
import re
from html.parser import HTMLParser
from statistics import fmean, median

import numpy as np
import pytest
from scipy.stats import t

import rendered
import studies
from bakeoff.analysis import differences

MODELS = {
    "ResNet-18": "resnet18",
    "ResNet-50": "resnet50",
    "SVM (RBF)": "svm_rbf",
    "SVM (polynomial)": "svm_poly",
    "Adam": "adam",
    "SGD": "sgd",
}
SETTINGS = {
    "Batch size": "batch_size",
    "Learning rate": "learning_rate",
    "Epochs": "epochs",
    "C": "C",
    "Gamma": "gamma",
    "Degree": "degree",
}
MEASURED = {
    "Validation %": "validation_accuracy",
    "Test %": "test_accuracy",
    "Holdout %": "holdout_accuracy",
    "Train %": "train_accuracy",
    "Training s": "train_s",
    "To result s": "time_to_result_s",
    "Seed": "seed",
    "Repeat": "repeat",
}
PREFIXES = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


class Tables(HTMLParser):
    """Collects tables by caption; a cell is its words and the exact value behind them, if it has one."""

    def __init__(self, text: str):
        super().__init__()
        self.tables: dict[str, list[list[tuple[str, str | None]]]] = {}
        self._caption, self._stack, self._value = "", [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._stack.append(tag)
        if tag in ("h3", "summary"):
            self._caption = ""
        elif tag == "table":
            self.tables[self._caption] = []
        elif tag == "tr":
            self.tables[self._caption].append([])
        elif tag in ("td", "th"):
            self._value = dict(attributes).get("data-value")
            self.tables[self._caption][-1].append(("", self._value))

    def handle_endtag(self, tag):
        while self._stack and self._stack.pop() != tag:
            pass

    def handle_data(self, data):
        if self._stack[-1:] in (["h3"], ["summary"]):
            self._caption += data
        elif {"td", "th"} & set(self._stack) and "small" not in self._stack:
            words, value = self.tables[self._caption][-1][-1]
            self.tables[self._caption][-1][-1] = (f"{words} {data}".strip(), value)


class Sources:
    """What a study was rendered from, read as plain files."""

    def __init__(self, folder):
        lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
        self.records = [json.loads(line) for line in lines]
        self.folder = folder
        self.tested: dict[tuple[str, bool], list[float]] = {}  # p values by data set and kind of contrast
        with studies.REFERENCE.open(encoding="utf-8") as file:
            self.published = list(csv.DictReader(file))

    def cells(self, purpose: str, **identity) -> list[dict]:
        return [
            record
            for record in self.records
            if record["purpose"] == purpose
            and all(_identity(record)[name] == value for name, value in identity.items())
        ]

    def best(self, **identity) -> dict:
        """Return the cell whose best validation accuracy is the highest."""
        cells = [cell for cell in self.cells("selection", **identity) if cell["best"]]
        return max(cells, key=lambda cell: cell["best"]["validation_accuracy"])

    def right(self, **identity) -> tuple[np.ndarray, np.ndarray]:
        """Return labels and predictions of the best cell."""
        cell = self.best(**identity)
        with np.load(self.folder / cell["dataset"] / "predictions" / f"{_name(cell)}.npz") as file:
            return file["labels"], file["test"][0]

    def again(self, **identity) -> tuple[list[dict], np.ndarray]:
        """Return the runs of what the best cell chose, made again alone, and which images they got right."""
        best = self.best(**identity)
        same = _identity(best)
        [cell] = self.cells("alone", **same) or [{"runs": []}]
        if not cell["runs"]:
            return [], np.empty(0)
        with np.load(self.folder / best["dataset"] / "alone/predictions" / f"{_name(best)}.npz") as file:
            return cell["runs"], file["test"] == file["labels"]

    def numbered(self) -> list[tuple[dict, dict]]:
        cells = [cell for purpose in ("selection", "alone", "speed") for cell in self.cells(purpose)]
        return [(cell, run) for cell in cells for run in cell["runs"]]


def _identity(record: dict) -> dict:
    title, optimizer = record["data"]["title"], record["factors"].get("optimizer", {}).get("name")
    said = {name: record[name] for name in ("competitor", "device")}
    return {"title": title, "optimizer": optimizer, **said}


def _name(record: dict) -> str:
    found = _identity(record)
    return "_".join(filter(None, (found[part] for part in ("competitor", "optimizer", "device"))))


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """A study whose choices were made again alone."""
    return rendered.built(tmp_path_factory.mktemp("again"), studies.alone(studies.small()))


@pytest.fixture(params=["small", "fashion", "again"])
def study(request):
    built = request.getfixturevalue(request.param)
    return Tables(built.html).tables, Sources(built.folder)


def numbers(table: list[list[tuple]]) -> list[tuple[dict, str, str, float]]:
    """Return every cell with a value: its row by heads, its head, its words, the value."""
    heads = [words for words, _ in table[0]]
    return [
        (row, head, words, float(value))
        for cells in table[1:]
        for row in [dict(zip(heads, (words for words, _ in cells), strict=True))]
        for head, (words, value) in zip(heads, cells, strict=True)
        if value is not None and re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?", value)
    ]


def test_what_is_shown_is_the_value_rounded(study):
    tables, _ = study
    seen = 0
    for caption, table in tables.items():
        for _, head, words, value in numbers(table):
            factor = 100 if re.search(r"%|points", head) and "×" not in head else 1
            factor *= 1000 if re.search(r" ms\b", head) else 1
            if words.startswith("<"):
                assert value < float(words[1:]), caption
                continue
            match = re.fullmatch(
                r"([-+]?)([\d,]+(?:\.(\d+))?(?:e-\d+)?)\s*([kMGT]?)", words.replace("−", "-")
            )
            assert match, (caption, head, words)
            sign, digits, decimals, prefix = match.groups()
            shown = float(f"{sign}{digits.replace(',', '')}") * PREFIXES.get(prefix, 1)
            half = 0.5 * 10 ** -len(decimals or "") * PREFIXES.get(prefix, 1)
            assert abs(shown - factor * value) <= half * (1 + 1e-6), (caption, head, words, value)
            seen += 1
    assert seen > 250


def test_every_number_comes_from_a_record(study):
    tables, sources = study
    traced = 0
    for caption, table in tables.items():
        found = numbers(table)
        if not found:
            continue
        [trace] = [trace for pattern, trace in TRACES.items() if re.search(pattern, caption)]
        title = caption.split(":")[0]
        for row, head, _, value in found:
            if head == "p":
                sources.tested.setdefault((title, ", " in row["A"]), []).append(value)
        for row, head, _, value in found:
            expected = trace(sources, title, row, head)
            assert any(math.isclose(value, each, rel_tol=1e-9, abs_tol=1e-12) for each in expected), (
                f"{caption}, {row}, {head}: {value} is not {expected}"
            )
            traced += 1
    assert traced > 250


def _run(sources, title, row, head):
    cell, run = sources.numbered()[int(row["Run"]) - 1]
    assert cell["data"]["title"] == title
    assert MODELS[row["Model"].removesuffix(" Adam").removesuffix(" SGD")] == _identity(cell)["competitor"]
    if head == "Run":
        return [int(row["Run"])]
    return [run[MEASURED[head]] if head in MEASURED else run["settings"][SETTINGS[head]]]


def _best(sources, title, row, head):
    cell = sources.best(title=title, competitor=MODELS[row["Model"]])
    best = cell["best"]
    alone, _ = sources.again(title=title, competitor=MODELS[row["Model"]])
    values = {
        "Validation %, 95 %": best["validation_accuracy"],
        "Test %, 95 %": best["test_accuracy"],
        "Train %": best["train_accuracy"],
        "Gap points": best["validation_accuracy"] - best["test_accuracy"],
        "Training s": median(run["train_s"] for run in alone) if alone else best["train_s"],
        "Other seeds test %": fmean(run["test_accuracy"] for run in alone) if alone else None,
    }
    if head in values:
        return [values[head]]
    [theirs] = _theirs(sources, cell["dataset"], row, "headline", "test_accuracy_percent")
    return [theirs if head.startswith("Published") else best["test_accuracy"] - theirs]


def _theirs(sources, dataset, row, table, column) -> list[float]:
    """Return a column of the published rows of a model; percent as fractions."""
    model = MODELS[row["Model"]]
    found = [
        float(line[column]) / (100 if column.endswith("percent") else 1)
        for line in sources.published
        if line["dataset"] == dataset
        and (f"svm_{line['kernel']}" if line["model"] == "svm" else line["model"]) == model
        and line[column]
        and table in (line["table"], "")
    ]
    assert found
    return found


def _method(sources, title, row, head):
    [title] = {record["data"]["title"] for record in sources.records}
    best = sources.best(title=title, competitor=MODELS[row["Method"]])["best"]
    alone, _ = sources.again(title=title, competitor=MODELS[row["Method"]])
    spent = median(run["train_s"] for run in alone) if alone else best["train_s"]
    return [spent if head == "Training s" else best["test_accuracy"]]


def _ours(sources, title, row) -> list[dict]:
    """Return our finished runs of a published row's model."""
    model = MODELS[row["Model"]]
    return [
        run
        for cell, run in sources.numbered()
        if cell["data"]["title"] == title and _identity(cell)["competitor"] == model and run["status"] == "ok"
    ]


def _published(sources, title, row, head):
    [dataset] = {record["dataset"] for record in sources.records}
    ours, theirs = _ours(sources, title, row), _theirs(sources, dataset, row, "", "test_accuracy_percent")
    accuracies = {run["test_accuracy"] for run in ours}
    if head == "Published test %":
        return theirs
    if head.startswith("Difference points"):
        shown = float(row["Published test %"]) / 100
        # By the mean with another published run, or by itself where none stands beside it.
        return [mine - (shown + their) / 2 for mine in accuracies for their in [shown, *theirs]]
    if head == "Band ± points":
        return _bands(sources, dataset, MODELS[row["Model"]])
    if head == "Theirs s":
        return _theirs(sources, dataset, row, "", "train_time_s")
    if head == "Ours s":
        timed = [run["train_s"] for run in ours]
        cells = [
            cell["runs"]
            for cell in sources.cells("speed", title=title, competitor=MODELS[row["Model"]])
            if cell["runs"]
        ]
        return [
            *timed,
            *(median(run["train_s"] for run in runs) for runs in cells),
            *_means(cells, "train_s"),
        ]
    return [*accuracies, *_means([c["runs"] for c in sources.cells("speed", title=title)], "test_accuracy")]


def _means(cells: list[list[dict]], name: str) -> list[float]:
    return [fmean(run[name] for run in runs) for runs in cells]


def _bands(sources, dataset, model) -> list[float]:
    """Return t times the root mean square difference of the published pairs, per optimizer and runs."""
    bands = []
    for optimizer in ("sgd", "adam"):
        pairs: dict[tuple, list[float]] = {}
        for line in sources.published:
            if (line["table"], line["dataset"], line["model"], line["optimizer"]) == (
                "hyperparameter_grid",
                dataset,
                model,
                optimizer,
            ):
                key = line["batch_size"], line["learning_rate"], line["epochs"]
                pairs.setdefault(key, []).append(float(line["test_accuracy_percent"]) / 100)
        squares = [(a - b) ** 2 for a, b in pairs.values()]
        limit = t.ppf(0.975, len(squares)) * math.sqrt(fmean(squares))
        # One run of ours against one and against two of theirs; three timed ones against one.
        bands += [limit * math.sqrt(share / 2) for share in (1 + 1, 1 + 1 / 2, 1 / 3 + 1)]
    return bands


def _sides(sources, title, row) -> dict[str, list[dict]]:
    name, optimizer = row["Training"].rsplit(" ", 1)
    identity = {"competitor": MODELS[name], "optimizer": MODELS[optimizer]}
    return {cell["device"]: cell["runs"] for cell in sources.cells("speed", title=title, **identity)}


def _speedup(sources, title, row, head):
    sides = _sides(sources, title, row)
    if head.endswith("s, median"):
        return [median(run["train_s"] for run in sides[head[:3].lower()])]
    if head.endswith("test %, 95 %"):
        return [fmean(run["test_accuracy"] for run in sides[head[:3].lower()])]
    time = "time_to_result_s" if head.startswith("To result") else "train_s"
    cpu, gpu = (median(run[time] for run in sides[device]) for device in ("cpu", "gpu"))
    return [cpu - gpu if head == "Saved s" else cpu / gpu]


def _achieved(sources, title, row, head):
    device = head[:3].lower()
    name, optimizer = row["Training"].rsplit(" ", 1)
    identity = {"competitor": MODELS[name], "optimizer": MODELS[optimizer], "device": device}
    [cell] = sources.cells("speed", title=row["Data set"], **identity)
    images = cell["data"]["counts"]["train"] * cell["runs"][0]["settings"]["epochs"]
    work = cell["compute"]["flops_train_executed"] * images
    return [work / median(run["train_s"] for run in cell["runs"])]


def _classes(sources, title, row, head):
    [classes] = {tuple(r["data"]["classes"]) for r in sources.records if r["data"]["title"] == title}
    number = classes.index(row["Class"])
    if head == "Images":
        labels, _ = sources.right(title=title, competitor="svm_rbf")
        return [(labels == number).sum()]
    labels, predictions = sources.right(title=title, competitor=MODELS[head.removesuffix(" %")])
    hits = ((labels == number) & (predictions == number)).sum()
    return [hits / (labels == number).sum(), hits / (predictions == number).sum()]


def _test(sources, title, row, head):
    right = []
    for side in ("A", "B"):
        *within, name = row[side].split(", ")
        identity = (
            {"competitor": MODELS[within[0]], "optimizer": MODELS[name]}
            if within
            else {"competitor": MODELS[name]}
        )
        runs, fresh = sources.again(title=title, **identity)
        if row["Compared"].startswith("methods"):
            seeded = runs[0]["seed"] is not None
            right.append((fresh if seeded else fresh[:1], seeded))
        else:
            labels, predictions = sources.right(title=title, **identity)
            right.append(labels == predictions)
    if row["Compared"].startswith("methods"):
        return _methods(sources, title, row, head, *right)
    a, b = (right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()
    if head.startswith("A less B"):
        return [(int(a) - int(b)) / len(right[0])]
    fewer, both = int(min(a, b)), int(a + b)
    seen = math.comb(both, fewer)
    p = (2 * sum(math.comb(both, each) for each in range(fewer)) + seen) / 2**both
    return [p] if head == "p" else [_holm(p, sources.tested[title, ", " in row["A"]])]


def _methods(sources, title, row, head, a, b):
    if head.startswith("A less B"):
        return [a[0].mean() - b[0].mean()]
    p = differences.of_methods(a[0], b[0], a[1], b[1]).p
    return [p] if head == "p" else [_holm(p, sources.tested[title, ", " in row["A"]])]


def _holm(p: float, family: list[float]) -> float:
    """Return p corrected: the largest of the smaller ones, each times the number of those not below it."""
    return min(
        1.0,
        max((len(family) - rank) * each for rank, each in enumerate(sorted(family)) if each <= 1.000001 * p),
    )


def _cost(sources, title, row, head):
    compute = sources.best(title=row["Data set"], competitor=MODELS[row["Model"]])["compute"]
    if head == "Published MFLOPs":
        model = MODELS[row["Model"]]
        return [
            float(line["mflops"]) for line in sources.published if line["model"] == model and line["mflops"]
        ]
    names = {
        "Parameters": "parameters",
        "MACs forward": "macs_forward",
        "FLOPs forward": "flops_forward",
        "FLOPs training": "flops_train",
    }
    return [compute[names[head]]]


def _prediction(sources, title, row, head):
    best = _identity(sources.best(title=row["Data set"], competitor=MODELS[row["Model"]]))
    [cell] = sources.cells("alone", **best)
    one, batch = cell["prediction"]
    if head == "One image ms, median":
        return [one["s_median"]]
    each = batch["s_median"] / batch["images"]
    return [1 / each if head.startswith("Images per second") else each]


def _speedups(sources, title, row, head):
    name, optimizer = row["Training"].rsplit(" ", 1)
    times = {
        line["device"]: float(line["train_time_s"])
        for line in sources.published
        if (line["table"], line["model"], line["optimizer"])
        == ("cpu_vs_gpu", MODELS[name], MODELS[optimizer])
    }
    if head.endswith("PU s"):
        return [times[head.split()[1].lower()]]
    if head.startswith("Published"):
        return [times["cpu"] / times["gpu"]]
    sides = _sides(sources, row["Data set"], row)
    return [median(r["train_s"] for r in sides["cpu"]) / median(r["train_s"] for r in sides["gpu"])]


def _pinned(sources, title, row, head):
    """Return the median over all pairs; ours of a training's longest run."""
    model, pairs = MODELS[row["Model"]], {}
    if head.startswith("Published"):
        for line in sources.published:
            if (line["table"], line["model"]) == ("hyperparameter_grid", model) and line[
                "dataset"
            ] == "fashion":
                key = [line[name] for name in ("optimizer", "batch_size", "learning_rate", "epochs")]
                pairs.setdefault(str(key), {})[line["pin_memory"]] = float(line["train_time_s"])
    else:
        for cell in sources.cells("selection", title=row["Data set"], competitor=model):
            for run in sorted(cell["runs"], key=lambda run: run["settings"]["epochs"]):
                pin = str(run["settings"].get("pin_memory")).lower()
                if pin != "none" and run["status"] == "ok" and not run["packed"]:
                    facts = run["settings"]["batch_size"], run["settings"]["learning_rate"]
                    pairs.setdefault(str((_identity(cell)["optimizer"], facts)), {})[pin] = run["train_s"]
    return [median(each["false"] / each["true"] for each in pairs.values())]


TRACES = {
    r"best configuration of every model$": _best,
    r"^The methods side by side": _method,
    r"published results?, \d+ with ours beside": _published,
    r"same training on CPU and GPU": _speedup,
    r"^Arithmetic per second": _achieved,
    r"(networks|SVMs), \d+ runs?|\d+ (timed|lone \w+) runs?": _run,
    r"(recall|precision) by class": _classes,
    r"paired tests": _test,
    r"^Cost of one image": _cost,
    r"^Prediction times": _prediction,
    r"^The published speedups": _speedups,
    r"^What pinned memory does": _pinned,
}
