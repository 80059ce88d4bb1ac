"""How often every interval and test of the report is right: nominal, simulated, and what was simulated.

A line is a claim, a case, n, what it promises, what came out, and of how many draws. "covers" counts
intervals that hold the truth, "errs" counts differences called where there is none. Lines of "instead" are
what the report does not rely on, and why.

    python benchmarks/intervals.py [--quick]
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, norm, rankdata

from bakeoff.analysis import ranks, repeatability
from bakeoff.analysis.differences import MARGIN, against, of_methods, of_repeats
from bakeoff.analysis.intervals import (
    median_interval,
    median_ratio,
    of_difference,
    overlap,
    shorter,
    wilson,
)
from bakeoff.analysis.paired import ALPHA, holm, mcnemar

REFERENCE = Path(__file__).resolve().parents[1] / "config/reference/published_results.csv"
TEST_SETS = (359, 10_000)  # of the demo and of the published study
REPEATS = range(2, 11)
RANDOM = np.random.default_rng(17)
Noise = Callable[[tuple[int, ...]], np.ndarray]


class Line(NamedTuple):
    """One simulated rate: what it is of, "covers", "errs" or "instead", and of how many draws."""

    claim: str
    case: str
    n: str
    kind: str
    nominal: float
    rate: float
    draws: int


def proportions(draws: int) -> Iterator[Line]:
    """Wilson's interval, over all that can be seen, and two of them that do not overlap."""
    for n, accuracy in product((50, *TEST_SETS), (0.5, 0.9, 0.98)):
        right = np.arange(n + 1)
        inside = np.array([(ends := wilson(k / n, n))[0] <= accuracy <= ends[1] for k in right])
        rate = float(binom.pmf(right, n, accuracy)[inside].sum())
        yield Line("accuracy, Wilson", f"accuracy {accuracy:g}", f"{n}", "covers", 0.95, rate, 0)
    for n in TEST_SETS:
        pairs = RANDOM.binomial(n, 0.9, (draws, 2)) / n
        apart = [not overlap(wilson(a, n), wilson(b, n)) for a, b in pairs]
        yield Line("intervals apart", "equal accuracies", f"{n}", "errs", ALPHA, float(np.mean(apart)), draws)


def without_copies(draws: int) -> Iterator[Line]:
    """The interval of what leaving out a few test images does to an accuracy."""
    for n, copies, (known, other) in product(
        TEST_SETS, (10, 50), ((0.9, 0.9), (0.98, 0.98), (1.0, 0.9), (0.99, 0.8))
    ):
        ours, others = RANDOM.binomial(copies, known, draws), RANDOM.binomial(n - copies, other, draws)
        found = [of_difference(a, copies, b, n - copies)[1] for a, b in zip(ours, others, strict=True)]
        rate = float(np.mean([low <= known - other <= high for low, high in found]))
        case = f"{copies} copies at {known:g}, the others at {other:g}"
        yield Line("accuracy without copies", case, f"{n}", "covers", 0.95, rate, draws)


def log_normal(spread: float) -> Noise:
    """Return times whose logarithms are normal."""
    return lambda shape: np.exp(spread * RANDOM.standard_normal(shape))


def one_sided(spread: float) -> Noise:
    """Return times with a floor, and delays of exponential length above it."""
    return lambda shape: 1 + spread * RANDOM.exponential(size=shape)


def spikes(share: float, fixed: bool = False) -> Noise:
    """Return steady times, a share of which something prolongs by a half: on average, or exactly."""

    def times(shape: tuple[int, ...]) -> np.ndarray:
        longer = 0.5 * (1 if fixed else RANDOM.exponential(size=shape))
        return log_normal(0.02)(shape) * np.where(RANDOM.random(shape) < share, 1 + longer, 1)

    return times


NOISE = {
    "log-normal, 5 % and 5 %": (log_normal(0.05), log_normal(0.05)),
    "log-normal, 20 % and 1 %": (log_normal(0.2), log_normal(0.01)),
    "one-sided, 10 % and 10 %": (one_sided(0.1), one_sided(0.1)),
    "one-sided, 20 % and 1 %": (one_sided(0.2), one_sided(0.01)),
    "one-sided, 100 % and 1 %": (one_sided(1.0), one_sided(0.01)),
    "spikes, 1 in 10 on both": (spikes(0.1), spikes(0.1)),
    "spikes, 1 in 10 on one": (spikes(0.1), log_normal(0.01)),
    "spikes, 1 in 5 on one": (spikes(0.2), log_normal(0.01)),
    "two speeds, 1 in 5 half longer": (spikes(0.2, fixed=True), log_normal(0.01)),
}


def ratios(draws: int) -> Iterator[Line]:
    """The interval of a ratio of medians under noise that differs in kind and between the devices."""
    for (case, (cpu, gpu)), n in product(NOISE.items(), REPEATS):
        truth = float(np.median(cpu((1_000_000,))) / np.median(gpu((1_000_000,))))
        rate = _covered(cpu((draws, n)), gpu((draws, n)), truth)
        yield Line("ratio of times", case, f"{n}", "covers", 0.95, rate, draws)


