"""What the runs of a cell answered, on disk: one writer, one reader that reads what is asked for, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakeoff import archive
from bakeoff.archive import Arrays, WrongContent, as_kept, opened
from bakeoff.records.folded import scored as scored_on
from bakeoff.records.parts import Data
from bakeoff.records.request import Fold

Array = NDArray[Any]

WHAT = "the answers of a cell's runs"
LABELS = {"test": "labels", "validation": "validation_labels"}
# Of every image that is validated, its fold, or its folds cut by cut; absent where there are none.
FOLDS = "folds"
# Each with numpy's kinds of type and its rank.
ARRAYS = {
    **{"validated": ("iu", 1), "validation": ("u", 2)},
    **{"tested": ("iu", 1), "test": ("u", 2)},
    **{"scored": ("iu", 1), "scores": ("f", 3)},
}


@dataclass(frozen=True)
class Answers:
    """One run's answers: (n,) class numbers of the images it was validated on, and of the test part.

    Of the latter its scores, too, (n, k). What was not kept is None.
    """

    validation: Array | None = None
    test: Array | None = None
    scores: Array | None = None


@dataclass(frozen=True)
class Predictions:
    """A run's answers to a part: labels and predictions, int64 (n,), and scores (n, k).

    Where no scores were kept they are (n, 0).
    """

    labels: Array
    predictions: Array
    scores: Array

    @property
    def right(self) -> NDArray[np.bool_]:
        """Return which images it got right, (n,) booleans."""
        right: NDArray[np.bool_] = self.predictions == self.labels
        return right


def save(
    path: Path,
    labels: Mapping[str, Array],
    classes: int,
    answers: Sequence[Answers],
    folds: Array | None = None,
) -> None:
    """Write what was kept of every run of a record, in its order, in small types.

    labels: (n,) of the parts validation and test; folds: (n,) the fold that each validated image is of,
    or (n, repeats) of each cut.
    """
    longest = len(labels["validation"])

    def of(name: str, *shape: int, kind: type | None = None) -> tuple[Array, Array]:
        """Return which runs kept an array, and these arrays (runs, ...)."""
        kept = [
            (run, array) for run, each in enumerate(answers) if (array := getattr(each, name)) is not None
        ]
        found = np.array([array for _, array in kept], kind) if kept else np.empty((0, *shape), kind)
        return np.array([run for run, _ in kept], np.int32), found

    answers = [replace(each, validation=_filled(each.validation, longest)) for each in answers]
    validated, validation = of("validation", longest)
    tested, test = of("test", len(labels["test"]))
    scored, scores = of("scores", len(labels["test"]), classes, kind=np.float32)
    arrays = (
        *(as_kept(labels[part], classes) for part in LABELS),
        *(validated, as_kept(validation, classes), tested, as_kept(test, classes), scored, scores),
    )
    found = dict(zip((*LABELS.values(), *ARRAYS), arrays, strict=True))
    if folds is not None:
        found[FOLDS] = as_kept(folds, int(folds.max()) + 1)
    archive.save(path, found)


def _filled(numbers: Array | None, longest: int) -> Array | None:
    """Return a fold's answers as long as all folds of a cut together: what comes after them is none."""
    return None if numbers is None else np.pad(numbers, (0, longest - len(numbers)))


@dataclass(frozen=True)
class Kept:
    """The answers in a file, by the number of their run in the record; read when they are asked for.

    data: what the record says of its data. DamagedError where the answers are not to so many images, or of
    other classes.
    """

    path: Path
    data: Data | None = None
    _right: dict[int, NDArray[np.bool_] | None] = field(default_factory=dict, compare=False, repr=False)

    def right(self, run: int) -> NDArray[np.bool_] | None:
        """Return which test images a run got right, (n,) booleans; None where its answers were not kept."""
        if run not in self._right:
            found = self._given(run, "test", "tested", scored=False)
            self._right[run] = None if found is None else found.right
        return self._right[run]

    def test(self, run: int) -> Predictions | None:
        """Return a run's answers to the test part, or None where they were not kept."""
        return self._given(run, "test", "tested")

    def validation(self, run: int, fold: Fold = None) -> Predictions | None:
        """Return a run's answers to the images it was validated on, or None where they were not kept.

        fold: which of them the run was scored on, if there are any.
        """
        return self._given(run, "validation", "validated", fold)

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

    def _given(
        self, run: int, part: str, runs: str, fold: Fold = None, scored: bool = True
    ) -> Predictions | None:
        with opened(self.path, WHAT) as arrays:
            found = self._of(arrays, run, runs, part)
            if found is None:
                return None
            labels = self._labels(arrays, part)
            self._fit(found, labels)
            if part == "validation" and FOLDS in arrays:
                labels = labels[scored_on(arrays.class_numbers(FOLDS, 1, 2), fold)]
                found = found[: len(labels)]
            found = found.astype(np.int64)
            # Of validated images no scores are kept.
            scores = self._of(arrays, run, "scored", "scores") if part == "test" and scored else None
            return Predictions(labels, found, np.empty((len(found), 0)) if scores is None else scores)

    def _of(self, arrays: Arrays, run: int, runs: str, name: str) -> Array | None:
        (places,) = np.nonzero(arrays.read(runs, *ARRAYS[runs]) == run)
        return self._all(arrays, runs, name)[places[0]] if len(places) else None

    def _all(self, arrays: Arrays, runs: str, name: str) -> Array:
        """Return an array with the answers of each of some runs."""
        kept, found = (arrays.read(each, *ARRAYS[each]) for each in (runs, name))
        if len(kept) != len(found):
            raise WrongContent(f"{name} of {len(found)} runs, {runs} of {len(kept)}")
        return found

    def _labels(self, arrays: Arrays, part: str) -> Array:
        labels = arrays.class_numbers(LABELS[part])
        said = (
            0 if self.data is None else self.data.validated if part == "validation" else self.data.counts.test
        )
        if said and len(labels) != said:
            raise WrongContent(f"{len(labels)} {part} images, its record says {said}")
        self._fit(labels, labels)
        return labels

    def _fit(self, answers: Array, labels: Array) -> None:
        """Raise WrongContent where a run's answers (n,), or scores (n, k), are to other images or classes."""
        if len(answers) != len(labels):
            raise WrongContent(f"answers to {len(answers)} images with {len(labels)} labels")
        known = len(self.data.classes) if self.data else 0
        found = answers.shape[1] if answers.ndim == 2 else int(answers.max(initial=0)) + 1
        if known and (found > known or (answers.ndim == 2 and found < known)):
            raise WrongContent(f"answers of {found} classes, its record names {known}")
