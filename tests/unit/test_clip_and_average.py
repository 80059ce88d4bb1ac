"""Gradients clipped by their norm, and the moving average of weights that answers in their place."""

import copy
from functools import partial

import numpy as np
import pytest

import fits
from bakeoff.cells.family import requests
from bakeoff.command import UserError
from bakeoff.families.network import axes, engines, graphs, loop
from bakeoff.families.network.averaging import Average
from bakeoff.networks import models
from trainings import engine, family, killed_and_resumed, runs, same

torch = pytest.importorskip("torch")
from safetensors.torch import load_file  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402

from small_networks import CLASSES, GREY, Small, drawn, fast, pictures, trained  # noqa: E402

pytestmark = [
    pytest.mark.numeric,
    pytest.mark.usefixtures("short_and_steady"),
]

# Between two programs in float64: far above rounding, far below what a wrong step does.
SAME = 1e-9
SGD = partial(torch.optim.SGD, lr=0.5, momentum=0.9)
DECAYING = partial(torch.optim.AdamW, lr=0.01, weight_decay=0.3)


def plain(network, make, images, clip: float = 0.0, decay: float = 0.0):
    """Return the weights after some steps of a loop as torch's tutorials have it, or their average."""
    network = copy.deepcopy(network).train()
    optimizer, average = make(network.parameters()), copy.deepcopy(network.state_dict())
    for step in range(4):
        optimizer.zero_grad()
        cross_entropy(network(images), torch.arange(len(images)) % CLASSES).backward()
        if clip:
            nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizer.step()
        share = min(decay, (1 + step) / (10 + step))
        for name, now in network.state_dict().items():
            average[name] = share * average[name] + (1 - share) * now if now.is_floating_point() else now
    return average if decay else network.state_dict()


def distance(found, expected) -> float:
    assert list(found) == list(expected)
    return max(float((found[name] - each).abs().max()) for name, each in expected.items())


@pytest.mark.parametrize("make", [SGD, DECAYING])
@pytest.mark.parametrize("clip", [0.01, 1e6])
def test_gradients_are_clipped_as_a_plain_loop_does_with_every_fast_path(make, clip):
    network, images = drawn(Small), GREY.normalise(pictures()).double()
    state = fast(network, make)
    state.clip = clip
    assert {"taken"} == set(state.fast_paths.said.values())
    found, unclipped = trained(state, images), plain(network, make, images)
    assert distance(found, plain(network, make, images, clip)) < SAME
    assert (distance(found, unclipped) < SAME) is (clip > 1)


@pytest.mark.parametrize("make", [SGD, DECAYING])
@pytest.mark.parametrize("decay", [0.999, 0.05])
def test_weights_are_averaged_as_a_plain_loop_does_with_every_fast_path(make, decay):
    """Those that were cut away and decay, and the buffers, too."""
    network = drawn(lambda: Small(nn.BatchNorm2d(5)))
    images = GREY.normalise(pictures()).double()
    state = fast(network, make)
    state.average = Average(state.model, state.cuts, decay)
    found = trained(state, images)
    assert distance(found, plain(network, make, images, decay=decay)) < SAME
    assert distance(found, plain(network, make, images)) > SAME


@pytest.mark.parametrize("block", [{"clip": 0.1}, {"ema": 0.9}, {"clip": 0.1, "ema": 0.99}])
@pytest.mark.usefixtures("small_networks")
def test_a_training_is_the_same_each_time_and_another_than_without(dataset, block):
    (one,), (again,), (without,) = (runs(dataset, each) for each in (block, block, {}))
    assert same(one, again)
    assert one.history[-1].validation_loss != without.history[-1].validation_loss
    assert one.details["fast_paths"] == without.details["fast_paths"]


@pytest.mark.usefixtures("small_networks")
def test_an_average_changes_no_step_and_what_answers_is_the_average(dataset):
    averaged, plain_run = runs(dataset, {"ema": [0.9, 0]})
    losses = [[each.train_loss for each in run.history] for run in (averaged, plain_run)]
    assert losses[0] == losses[1]
    assert averaged.history[-1].validation_loss != plain_run.history[-1].validation_loss


@pytest.mark.usefixtures("small_networks")
def test_the_saved_model_is_the_one_that_answered(dataset, tmp_path):
    (fitted,) = fits.fit_all(family(dataset, {"ema": 0.9}))
    fitted.save_model(tmp_path / "model.safetensors")
    network = models.build(None, 3, 0)
    network.load_state_dict(load_file(tmp_path / "model.safetensors"))
    part = family(dataset)._held_back["test"]
    _, scores = loop.evaluate(network, part, torch.device("cpu"))
    assert np.allclose(scores, fitted.answers.scores, atol=1e-6)


@pytest.mark.parametrize("block", [{"ema": 0.9}, {"clip": 0.1}])
@pytest.mark.usefixtures("small_networks")
def test_warm_up_leaves_no_trace(dataset, monkeypatch, block):
    (short,) = runs(dataset, block)
    monkeypatch.setattr(engines, "WARM_UP_STEPS", 5)
    (long,) = runs(dataset, block)
    monkeypatch.setattr(engines.Resident, "warm_up", lambda engine: None)
    (none,) = runs(dataset, block)
    assert same(short, long, none)


@pytest.mark.usefixtures("small_networks")
def test_side_by_side_each_training_is_its_own_and_packed_with_its_like(dataset):
    block = {"ema": [0, 0.9], "clip": [0, 0.1], "learning_rate": [0.01, 0.001]}
    cell = family(dataset, block, pack=8)
    plans = [[request.settings for request in plan.requests] for plan in cell.plans(requests(cell))]
    assert [len(plan) for plan in plans] == [2, 2, 2, 2]
    together, alone = (runs(dataset, block, pack=pack) for pack in (8, 1))
    for run in together:
        (other,) = (each for each in alone if each.settings == run.settings)
        assert fits.without(run.history) == fits.without(other.history)


@pytest.mark.usefixtures("small_networks")
def test_killed_and_resumed_is_equal_to_undisturbed(dataset, tmp_path):
    block = {"ema": 0.9, "clip": 0.5, "epochs": 3}
    found, expected = killed_and_resumed(dataset, tmp_path, 5, block, seeds=(0, 1))
    assert found == expected


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ({"clip": 1}, "gradients are clipped"),
        ({"ema": 0.9}, "the average of the weights counts its steps"),
    ],
)
@pytest.mark.usefixtures("small_networks")
def test_a_graph_is_not_recorded_and_what_is_said_of_it_says_so(dataset, monkeypatch, block, why):
    monkeypatch.setattr(graphs, "record", lambda works: pytest.fail("recorded"))
    found = engine(dataset, block)
    found._record()
    assert found.fast_paths.said["graph"] == f"declined: {why}"


@pytest.mark.usefixtures("small_networks")
def test_a_training_whose_weights_are_lost_diverged_whatever_its_average(dataset):
    (run,) = runs(dataset, {"ema": 0.999, "learning_rate": 1e38})
    assert run.status == "diverged"


@pytest.mark.parametrize(
    ("block", "said"),
    [({"clip": -1}, "clip: -1 must be at least 0"), ({"ema": 1}, "ema: 1 must be below 1")],
)
def test_what_is_neither_is_one_line(block, said):
    with pytest.raises(UserError, match=said):
        axes.check([block])
