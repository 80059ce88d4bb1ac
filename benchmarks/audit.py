"""What the audit of a data set finds of planted copies, beside cleanvision, and what it takes.

Images of 160 x 120 pixels (shapes on a gradient, noise), seeded; 5 % are copies: stored as JPEG of quality
60, shifted by 2 pixels, mirrored, or with equal pixels. Found of each, pairs that are none, seconds and the
memory of the process and of its largest helper, each in a process of its own. cleanvision, of a Python
that has it (--peer), takes the same folder: the duplicates that it reports, of a set all its pairs.

--shuffled N: how many of so many data sets with shuffled labels are said to have a shortcut.

    PYTHONPATH=workflow/scripts:tests python benchmarks/audit.py [--images N] [--peer PYTHON] [--shuffled N]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from PIL import Image

from images_drawn import drawn

ROWS, COLUMNS, CLASSES, SHARE = 120, 160, 5, 0.05
KINDS = ("equal pixels", "JPEG of quality 60", "shifted by 2", "mirrored")
CORES = len(os.sched_getaffinity(0))
# What cleanvision is asked: pairs of duplicates as a list of lists.
PEER = """
import json, sys
from cleanvision import Imagelab
lab = Imagelab(data_path=sys.argv[1])
lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}})
print(json.dumps([s for kind in ("exact_duplicates", "near_duplicates") for s in lab.info[kind]["sets"]]))
"""
Pair = frozenset[str]


def picture(random: np.random.Generator) -> Image.Image:
    """Return shapes on a gradient, with noise."""
    return drawn(random, COLUMNS, ROWS, (8, 45))


def plant(folder: Path, count: int) -> dict[Pair, str]:
    """Write so many images into folders of classes, and return the planted pairs with their kinds."""
    truth, copies = {}, round(SHARE * count)
    for number in range(count - copies):
        place = folder / f"class {number % CLASSES}" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        # Each from a seed of its own, so that any can be made again.
        picture(np.random.default_rng(number)).save(place, compress_level=1)
    taken = np.random.default_rng(0).choice(count - copies, copies, replace=False).tolist()
    for number, source in enumerate(taken):
        image, kind = picture(np.random.default_rng(source)), KINDS[number % len(KINDS)]
        place = folder / f"class {source % CLASSES}" / f"copy{number}.png"
        if kind == "JPEG of quality 60":
            image.save(place.with_suffix(".jpg"), quality=60)
        elif kind == "shifted by 2":
            pixels = np.asarray(image)
            moved = np.concatenate([pixels[:, :1], pixels[:, :1], pixels[:, :-2]], axis=1)
            Image.fromarray(moved).save(place)
        elif kind == "mirrored":
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(place)
        else:
            image.save(place, optimize=True)
        truth[frozenset((str(source), f"copy{number}"))] = kind
    return truth


def ours(folder: Path) -> Iterator[Pair]:
    """Yield the pairs that the audit of a folder reports; all of them, where its record lists the first."""
    from bakeoff.audit import copies, sources

    images = sources.read(folder, "", None, CORES).images
    names = [Path(path).stem for path in images.paths]
    for group in copies.exact(images):
        yield from (frozenset(names[n] for n in pair) for pair in combinations(group, 2))
    for pair in copies.near(copies.fields(images, CORES)):
        yield frozenset((names[pair.first], names[pair.second]))


def theirs(folder: Path, python: str) -> Iterator[Pair]:
    """Yield the pairs that cleanvision reports."""
    done = subprocess.run([python, "-c", PEER, str(folder)], capture_output=True, text=True, check=True)
    for group in json.loads(done.stdout.splitlines()[-1]):
        yield from (frozenset(Path(each).stem for each in pair) for pair in combinations(group, 2))


def measured(folder: Path, truth: dict[Pair, str], peer: str | None) -> str:
    """Return a line of what was found, in which time and memory."""
    start = perf_counter()
    found = set(theirs(folder, peer) if peer else ours(folder))
    seconds = perf_counter() - start
    most = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    counts = []
    for kind in KINDS:
        planted = {pair for pair, how in truth.items() if how == kind}
        counts.append(f"{kind} {len(planted & found):,} of {len(planted):,}")
    false = len(found - set(truth))
    return (
        f"{', '.join(counts)}; {false:,} of {len(found):,} pairs false; {seconds:.1f} s, {most / 1024:.0f} MB"
    )


def shuffled(count: int) -> str:
    """Return in how many data sets with shuffled labels a shortcut is claimed."""
    from bakeoff.audit import images, look, shortcuts

    random, claimed = np.random.default_rng(1), 0
    looks = [look.of_pixels(np.asarray(picture(np.random.default_rng(n)))) for n in range(600)]
    looks = [each._replace(bytes=int(random.integers(9000, 40000))) for each in looks]
    paths, parts = [str(n) for n in range(len(looks))], [""] * len(looks)
    for _ in range(count):
        labels = random.permutation(len(looks)) % CLASSES
        names = tuple(map(str, range(CLASSES)))
        given = images.Images(looks, labels, parts, range(len(looks)), paths, None, names, files=True)
        claimed += any(each.warned for each in shortcuts.shortcuts(given))
    return f"shortcuts claimed in {claimed} of {count} data sets with shuffled labels"


def main() -> None:
    """Plant, look and print; each search in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[5000])
    parser.add_argument("--peer", help="a Python that has cleanvision")
    parser.add_argument("--shuffled", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="look here alone: what this program calls itself with")
    options = parser.parse_args()
    if options.folder:
        planted = json.loads(options.folder.with_suffix(".json").read_text(encoding="utf-8"))
        truth = {frozenset(pair): kind for pair, kind in planted}
        print(measured(options.folder, truth, options.peer))
        return
    for count in options.images:
        with TemporaryDirectory() as place:
            folder = Path(place) / "planted"
            planted = [[sorted(pair), kind] for pair, kind in plant(folder, count).items()]
            folder.with_suffix(".json").write_text(json.dumps(planted), encoding="utf-8")
            for who, peer in (("bakeoff", []), ("cleanvision", ["--peer", options.peer])):
                if peer != ["--peer", None]:
                    line = [sys.executable, __file__, "--folder", str(folder), *peer]
                    done = subprocess.run(line, capture_output=True, text=True, check=True)
                    print(f"{who:12}{count:>8,} images: {done.stdout.splitlines()[-1]}", flush=True)
    if options.shuffled:
        print(shuffled(options.shuffled))


if __name__ == "__main__":
    main()
