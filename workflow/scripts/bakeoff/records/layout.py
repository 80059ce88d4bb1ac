"""Where a study's files lie: the record of each cell below the results, and what lies beside it.

Owns these names. Must not know what the files hold, nor which cells there are.
"""

from pathlib import Path

RESULTS, RECORD = "results", ".json"
# Where below a data set's folder the cells of a purpose lie.
FOLDERS = {"selection": "", "alone": "alone/", "speed": "speed/"}
# What lies beside a record: in a folder of the kind's name, under the cell's name and this suffix.
BESIDE = {"models": ".safetensors", "predictions": ".npz", "journal": "", "shards": ""}


def place(dataset: str, purpose: str, cell: str) -> str:
    """Return where a cell lies below the results, without a suffix: digits/speed/knn_cpu."""
    return f"{dataset}/{FOLDERS[purpose]}{cell}"


def record(dataset: str, purpose: str, cell: str) -> str:
    """Return where a cell's record lies: results/digits/speed/knn_cpu.json."""
    return f"{RESULTS}/{place(dataset, purpose, cell)}{RECORD}"


def patterns(purpose: str) -> dict[str, str]:
    """Return where files of cells of a purpose lie, by kind, with {dataset} and {cell} to be filled in."""
    path = record("{dataset}", purpose, "{cell}")
    return {"record": path, **{kind: beside(path, kind).as_posix() for kind in BESIDE}}


def beside(record: Path | str, kind: str) -> Path:
    """Return where what is kept of a cell lies, by its record: of a/knn_cpu.json a/journal/knn_cpu."""
    path = Path(record)
    return path.parent / kind / f"{path.name.removesuffix(RECORD)}{BESIDE[kind]}"
