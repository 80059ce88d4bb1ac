"""A copy of the project's own files in a fresh folder, and Snakemake called there.

No test reads or writes results, resources, logs or .snakemake of the checkout that it lies in:
tests/conftest.py refuses it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Workers of pytest keep all cores busy, and two threads of OpenMP, of which one finds its core taken, are
# some three times as slow as on cores of their own (benchmarks/thread_spin.py).
CORES = ("--cores", "1")


def files(root: Path = ROOT) -> Iterator[Path]:
    """Yield the project's own files, relative: all that .gitignore does not name. Needs no git."""
    patterns = ["/.git", *(root / ".gitignore").read_text(encoding="utf-8").split()]
    for folder, names, found in os.walk(root):
        here = Path(folder).relative_to(root)
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        names[:] = [name for name in names if name not in links and not _ignored(here / name, True, patterns)]
        for name in [*found, *links]:
            if not _ignored(here / name, False, patterns):
                yield here / name


def _ignored(path: Path, is_folder: bool, patterns: list[str]) -> bool:
    """Tell whether a pattern of .gitignore names a path; negation and ** are not among ours."""
    for pattern in patterns:
        if pattern.endswith("/") and not is_folder:
            continue
        words = pattern.rstrip("/")
        if fnmatchcase(str(path) if "/" in words else path.name, words.lstrip("/")):
            return True
    return False


def copy_to(folder: Path) -> Path:
    """Copy the project's own files; the symbolic link of the profiles stays a link."""
    for name in files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    return folder


def snakemake(
    folder: Path, *arguments: str, python: str = sys.executable, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake there and return its exit status and everything it printed."""
    return subprocess.run(
        [python, "-m", "snakemake", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
