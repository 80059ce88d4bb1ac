"""A row's classifiers, built: with which keywords, whether they take a seed, and what scores they give.

What a classifier can is asked of it as it is built, never known by its name.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from bakeoff import plugins
from bakeoff.command import UserError
from bakeoff.families.estimator.axes import SCALE
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.records.record import Scores
from bakeoff.records.request import Settings
from bakeoff.rows import Named

NAME = "name a classifier with fit(X, y) and predict(X), as scikit-learn's have"
CURES = {"build": "mend its module", "settings": "name keywords that it takes"}
SEED, THREADS = "random_state", "n_jobs"
# What gives which scores, the better known first.
METHODS: Mapping[Scores, str] = {"probabilities": "predict_proba", "decisions": "decision_function"}


class Maker:
    """Builds the classifiers of a row's grid.

    UserError, which names the row, for one that cannot be built, or that has no fit or predict.
    """

    def __init__(self, row: Named, settings: Sequence[Settings], threads: int) -> None:
        self._row, self._place = row.row, f"catalog/{CLASSIFIERS.name}/{row.name}"
        self._make = self._found()
        self._check_axes(settings)
        self.takes_seed = self._takes(SEED, 0, settings[0])
        self._more = {THREADS: threads} if self._takes(THREADS, threads, settings[0]) else {}
        built = [self.build(each, 0 if self.takes_seed else None) for each in settings]
        self.scores: Scores = next((kind for kind, name in METHODS.items() if _all_have(built, name)), "none")

    def keywords(self, settings: Settings) -> dict[str, Any]:
        """Return what the row says for a setting of its grid."""
        return self._row.keywords(settings)

    def build(self, settings: Settings, seed: int | None) -> Any:
        """Return a classifier, not fitted."""
        seeded = {} if seed is None else {SEED: seed}
        return self._called({**self.keywords(settings), **self._more, **seeded})

    def _found(self) -> Callable[..., Any]:
        try:
            found = plugins.find(self._row.build)
        except UserError as error:
            raise UserError(f"{self._place}/build: {error}") from error
        except Exception as error:
            raise self._wrong("cannot be imported", error) from error
        if not callable(found):
            raise self._wrong(f"is no class; {NAME}")
        return found

    def _check_axes(self, settings: Sequence[Settings]) -> None:
        own = set(self._row.axes())
        for each in settings:
            if (named := {*each} - {SCALE}) != own:
                wrong = ", ".join(sorted(named ^ own))
                known = ", ".join(sorted(own)) or "none"
                raise UserError(
                    f"--grid: {wrong}: a block names all axes of {self._place}, which are {known}"
                )

    def _takes(self, name: str, value: Any, settings: Settings) -> bool:
        """Tell whether there is a parameter of this name that the row leaves open; it is tried."""
        keywords = self.keywords(settings)
        if name in keywords or name not in self._parameters(keywords):
            return False
        try:
            self._make(**keywords, **{name: value})
        except Exception:
            return False
        return True

    def _parameters(self, keywords: Mapping[str, Any]) -> set[str]:
        built, known = self._called(keywords), set()
        with suppress(Exception):
            known |= {*built.get_params(deep=False)}
        with suppress(Exception):  # one that is compiled may not say
            known |= {*inspect.signature(self._make).parameters}
        return known

    def _called(self, keywords: Mapping[str, Any]) -> Any:
        try:
            built = self._make(**keywords)
        except Exception as error:
            said = ", ".join(f"{name}={value!r}" for name, value in keywords.items())
            raise self._wrong(f"cannot be called with ({said:.200})", error, "settings") from error
        lacking = [name for name in ("fit", "predict") if not callable(getattr(built, name, None))]
        if lacking:
            raise self._wrong(f"makes what has no {lacking[0]}; {NAME}")
        return built

    def _wrong(self, fault: str, error: Exception | None = None, key: str = "build") -> UserError:
        why = f": {first_line(error)}; {CURES[key]}" if error else ""
        return UserError(f"{self._place}/{key}: {self._row.build} {fault}{why}")


def first_line(error: BaseException) -> str:
    """Return what was raised, and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _all_have(built: Sequence[Any], method: str) -> bool:
    return all(callable(getattr(each, method, None)) for each in built)
