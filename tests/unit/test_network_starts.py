"""Trainings that begin with weights and with frozen parts, from the first try to the saved model."""

import copy
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import arrays
import fits
import studies
import time_chosen
from bakeoff import saved
from bakeoff.cells import run as cell
from bakeoff.command import UserError
from bakeoff.data import store
from bakeoff.families.network import entry
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks import freezing, models
from bakeoff.records import signature
from checkout import ROOT
from own_networks import named, network, put

torch = pytest.importorskip("torch")

from small_networks import Small, apart, drawn  # noqa: E402

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

BLOCK = {"batch_size": 16, "learning_rate": 0.01, "epochs": 2}
HALF_FROZEN = {"build": "own_nets:Small", "weights": "own.pth", "freeze": "backbone"}
SCALE = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A working directory with a module of networks of one's own, and weights of one with five classes."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path)
    state = models.build(network(build="own_nets:Small"), 5, 7).state_dict()
    # Statistics that the data do not have: a layer that goes on counting would forget them.
    state["bn.running_mean"] += 0.5
    torch.save(state, "own.pth")
    return tmp_path


def family(dataset, optimizer="sgd", block=BLOCK, seeds=(0,), **row) -> NetworkFamily:
    return NetworkFamily(dataset, named(**row), OPTIMIZERS.named(optimizer), "cpu", [block], seeds)


def trained(dataset, **row):
    """Return the one run of a row, and its weights."""
    (fitted,) = fits.fit_all(family(dataset, **row))
    path = Path("model.safetensors")
    fitted.save_model(path)
    from safetensors.torch import load

    return fitted.run, load(path.read_bytes())


# Tried before it is trained.


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            "Two",
            "answers with a tuple while it trains, not with a tensor of scores, one for each of 3 classes of",
        ),
        ("Bare", "has no parameters, so there is nothing to train"),
        ("Still", "none of its parameters takes a gradient, so there is nothing to train"),
        (
            "Wide",
            "answers to 2 images with 2 x 7 numbers, not with a tensor of scores, one for each of 3 classes",
        ),
        ("Large", "cannot take images of 3 x 8 x 8: RuntimeError: "),
    ],
)
def test_a_network_that_cannot_be_trained_is_one_line(here, dataset, build, said):
    with pytest.raises(UserError) as caught:
        fits.fit_all(family(dataset, build=f"own_nets:{build}"))
    assert str(caught.value).startswith(f"own_nets:{build}: {said}")
    assert "\n" not in str(caught.value)


def test_to_try_a_network_draws_none_of_the_numbers_that_a_training_draws(here, dataset):
    whole = family(dataset, build="own_nets:Small")
    torch.manual_seed(11)
    expected = torch.get_rng_state()
    whole._begun(None)
    assert torch.equal(torch.get_rng_state(), expected)


def test_the_published_studys_networks_say_nothing_of_where_they_begin(dataset):
    (fitted,) = fits.fit_all(NetworkFamily(dataset, *fits.rows("resnet18", "sgd"), "cpu", [BLOCK], (0,)))
    known = {"autocast", "execution", "fast_paths", "images_per_s", "steps_per_epoch"}
    # A few steps leave a warning of batch normalisation.
    assert set(fitted.run.details) - {"energy_j", "warning"} == known
    assert set(fitted.run.details["fast_paths"]) == {"live_taps", "grey_stem", "products", "graph"}


def test_a_network_that_asks_how_its_maps_lie_trains_as_one_that_does_not(here, dataset):
    run, viewing = trained(dataset, build="own_nets:Viewing")
    other, small = trained(dataset, build="own_nets:Small", settings={"drop": 0})
    assert run.details["fast_paths"]["channels_last"].startswith("declined: with channels innermost in mem")
    assert "channels_last" not in other.details["fast_paths"]
    assert run.status == "ok"
    for name, each in small.items():
        assert torch.allclose(viewing[name].double(), each.double(), atol=1e-4), name


# Begun with weights, and frozen.


