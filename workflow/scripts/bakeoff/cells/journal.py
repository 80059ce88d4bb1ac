"""The journal of a cell: finished runs on disk at once, so that a killed cell goes on where it stopped."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from bakeoff import files
from bakeoff.cells.family import Measured
from bakeoff.records.parts import Environment
from bakeoff.records.record import adapter, to_json
from bakeoff.records.request import Request
from bakeoff.records.run import Run


def code_digest(*sources: Path) -> str:
    """Return one digest over source files; of a folder, over its .py files but for what only plans."""
    listed = (files.listed(each, "**/*.py") if each.is_dir() else [each] for each in sources)
    return files.digest_of(path for path in chain.from_iterable(listed) if path.name != PLANS)


RUNS = "runs.jsonl"
# What a family says of its section of the configuration changes no run.
PLANS = "section.py"


class Entry(NamedTuple):
    """A line of a journal: a run as JSON's values, where it was measured, and all else that it depends on.

    Earlier versions said no context, and wrote the environment into the run.
    """

    run: dict[str, Any]
    environment: dict[str, Any] | None
    context: dict[str, Any] | None

    @property
    def request(self) -> str:
        """Return the key of what was asked for."""
        return Request(self.run["settings"], self.run["seed"], self.run.get("fold")).key

    def measured(self) -> Measured | None:
        """Return the run with its environment; None where it is of an earlier version."""
        try:
            run: Run = adapter(Run).validate_json(json.dumps(self.run))
            environment: Environment = adapter(Environment).validate_json(json.dumps(self.environment))
        except ValidationError:
            return None
        return Measured(run, environment)


class Journal:
    """Runs of one cell by key, and the kept models and predictions of the runs that may be chosen.

    `context` is everything beside its request that a run depends on: data, code, device.
    Every line and every kept file carries a digest of its content; what does not match is fitted again.
    """

    def __init__(self, folder: Path, context: Mapping[str, Any]) -> None:
        self._folder = folder
        self._context = dict(context)
        self._text = json.dumps(context, sort_keys=True)
        with files.changing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / RUNS
        self._entries = _read(self._file)
        if self._file.exists() and not self._file.read_bytes().endswith(b"\n"):
            self._append("")  # a kill in the middle of a line: the next line starts afresh

    def key(self, request: Request) -> str:
        """Return the name of one run: request and context in 16 hexadecimal digits."""
        return _digest(f"{self._text}{request.key}")

    def get(self, request: Request) -> Measured | None:
        """Return a finished run, or None."""
        found = self._entries.get(self.key(request))
        return found.measured() if found else None

    def otherwise(self, asked: Iterable[Request]) -> Counter[str]:
        """Say what sets runs of these requests apart that are of another context, and of how many.

        Of each the last such run counts.
        """
        last = {entry.request: entry.context for entry in self._entries.values()}
        keys = [request.key for request in asked]
        said = [_apart(last[key], self._context) for key in keys if key in last]
        return Counter(filter(None, said))

    def add(self, measured: Measured) -> None:
        """Append one finished run and wait until it is on disk."""
        run, environment = to_json(measured.run), to_json(measured.environment)
        self._add(self.key(measured.run.request), Entry(run, environment, self._context))

    def _add(self, key: str, entry: Entry) -> None:
        line = {"key": key, **entry._asdict(), "digest": _digest_of(key, entry.run)}
        self._append(json.dumps(line, allow_nan=False))
        self._entries[key] = entry

    def know(self, folder: Path) -> None:
        """Take the runs of another journal of the same cell as finished, without writing them here."""
        self._entries = _read(folder / RUNS) | self._entries

    def take_over(self, folder: Path) -> None:
        """Add the runs of another journal of the same cell, and move its kept files here."""
        for key, entry in _read(folder / RUNS).items():
            if key not in self._entries:
                self._add(key, entry)
        for path in files.listed(folder, "*"):
            if path.name != RUNS:
                os.replace(path, self._folder / path.name)

    def _append(self, line: str) -> None:
        with files.changing(self._file), open(self._file, "a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def keep(self, run: Run, suffix: str, save: Callable[[Path], None]) -> None:
        """Keep a file of a run (its model, its predictions), whole or not at all, its digest in its name."""
        key = self.key(run.request)
        whole = self._folder / f"{key}{suffix}"
        with files.writing(whole) as place:
            save(place)
        path = self._folder / f"{key}.{files.digest(whole)[:16]}{suffix}"
        os.replace(whole, path)
        for other in self._found(key, suffix):
            if other != path:
                other.unlink()

    def kept(self, run: Run, suffix: str) -> Path | None:
        """Return a kept file of a run, or None where it is absent or no longer what was kept."""
        for path in self._found(self.key(run.request), suffix):
            if path.name.split(".")[1] == files.digest(path)[:16]:
                return path
            print(f"{path}: damaged: not the content that was kept", flush=True)
        return None

    def _found(self, key: str, suffix: str) -> list[Path]:
        return files.listed(self._folder, f"{key}.*{suffix}")

    def prune(self, keep: Iterable[Run], *suffixes: str) -> None:
        """Delete the kept files with these suffixes of all runs but these; the runs themselves stay."""
        names = {self.key(run.request) for run in keep}
        for path in self._folder.iterdir():
            left_over = path.name.startswith(".")  # by a kill in the middle of a write
            if left_over or (path.name.endswith(suffixes) and path.name.split(".")[0] not in names):
                path.unlink()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest_of(key: str, run: Mapping[str, Any]) -> str:
    return _digest(key + json.dumps(run, sort_keys=True))


def _apart(theirs: Mapping[str, Any] | None, ours: Mapping[str, Any]) -> str | None:
    """Say in which names two contexts differ; None where one is another turn of the other."""
    if theirs is None:
        return "an earlier version"
    names = [name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)]
    pairs = [(name, theirs.get(name), ours.get(name)) for name in names]
    said = [
        f"{name} {old}, not {new}" if isinstance(old, int) else f"other {name}" for name, old, new in pairs
    ]
    return None if "turn" in names else " and ".join(said)


def _read(path: Path) -> dict[str, Entry]:
    """Return the entries of a journal's file by key; say how many of its lines are none."""
    if not path.exists():
        return {}
    entries: dict[str, Entry] = {}
    spoilt = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line:
            continue
        try:
            entry = json.loads(line)
            if entry["digest"] != _digest_of(entry["key"], entry["run"]):
                raise ValueError("not the digest that was written")
            entries[entry["key"]] = Entry(entry["run"], entry.get("environment"), entry.get("context"))
            _ = entries[entry["key"]].request
        except (ValueError, TypeError, LookupError, RecursionError):
            spoilt.append(number)  # torn by a kill in the middle of the write, or damaged since
    if spoilt:
        lines = ", ".join(map(str, spoilt[:5])) + (", ..." if len(spoilt) > 5 else "")
        print(f"{path}: no whole run in {len(spoilt)} of its lines ({lines}): fitted again", flush=True)
    return entries