def _covered(cpu: np.ndarray, gpu: np.ndarray, truth: float) -> float:
    found = [median_ratio(a, b) for a, b in zip(cpu, gpu, strict=True)]
    return float(np.mean([low is not None and low <= truth <= (high or 0) for _, low, high in found]))


def costs(draws: int) -> Iterator[Line]:
    """The interval of a median time, and the shortest of four equal trainings called so."""
    noises = {case.split(",")[0]: noise for case, (noise, _) in NOISE.items()}
    for (case, noise), n in product(noises.items(), (3, 5, 10)):
        truth = float(np.median(noise((1_000_000,))))
        found = [[median_interval(each) for each in four] for four in noise((draws // 4, 4, n))]
        covered = [ends[0] <= truth <= ends[1] for four in found for ends in four if ends]
        yield Line("median time", case, f"{n}", "covers", 0.95, float(np.mean(covered)), draws)
        # One training after the other, on a machine that grows slower or quicker by a tenth meanwhile.
        drift = np.exp(0.1 * RANDOM.uniform(-1, 1, (draws // 4, 1, 1)) * np.linspace(0, 1, 4)[:, None])
        for what, slower in (("", 1.0), (", drift of 10 %", drift)):
            called = np.mean([_first(four) for four in noise((draws // 4, 4, n)) * slower])
            yield Line("shortest of four", case + what, f"{n}", "errs", ALPHA, float(called), draws // 4)


def paired(draws: int) -> Iterator[Line]:
    """The interval of a median of paired ratios, as of times with pinned memory and without."""
    for (case, (first, second)), n in product(NOISE.items(), (4, 8, 16)):
        truth = float(np.median(first((1_000_000,)) / second((1_000_000,))))
        found = [median_interval(each) for each in first((draws, n)) / second((draws, n))]
        rate = np.mean([ends[0] <= truth <= ends[1] for ends in found if ends])
        yield Line("paired ratio", case, f"{n}", "covers", 0.95, float(rate), draws)


def _first(times: np.ndarray) -> bool:
    """Tell whether one of the trainings (k, n) is called shorter than every other."""
    ends = [found for each in times if (found := median_interval(each))]
    return any(all(shorter(one, other) for other in ends if other is not one) for one in ends)


def drifting(draws: int) -> Iterator[Line]:
    """Equal devices on a machine whose speed drifts by a tenth: repeats in turns, and device after device."""
    for drift, n in product(("steady drift", "random walk"), REPEATS):
        order = np.resize([True, False, False, True], 2 * n)
        order[2 * (n - n % 2) :] = [True, False][: 2 * (n % 2)]
        for turns, first in (("turns A B B A", order), ("A after A", np.arange(2 * n) < n)):
            steps = RANDOM.standard_normal((draws, 2 * n)) / np.sqrt(2 * n)
            ramp = RANDOM.standard_normal((draws, 1)) * np.linspace(0, 1, 2 * n)
            path = 0.1 * (ramp if drift == "steady drift" else steps.cumsum(axis=1))
            times = log_normal(0.02)((draws, 2 * n)) * np.exp(path)
            kind = "covers" if turns.startswith("turns") else "instead"
            rate = _covered(times[:, first], times[:, ~first], 1.0)
            yield Line("ratio of times", f"{drift} of 10 %, {turns}", f"{n}", kind, 0.95, rate, draws)


def pairs(draws: int) -> Iterator[Line]:
    """McNemar's test of two models that are equally good, and Holm's correction for four of them."""
    for n, share in product(TEST_SETS, (0.02, 0.05, 0.2)):
        called = 0
        for _ in range(draws):
            outcome = RANDOM.random(n)
            called += mcnemar(outcome < share / 2, outcome > 1 - share / 2).p < ALPHA
        case = f"{100 * share:g} % of the images differ"
        yield Line("McNemar, mid-p", case, f"{n}", "errs", ALPHA, called / draws, draws)
    for n in TEST_SETS:
        called = 0
        for _ in range(draws // 5):
            models = _answers(4, n, 0.95, 0.5, 0.0, RANDOM.standard_normal(n))
            called += min(holm([mcnemar(a, b).p for a, b in combinations(models, 2)])) < ALPHA
        rate, made = called / (draws // 5), draws // 5
        yield Line("Holm, any of 6 pairs", "four equal models", f"{n}", "errs", ALPHA, rate, made)


def _answers(k: int, n: int, accuracy: float, own: float, shift: float, hard: np.ndarray) -> np.ndarray:
    """Return right answers (k, n): hard images are hard for all, a training has its own luck and level."""
    level = norm.ppf(accuracy) * np.sqrt(1 + own**2 + shift**2)
    luck = own * RANDOM.standard_normal((k, n), dtype=np.float32)
    return hard + luck + shift * RANDOM.standard_normal((k, 1)) < level


# Accuracy, and what trainings differ in: on an image and in their level, which is from seed to seed.
SEEDS = {
    "seeds 0.9 points apart": (0.96, 0.5, 0.10),
    "seeds 2.3 points apart": (0.90, 0.5, 0.15),
    "seeds hardly apart": (0.96, 0.3, 0.0),
}


def methods(draws: int) -> Iterator[Line]:
    """Two methods that are equally good, by several seeds each or on one side; one seed of each instead."""
    for n, (case, facts) in product(TEST_SETS, SEEDS.items()):
        made = draws if n < 1000 else draws // 2
        for k in (2, 3, 4, 5):
            errors = np.zeros(3)
            for _ in range(made):
                hard = RANDOM.standard_normal(n)
                a, b = _answers(k, n, *facts, hard), _answers(k, n, *facts, hard)
                fixed = _answers(1, n, facts[0], facts[1], 0.0, hard)
                both, one = of_methods(a, b), of_methods(a, fixed, seeded_b=False)
                assert both is not None
                assert one is not None
                errors += [both.p < ALPHA, one.p < ALPHA, mcnemar(a[0], b[0]).p < ALPHA]
            both_rate, one_rate, single = (float(rate) for rate in errors / made)
            yield Line("methods over seeds", f"{case}, k = {k}", f"{n}", "errs", ALPHA, both_rate, made)
            yield Line("method against SVM", f"{case}, k = {k}", f"{n}", "errs", ALPHA, one_rate, made)
        yield Line("McNemar of one seed each", case, f"{n}", "instead", ALPHA, single, made)


# By how much a training's level differs between devices with the same seed, and how many pairs there are.
DEVICES = (
    *(("devices alike", 0.0, repeats) for repeats in (1, 3, 5)),
    *(("devices like other seeds", 0.1, repeats) for repeats in (1, 3, 5)),
)


def devices(draws: int) -> Iterator[Line]:
    """Paired repeats on two devices: coverage, and a training a whole margin worse called equivalent."""
    for n, (case, shift, repeats), worse in product(TEST_SETS, DEVICES, (0.0, MARGIN)):
        made = draws if n < 1000 else draws // 4
        covered = equivalent = 0
        for _ in range(made):
            hard = RANDOM.standard_normal(n)
            cpu = _answers(repeats, n, 0.95, 0.3, shift, hard)
            gpu = _answers(repeats, n, 0.95 - worse, 0.3, shift, hard)
            found = of_repeats(gpu, cpu, seeded=repeats > 1)
            assert found is not None
            covered += found.low <= -worse <= found.high
            equivalent += against(MARGIN, found).startswith("equivalent")
        where = f"{case}, {'a margin worse, ' if worse else ''}{repeats}"
        # A single pair of networks would be judged so, and is not.
        kinds = ("covers", "errs") if repeats > 1 or not shift else ("instead", "instead")
        yield Line("accuracy of devices", where, f"{n}", kinds[0], 0.95, covered / made, made)
        if worse:
            yield Line("equivalence of devices", where, f"{n}", kinds[1], 0.025, equivalent / made, made)


def published(draws: int) -> Iterator[Line]:
    """The band of the published study: their own pairs left out one at a time, and normal ones."""
    inside, number = repeatability.left_out(repeatability.read(REFERENCE))
    yield Line("published band", "their pairs, each left out", "7", "covers", 0.95, inside / number, number)
    found = RANDOM.standard_normal((draws, 9))
    rate = np.mean([abs(each[8]) <= repeatability.limit(each[:8]) for each in found])
    yield Line("published band", "normal differences", "8", "covers", 0.95, float(rate), draws)


def ranked(draws: int) -> Iterator[Line]:
    """The critical difference of mean ranks: any two of equal models further apart."""
    critical = cache(ranks.critical_difference)
    for models, sets in ((4, 5), (4, 12), (10, 12)):
        means = rankdata(RANDOM.random((draws, sets, models)), axis=2).mean(axis=1)
        rate = float(np.mean(np.ptp(means, axis=1) > critical(models, sets)))
        yield Line("critical difference", f"{models} equal models", f"{sets}", "errs", ALPHA, rate, draws)


# What is simulated, and how many draws it takes; a quick look takes one in forty, or two hundred.
PARTS = {
    proportions: 20_000,
    without_copies: 10_000,
    ratios: 10_000,
    costs: 10_000,
    paired: 10_000,
    drifting: 4_000,
    pairs: 8_000,
    methods: 4_000,
    devices: 4_000,
    published: 20_000,
    ranked: 20_000,
}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a look of half a minute")
    quick = parser.parse_args().quick
    print(f"{'claim':26}{'case':45}{'n':>7}  {'':8}{'nominal':>8}{'found':>8}{'draws':>8}")
    for part, draws in PARTS.items():
        for line in part(min(draws, 200) if quick else draws):
            print(
                f"{line.claim:26}{line.case:45}{line.n:>7}  {line.kind:8}{line.nominal:>8.3f}"
                f"{line.rate:>8.3f}{line.draws or 'all':>8}",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