def test_what_is_frozen_comes_out_as_it_was_and_the_rest_is_trained(here, dataset):
    run, found = trained(dataset, **HALF_FROZEN)
    begun = models.build(network(**HALF_FROZEN), 3, 0).state_dict()
    same = {name for name, each in found.items() if torch.equal(each, begun[name])}
    assert same == {name for name in begun if not name.startswith("fc.")}
    assert run.details["frozen"] == {"parameters": 4 * 27 + 8, "of": 4 * 27 + 8 + 3 * 257}
    start = run.details["start"]
    assert (start["weights"], start["taken"], start["of"]) == ("own.pth", 6, 8)
    assert start["drawn"] == [
        "fc.weight: 5 x 256 in the file, 3 x 256 here",
        "fc.bias: 5 in the file, 3 here",
    ]
    assert len(start["sha256"]) == 64


@pytest.mark.parametrize("freeze", ["backbone", "conv"])
def test_a_frozen_training_is_that_of_a_plain_loop(here, dataset, freeze):
    """Without dropout, as torch's tutorials have it: what is frozen in evaluation mode, the head moved."""
    row = {**HALF_FROZEN, "freeze": freeze, "settings": {"drop": 0}}
    _, found = trained(dataset, **row)
    model = models.build(network(**row), 3, 0)
    moved = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.SGD(moved, lr=BLOCK["learning_rate"], momentum=0.9)
    images = torch.from_numpy(dataset.parts["train"].images)[:, None].expand(-1, 3, -1, -1) / 127.5 - 1
    labels = torch.from_numpy(dataset.parts["train"].labels)
    model.train()
    if freeze == "backbone":
        model.conv.eval(), model.bn.eval()
    for epoch in (1, 2):
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(16):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()
    for name, each in model.state_dict().items():
        assert torch.allclose(found[name].double(), each.double(), atol=1e-4), name


