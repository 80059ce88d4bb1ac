"""The published SVM grid on Fashion-MNIST: all 12 settings pairwise, against SVC one setting after another.

Each arm fits and then decides the training, validation and test parts (n, n / 7 and 10,000 rows), in a
process of its own. Peers alternate setting by setting (with --every K on each K-th one, their time scaled to
all); the pairwise engine, which takes a kernel's settings all at once, runs before and after them. libsvm
decides row by row, so its time for a sample of each part is scaled to the whole part (--sample; 0 decides all
rows). Printed are seconds, ratios with their spread, the growth exponent from one n to the next, peak memory,
the gain from a second core, and the floor: the multiply-accumulates of the inner products at the rate of this
machine's own matrix product.

    PYTHONPATH=workflow/scripts python benchmarks/svm_grid.py [--n 5000 10000 20000] [--full] [--cores 2]
"""

import argparse
import json
import math
import multiprocessing
import os
import resource
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import yaml

from bakeoff.cells.family import Resources
from bakeoff.data import prepare, scaling, sources
from bakeoff.data.rows import DATASETS
from bakeoff.data.split import Split
from bakeoff.families.svm import axes, engines
from bakeoff.families.svm.axes import POLY_DEGREE
from bakeoff.families.svm.blocks import Problem
from bakeoff.families.svm.kernels import Kernel, coefficient
from bakeoff.families.svm.task import Task
from bakeoff.machine import hardware

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("sklearn", "intelex")
FULL = 42_000
PARTS = ("train", "validation", "test")
MEM_MB = 4000
CHECKED = 500  # test rows whose predictions are compared between the arms


def parts(source: str | None, n: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return standardised pixels per part and the labels of the n training images."""
    raw = sources.fetch(DATASETS.named("fashion"), source, print)
    split = Split(train=0.7, validation=0.1, holdout=0.2, seed=42, test=0.2)
    prepared = prepare.prepare(raw, split, 28, None, None)
    rows = {"train": n, "validation": n // 7, "test": 10_000}
    flat = {
        part: prepared[f"{part}_images"][:count].reshape(-1, 784).astype(np.float32) / 255
        for part, count in rows.items()
    }
    scaler = scaling.fit("standard", flat["train"])
    return {part: scaler.transform(values) for part, values in flat.items()}, prepared["train_labels"][:n]


def grid(kernel: str) -> list[dict]:
    """Return the default configuration's settings of a kernel."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    return axes.expand(config["svm"]["grid"][kernel], kernel)


def wanted(settings: dict, kernel: str, train: np.ndarray) -> Problem:
    """Return what an engine is asked for."""
    gamma = coefficient(settings["gamma"], train)
    return Problem(Kernel(kernel, gamma, settings["degree"] or POLY_DEGREE), settings["C"])


def arm(engine: str, data: Path, kernel: str, chosen: list[dict], cores: int, sample: int) -> dict:
    """Run one engine on some settings; return seconds, peak memory, checked predictions, support vectors."""
    with np.load(data) as arrays:
        features = {part: arrays[part] for part in PARTS}
        labels = arrays["labels"]
    machines = [wanted(settings, kernel, features["train"]) for settings in chosen]
    # The first call compiles and imports; that is not what a grid pays per machine.
    _run(engine, {part: rows[:200] for part, rows in features.items()}, labels[:200], machines[:1], cores, 0)
    seconds, predictions, vectors = _run(engine, features, labels, machines, cores, sample)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"seconds": seconds, "peak_gb": peak, "predictions": predictions, "vectors": vectors}


def _run(
    engine: str,
    features: dict[str, np.ndarray],
    labels: np.ndarray,
    machines: list[Problem],
    cores: int,
    sample: int,
) -> tuple[float, list[np.ndarray], int]:
    """Fit and decide every part; return seconds, the checked test predictions, the most support vectors."""
    if engine == "pairwise":
        task = Task(features, labels, machines, Resources(engine, cores, MEM_MB), lambda share: None)
        start = perf_counter()
        outcomes = list(engines.ENGINES[engine](task))
        seconds = perf_counter() - start
        found = [each.decided["test"].labels[:CHECKED] for each in outcomes]
        return seconds, found, max(len(each.machine.support) for each in outcomes)
    ((kernel, C),) = machines
    library = import_module(engines.LIBRARIES[engine])
    svc = library.SVC(
        C=C, kernel=kernel.name, gamma=kernel.gamma, degree=kernel.degree, cache_size=engines.CACHE_MB
    )
    start = perf_counter()
    svc.fit(features["train"], labels)
    seconds = perf_counter() - start
    for rows in features.values():
        decided = rows[: sample or None] if engine == "sklearn" else rows
        start = perf_counter()
        predictions = svc.predict(decided)
        seconds += (perf_counter() - start) * len(rows) / len(decided)
    return seconds, [predictions[:CHECKED]], len(svc.support_)


