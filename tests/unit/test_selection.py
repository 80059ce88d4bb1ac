from dataclasses import replace

import pytest

import studies
from bakeoff.records import selection
from bakeoff.records.request import REFIT
from bakeoff.records.run import ACCURACIES, Run

pytestmark = pytest.mark.numeric


def made(run: dict) -> Run:
    (found,) = studies.as_runs([run])
    return found


def svm(c: float, validation: float, test: float = 0.9, vectors: int = 100, **changes) -> Run:
    settings = {"C": c, "gamma": "scale", "degree": None}
    details = {"support_vectors": vectors}
    return made(studies.run(settings, test, validation=validation, details=details, **changes))


def network(seed: int, validation: float, rate: float = 0.001, **settings) -> Run:
    base = {"batch_size": 32, "learning_rate": rate, "epochs": 2}
    return made(studies.run({**base, **settings}, 0.9, validation=validation, seed=seed))


def unfinished(run: Run, status: str = "diverged") -> Run:
    none = dict.fromkeys((*ACCURACIES, "train_s"))
    return replace(run, **none, status=status, error="lost")


def chosen(runs: list[Run]) -> list[Run]:
    """Return the runs that chose and those whose results count, which are the same without folds."""
    choice = selection.choose(runs)
    assert choice.scored == choice.final
    return choice.final


def test_validation_decides_and_test_has_no_say():
    lucky, better = svm(1, validation=0.90, test=0.99), svm(10, validation=0.91, test=0.80)
    assert chosen([lucky, better]) == [better]
    assert chosen([better, lucky]) == [better]


def test_neither_holdout_nor_training_accuracy_has_a_say():
    a = svm(1, validation=0.90, holdout_accuracy=1.0, train_accuracy=1.0)
    b = svm(10, validation=0.91, holdout_accuracy=0.1, train_accuracy=0.1)
    assert chosen([a, b]) == [b]


def test_of_equals_the_machine_with_fewer_support_vectors_wins():
    heavy, light = svm(1, 0.9, vectors=200), svm(10, 0.9, vectors=100)
    assert chosen([heavy, light]) == [light]


def test_of_equals_the_training_with_fewer_steps_wins_not_the_faster_clock():
    long, short = network(0, 0.9, epochs=3), network(0, 0.9, epochs=2)
    long, short = replace(long, train_s=1.0), replace(short, train_s=100.0)
    assert chosen([long, short]) == [short]
    wide = network(0, 0.9, batch_size=64)
    assert chosen([short, wide]) == [wide]


def test_of_equals_at_equal_cost_the_first_of_the_grid_wins():
    first, second = svm(1, 0.9), svm(10, 0.9)
    assert chosen([first, second]) == [first]
    assert chosen([second, first]) == [second]


def test_seeds_count_by_their_mean():
    lucky_once = [network(0, 0.99, rate=0.1), network(1, 0.80, rate=0.1)]
    steady = [network(0, 0.90), network(1, 0.91)]
    assert chosen([*lucky_once, *steady]) == steady


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_what_did_not_finish_is_never_chosen(status):
    good = svm(1, validation=0.2)
    assert chosen([unfinished(svm(10, 0.99), status), good]) == [good]
    assert selection.choose([unfinished(good, status)]) is None


def test_one_lost_seed_takes_its_settings_out():
    half = [network(0, 0.99, rate=0.1), unfinished(network(1, 0.99, rate=0.1))]
    whole = [network(0, 0.5), network(1, 0.5)]
    assert chosen([*half, *whole]) == whole


def test_no_runs_choose_nothing():
    assert selection.choose([]) is None
    assert selection.summarise(None) is None


def test_the_summary_holds_means_over_the_seeds_and_the_first_seed_as_the_kept_model():
    runs = [network(4, 0.90), replace(network(1, 0.92), test_accuracy=0.7)]
    best = selection.summarise(selection.choose(runs))
    assert best.seeds == (4, 1)
    assert best.model_seed == 4
    assert best.validation_accuracy == pytest.approx(0.91)
    assert best.test_accuracy == pytest.approx(0.8)


def test_the_summary_of_runs_without_a_holdout_has_no_accuracy_on_one():
    best = selection.summarise(selection.choose([svm(1, 0.9, holdout_accuracy=None)]))
    assert best.holdout_accuracy is None
    assert best.test_accuracy == 0.9


def test_with_folds_all_of_them_choose_and_the_refit_counts():
    def folds(rate: float, *accuracies: float) -> list[Run]:
        scored = [
            replace(network(0, accuracy, rate), fold=fold, test_accuracy=0.1)
            for fold, accuracy in enumerate(accuracies)
        ]
        return [*scored, replace(scored[0], fold=REFIT, validation_accuracy=None, test_accuracy=0.8)]

    worse, better = folds(0.1, 0.99, 0.7), folds(0.01, 0.9, 0.92)
    choice = selection.choose([*worse, *better])
    assert choice.scored == better[:2]
    assert choice.final == better[2:]
    assert choice.validation_accuracy == pytest.approx(0.91)
    assert selection.summarise(choice).test_accuracy == 0.8
    lost = [*better[:2], unfinished(better[2])]
    assert selection.choose([*worse, *lost]).scored == worse[:2]


def test_settings_are_the_same_in_any_order_of_their_names():
    swapped = replace(svm(1, 0.8), settings={"degree": None, "gamma": "scale", "C": 1})
    assert len(selection.groups([svm(1, 0.9), swapped])) == 1
