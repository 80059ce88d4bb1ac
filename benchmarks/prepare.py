"""What it takes to prepare a folder of images, against torchvision's ImageFolder with Resize.

Large: JPEGs of 1,000 x 1,000 pixels, of pieces of two photographs, in Pillow's usual quality, to 64 x 64.
Ours is the whole of prepare_images.py, a fresh process with its imports: listing, reading, hashing,
decoding, the split, its list, the prepared file, and the folder of decoded images for the next time.
torchvision's is a DataLoader over ImageFolder with Resize (antialiased), one worker per core, into one array
that is saved, timed from after its imports. They take turns; printed are medians with their range, and how
far a pixel of ours is from that of a full decode with an antialiased resize, and what one image takes one
core: no more can be gained than the decoder leaves.

Small: ever more JPEGs of 96 x 80 pixels, with what the processes take in memory at most, what is shared
counted once, and then the same folder with ten images more.

    PYTHONPATH=workflow/scripts python benchmarks/prepare.py [--large 1000 4000] [--small 10000]
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, sleep

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from bakeoff.data import pictures
from bakeoff.data.source import Picture

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"
SPLIT = {"train": 0.75, "validation": 0.25, "holdout": 0, "seed": 42, "test": 0.2}
PHOTOGRAPHS = load_sample_images().images
SIZE, CLASSES, CHECKED = 64, 10, 100
CORES = len(os.sched_getaffinity(0))


def photograph(random: np.random.Generator, rows: int, columns: int) -> Image.Image:
    """Return pieces of scikit-learn's two photographs side by side, as sharp as these are."""
    whole = np.empty((rows, columns, 3), np.uint8)
    for top in range(0, rows, 400):
        for left in range(0, columns, 600):
            piece = PHOTOGRAPHS[random.integers(2)][:, :: random.choice([-1, 1])]
            height, width = min(400, rows - top), min(600, columns - left)
            y, x = random.integers(0, piece.shape[0] - height), random.integers(0, piece.shape[1] - width)
            whole[top : top + height, left : left + width] = piece[y : y + height, x : x + width]
    return Image.fromarray(whole)


def lay(folder: Path, count: int, rows: int, columns: int, start: int = 0) -> None:
    """Write so many photographs into folders of classes."""
    random = np.random.default_rng(start)
    for number in range(start, start + count):
        place = folder / f"class {number % CLASSES}" / f"{number}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        photograph(random, rows, columns).save(place)


def ours(folder: Path, place: Path) -> tuple[float, int]:
    """Return the seconds of prepare_images.py and the bytes of memory that its processes took at most."""
    row = {"name": "own", "kind": "folder", "root": str(folder), "input_size": SIZE}
    options = {
        "--dataset": json.dumps(row),
        "--split": json.dumps(SPLIT),
        "--input-size": SIZE,
        "--output": place / "own.npz",
        "--parts": place / "parts.csv",
        "--decoded": place / "decoded",
        "--threads": CORES,
    }
    words = [str(word) for pair in options.items() for word in pair]
    start, most = perf_counter(), 0
    process = subprocess.Popen(
        [sys.executable, SCRIPTS / "prepare_images.py", *words],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None:
        most = max(most, memory(process.pid))
        sleep(0.1)
    if process.returncode:
        raise SystemExit(f"prepare_images.py ended with {process.returncode}")
    return perf_counter() - start, most


def memory(session: int) -> int:
    """Return the bytes that a session's processes take, what several share counted once."""
    found = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(place.name)) == session:
                text = (place / "smaps_rollup").read_text()
                found += 1024 * int(text.split("\nPss:")[1].split()[0])
        except (OSError, IndexError):
            continue
    return found


