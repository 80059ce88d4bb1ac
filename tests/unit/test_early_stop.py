"""A training that stops early: when, which epoch is kept, and that everything of its run is that epoch's."""

import math

import numpy as np
import pytest

import arrays
import fits
import studies
from bakeoff.analysis import rates, wording
from bakeoff.cells.family import requests
from bakeoff.command import UserError
from bakeoff.data import store
from bakeoff.families.network import axes, engines, loop
from bakeoff.families.network.section import NetworksSection
from bakeoff.families.section import Scope
from bakeoff.networks import models
from bakeoff.records import selection
from trainings import family, killed_and_resumed, runs, same

torch = pytest.importorskip("torch")
from safetensors.torch import load_file  # noqa: E402

pytestmark = [
    pytest.mark.numeric,
    pytest.mark.usefixtures("short_and_steady", "small_networks"),
]


@pytest.fixture
def scored(monkeypatch):
    """Let validation come to what a test says, epoch by epoch, whatever the weights are."""

    def say(*accuracies, losses=()):
        evaluate, told = loop.evaluate, list(accuracies)
        lost = list(losses or [1.0] * len(told))

        def evaluated(model, part, device):
            loss, probabilities = evaluate(model, part, device)
            if len(part) != arrays.COUNTS["validation"]:
                return loss, probabilities
            labels, right = part.labels.numpy(), round(told.pop(0) * len(part))
            answers = np.where(np.arange(len(part)) < right, labels, (labels + 1) % 3)
            return lost.pop(0), np.eye(3, dtype=np.float32)[answers]

        monkeypatch.setattr(loop, "evaluate", evaluated)

    return say


def epochs_of(run) -> tuple[int, int]:
    """Return how many epochs were trained and which was kept."""
    return len(run.history), run.details["kept_epoch"]


@pytest.mark.parametrize(
    ("accuracies", "patience", "trained", "kept"),
    [
        ([0.25, 0.5, 0.25, 0.25, 0.75, 0.75], 2, 4, 2),
        ([0.25, 0.5, 0.25, 0.25, 0.75, 0.75], 3, 6, 5),
        ([0.75, 0.5, 0.5], 1, 2, 1),
        ([0.25, 0.5, 0.75], 1, 3, 3),
        ([0.5, 0.5, 0.5, 0.5], 2, 3, 1),  # of equals the first
        ([0.5, 0.25], 100, 2, 1),
    ],
)
def test_it_stops_after_so_many_epochs_without_a_better_one(
    dataset, scored, accuracies, patience, trained, kept
):
    scored(*accuracies)
    (run,) = runs(dataset, {"early_stop": patience, "epochs": len(accuracies)})
    assert epochs_of(run) == (trained, kept)
    assert run.validation_accuracy == accuracies[kept - 1]
    assert run.train_accuracy == run.history[kept - 1].train_accuracy
    assert run.cost == trained / 16
    assert run.train_s == run.history[-1].train_s


def test_of_equal_accuracies_the_lower_loss_is_better(dataset, scored):
    scored(0.5, 0.5, 0.5, 0.5, losses=[1.0, 0.8, 0.9, 0.9])
    (run,) = runs(dataset, {"early_stop": 2, "epochs": 6})
    assert epochs_of(run) == (4, 2)


@pytest.mark.parametrize("more", [{}, {"ema": 0.9}])
def test_weights_and_answers_are_those_of_the_kept_epoch(dataset, scored, tmp_path, more):
    """Equal to a training that ends there; beside it lies the same model, which gives the same answers."""
    (short,) = fits.fit_all(family(dataset, {"epochs": 2, **more}))
    scored(0.25, 0.5, 0.25, 0.25)
    (fitted,) = fits.fit_all(family(dataset, {"epochs": 9, "early_stop": 2, **more}))
    assert epochs_of(fitted.run) == (4, 2)
    assert fitted.run.test_accuracy == short.run.test_accuracy
    assert np.array_equal(fitted.answers.scores, short.answers.scores)
    assert float((fitted.answers.validation == dataset.parts["validation"].labels).mean()) == 0.5
    for name, each in {"early": fitted, "short": short}.items():
        each.save_model(tmp_path / name)
    early, other = (load_file(tmp_path / name) for name in ("early", "short"))
    assert all(torch.equal(early[name], weight) for name, weight in other.items())
    network = models.build(None, 3, 0)
    network.load_state_dict(early)
    _, scores = loop.evaluate(network, family(dataset)._held_back["test"], torch.device("cpu"))
    assert np.allclose(scores, fitted.answers.scores, atol=1e-6)


