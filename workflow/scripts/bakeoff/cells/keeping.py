"""What is kept of runs beside the lines of their journal, and what a cell publishes of it.

Of every run the class numbers of the images it was validated on; of those that may be chosen, or were timed,
what they said of the test part; of the first seed of those that may be chosen the model. The chosen one's
decisions are made probabilities.
"""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from bakeoff.archive import as_kept
from bakeoff.cells.family import Family, Fitted
from bakeoff.cells.journal import Journal
from bakeoff.files import writing
from bakeoff.records import layout, predictions, signature
from bakeoff.records.predictions import Answers
from bakeoff.records.run import Run

MODEL = layout.BESIDE["models"]
VALIDATION, TEST = ".validation.npy", ".test.npz"


def keep_validation(journal: Journal, family: Family, fitted: Fitted) -> None:
    """Keep a run's class numbers of the images it was validated on, if it has any."""
    if (found := _numbers(family, fitted.answers.validation)) is not None:
        journal.keep(fitted.run, VALIDATION, lambda path: np.save(path, found))


def keep_test(journal: Journal, family: Family, fitted: Fitted, scores: bool = True) -> None:
    """Keep what a run said of the test part: class numbers, with the scores or without."""
    found = fitted.answers
    arrays = {"test": _numbers(family, found.test), "scores": found.scores if scores else None}
    known = {name: array for name, array in arrays.items() if array is not None}
    if known:
        journal.keep(fitted.run, TEST, lambda path: np.savez(path, **known))  # type: ignore[arg-type]


def keep_model(journal: Journal, fitted: Fitted) -> None:
    """Keep a run's model, if it has one."""
    if fitted.save_model is not None:
        journal.keep(fitted.run, MODEL, fitted.save_model)


def calibrate(journal: Journal, family: Family, chosen: list[Run]) -> None:
    """Keep chosen runs' probabilities, and their models with what makes them, unless they are kept."""
    for run in chosen:
        model, test = journal.kept(run, MODEL), journal.kept(run, TEST)
        if model is None or test is None:
            continue
        with np.load(test, allow_pickle=False) as arrays:
            found = dict(arrays)
        if "scores" in found or (fitted := family.calibrated(run, model)) is None:
            continue
        keep_model(journal, fitted)
        keep_test(journal, family, replace(fitted, answers=replace(fitted.answers, test=found["test"])))


def lacks(journal: Journal, chosen: list[Run]) -> list[Run]:
    """Return the runs of a choice of which something is no longer kept that its cell publishes."""
    return [
        run
        for run in chosen
        if journal.kept(run, TEST) is None or (run is chosen[0] and journal.kept(run, MODEL) is None)
    ]


def publish_model(journal: Journal, run: Run | None, extractor: np.ndarray | None, path: Path) -> None:
    """Copy a run's model, or leave an empty file where no run finished.

    extractor: what made the features that it is of, which it then holds itself.
    """
    kept = journal.kept(run, MODEL) if run else None
    with writing(path) as place:
        if kept and extractor is not None:
            signature.join(kept, extractor.tobytes(), place)
        elif kept:
            shutil.copyfile(kept, place)
        else:
            place.touch()


def _numbers(family: Family, answered: np.ndarray | None) -> np.ndarray | None:
    return None if answered is None else as_kept(answered, family.dataset.classes)


def publish_answers(family: Family, runs: Iterable[tuple[Journal, Run]], path: Path) -> None:
    """Write all that is kept of what the runs of a record answered."""
    answers = [_answers(journal, run) for journal, run in runs]
    dataset = family.dataset
    validated = dataset.parts["validation"] if dataset.folds is None else dataset.learnt
    labels = {"validation": validated.labels, "test": dataset.parts["test"].labels}
    predictions.save(path, labels, dataset.classes, answers, dataset.folds)


def _answers(journal: Journal, run: Run) -> Answers:
    if not run.finished:  # what the same request left in another call is not its own
        return Answers()
    validation, test = journal.kept(run, VALIDATION), journal.kept(run, TEST)
    found: dict[str, np.ndarray] = {}
    if validation:
        found["validation"] = np.load(validation, allow_pickle=False)
    if test:
        with np.load(test, allow_pickle=False) as arrays:
            found |= dict(arrays)
    return Answers(**found)