class Arms:
    """A process for each arm, so that each has its own peak memory."""

    def __init__(self, names: tuple[str, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pools = {name: ProcessPoolExecutor(1, mp_context=context) for name in names}

    def run(self, name: str, *arguments) -> dict:
        """Run an arm in its process and wait for it."""
        return self._pools[name].submit(arm, name, *arguments).result()

    def close(self) -> None:
        """End the processes."""
        for pool in self._pools.values():
            pool.shutdown()


def gflops(cores: int) -> float:
    """Return the rate of torch's float32 matrix product here, on blocks like a pair of classes'."""
    import torch

    torch.set_num_threads(cores)
    a, b = torch.rand(4096, 784), torch.rand(4096, 784)
    times = []
    for _ in range(5):
        start = perf_counter()
        torch.mm(a, b.T)
        times.append(perf_counter() - start)
    return 2 * 4096 * 4096 * 784 / min(times) / 1e9


def measure(n: int, data: Path, cores: int, sample: int, peers: tuple[str, ...], every: int) -> dict:
    """Measure one n; return seconds of the whole grid per arm, peak memory, and the floor's GFLOP."""
    features, labels = parts(os.environ.get("BAKEOFF_DATA"), n)
    np.savez(data, labels=labels, **features)
    arms = Arms(("pairwise", *peers))
    totals: dict[str, float] = defaultdict(float)
    memory: dict[str, float] = defaultdict(float)
    differing: dict[str, int] = defaultdict(int)
    compared: dict[str, int] = defaultdict(int)
    work = 0.0
    for kernel in ("rbf", "poly"):
        settings = grid(kernel)
        ours = [arms.run("pairwise", data, kernel, settings, cores, sample)]
        theirs: dict[str, list[dict]] = {peer: [] for peer in peers}
        for each in settings[::every]:
            for peer in peers:
                theirs[peer].append(arms.run(peer, data, kernel, [each], cores, sample))
        ours.append(arms.run("pairwise", data, kernel, settings, cores, sample))
        totals["pairwise"] += median(run["seconds"] for run in ours)
        totals["spread"] += abs(ours[0]["seconds"] - ours[1]["seconds"])
        totals["one core"] += arms.run("pairwise", data, kernel, settings, 1, sample)["seconds"]
        for name, runs in {"pairwise": ours, **theirs}.items():
            memory[name] = max(memory[name], *(run["peak_gb"] for run in runs))
        for peer, runs in theirs.items():
            totals[peer] += sum(run["seconds"] for run in runs) * len(settings) / len(runs)
            for run, mine in zip(runs, ours[0]["predictions"][::every], strict=True):
                (theirs_first,) = run["predictions"]
                differing[peer] += int((theirs_first != mine[: len(theirs_first)]).sum())
                compared[peer] += len(theirs_first)
        work += 784 * (n * n + 2 * sum(map(len, features.values())) * ours[0]["vectors"]) / 1e9
        print(f"  {kernel} done: {', '.join(f'{name} {s:.1f} s' for name, s in totals.items())}", flush=True)
    arms.close()
    for peer in peers:
        print(f"  {differing[peer]} of {compared[peer]:,} test predictions differ from {peer}'s")
    return {"totals": totals, "memory": memory, "work": work}


def report(n: int, found: dict, before: tuple[int, dict] | None, rate: float) -> None:
    """Print what one n came to."""
    totals, ours = found["totals"], found["totals"]["pairwise"]
    for peer in PEERS:
        if peer in totals:
            half = totals["spread"] / 2
            low, high = (totals[peer] / (ours + sign * half) for sign in (1, -1))
            ratio = f"{totals[peer] / ours:.1f} times ours ({low:.1f} to {high:.1f})"
            print(f"  {peer}: {totals[peer]:.0f} s, {ratio}")
    floor = found["work"] / rate
    print(f"  pairwise: {ours:.1f} s; one core takes {totals['one core'] / ours:.2f} times as long")
    print(f"  floor: {floor:.1f} s of matrix products; we take {ours / floor:.1f} times that")
    print("  peak memory: " + ", ".join(f"{name} {gb:.1f} GB" for name, gb in found["memory"].items()))
    if before:
        step = math.log(n / before[0])
        exponents = ", ".join(
            f"{name} {math.log(totals[name] / before[1]['totals'][name]) / step:.1f}"
            for name in ("pairwise", *PEERS)
            if name in totals and name in before[1]["totals"]
        )
        print(f"  growth exponent from {before[0]:,}: {exponents}")


def main() -> None:
    """Measure every n."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, nargs="+", default=[5000, 10_000, 20_000])
    parser.add_argument("--full", action="store_true", help=f"{FULL:,} images too, without the peers")
    parser.add_argument("--cores", type=int, default=hardware.usable_cores())
    parser.add_argument("--sample", type=int, default=500, help="rows of each part that libsvm decides")
    parser.add_argument("--every", type=int, default=1, help="measure the peers on one setting in so many")
    options = parser.parse_args()
    machine = hardware.describe(options.cores, "cpu")
    rate = gflops(options.cores)
    print(f"{machine['cpu']}, {options.cores} cores, matrix product {rate:.0f} GFLOP/s")
    if options.every > 1:
        print(f"peers on one setting in {options.every}, scaled to all")
    print(json.dumps(machine["versions"]))
    before = None
    data = ROOT / "resources" / "svm_grid.npz"
    data.parent.mkdir(exist_ok=True)
    try:
        for n in [*options.n, *([FULL] if options.full else [])]:
            print(f"n = {n:,}", flush=True)
            peers = PEERS if n < FULL else ()
            found = measure(n, data, options.cores, options.sample, peers, options.every)
            report(n, found, before, rate)
            before = n, found
    finally:
        data.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
