"""How far the demo's networks differ from seed to seed, and so between processors: rounding acts like a seed.

Every seed stands for a run of the demo: its grid is trained, settings are chosen by validation accuracy in
each cell and over all of them, and the test accuracy of what was chosen is noted. Printed: mean, standard
deviation, minimum, and the mean less four deviations: no test and no page promises more than that.

    python benchmarks/demo_spread.py [--seeds 20]
"""

import argparse
import json
import subprocess
import sys
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory

import yaml

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8"))
SPLIT = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["split"]


def call(script: str, **options: object) -> subprocess.Popen:
    """Start one of the workflow's commands."""
    line = [sys.executable, str(SCRIPTS / f"{script}.py")]
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        line += [f"--{name.replace('_', '-')}", *map(str, values)]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL)


def finish(*processes: subprocess.Popen) -> None:
    """Wait for processes that must end well."""
    failed = [process.args for process in processes if process.wait()]
    if failed:
        sys.exit(f"failed: {failed}")


def train(folder: Path, seeds: int) -> dict[str, list[dict]]:
    """Train the demo's networks with every seed, the cells side by side; return their runs."""
    raw, data, resnet = folder / "raw.npz", folder / "digits.npz", DEMO["networks"]
    finish(call("fetch_dataset", dataset="digits", output=raw))
    shape = {"split": json.dumps(SPLIT), "input_size": resnet["input_size"]}
    finish(call("prepare_dataset", raw=raw, dataset="digits", **shape, output=data))
    what = {"data": data, "device": "cpu", "seeds": list(range(seeds)), "grid": json.dumps(resnet["grid"])}
    cells = product(resnet["models"], resnet["optimizers"])
    paths = {cell: folder / f"{'_'.join(cell)}.json" for cell in cells}
    started = [
        call("train_network", **what, model=model, optimizer=optimizer, output=path)
        for (model, optimizer), path in paths.items()
    ]
    finish(*started)
    return {" ".join(cell): json.loads(path.read_bytes())["runs"] for cell, path in paths.items()}


def chosen(runs: list[dict], seed: int) -> float:
    """Return the test accuracy of what a seed's validation accuracies choose; of equals the first."""
    own = [run for run in runs if run["seed"] == seed]
    return max(own, key=lambda run: run["validation_accuracy"])["test_accuracy"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    with TemporaryDirectory() as folder:
        cells = train(Path(folder), seeds)
    cells["the demo's choice among networks"] = [run for runs in cells.values() for run in runs]
    for name, runs in cells.items():
        found = [chosen(runs, seed) for seed in range(seeds)]
        bound = mean(found) - 4 * stdev(found)
        spread = (
            f"mean {mean(found):.2%}, deviation {100 * stdev(found):.2f} points, minimum {min(found):.2%}"
        )
        print(f"{name:34} {spread}, bound {bound:.2%}")


if __name__ == "__main__":
    main()
