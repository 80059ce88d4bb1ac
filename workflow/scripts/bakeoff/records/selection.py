"""Which settings a cell chooses: by validation accuracy alone, ties by cost, never by test accuracy."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from bakeoff.records.parts import Best
from bakeoff.records.request import REFIT, Settings, settings_key
from bakeoff.records.run import ACCURACIES, HOLDOUT, Run

Candidate = TypeVar("Candidate")
Rating = tuple[float, float, float]
# Two costs within this share of each other count as equal.
ALIKE = 0.1


@dataclass(frozen=True)
class Choice:
    """Chosen settings: the runs that they were chosen by, of every seed and fold, and one final run per seed.

    Final are the refits where there are folds, else the same runs. They are in the order of the cell's.
    """

    scored: list[Run]
    final: list[Run]

    @property
    def settings(self) -> Settings:
        """Return the chosen settings."""
        return self.scored[0].settings

    @property
    def validation_accuracy(self) -> float:
        """Return the mean over seeds and folds."""
        return mean(self.scored, "validation_accuracy")

    @property
    def cost(self) -> float:
        """Return what a run of these settings costs in a unit that a busy machine cannot disturb."""
        return self.scored[0].cost

    @property
    def seeds(self) -> list[int | None]:
        """Return the seeds that chose, each once; a single None where nothing is random."""
        return list(dict.fromkeys(run.seed for run in self.scored))


def training_key(run: Run, *but: str) -> str:
    """Return one text per training: a run's request, without the settings whose names are in `but`.

    Numbers of epochs share a training, unless the run says that its steps follow their number.
    """
    left_out = but if run.details.get("follows_epochs") else (*but, "epochs")
    settings = {name: item for name, item in run.settings.items() if name not in left_out}
    return run.request._replace(settings=settings).key


def groups(runs: Iterable[Run]) -> list[list[Run]]:
    """Group runs by settings; each group holds its seeds and folds, in the order of first appearance."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(settings_key(run.settings), []).append(run)
    return list(found.values())


def prefer(candidates: Sequence[Candidate], rate: Callable[[Candidate], Rating]) -> Candidate:
    """Return the candidate of highest accuracy; of equals the cheapest, within 10 % the smallest.

    `rate` gives a candidate's accuracy, cost and size: one rule for settings, cells and competitors.
    """
    rated = [(each, *rate(each)) for each in candidates]
    best = max(accuracy for _, accuracy, _, _ in rated)
    equal = [one for one in rated if one[1] == best]
    least = min(cost for _, _, cost, _ in equal)
    cheap = [one for one in equal if one[2] <= (1 + ALIKE) * least]
    # min() keeps the first of equals: the order of the grid is the last tie-break.
    return min(cheap, key=lambda one: one[3])[0]


def choose(runs: Iterable[Run]) -> Choice | None:
    """Return the chosen settings, or None when none finished on every seed and fold, and in every refit."""
    complete = [group for group in groups(runs) if all(run.finished for run in group)]
    choices = [_choice(group) for group in complete if any(run.fold != REFIT for run in group)]
    return prefer(choices, rate) if choices else None


def _choice(group: list[Run]) -> Choice:
    scored = [run for run in group if run.fold != REFIT]
    folded = any(run.fold is not None for run in scored)
    return Choice(scored, [run for run in group if run.fold == REFIT] if folded else scored)


def rate(choice: Choice) -> Rating:
    """Return how settings are rated: mean validation accuracy, then cost, which is size too."""
    return choice.validation_accuracy, choice.cost, choice.cost


def summarise(choice: Choice | None) -> Best | None:
    """Return the record's `best` entry: settings, seeds and the means over the seeds."""
    if choice is None or not choice.final:
        return None
    lacking = [HOLDOUT] if choice.final[0].holdout_accuracy is None else []
    names = [name for name in (*ACCURACIES[1:], "train_s") if name not in lacking]
    means = {**dict.fromkeys(lacking), **{name: mean(choice.final, name) for name in names}}
    return Best(
        settings=choice.settings,
        seeds=tuple(run.seed for run in choice.final),
        model_seed=choice.final[0].seed,
        validation_accuracy=choice.validation_accuracy,
        **means,
    )


def mean(runs: Iterable[Run], name: str) -> float:
    """Return the mean of one measured value over runs, without the last digits that its order decides."""
    return average(getattr(run, name) for run in runs)


def average(values: Iterable[float]) -> float:
    """Return a mean by which equals are equal, in whatever order they were added."""
    return round(fmean(values), 12)
