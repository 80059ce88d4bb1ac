"""What a warm-up leaves: nothing, whatever the optimizer starts from and whatever the network draws."""

import random
from functools import partial

import numpy as np
import pytest

from bakeoff.families.network import engines, optimizers, randomness
from bakeoff.families.network.batches import Part
from bakeoff.families.network.member import Member
from bakeoff.families.network.state import State, Training
from bakeoff.machine import threads
from bakeoff.networks import models

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from small_networks import CLASSES, GREY, Small, drawn, fast, pictures  # noqa: E402

pytestmark = pytest.mark.numeric

CPU = torch.device("cpu")
COUNT, BATCH = 10, 4


@pytest.fixture(autouse=True)
def _one_thread():
    threads.set_threads(1)


class Counting(torch.optim.SGD):
    """Keeps Python numbers, in its groups and for each weight."""

    def step(self, closure=None):
        for group in self.param_groups:
            group["taken"] = group.get("taken", 0) + 1
            for weight in group["params"]:
                self.state[weight]["taken"] = group["taken"]
        return super().step(closure)


FROM_ZEROS = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {"amsgrad": True, "fused": True}),
    "adamw": ("AdamW", {"weight_decay": 0.3}),
    "radam": ("RAdam", {}),
    "adamax": ("Adamax", {}),
    "rmsprop": ("RMSprop", {"momentum": 0.5, "centered": True}),
    "adadelta": ("Adadelta", {}),
}
FROM_ELSEWHERE = {
    "dampening": ("SGD", {"momentum": 0.9, "dampening": 0.5}),
    "nadam": ("NAdam", {}),
    "rprop": ("Rprop", {}),
    "asgd": ("ASGD", {}),
    "adagrad": ("Adagrad", {"initial_accumulator_value": 0.1}),
    "adafactor": ("Adafactor", {}),
}


def make(name: str, keywords: dict):
    return partial(getattr(torch.optim, name), lr=0.01, **keywords)


KNOWN = {name: make(*what) for name, what in (FROM_ZEROS | FROM_ELSEWHERE).items()}
KNOWN["counting"] = partial(Counting, lr=0.01, momentum=0.9)


class Noisy(nn.Module):
    """Draws from torch's stream, Python's and NumPy's as it trains: dropout and two kinds of random depth."""

    def forward(self, maps):
        if not self.training:
            return maps
        depth = (random.random() < 0.5) + (np.random.random() < 0.5)
        return nn.functional.dropout(maps, 0.5) * (1 + depth)


def part() -> Part:
    return Part(pictures(COUNT), torch.arange(COUNT) % CLASSES, GREY)


def engine(optimizer, last: nn.Module | None = None, kind=engines.Resident) -> engines.Resident:
    """Return an engine for a small network in float32, its random streams at a known place."""
    state = fast(drawn(lambda: Small(last)).float(), optimizer)
    nobody = models.NETWORKS.named("resnet18").row, optimizers.OPTIMIZERS.named("sgd").row, {}
    training = Training(*nobody, CLASSES, BATCH, 0.01, 1, "fp32", "resident", None, 0)
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    return kind([Member(training, state, COUNT, CPU)], part(), CPU)


def state_of(found) -> State:
    return found._members[0].state if isinstance(found, engines.Resident) else found._member.state


def after_an_epoch(found) -> list:
    outcome = found.epoch(1)
    return [*outcome, *(weight.tolist() for weight in state_of(found).weights().values())]


@pytest.mark.parametrize("name", KNOWN)
def test_a_warm_up_leaves_no_trace_in_any_optimizer(name):
    found, untouched = engine(KNOWN[name]), engine(KNOWN[name])
    found.warm_up()
    assert after_an_epoch(found) == after_an_epoch(untouched)


@pytest.mark.parametrize("name", FROM_ELSEWHERE)
def test_the_way_back_can_be_gone_again(name):
    found, untouched = engine(KNOWN[name]), engine(KNOWN[name])
    for _ in range(2):
        found._start(0)
        found._steps(BATCH, 1)
        found._put_back()
    assert after_an_epoch(found) == after_an_epoch(untouched)


@pytest.mark.parametrize("name", FROM_ZEROS)
def test_state_that_begins_as_zeros_stays_where_a_graph_has_recorded_it(name):
    found = engine(KNOWN[name])
    optimizer = state_of(found).optimizer
    assert optimizers.starts_elsewhere(optimizer) is None
    found._start(0)
    found._steps(BATCH, 1)
    places = [value.data_ptr() for values in optimizer.state.values() for value in values.values()]
    found._put_back()
    kept = [value for values in optimizer.state.values() for value in values.values()]
    assert [value.data_ptr() for value in kept] == places
    assert all(not value.any() for value in kept)


@pytest.mark.parametrize("name", [*FROM_ELSEWHERE, "counting"])
def test_other_state_is_not_taken_to_begin_as_zeros(name):
    assert optimizers.starts_elsewhere(state_of(engine(KNOWN[name])).optimizer)


def test_an_optimizer_that_has_stepped_before_goes_back_to_there():
    found, other = engine(KNOWN["adam"]), engine(KNOWN["adam"])
    for each in (found, other):
        each.epoch(1)
    again = engines.Resident(found._members, found._part, CPU)
    again.warm_up()
    assert after_an_epoch(again) == after_an_epoch(other)


@pytest.mark.parametrize("kind", [engines.Resident, engines.Loader])
def test_random_numbers_are_put_back(kind, monkeypatch):
    monkeypatch.setattr(engines, "WARM_UP_STEPS", 3)
    found, untouched = (engine(KNOWN["momentum"], Noisy(), kind) for _ in range(2))
    streams = randomness.Kept(CPU)
    found.warm_up()
    assert not streams.drawn
    if kind is engines.Resident:
        torch.manual_seed(5), random.seed(5), np.random.seed(5)
        first = after_an_epoch(found)
        torch.manual_seed(5), random.seed(5), np.random.seed(5)
        assert first == after_an_epoch(untouched)


def test_a_loader_draws_nothing_that_dropout_would_draw():
    results = []
    for kind in (engines.Resident, engines.Loader):
        each = engine(KNOWN["momentum"], Noisy(), kind)
        torch.manual_seed(5), random.seed(5), np.random.seed(5)
        results.append(after_an_epoch(each))
    assert results[0] == results[1]


def test_a_network_that_draws_random_numbers_is_known():
    shape = (3, 4, 4)
    assert not randomness.draws(Small(), shape)
    assert randomness.draws(Small(Noisy()), shape)
    for last in (nn.Dropout(0.1), nn.Dropout2d(0.1), nn.RReLU()):
        assert randomness.draws(Small(last), shape)


class RandomDepth(nn.Module):
    """Draws from Python's own stream alone, as some networks' random depth does."""

    def forward(self, maps):
        return maps * (1 + (random.random() < 0.5)) if self.training else maps


class NumpyDepth(nn.Module):
    """Draws from NumPy's stream alone."""

    def forward(self, maps):
        return maps * (1 + (np.random.random() < 0.5)) if self.training else maps


@pytest.mark.parametrize("last", [RandomDepth, NumpyDepth])
def test_random_depth_is_known_from_whichever_stream_it_draws(last):
    assert randomness.draws(Small(last()), (3, 4, 4))