def peer(folder: Path, place: Path) -> float:
    """Return the seconds that torchvision takes, as a process of its own says them."""
    line = [sys.executable, __file__, "--peer", folder, place / "peer.npy"]
    return float(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


def load(folder: Path, place: Path) -> None:
    """Load a folder by torchvision, save one array, and print the seconds."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import Compose, Resize

    start = perf_counter()
    images = ImageFolder(str(folder), Compose([Resize((SIZE, SIZE), antialias=True), np.asarray]))
    loader = DataLoader(images, batch_size=32, num_workers=CORES, collate_fn=collate)
    found = np.empty((len(images), SIZE, SIZE, 3), np.uint8)
    done = 0
    for block in loader:
        found[done : done + len(block)] = block
        done += len(block)
    np.save(place, found)
    print(perf_counter() - start)


def collate(pairs: list[tuple[np.ndarray, int]]) -> np.ndarray:
    """Return the images of a batch."""
    return np.stack([image for image, _ in pairs])


def differences(folder: Path) -> list[float]:
    """Return by how many grey levels a pixel is off, on average, of each of some images."""
    found = []
    for path in sorted(folder.rglob("*.jpg"))[:CHECKED]:
        content = path.read_bytes()
        ready = pictures.square(pictures.decode(content, SIZE), SIZE, "squash")
        whole = pictures.square(Picture(Image.open(path).convert("RGB")), SIZE, "squash")
        found.append(float(np.abs(ready.astype(int) - whole).mean()))
    return found


def alone(folder: Path) -> str:
    """Return what an image takes one core, without any process around it: the least of several rounds."""
    contents = [path.read_bytes() for path in sorted(folder.rglob("*.jpg"))[:20]]

    def drafted(content: bytes) -> None:
        image = Image.open(io.BytesIO(content))
        image.draft(None, (pictures.DRAFT * SIZE, pictures.DRAFT * SIZE))
        image.load()

    arms: dict[str, Callable[[bytes], object]] = {
        "a full decode and the resize": lambda content: pictures.square(
            Picture(Image.open(io.BytesIO(content)).convert("RGB")), SIZE, "squash"
        ),
        "ours": lambda content: pictures.square(pictures.decode(content, SIZE), SIZE, "squash"),
        "its decoder alone": drafted,
    }
    least = dict.fromkeys(arms, float("inf"))
    for _ in range(10):
        for name, arm in arms.items():
            start = process_time()
            for content in contents:
                arm(content)
            least[name] = min(least[name], (process_time() - start) / len(contents))
    return ", ".join(f"{name} {1000 * seconds:.2f} ms" for name, seconds in least.items())


def spread(found: list[float]) -> str:
    """Return a median with its range."""
    return f"{median(found):.2f} s ({min(found):.2f} to {max(found):.2f})"


def large(scratch: Path, count: int, rounds: int) -> Iterator[str]:
    """Yield how both do on large photographs."""
    folder = scratch / f"large {count}"
    lay(folder, count, 1000, 1000)
    times: dict[str, list[float]] = {"ours": [], "torchvision": []}
    arms: dict[str, Callable[[Path, Path], float]] = {"ours": lambda *at: ours(*at)[0], "torchvision": peer}
    for number in range(rounds):
        for name, arm in list(arms.items())[:: 1 if number % 2 else -1]:
            place = scratch / "made"
            place.mkdir()
            times[name].append(arm(folder, place))
            shutil.rmtree(place)
    yield f"{count:,} JPEGs of 1,000 x 1,000 to {SIZE} x {SIZE}, {CORES} cores, {rounds} rounds"
    for name, found in times.items():
        yield f"  {name:12} {spread(found)}, {1000 * median(found) / count:.2f} ms an image"
    ratios = [one / other for one, other in zip(times["torchvision"], times["ours"], strict=True)]
    yield f"  torchvision / ours: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    yield f"  one core, an image: {alone(folder)}"
    off = differences(folder)
    yield f"  off the full decode by {np.mean(off):.2f} grey levels on average, {max(off):.2f} at most"


def small(scratch: Path, count: int) -> Iterator[str]:
    """Yield how ours does on many small files, and on ten more."""
    folder, place = scratch / f"small {count}", scratch / f"made {count}"
    lay(folder, count, 80, 96)
    seconds, most = ours(folder, place)
    yield (
        f"{count:,} JPEGs of 96 x 80: {seconds:.1f} s, {1000 * seconds / count:.3f} ms an image, "
        f"{most / 1e6:.0f} MB of memory at most"
    )
    lay(folder, 10, 80, 96, start=count)
    again, _ = ours(folder, place)
    yield f"  with ten more: {again:.1f} s"
    shutil.rmtree(folder)
    shutil.rmtree(place)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", type=int, nargs="*", default=[1000, 4000])
    parser.add_argument("--small", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        load(*options.peer)
        return
    with TemporaryDirectory() as scratch:
        for count in options.large:
            for line in large(Path(scratch), count, options.rounds):
                print(line, flush=True)
        for count in options.small:
            for line in small(Path(scratch), count):
                print(line, flush=True)


if __name__ == "__main__":
    main()
