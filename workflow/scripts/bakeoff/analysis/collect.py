"""The fan-in: every cell record in one file, and one flat row per run."""

from collections.abc import Iterable
from pathlib import Path

from bakeoff.analysis import study, tables, wording
from bakeoff.analysis.study import Study, unique
from bakeoff.command import DamagedError, UserError
from bakeoff.files import listed, write_text
from bakeoff.records import layout, written
from bakeoff.records.record import Record, accuracies
from bakeoff.records.run import ACCURACIES, Run

BEFORE = ("purpose", "dataset", "competitor")
CELLS = ("*.json", "*/*.json", *(f"*/{folder}*.json" for folder in layout.FOLDERS.values() if folder))
MEASURED = (
    "seed",
    "fold",
    "repeat",
    "status",
    *ACCURACIES,
    "train_s",
    "time_to_result_s",
    "packed",
    "error",
)


def read_cells(paths: Iterable[Path]) -> list[Record]:
    """Read and check the records; data sets as they are first named, each sorted by purpose and cell.

    A folder stands for the cells in it: <dataset>/<cell>.json, <dataset>/speed/<cell>.json and the like, or
    all beside each other.
    UserError names a file that is absent, or a second record of the same cell; DamagedError all that are no
    records.
    """
    found: dict[tuple[str, str, str], tuple[Record, Path]] = {}
    faults: dict[Path, str] = {}
    for path in _files(paths):
        try:
            record = written.read(path)
        except DamagedError as error:
            faults |= error.faults
            continue
        key = record.dataset, record.purpose, record.cell
        if key in found:
            raise UserError(f"{path}: the same cell as {found[key][1]}; move one of them away")
        found[key] = record, path
    if faults:
        raise DamagedError(faults)
    datasets = unique(dataset for dataset, _, _ in found)
    order = sorted(found, key=lambda key: (datasets.index(key[0]), *key))
    return [found[key][0] for key in order]


def check_predictions(study: Study) -> None:
    """Read what the tables and figures will read; DamagedError names all predictions that are damaged."""
    faults: dict[Path, str] = {}
    for record in study.records:
        try:
            if kept := study.kept(record):
                kept.check()
        except DamagedError as error:
            faults |= error.faults
    if faults:
        raise DamagedError(faults)


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in map(Path, paths):
        found = [path]
        if path.is_dir():
            lying = (file for pattern in CELLS for file in listed(path, pattern))
            found = sorted(file for file in lying if file.name not in ("figures.json", "rerun.json"))
        if not found:
            raise UserError(f"{path}: holds no cell record; name the folder of <data set>/<cell>.json")
        files += found
    return unique(files)


def load(path: Path) -> Study:
    """Read a study from records.jsonl, or from a folder of cells as read_cells takes it."""
    path = Path(path)
    if not path.is_dir():
        return study.load(path)
    cells = read_cells([path])
    return Study(cells, study.folder_of(cells, path))


def write(cells: list[Record], lines: Path, table: Path) -> None:
    """Write records.jsonl (one record per line) and runs.csv (one row per run)."""
    text = "".join(f"{written.text(cell)}\n" for cell in cells)
    write_text(lines, text or "\n")
    write_text(table, tables.text(columns(cells), rows(cells)))


def columns(cells: list[Record]) -> list[str]:
    """Return the columns of runs.csv: identity, every factor and setting met, what was measured."""
    factors = unique(factor for cell in cells for factor in cell.factors)
    settings = unique(name for cell in cells for run in cell.runs for name in wording.as_run(run))
    absent = {*ACCURACIES}.difference(accuracies(cells))
    measured = [name for name in MEASURED if name not in absent]
    return unique([*BEFORE, *factors, "device", *settings, *measured, "cell"])


def rows(cells: list[Record]) -> list[tables.Row]:
    """Return one flat row per run."""
    return [_row(cell, run) for cell in cells for run in cell.runs]


def _row(cell: Record, run: Run) -> tables.Row:
    return {
        **{factor: level.name for factor, level in cell.factors.items()},
        **wording.as_run(run),
        **{name: getattr(cell, name) for name in (*BEFORE, "device", "cell")},
        **{name: getattr(run, name) for name in MEASURED},
    }
