"""The published study's rows on the full data: all SVMs, and one ResNet-18, beside the published numbers.

Makes the four SVM cells of the default configuration through the workflow (what is there already is not
made again), trains ResNet-18 on Fashion-MNIST once (Adam, learning rate 0.001, batch 32, 3 epochs, fp32,
CPU), and prints every row with its published accuracy. About 20 minutes on two cores.

    python benchmarks/full_data.py [--cores 2] [--data-source FOLDER-OR-URL]
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CELLS = [
    f"results/{dataset}/svm_{kernel}_cpu.json"
    for dataset in ("mnist", "fashion")
    for kernel in ("rbf", "poly")
]
NETWORK = {"batch_size": 32, "learning_rate": 0.001, "epochs": 3}


def snakemake(targets: list[str], cores: int, source: str | None) -> None:
    """Make files of the workflow."""
    config = ["--config", f"data_source={source}"] if source else []
    line = [sys.executable, "-m", "snakemake", *targets, "--cores", str(cores), "--quiet", "rules", *config]
    subprocess.run(line, cwd=ROOT, check=True)


def network(cores: int) -> dict:
    """Train ResNet-18 and return its record."""
    output = "results/fashion/full_data/resnet18_adam_cpu.json"
    line = [sys.executable, "workflow/scripts/train_network.py", "--data", "resources/fashion.npz"]
    line += ["--model", "resnet18", "--optimizer", "adam", "--device", "cpu", "--threads", str(cores)]
    subprocess.run([*line, "--grid", json.dumps([NETWORK]), "--output", output], cwd=ROOT, check=True)
    return read(output)


def read(path: str) -> dict:
    """Return a cell record."""
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def published() -> list[dict[str, str]]:
    """Return the published rows."""
    with (ROOT / "config/reference/published_results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_of(line: dict[str, str], run: dict) -> bool:
    """Tell whether a published row and a run have the same settings."""
    settings = run["settings"]
    return all(
        str(settings[name]) == line[name] or (line[name] and settings[name] == _number(line[name]))
        for name in ("C", "gamma", "degree", "batch_size", "learning_rate", "epochs")
        if settings.get(name) is not None
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def show(record: dict, lines: list[dict[str, str]]) -> None:
    """Print every run of a record beside the published rows with its settings."""
    factors = [each["name"] for each in record["factors"].values()]
    name = "_".join([f"{record['dataset']}/{record['competitor']}", *factors])
    for run in record["runs"]:
        ours = 100 * run["test_accuracy"]
        theirs = [float(line["test_accuracy_percent"]) for line in lines if is_of(line, run)]
        words = ", ".join(f"{k} {v}" for k, v in run["settings"].items() if v is not None)
        differences = ", ".join(f"{each:.2f} ({round(ours - each, 2) + 0:+.2f})" for each in theirs)
        print(f"{name:22} {words:66} ours {ours:.2f} %, published {differences}")


def main() -> None:
    """Make the records and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--data-source", help="folder or URL with <data set>/*.gz")
    options = parser.parse_args()
    named = options.data_source
    # A folder may be named from another one than the project's; a URL or ~ is what it is.
    source = str(Path(named).resolve()) if named and Path(named).is_dir() else named
    snakemake([*CELLS, "resources/fashion.npz"], options.cores, source)
    rows = published()
    record = network(options.cores)
    machine = record["environments"][0]
    print(f"{machine['cpu']}, {machine['threads']} threads; {machine['versions']}")
    for path in CELLS:
        cell = read(path)
        grid = [line for line in rows if line["table"] == "svm_grid" and line["dataset"] == cell["dataset"]]
        show(cell, [line for line in grid if cell["competitor"] == f"svm_{line['kernel']}"])
    grid = [line for line in rows if line["table"] == "hyperparameter_grid" and line["dataset"] == "fashion"]
    show(record, [line for line in grid if (line["model"], line["optimizer"]) == ("resnet18", "adam")])
    print(f"ResNet-18: {record['runs'][0]['train_s']:.0f} s of training")


if __name__ == "__main__":
    main()