def test_it_is_the_same_each_time_and_leaves_epochs_before_as_they_were(dataset):
    block = {"early_stop": 2, "epochs": 5}
    (one,), (again,), (plain,) = (runs(dataset, each) for each in (block, block, {"epochs": 5}))
    assert same(one, again)
    assert fits.without(one.history) == fits.without(plain.history)[: len(one.history)]


def test_every_number_of_epochs_is_a_training_of_its_own(dataset):
    found = runs(dataset, {"early_stop": 1, "epochs": [1, 3]})
    assert [run.settings["epochs"] for run in found] == [1, 3]
    assert all(run.details["follows_epochs"] for run in found)
    assert len({selection.training_key(run) for run in found}) == 2


def test_what_may_stop_trains_alone_beside_none(dataset):
    block = {"early_stop": [0, 2], "learning_rate": [0.01, 0.001]}
    cell = family(dataset, block, pack=8)
    sizes = [len(plan.requests) for plan in cell.plans(requests(cell))]
    assert sizes == [2, 1, 1]
    said = [run.details["fast_paths"]["side_by_side"] for run in runs(dataset, block, pack=8)]
    assert said == ["taken"] * 2 + ["declined: it may stop early"] * 2


def test_a_loss_that_is_lost_after_the_best_epoch_is_a_run_that_diverged(dataset, monkeypatch):
    epoch = engines.Resident.epoch

    def lost_in_epoch_2(self, number):
        return [(math.nan if number == 2 else loss, right) for loss, right in epoch(self, number)]

    monkeypatch.setattr(engines.Resident, "epoch", lost_in_epoch_2)
    (run,) = runs(dataset, {"early_stop": 5, "epochs": 4})
    assert (run.status, run.error) == ("diverged", "the loss was not finite in epoch 2")


def test_killed_and_resumed_is_equal_to_undisturbed(dataset, tmp_path):
    block = {"early_stop": 3, "epochs": 4, "schedule": "cosine"}
    found, expected = killed_and_resumed(dataset, tmp_path, 6, block, seeds=(0, 1))
    assert found == expected
    assert all(run["details"]["kept_epoch"] for run in found["runs"])


def test_progress_comes_to_the_whole_where_epochs_are_left_out(dataset, scored):
    class Counted:
        done = 0.0

        def advance(self, work, said):
            self.done += work

    scored(0.5, 0.25)
    cell, progress = family(dataset, {"early_stop": 1, "epochs": 10}), Counted()
    (plan,) = cell.plans(requests(cell))
    assert [fitted.run.finished for fitted in cell.fit(plan, progress)] == [True]
    assert progress.done == pytest.approx(plan.work)


def test_with_folds_it_is_refused_where_a_study_is_planned_and_by_the_command(tmp_path):
    folded = store.load(arrays.save(tmp_path / "folded.npz", folds=3), "resized")
    with pytest.raises(UserError, match="early_stop: with folds the chosen training is on all images"):
        family(folded, {"early_stop": 2})
    section = NetworksSection()
    own = section.settings(models=["a"], optimizers=["b"], grid=[{}, {"early_stop": [0, 2]}])
    scope = Scope(["digits"], ["cpu"], ["cpu"], [0], {}, folds=3)
    with pytest.raises(UserError, match=r"^networks/grid/1/early_stop: with folds"):
        section.check(own, scope, {})
    section.check(own, scope._replace(folds=None), {})


def test_no_rate_is_claimed_of_epochs_that_were_not_trained(tmp_path):
    def rate(**details):
        grid = [studies.run({"epochs": 3, "batch_size": 16}, details=details)]
        study = studies.study([studies.cell("digits", "resnet18", "adam", "cpu", grid)], tmp_path)
        (cell,) = study.selection
        return rates.achieved(cell, list(cell.runs), rates.Peaks(study)).flops_per_s

    assert rate() is not None
    assert rate(kept_epoch=2) is None


def test_it_is_said_beside_the_other_settings(dataset):
    (run,) = runs(dataset, {"early_stop": 2})
    assert wording.settings(wording.as_run(run)).endswith("fp32, early stopping after 2")


@pytest.mark.parametrize("given", [-1, 1.5, "soon"])
def test_what_is_no_patience_is_one_line(given):
    with pytest.raises(UserError, match="early_stop"):
        axes.check([{"early_stop": given}])
