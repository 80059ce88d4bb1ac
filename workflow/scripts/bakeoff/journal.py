"""The journal of a cell: finished runs on disk at once, so that a killed cell goes on where it stopped."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bakeoff.records import Run
from bakeoff.selection import settings_key


def code_digest(*sources: Path) -> str:
    """Return one digest over source files; of a folder, over its .py files."""
    digest = hashlib.sha256()
    for source in sources:
        files = sorted(source.rglob("*.py")) if source.is_dir() else [source]
        for file in files:
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


RUNS = "runs.jsonl"


class Journal:
    """Runs of one cell by key, and the kept models and predictions of the runs that may be chosen.

    `context` is everything beside settings and seed that a run depends on: data, code, device, threads.
    """

    def __init__(self, folder: Path, context: Mapping[str, Any]) -> None:
        self._folder = folder
        self._context = json.dumps(context, sort_keys=True)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / RUNS
        self._runs = dict(_read(self._file))
        if self._file.exists() and not self._file.read_bytes().endswith(b"\n"):
            self._append("")  # a kill in the middle of a line: the next line starts afresh

    def key(self, settings: Mapping[str, Any], seed: int | None) -> str:
        """Return the name of one run: settings, seed and context in 16 hexadecimal digits."""
        text = f"{self._context}{settings_key(dict(settings))}{seed}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def get(self, settings: Mapping[str, Any], seed: int | None) -> Run | None:
        """Return a finished run, or None."""
        return self._runs.get(self.key(settings, seed))

    def add(self, run: Run) -> None:
        """Append one finished run and wait until it is on disk."""
        self._add(self.key(run["settings"], run["seed"]), run)

    def _add(self, key: str, run: Run) -> None:
        self._append(json.dumps({"key": key, "run": run}, allow_nan=False))
        self._runs[key] = run

    def know(self, folder: Path) -> None:
        """Take the runs of another journal of the same cell as finished, without writing them here."""
        self._runs = dict(_read(folder / RUNS)) | self._runs

    def take_over(self, folder: Path) -> None:
        """Add the runs of another journal of the same cell, and move its kept files here."""
        for key, run in _read(folder / RUNS):
            if key not in self._runs:
                self._add(key, run)
        for path in folder.iterdir():
            if path.name != RUNS and not path.name.startswith("."):
                os.replace(path, self._folder / path.name)

    def _append(self, line: str) -> None:
        with open(self._file, "a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def keep(self, run: Run, suffix: str, save: Callable[[Path], None]) -> None:
        """Keep a file of a run (its model, its predictions), written whole or not at all."""
        path = self.kept(run, suffix)
        temporary = path.with_name(f".{path.name}")
        save(temporary)
        os.replace(temporary, path)

    def kept(self, run: Run, suffix: str) -> Path:
        """Return where a kept file of a run lies, whether it is there or not."""
        return self._folder / f"{self.key(run['settings'], run['seed'])}{suffix}"

    def prune(self, keep: Iterable[Run]) -> None:
        """Delete the kept files of all runs but these; the runs themselves stay."""
        names = {self.key(run["settings"], run["seed"]) for run in keep}
        for path in self._folder.iterdir():
            if path != self._file and path.name.lstrip(".").split(".")[0] not in names:
                path.unlink()


def _read(file: Path) -> Iterable[tuple[str, Run]]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # torn by a kill in the middle of the write: that run is fitted again
        yield entry["key"], entry["run"]
