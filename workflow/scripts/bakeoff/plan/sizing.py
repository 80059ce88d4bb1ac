"""What a study of a person's own images tries within a number of minutes: facts in, choice out.

Owns the order in which a study grows. It reads no file and asks no machine.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt

from bakeoff import values
from bakeoff.plan.needs import Choice, Facts, Needs, estimate

# Pairs of classes: each is a machine of its own.
MOST_SVM_CLASSES = 100
LEAST_PER_CLASS = 5
# What a study of few images takes is the start of its commands.
HARDLY_LONGER = 1.25


@dataclass(frozen=True)
class Sized:
    """A choice, what it needs, and why it is as it is, a sentence each."""

    choice: Choice
    needs: Needs
    reasons: tuple[str, ...]


Grow = Callable[[Choice], Choice]


def _with(**changes: object) -> Grow:
    return lambda choice: dataclasses.replace(choice, **changes)  # type: ignore[arg-type]


def _classifier(name: str) -> Grow:
    return lambda choice: dataclasses.replace(choice, classifiers=(*choice.classifiers, name))


def _kernel(name: str) -> Grow:
    return _where(
        lambda choice: bool(choice.kernels),
        lambda choice: dataclasses.replace(choice, kernels=(*choice.kernels, name)),
    )


def _from_scratch(choice: Choice) -> Choice:
    return dataclasses.replace(choice, networks=tuple(dict.fromkeys((*choice.networks, "resnet18"))))


def _where(holds: Callable[[Choice], bool], grow: Grow) -> Grow:
    return lambda choice: grow(choice) if holds(choice) else choice


# What a study grows by while the minutes last: first what may change the answer most.
STEPS: tuple[tuple[str, Grow], ...] = (
    ("features of a pretrained network", _with(features=("lite0",))),
    (
        "the last block of a pretrained network, trained on, for one from scratch",
        _with(networks=("lite0_tuned",)),
    ),
    ("ten epochs", _with(epochs=(5, 10))),
    ("two trainings of what each cell chose", _with(final_seeds=2)),
    ("ResNet-18 from scratch", _from_scratch),
    ("a random forest", _classifier("forest")),
    ("three trainings of what each cell chose", _with(final_seeds=3)),
    ("logistic regression", _classifier("logistic")),
    ("an SVM with a polynomial kernel", _kernel("poly")),
    ("64 x 64 pixels", _with(size=64)),
    ("twenty epochs", _with(epochs=(10, 20))),
    (
        "SVMs with four values of C",
        _where(lambda choice: bool(choice.kernels), _with(svm_C=(0.1, 1, 10, 100))),
    ),
    (
        "logistic regression with three values of C",
        _where(lambda choice: "logistic" in choice.classifiers, _with(logistic_C=(0.01, 0.1, 1.0))),
    ),
    ("two learning rates", _with(rates=(0.001, 0.0003))),
    ("a linear SVM", _kernel("linear")),
    ("96 x 96 pixels", _with(size=96)),
    ("forty epochs", _with(epochs=(20, 40))),
)


def size(facts: Facts) -> Sized:
    """Return the study that fits the facts; the smallest there is where none does."""
    choice, reasons = _least(facts)
    limit = facts.budget_s
    for words, grow in STEPS:
        larger = grow(choice)
        needs = estimate(larger, facts)
        if larger == choice:
            continue
        if needs.memory_mb > facts.memory_mb or needs.disk_mb > facts.disk_mb:
            reasons.append(
                f"Not {words}: that needs {needs.memory_mb:,} MB of memory, {needs.disk_mb:,} MB of disk."
            )
        elif needs.seconds > limit:
            reasons.append(f"Not {words}: that would make it {minutes(needs.seconds)}.")
        else:
            choice = larger
            reasons.append(f"With {words}: {minutes(needs.seconds)} in all.")
    return Sized(choice, estimate(choice, facts), tuple(reasons))


def _least(facts: Facts) -> tuple[Choice, list[str]]:
    """Return the smallest study, of as many images as it may look at, and why."""
    choice, reasons = Choice(), []
    if len(facts.classes) > MOST_SVM_CLASSES:
        choice = dataclasses.replace(choice, kernels=())
        reasons.append(f"No SVM: of {len(facts.classes)} classes every two are a machine of their own.")
    choice = _fewer(choice, facts)
    needs = estimate(choice, facts)
    if choice.limit:
        reasons.append(
            f"{choice.limit:,} of the {facts.total:,} images, of each class its share, for want of minutes."
        )
    if needs.seconds > facts.budget_s:
        reasons.append(f"The smallest study there is: {minutes(needs.seconds)}, not {facts.minutes:g}.")
    else:
        reasons.append(f"The smallest study: {minutes(needs.seconds)}.")
    return choice, reasons


def _fewer(choice: Choice, facts: Facts) -> Choice:
    """Return a choice of as many images as end in time, or take hardly longer than the fewest that can be."""
    fewest = min(facts.total, LEAST_PER_CLASS * len(facts.classes))
    least = estimate(dataclasses.replace(choice, limit=fewest), facts)
    seconds = max(facts.budget_s, HARDLY_LONGER * least.seconds)
    kept = facts.total
    while kept > fewest:
        needs = estimate(dataclasses.replace(choice, limit=kept), facts)
        if needs.seconds <= seconds and needs.memory_mb <= facts.memory_mb:
            break
        kept = max(fewest, int(kept / sqrt(2)))
    return dataclasses.replace(choice, limit=kept) if kept < facts.total else choice


def minutes(seconds: float) -> str:
    """Return a time as people say it, no more exactly than it is known."""
    if seconds < 100:
        return f"about {values.plural(max(10, 10 * ceil(seconds / 10)), 'second')}"
    found = seconds / 60
    return f"about {found:.1f} minutes" if found < 10 else f"about {round(found):,} minutes"
