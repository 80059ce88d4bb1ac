"""What the runs of a cell answered, on disk: one writer, one reader that reads what is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.archive import Arrays, WrongContent, as_kept, opened
from bakeoff.files import writing

SUFFIX = ".npz"
WHAT = "the answers of a cell's runs"
LABELS = {"test": "labels", "validation": "validation_labels"}
# Each with numpy's kinds of type and its rank.
ARRAYS = {
    **{"validated": ("iu", 1), "validation": ("u", 2)},
    **{"tested": ("iu", 1), "test": ("u", 2)},
    **{"scored": ("iu", 1), "scores": ("f", 3)},
}


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
    """A run's answers to a part: labels and predictions, int64 (n,), and scores (n, k).

    Where no scores were kept they are (n, 0).
    """

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

    def of(name: str, *shape: int, kind: type | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return which runs kept an array, and these arrays (runs, ...)."""
        kept = [
            (run, array) for run, each in enumerate(answers) if (array := getattr(each, name)) is not None
        ]
        found = np.array([array for _, array in kept], kind) if kept else np.empty((0, *shape), kind)
        return np.array([run for run, _ in kept], np.int32), found

    validated, validation = of("validation", len(labels["validation"]))
    tested, test = of("test", len(labels["test"]))
    scored, scores = of("scores", len(labels["test"]), classes, kind=np.float32)
    arrays = (
        *(as_kept(labels[part], classes) for part in LABELS),
        *(validated, as_kept(validation, classes), tested, as_kept(test, classes), scored, scores),
    )
    with writing(path) as place, open(place, "wb") as file:
        np.savez(file, **dict(zip((*LABELS.values(), *ARRAYS), arrays, strict=True)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Kept:
    """The answers in a file, by the number of their run in the record; read when they are asked for.

    data: what the record says of its data. DamagedError where the answers are not to so many images, or of
    other classes.
    """

    path: Path
    data: Mapping[str, Any] | None = None

    def test(self, run: int) -> Predictions | None:
        """Return a run's answers to the test part, or None where they were not kept."""
        return self._given(run, "test", "tested")

    def validation(self, run: int) -> Predictions | None:
        """Return a run's answers to the validation part, or None where they were not kept."""
        return self._given(run, "validation", "validated")

    def check(self) -> None:
        """Read all of it; DamagedError where the file is not what `save` wrote."""
        with opened(self.path, WHAT) as arrays:
            for part, runs, name in (
                ("validation", "validated", "validation"),
                ("test", "tested", "test"),
                ("test", "scored", "scores"),
            ):
                labels = self._labels(arrays, part)
                for answers in self._all(arrays, runs, name):
                    self._fit(answers, labels)

    def _given(self, run: int, part: str, runs: str) -> Predictions | None:
        with opened(self.path, WHAT) as arrays:
            found = self._of(arrays, run, runs, part)
            if found is None:
                return None
            labels = self._labels(arrays, part)
            self._fit(found, labels)
            found = found.astype(np.int64)
            # Of the validation part no scores are kept.
            scores = self._of(arrays, run, "scored", "scores") if part == "test" else None
            return Predictions(labels, found, np.empty((len(found), 0)) if scores is None else scores)

    def _of(self, arrays: Arrays, run: int, runs: str, name: str) -> np.ndarray | None:
        (places,) = np.nonzero(arrays.read(runs, *ARRAYS[runs]) == run)
        return self._all(arrays, runs, name)[places[0]] if len(places) else None

    def _all(self, arrays: Arrays, runs: str, name: str) -> np.ndarray:
        """Return an array with the answers of each of some runs."""
        kept, found = (arrays.read(each, *ARRAYS[each]) for each in (runs, name))
        if len(kept) != len(found):
            raise WrongContent(f"{name} of {len(found)} runs, {runs} of {len(kept)}")
        return found

    def _labels(self, arrays: Arrays, part: str) -> np.ndarray:
        labels = arrays.class_numbers(LABELS[part])
        if self.data and len(labels) != self.data["counts"][part]:
            raise WrongContent(f"{len(labels)} {part} images, its record says {self.data['counts'][part]}")
        self._fit(labels, labels)
        return labels

    def _fit(self, answers: np.ndarray, labels: np.ndarray) -> None:
        """Raise WrongContent where a run's answers (n,), or scores (n, k), are to other images or classes."""
        if len(answers) != len(labels):
            raise WrongContent(f"answers to {len(answers)} images with {len(labels)} labels")
        known = len(self.data["classes"]) if self.data else 0
        found = answers.shape[1] if answers.ndim == 2 else int(answers.max(initial=0)) + 1
        if known and (found > known or (answers.ndim == 2 and found < known)):
            raise WrongContent(f"answers of {found} classes, its record names {known}")
