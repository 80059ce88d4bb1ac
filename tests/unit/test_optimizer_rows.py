"""Optimizers as rows: built as they say, and trained with as by a plain loop."""

import json
from types import SimpleNamespace

import pytest

import arrays
from bakeoff import rows
from bakeoff.cells import timed
from bakeoff.cells.family import Resources
from bakeoff.cells.run import run_cell
from bakeoff.command import UserError
from bakeoff.data import store
from bakeoff.families import rooms
from bakeoff.families.network import axes, entry, optimizers
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks.models import NETWORKS
from bakeoff.records import written
from bakeoff.records.request import as_block

torch = pytest.importorskip("torch")

from small_networks import Small, apart, drawn  # noqa: E402

ADAMW = '{"name": "adamw", "build": "torch.optim:AdamW", "settings": {"weight_decay": 0.05}}'


def built(text: str, weights, rate: float = 0.01, **chosen):
    """Return what a row builds of weights."""
    row, weights = OPTIMIZERS.named(text).row, list(weights)
    network = SimpleNamespace(parameters=lambda: iter(weights))
    return optimizers.build(row, row.keywords(chosen), network, rate)


def test_adamw_with_weight_decay_is_a_row_and_trains_as_a_plain_loop_does():
    """In float64, 1e-9 apart at most, with the fast path that decay could spoil."""
    network = drawn(Small)
    makes = iter(
        [
            lambda weights: built(ADAMW, weights),
            lambda weights: torch.optim.AdamW(weights, lr=0.01, weight_decay=0.05),
        ]
    )
    far, said = apart(network, lambda weights: next(makes)(weights))
    assert far <= 1e-9
    assert said["live_taps"] == "taken"


def test_what_a_row_says_is_what_is_built():
    weights = [torch.nn.Parameter(torch.ones(2))]
    found = built("sgd", weights)
    assert (type(found), found.param_groups[0]["momentum"]) == (torch.optim.SGD, 0.9)
    assert found.param_groups[0]["lr"] == 0.01
    text = (
        '{"name": "a", "build": "torch.optim:Adam", "settings": {"betas": [[0.8, 0.9]], "eps": [1e-8, 1e-6]}}'
    )
    assert OPTIMIZERS.named(text).row.axes() == {"eps": [1e-8, 1e-6]}
    found = built(text, weights, eps=1e-6)
    assert (found.param_groups[0]["betas"], found.param_groups[0]["eps"]) == ((0.8, 0.9), 1e-6)


def test_the_row_as_json_is_the_row_again():
    for text in ("sgd", "adam", ADAMW):
        named = OPTIMIZERS.named(text)
        assert OPTIMIZERS.named(str(named)) == named
        assert OPTIMIZERS.said(named.name, rows.content(named.row)) == named
    assert json.loads(str(OPTIMIZERS.named("adam"))) == {"name": "adam", "build": "torch.optim:Adam"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("adan", "adan is no row of the catalog's optimizers; did you mean adam?"),
        ('{"build": "a:b"}', "name: null is no text"),
        ('{"name": "a"}', "optimizers/a/build: missing; What is called"),
        (
            '{"name": "a", "build": "torch"}',
            "optimizers/a/build: torch is no import path; write package.module:n",
        ),
        (
            '{"name": "a", "build": "a:b", "settings": 3}',
            "optimizers/a/settings: 3 is no section of keywords",
        ),
        (
            '{"name": "a", "build": "a:b", "set": 3}',
            "optimizers/a: set is unknown; known are build, settings",
        ),
    ],
)
def test_what_is_no_row_is_one_line(text, said):
    with pytest.raises(UserError) as caught:
        OPTIMIZERS.named(text)
    assert str(caught.value).startswith(said)


def test_what_was_chosen_of_an_optimizer_s_axes_is_timed_again_and_has_a_command_of_its_own(tmp_path):
    text = '{"name": "two", "build": "torch.optim:AdamW", "settings": {"betas": [[0.9, 0.99], [0.8, 0.9]]}}'
    data, record_path = arrays.save(tmp_path / "tiny.npz"), tmp_path / "resnet18_several_cpu.json"
    row, blocks = OPTIMIZERS.named(text), [{"batch_size": 16, "epochs": 1}]
    family = NetworkFamily(store.load(data, "resized"), NETWORKS.named("resnet18"), row, "cpu", blocks, [0])
    run_cell(family, record_path, 1, entry.code())
    record = written.read(record_path)
    assert [run.settings["betas"] for run in record.runs] == [(0.9, 0.99), (0.8, 0.9)]
    again = rooms.again(record, data, Resources())
    (asked,) = timed.chosen(record, again.dataset, 1)
    assert asked.settings == record.best.settings
    # As the command of one run names it.
    narrowed = [as_block(record.runs[1].settings)]
    (settings,) = axes.expand(json.loads(json.dumps(narrowed)), "cpu", row.row.axes())
    assert settings == record.runs[1].settings


def test_a_grid_names_no_axis_that_neither_the_training_nor_its_optimizer_has():
    axes.check([{"betas": [[0.7, 0.9]]}], {"betas": [[0.9, 0.99], [0.8, 0.9]]})
    with pytest.raises(UserError, match="argument --grid: block/1: betas is unknown"):
        axes.check([{"betas": [[0.7, 0.9]]}], OPTIMIZERS.named("sgd").row.axes())
