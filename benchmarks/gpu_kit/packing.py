"""Make the folder to take along: original data, wheels of what a machine may lack, the published study."""

import gzip
import importlib.metadata
import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from gpu_kit import ROOT, Places

LIMIT_BYTES = 60 * 2**20
DATASETS = ("mnist", "fashion")
# Small packages that training, timing and tests/gpu import. What else they need is large, or bound to the
# machine's CUDA, and must be there: torch, torchvision, scikit-learn, numba.
CARRIED = ("pydantic", "pyyaml", "fvcore", "safetensors", "nvidia-ml-py", "pytest", "tqdm")
NOT_CARRIED = {"numpy", "pillow"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
GLIBC = (17, 24, 27, 28, 31, 34)


def pack(places: Places, source: str | None, earlier: Iterable[Path]) -> int:
    """Make the folder anew and return its size in bytes; ends with one line where that is too large."""
    before = {path.name: path.read_bytes() for path in earlier}
    shutil.rmtree(places.kit, ignore_errors=True)
    places.kit.mkdir(parents=True)
    _write_data(places.kit / "data", source)
    _write_wheels(places.kit / "wheels")
    _write_study(places.kit / "study.json")
    for name, content in before.items():
        (places.kit / "earlier").mkdir(exist_ok=True)
        (places.kit / "earlier" / name).write_bytes(content)
    files = sorted(places.kit.rglob("*"), key=lambda path: path.stat().st_size, reverse=True)
    total = sum(path.stat().st_size for path in files if path.is_file())
    if total > LIMIT_BYTES:
        largest = ", ".join(str(path) for path in files[:3])
        sys.exit(f"{places.kit} is {total / 2**20:.1f} MiB, more than 60; the largest files: {largest}")
    return total


def _write_data(folder: Path, source: str | None) -> None:
    """Write the original files, verified, as any data_source has them."""
    from bakeoff.data import sources
    from bakeoff.data.rows import DATASETS as KNOWN

    for name in DATASETS:
        (folder / name).mkdir(parents=True)
        for file, (content, _) in sources.originals(name, KNOWN.named(name).row, source, print).items():
            packed = gzip.compress(content, 6, mtime=0)
            (folder / name / f"{file}.gz").write_bytes(packed)


def _write_wheels(folder: Path) -> None:
    """Write the wheels of the carried packages and of their needs, in the versions installed here."""
    pins = [f"{name}=={importlib.metadata.version(name)}" for name in _closure(CARRIED)]
    print(f"wheels of {len(pins)} packages", flush=True)
    _pip("wheel", "--wheel-dir", folder, *pins)
    machine = platform.machine()
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in GLIBC]
    platforms += [f"--platform=manylinux2014_{machine}"]
    # Compiled ones for other Pythons, too, where there are some.
    for wheel in list(folder.glob("*-cp3*-cp3*-*.whl")):
        name, version = wheel.name.split("-")[:2]
        for python in PYTHONS:
            target = ["--only-binary=:all:", f"--python-version={python}", *platforms]
            _pip("download", "--dest", folder, *target, f"{name}=={version}", must=False)


def _pip(*arguments: object, must: bool = True) -> None:
    line = [sys.executable, "-m", "pip", *map(str, arguments), "--no-deps", "--quiet"]
    done = subprocess.run([*line, "--disable-pip-version-check"], capture_output=True, text=True, check=False)
    if must and done.returncode:
        sys.exit(f"pip {arguments[0]}: {done.stderr.strip().splitlines()[-1]}")


def _closure(names: Iterable[str]) -> list[str]:
    """Return packages and what they need in turn, as far as installed here."""
    found: dict[str, None] = {}
    todo = list(names)
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop(0)).lower()
        if name in found or name in NOT_CARRIED:
            continue
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # meant for another system
        found[name] = None
        todo += [re.match(r"[\w.-]+", need).group() for need in needs if "extra ==" not in need]
    return list(found)


def _write_study(path: Path) -> None:
    """Write the published study's configuration as JSON, and which commit this is."""
    import yaml

    from bakeoff.machine import hardware

    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    about = {"config": config, "commit": hardware.describe(1, "cpu")["git_commit"]}
    path.write_text(json.dumps(about), encoding="utf-8")