@pytest.mark.parametrize("frozen", [("conv1",), ("conv1", "conv2"), ("conv2", "conv3")])
@pytest.mark.parametrize("decay", [0, 0.1])
def test_fast_paths_leave_a_frozen_training_as_it_is(frozen, decay):
    """In float64, 1e-9 apart at most; a frozen weight does not decay, live taps or dead."""
    network = drawn(Small)
    for name in frozen:
        network.get_submodule(name).requires_grad_(False)
    before = copy.deepcopy(network).state_dict()

    def make(weights):
        moved = [each for each in weights if each.requires_grad]
        return torch.optim.SGD(moved, lr=0.1, momentum=0.9, weight_decay=decay)

    far, said = apart(network, make)
    assert far <= 1e-9
    assert (said["live_taps"], said["products"]) == ("taken", "taken")
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_head(here, dataset):
    row = {**HALF_FROZEN, "freeze": "conv"}
    first, again = (fits.fit_all(family(dataset, seeds=(0, 1), **row)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert fits.without(one.run) == fits.without(other.run)
        assert np.array_equal(one.answers.scores, other.answers.scores)
    assert not np.array_equal(first[0].answers.scores, first[1].answers.scores)


def test_weights_that_were_trained_elsewhere_give_a_head_start(here, dataset):
    _, state = trained(dataset, build="own_nets:Small", settings={"drop": 0}, block={**BLOCK, "epochs": 8})
    torch.save(state, "good.pth")
    short = {**BLOCK, "epochs": 1, "learning_rate": 1e-6}
    (scratch,) = fits.fit_all(family(dataset, block=short, build="own_nets:Small"))
    (begun,) = fits.fit_all(family(dataset, block=short, build="own_nets:Small", weights="good.pth"))
    assert begun.run.validation_accuracy > scratch.run.validation_accuracy + 0.2


# From the record to the saved model and the times.


@pytest.fixture
def finished(here):
    """A finished cell of a network that began with weights, on images of its own scale."""
    data = arrays.save(here / "tiny.npz")
    place = here / "results/tiny/r_sgd_cpu.json"
    row = {**HALF_FROZEN, **SCALE, "label": "Mine"}
    whole = family(store.load(data, "resized"), **row)
    cell.run_cell(whole, place, 1, entry.code())
    return data, place, row


def test_a_saved_network_needs_its_weights_file_no_more(finished):
    data, place, row = finished
    os.remove("own.pth")
    path = place.parent / "models/r_sgd_cpu.safetensors"
    with pytest.raises(
        UserError, match="names code to be run that is not torchvision's nor timm's, own_nets"
    ):
        saved.load(path)
    ready = saved.load(path, own_code=True)
    numbers, scores = ready(store.load(data, "resized").parts["test"].images)
    with np.load(place.parent / "predictions/r_sgd_cpu.npz") as kept:
        assert np.array_equal(numbers, kept["test"][0])
        assert np.allclose(scores, kept["scores"][0], atol=1e-5)
    known = signature.read(path)
    assert (list(known.mean), list(known.deviation)) == (row["mean"], row["std"])
    assert known.range == (-2.0, pytest.approx((1 - 0.4) / 0.2))
    assert {"build", "code", "weights_sha256"} == set(known.parameters)


def test_what_a_cell_chose_is_timed_again_from_the_same_weights(finished):
    data, place, _ = finished
    record = studies.read(place)
    assert record["rows"]["network"]["weights"] == "own.pth"
    again = place.parent / "alone/r_sgd_cpu.json"
    time_chosen.main(time_chosen.Options(data=data, record=place, times=1, output=again))
    (run,) = studies.read(again)["runs"]
    assert run["details"]["start"] == record["runs"][0]["details"]["start"]
    assert run["details"]["frozen"] == record["runs"][0]["details"]["frozen"]
    assert studies.read(again)["rows"] == record["rows"]


def test_a_journal_keeps_runs_of_the_same_weights_alone(finished, capsys):
    data, place, row = finished

    def go_on() -> str:
        capsys.readouterr()
        cell.run_cell(family(store.load(data, "resized"), **row), place, 1, entry.code())
        return capsys.readouterr().out

    assert "1 of 1 runs are in the journal" in go_on()
    state = torch.load("own.pth", weights_only=True)
    torch.save({**state, "conv.weight": state["conv.weight"] + 1}, "own.pth")
    assert "1 of 1 runs are in the journal" not in go_on()


def test_a_file_that_changes_while_its_cell_is_at_work_ends_it_in_one_line(here, dataset):
    whole = family(dataset, seeds=(0, 1), **HALF_FROZEN)
    torch.save({"fc.weight": torch.ones(3, 256)}, "own.pth")
    with pytest.raises(UserError, match=r"own\.pth: changed while its cell was at work; call again"):
        fits.fit_all(whole)


def test_the_command_in_a_record_trains_the_same_again(here, monkeypatch):
    data, place = arrays.save(here / "tiny.npz"), here / "results/tiny/r_sgd_cpu.json"
    options = ["--data", "tiny.npz", "--optimizer", "sgd", "--device", "cpu", "--grid", json.dumps([BLOCK])]
    whole = named(**HALF_FROZEN, **SCALE, label="Mine")
    line = [sys.executable, str(ROOT / "workflow/scripts/train_network.py"), *options, "--model", str(whole)]
    assert data.is_file()
    subprocess.run([*line, "--output", str(place)], check=True, capture_output=True)
    first = studies.read(place)
    assert first["label"] == "Mine"
    shutil.rmtree(place.parent)
    printed = shlex.split(first["command"])
    subprocess.run([sys.executable, *printed[1:]], check=True, capture_output=True)
    again = studies.read(place)
    assert fits.without(again["runs"]) == fits.without(first["runs"])
    assert again["rows"] == first["rows"]


def test_a_network_of_torchvisions_with_a_small_stem_is_loaded_without_further_ado(here, dataset):
    row = {"build": "mobilenet_v3_small", "stem": "small", "freeze": "backbone"}
    (fitted,) = fits.fit_all(family(dataset, **row))
    fitted.save_model(here / "m.safetensors")
    ready = saved.load(here / "m.safetensors")
    assert ready.module.features[0][0].stride == (1, 1)
    assert freezing.count(ready.module)[0] == 0
    _, scores = ready(dataset.parts["test"].images)
    assert np.allclose(scores, fitted.answers.scores, atol=1e-5)
