"""Write a phase's file to bring home: the smallest first, as far as they fit.

    python zipping.py FOLDER FILE LIMIT

A program of its own, as every command of the kit is: the runner itself does not find the package.
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bakeoff.files import writing

# Too large to bring home: networks, and the copies of models and predictions that journals keep.
LEFT_BEHIND = (".safetensors",)
NAMES_BYTES = 2**18


def pack(folder: Path, target: Path, limit: int) -> None:
    """Pack what is worth it of a folder into a file of so many bytes at most; say what is left out."""
    filled = 0
    with writing(target) as place, zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(_files(folder), key=lambda path: path.stat().st_size):
            name = str(path.relative_to(folder))
            if filled + path.stat().st_size > limit - NAMES_BYTES:
                print(f"{target.name} is full: {name} and what is larger are not in it", flush=True)
                break
            packed.write(path, name)
            filled += packed.getinfo(name).compress_size


def _files(folder: Path) -> Iterator[Path]:
    """Yield what is worth bringing home of a phase's folder."""
    for path in folder.rglob("*"):
        kept = path.suffix == ".npz" and path.parent.name != "predictions"
        if path.is_file() and path.suffix not in LEFT_BEHIND and not kept:
            yield path


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
