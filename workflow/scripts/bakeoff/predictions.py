"""What the runs of a cell answered, on disk: one writer, one reader that reads what is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bakeoff.command import DamagedError
from bakeoff.files import reading, writing

SUFFIX = ".npz"
DIFFERENT = "damaged: arrays of different lengths"
ARRAYS = ("labels", "validation_labels", "validated", "validation", "tested", "test", "scored", "scores")


@dataclass(frozen=True)
class Answers:
    """One run's answers: (n,) class numbers of the validation and the test part, (n, k) scores of the latter.

    What was not kept is None.
    """

    validation: np.ndarray | None = None
    test: np.ndarray | None = None
    scores: np.ndarray | None = None


@dataclass(frozen=True)
class Predictions:
    """A run's answers to a part: (n,) labels and predictions, (n, k) scores, (n, 0) where none were kept."""

    labels: np.ndarray
    predictions: np.ndarray
    scores: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """Return which images it got right, (n,) booleans."""
        return self.predictions == self.labels


def save(path: Path, labels: Mapping[str, np.ndarray], classes: int, answers: Sequence[Answers]) -> None:
    """Write what was kept of every run of a record, in its order, in small types.

    labels: (n,) of the parts validation and test.
    """
    small = np.min_scalar_type(max(classes - 1, 0))

    def of(name: str, kind: np.dtype | type, *shape: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which runs kept an array, and these arrays (runs, ...)."""
        kept = [
            (run, array) for run, each in enumerate(answers) if (array := getattr(each, name)) is not None
        ]
        found = np.array([array for _, array in kept], kind) if kept else np.empty((0, *shape), kind)
        return np.array([run for run, _ in kept], np.int32), found

    validated, validation = of("validation", small, len(labels["validation"]))
    tested, test = of("test", small, len(labels["test"]))
    scored, scores = of("scores", np.float32, len(labels["test"]), classes)
    arrays = (
        *(labels["test"].astype(small), labels["validation"].astype(small)),
        *(validated, validation, tested, test, scored, scores),
    )
    with writing(path) as place, open(place, "wb") as file:
        np.savez(file, **dict(zip(ARRAYS, arrays, strict=True)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Kept:
    """The answers in a file, by the number of their run in the record; read when they are asked for."""

    path: Path

    def test(self, run: int) -> Predictions | None:
        """Return a run's answers to the test part, or None where they were not kept."""
        test = self._of(run, "tested", "test")
        if test is None:
            return None
        labels = self._read("labels")
        if len(labels) != len(test):
            raise DamagedError({self.path: DIFFERENT})
        scores = self._of(run, "scored", "scores")
        return Predictions(labels, test, np.empty((len(test), 0)) if scores is None else scores)

    def validation(self, run: int) -> Predictions | None:
        """Return a run's answers to the validation part, or None where they were not kept."""
        found = self._of(run, "validated", "validation")
        if found is None:
            return None
        return Predictions(self._read("validation_labels"), found, np.empty((len(found), 0)))

    def check(self) -> None:
        """Read all of it; DamagedError where the file is not what `save` wrote."""
        arrays = {name: self._read(name) for name in ARRAYS}
        rows = (("validated", "validation"), ("tested", "test"), ("scored", "scores"))
        columns = (("validation_labels", "validation"), ("labels", "test"), ("labels", "scores"))
        fits = all(len(arrays[runs]) == len(arrays[name]) for runs, name in rows)
        if not fits or any(len(arrays[own]) != arrays[name].shape[1] for own, name in columns):
            raise DamagedError({self.path: DIFFERENT})

    def _of(self, run: int, runs: str, name: str) -> np.ndarray | None:
        (places,) = np.nonzero(self._read(runs) == run)
        return self._read(name)[places[0]] if len(places) else None

    def _read(self, name: str) -> np.ndarray:
        with reading(self.path), np.load(self.path, allow_pickle=False) as arrays:
            return arrays[name]
