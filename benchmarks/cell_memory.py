"""How much memory of its own a network's cell has on many large images, beside the pages that cells share.

The data are made up: 100,000 images of 64 x 64 pixels in colour (1.2 GB), six tenths of them to learn from.
train_network.py trains ResNet-18 on them by Adam, in batches of 64, until what it takes has not grown for so
many seconds, and is then stopped; what evaluating adds is measured on a few thousand images. Printed is the
most private memory that the kernel counted (`smaps_rollup`, Private_Dirty): pages of the prepared file are
the page cache's, whoever maps them.

    PYTHONPATH=workflow/scripts python benchmarks/cell_memory.py [--images 100000] [--size 64] [--steady 40]
"""

import argparse
import json
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import numpy as np

from bakeoff.data import store
from bakeoff.records.parts import PARTS

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"
SHARES = {"train": 0.6, "validation": 0.2, "holdout": 0.0, "test": 0.2}
CLASSES, EVALUATED = 10, 2000
GRID = [{"batch_size": 64, "learning_rate": 0.001, "epochs": 1}]


def make(path: Path, images: int, size: int) -> None:
    """Write a prepared data set of noise."""
    random, arrays = np.random.default_rng(0), {}
    for part in PARTS:
        count = round(SHARES[part] * images)
        arrays[f"{part}_images"] = random.integers(0, 256, (count, size, size, 3), np.uint8)
        arrays[f"{part}_labels"] = np.arange(count) % CLASSES
    about = {"name": "noise", "title": "Noise", "classes": [str(n) for n in range(CLASSES)], "grey": False}
    about |= {"image_shape": [size, size, 3], "source": "made up", "licence": "none", "fingerprints": {}}
    store.save_prepared(path, arrays, {**about, "limit_train": None, "limit_test": None})


def private(process: int | str) -> int:
    """Return the bytes that a process has for itself."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return 1024 * int(text.split("\nPrivate_Dirty:")[1].split()[0])


def trained(data: Path, folder: Path, steady: float) -> int:
    """Return the most memory of a cell's own until it has not grown for so many seconds."""
    options = {"--data": data, "--model": "resnet18", "--optimizer": "adam", "--device": "cpu"}
    options |= {"--grid": json.dumps(GRID), "--seeds": 0, "--output": folder / "cell.json"}
    words = [str(word) for pair in options.items() for word in pair]
    process = subprocess.Popen(
        [sys.executable, SCRIPTS / "train_network.py", *words], stdout=subprocess.DEVNULL
    )
    most, grown = 0, perf_counter()
    while process.poll() is None and perf_counter() - grown < steady:
        now = private(process.pid)
        # A hundredth more is the allocator's.
        if now > 1.01 * most:
            most, grown = now, perf_counter()
        sleep(0.2)
    if process.returncode:
        raise SystemExit(f"train_network.py ended with {process.returncode}")
    process.kill()
    return most


def evaluated(data: Path) -> int:
    """Return by how much this process grows while it evaluates."""
    import torch
    from torchvision.models import resnet18

    from bakeoff.families.network import loop
    from bakeoff.families.network.batches import Part, Pixels

    part = store.load(data, "resized").parts["validation"]
    tensors = Part.from_arrays(part.images, part.labels, Pixels()).first(EVALUATED)
    network = resnet18(num_classes=CLASSES)
    before, most, ended = private("self"), [0], threading.Event()

    def watch() -> None:
        while not ended.is_set():
            most.append(private("self"))
            sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    loop.evaluate(network, tensors, torch.device("cpu"))
    ended.set()
    watcher.join()
    return max(most) - before


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steady", type=float, default=40)
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        data = Path(scratch) / "noise.npz"
        make(data, options.images, options.size)
        shape = f"{options.images:,} images of {options.size} x {options.size} in colour"
        print(f"{shape}, {data.stat().st_size / 1e9:.2f} GB prepared")
        most = trained(data, Path(scratch), options.steady)
        print(f"  training ResNet-18, batches of 64: {most / 1e9:.2f} GB of its own at most")
        print(f"  evaluating adds {evaluated(data) / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
