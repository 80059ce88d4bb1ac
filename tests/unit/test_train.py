import json
import math
from pathlib import Path

import numpy as np
import pytest

import arrays
import studies
import time_chosen
from bakeoff.cells import run as cell
from bakeoff.cells.family import requests
from bakeoff.command import UserError
from bakeoff.data import store
from bakeoff.families.network import batches, engines, loop, precision, speed
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.families.network.family import NetworkFamily
from bakeoff.machine import hardware
from bakeoff.networks import models
from bakeoff.records import written
from bakeoff.records.predictions import Kept
from fits import build as build_stock
from fits import fit_all, rows, without

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

BLOCK = {"batch_size": 16, "learning_rate": 0.01, "epochs": 2}
GREY = Pixels(grey=True)


def family(dataset, *blocks, optimizer="sgd", seeds=(0,)) -> NetworkFamily:
    return NetworkFamily(dataset, *rows("resnet18", optimizer), "cpu", blocks, seeds)


def run_here(dataset, folder, *blocks, **wishes) -> tuple[dict, Path]:
    place = folder / "tiny" / "resnet18_sgd_cpu.json"
    cell.run_cell(family(dataset, *blocks, **wishes), place, 1, [])
    return studies.read(place), place.parent


@pytest.fixture(scope="module")
def both_epochs(dataset, short_and_steady):
    """Runs of one training, recorded after 1 and after 2 epochs."""
    return fit_all(family(dataset, {**BLOCK, "epochs": [1, 2]}))


def test_the_same_seed_gives_the_same_bits(dataset, both_epochs):
    again = fit_all(family(dataset, {**BLOCK, "epochs": [1, 2]}))
    for a, b in zip(both_epochs, again, strict=True):
        assert without(a.run) == without(b.run)
        assert np.array_equal(a.answers.scores, b.answers.scores)


def test_epochs_1_and_2_of_one_training_are_separate_trainings(dataset, both_epochs):
    for number, together in enumerate(both_epochs, start=1):
        alone = fit_all(family(dataset, {**BLOCK, "epochs": number}))
        assert without(alone[0].run) == without(together.run)
        assert np.array_equal(alone[0].answers.scores, together.answers.scores)


def test_another_seed_is_another_training(dataset, both_epochs):
    other = fit_all(family(dataset, BLOCK, seeds=(1,)))
    assert without(other[0].run.history) != without(both_epochs[1].run.history)


def test_warm_up_leaves_no_trace(dataset, both_epochs, monkeypatch):
    monkeypatch.setattr(engines, "WARM_UP_STEPS", 4)
    assert without(fit_all(family(dataset, BLOCK))[0].run) == without(both_epochs[1].run)


def test_the_dataloader_engine_trains_the_same(dataset, both_epochs):
    run = fit_all(family(dataset, {**BLOCK, "engine": "dataloader"}))[0].run
    expected = both_epochs[1].run
    assert without(run.history) == without(expected.history)
    assert run.test_accuracy == expected.test_accuracy


def test_a_run_states_what_it_measured(both_epochs):
    run = both_epochs[1].run
    assert [entry.epoch for entry in run.history] == [1, 2]
    assert run.history[0].train_s < run.history[1].train_s == run.train_s
    assert run.train_s == pytest.approx(run.phases_s["to_device"] + run.phases_s["train"], abs=1e-5)
    assert run.time_to_result_s > run.train_s
    assert run.cost == 2 / 16
    assert run.details["steps_per_epoch"] == 3
    assert run.details["execution"] == "step by step"
    assert run.details["images_per_s"] == pytest.approx(96 / run.train_s)
    assert run.validation_accuracy == run.history[1].validation_accuracy
    assert run.train_accuracy == run.history[1].train_accuracy
    assert len(both_epochs[0].run.history) == 1


def test_training_learns(dataset):
    adam = {"batch_size": 16, "learning_rate": 0.001, "epochs": 4}
    run = fit_all(family(dataset, adam, optimizer="adam"))[0].run
    losses = [entry.train_loss for entry in run.history]
    assert losses[-1] < losses[0] / 2
    assert run.history[-1].train_accuracy > 0.9


@pytest.mark.parametrize("engine", ["resident", "dataloader"])
def test_pin_memory_means_nothing_where_no_batch_is_copied_to_a_gpu(dataset, engine):
    found = family(dataset, {**BLOCK, "engine": engine, "pin_memory": [True, False]})
    (plan,) = found.plans(requests(found))
    assert plan.requests[0].settings["pin_memory"] is None


def test_settings_that_differ_in_epochs_alone_share_a_training_per_seed(dataset):
    cell = family(dataset, {**BLOCK, "epochs": [3, 1], "batch_size": [8, 16]}, seeds=(5, 6))
    plans = cell.plans(requests(cell))
    found = [[(s["batch_size"], s["epochs"], seed) for s, seed, _ in plan.requests] for plan in plans]
    assert found == [[(batch, 3, seed), (batch, 1, seed)] for batch in (8, 16) for seed in (5, 6)]
    assert {plan.work for plan in plans} == {3 * 48}


# Divergence, by doing it.


def test_a_diverged_run_is_recorded_never_chosen_and_the_cell_goes_on(dataset, tmp_path):
    blocks = {**BLOCK, "learning_rate": [1e30, 0.01], "epochs": [1, 2]}
    record, place = run_here(dataset, tmp_path, blocks)
    by_rate = {
        rate: [run for run in record["runs"] if run["settings"]["learning_rate"] == rate]
        for rate in (1e30, 0.01)
    }
    assert [run["status"] for run in by_rate[1e30]] == ["diverged", "diverged"]
    assert [run["status"] for run in by_rate[0.01]] == ["ok", "ok"]
    lost = by_rate[1e30][0]
    assert lost["error"] == "the loss was not finite in epoch 1"
    assert lost["test_accuracy"] is None
    assert lost["history"][-1]["validation_loss"] is None
    assert record["best"]["settings"]["learning_rate"] == 0.01
    # A diverged run would diverge again: the journal keeps it.
    lines = (place / "journal" / "resnet18_sgd_cpu" / "runs.jsonl").read_text().splitlines()
    assert [json.loads(line)["run"]["status"] for line in lines].count("diverged") == 2


def test_a_cell_in_which_everything_diverged_has_no_best(dataset, tmp_path):
    record, place = run_here(dataset, tmp_path, {**BLOCK, "learning_rate": 1e30, "epochs": 1})
    assert record["best"] is None
    assert record["compute"]["parameters"] > 11e6
    assert (place / "models" / "resnet18_sgd_cpu.safetensors").read_bytes() == b""
    with np.load(place / "predictions" / "resnet18_sgd_cpu.npz") as file:
        assert [len(file[name]) for name in ("validation", "test", "scores")] == [0, 0, 0]


def test_epochs_before_the_divergence_stand(dataset, monkeypatch):
    epoch = engines.Resident.epoch

    def lost_in_epoch_2(self, number):
        return [(math.inf if number == 2 else loss, right) for loss, right in epoch(self, number)]

    monkeypatch.setattr(engines.Resident, "epoch", lost_in_epoch_2)
    runs = [fitted.run for fitted in fit_all(family(dataset, {**BLOCK, "epochs": [1, 2, 3]}))]
    assert [(run.settings["epochs"], run.status) for run in runs] == [
        (1, "ok"),
        (2, "diverged"),
        (3, "diverged"),
    ]
    assert len(runs[2].history) == 2
    assert runs[2].error == "the loss was not finite in epoch 2"


# Batches


def test_the_shorter_last_batch_counts_and_a_last_batch_of_one_is_left_out():
    assert batches.batch_bounds(48, 16) == [(0, 16), (16, 32), (32, 48)]
    assert batches.batch_bounds(50, 16)[-1] == (48, 50)
    assert batches.batch_bounds(49, 16)[-1] == (32, 48)


def test_a_training_part_that_leaves_one_image_over_trains(tmp_path):
    odd = store.load(arrays.save(tmp_path / "odd.npz", counts={"train": 17}), "resized")
    fitted = fit_all(family(odd, {**BLOCK, "epochs": 1}))[0]
    assert fitted.run.status == "ok"
    assert fitted.run.details["steps_per_epoch"] == 1


def test_the_order_changes_with_seed_and_epoch_and_with_nothing_else():
    import torch

    first = batches.order(50, 0, 1)
    torch.manual_seed(99)
    assert torch.equal(batches.order(50, 0, 1), first)
    assert sorted(first.tolist()) == list(range(50))
    assert not torch.equal(batches.order(50, 0, 2), first)
    assert not torch.equal(batches.order(50, 1, 1), first)


def test_the_loader_gives_the_images_in_the_order_that_it_was_given():
    import torch

    random = np.random.default_rng(0)
    part = Part.from_arrays(random.integers(0, 256, (20, 6, 6)).astype(np.uint8), np.arange(20), GREY)
    order = batches.order(20, 0, 1)
    found = list(batches.dataloader(part, order, 8, False))
    assert [len(labels) for _, labels in found] == [8, 8, 4]
    assert torch.equal(torch.cat([labels for _, labels in found]), order)
    assert torch.equal(torch.cat([images for images, _ in found]), GREY.normalise(part.images[order]))


def test_pixels_become_three_equal_channels_between_minus_one_and_one():
    import torch

    found = GREY.normalise(torch.tensor([[[0, 255], [127, 128]]], dtype=torch.uint8))
    assert found.shape == (1, 3, 2, 2)
    assert found[0, 0].flatten().tolist() == pytest.approx([-1, 1, -0.0039216, 0.0039216], abs=1e-6)
    assert torch.equal(found[:, 0], found[:, 2])


# Evaluation and precision


def test_evaluation_returns_mean_loss_and_probabilities_over_all_batches(monkeypatch):
    import torch
    from torch import nn

    class Corner(nn.Module):
        """Knows a class by the grey level of one pixel."""

        def forward(self, images):
            return torch.stack([-images[:, 0, 0, 0], images[:, 0, 0, 0]], dim=1)

    monkeypatch.setattr(loop, "EVALUATION_BATCH", 3)
    pixels = np.zeros((8, 2, 2), np.uint8)
    pixels[4:] = 255
    part = Part.from_arrays(pixels, np.array([0, 0, 0, 1, 1, 1, 1, 0]), GREY)
    network = Corner().train()
    loss, probabilities = loop.evaluate(network, part, torch.device("cpu"))
    right = math.log1p(math.exp(-2))
    assert loss == pytest.approx((6 * right + 2 * (right + 2)) / 8)
    assert probabilities.shape == (8, 2)
    assert (probabilities.argmax(1) == [0, 0, 0, 0, 1, 1, 1, 1]).all()
    assert np.allclose(probabilities.sum(1), 1)


@pytest.mark.parametrize(("size", "at_once"), [(28, 1000), (32, 1000), (64, 250), (224, 20), (2000, 1)])
def test_larger_images_are_evaluated_fewer_at_a_time(size, at_once):
    import torch
    from torch import nn

    class Seen(nn.Module):
        """Notes how many images it is given at once."""

        def forward(self, images):
            seen.append(len(images))
            return torch.zeros(len(images), 2)

    seen: list[int] = []
    count = min(1200, 2 * at_once)
    part = Part.from_arrays(np.zeros((count, size, size), np.uint8), np.zeros(count, np.int64), GREY)
    loop.evaluate(Seen(), part, torch.device("cpu"))
    assert max(seen) == at_once
    assert sum(seen) == count


def test_mixed_precision_on_a_cpu_without_bfloat16_is_fp32_and_says_so(dataset, both_epochs, monkeypatch):
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: False)
    run = fit_all(family(dataset, {**BLOCK, "precision": "mixed"}))[0].run
    assert run.details["autocast"] is None
    assert without(run.history) == without(both_epochs[1].run.history)


def test_mixed_precision_on_a_cpu_with_bfloat16_computes_in_it(dataset, monkeypatch):
    import torch

    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: True)
    seen = set()
    build = models.build

    def watched(*args):
        network = build(*args)
        network.layer3.register_forward_hook(lambda layer, inputs, output: seen.add(output.dtype))
        return network

    monkeypatch.setattr(models, "build", watched)
    run = fit_all(family(dataset, {**BLOCK, "precision": "mixed", "epochs": 1}))[0].run
    assert run.details["autocast"] == "bfloat16"
    assert run.status == "ok"
    assert torch.bfloat16 in seen


def test_fp32_is_not_autocast(both_epochs):
    assert both_epochs[0].run.details["autocast"] is None


# The kept model


@pytest.fixture(scope="module")
def finished(dataset, short_and_steady, tmp_path_factory):
    return run_here(dataset, tmp_path_factory.mktemp("kept"), {**BLOCK, "epochs": [1, 2]}, seeds=(3, 4))


def test_the_kept_weights_are_torchvisions_and_give_the_kept_predictions(dataset, finished):
    import torch
    from safetensors.torch import load_file
    from torchvision.models import resnet18

    record, place = finished
    network = resnet18(num_classes=3)
    network.load_state_dict(load_file(place / "models" / "resnet18_sgd_cpu.safetensors"), strict=True)
    with torch.no_grad():
        logits = network.eval()(GREY.normalise(torch.from_numpy(dataset.parts["test"].images)))
    with np.load(place / "predictions" / "resnet18_sgd_cpu.npz") as kept:
        assert np.array_equal(logits.argmax(1), kept["test"][0])
        assert np.allclose(logits.softmax(1), kept["scores"][0], atol=1e-5)
        assert np.array_equal(kept["labels"], dataset.parts["test"].labels)
        accuracy = float((kept["test"][0] == kept["labels"]).mean())
    best = record["best"]
    assert (best["seeds"], best["model_seed"]) == ([3, 4], 3)
    first = next(run for run in record["runs"] if run["settings"] == best["settings"] and run["seed"] == 3)
    assert first["test_accuracy"] == pytest.approx(accuracy)


def test_the_record_describes_the_network_and_the_data(finished, dataset):
    record, _ = finished
    assert record["data"]["input_shape"] == [3, 8, 8]
    assert record["data"]["digest"] == dataset.meta["digest"]
    assert record["environments"][0]["threads"] == 1
    assert record["compute"]["flops_forward"] == 2 * record["compute"]["macs_forward"]
    assert len(record["runs"]) == 4


# Networks by name


def test_weights_depend_on_the_seed_alone():
    import torch

    torch.manual_seed(7)
    a, b, c = (build_stock("resnet18", 3, seed).conv1.weight for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_an_unknown_network_is_refused_with_the_known_ones():
    said = r"resnet19 is no row of the catalog's networks; did you mean resnet18\?"
    with pytest.raises(UserError, match=said):
        build_stock("resnet19", 10, 0)


# The timed comparison


def timed(dataset, place: Path, repeats: int = 2) -> dict:
    what = (dataset, *rows("resnet18", "sgd"), {**BLOCK, "epochs": 1})
    speed.compare_devices(*what, repeats, [("cpu", place)], 1)
    return studies.read(place)


def test_a_timed_cell_repeats_one_setting_with_its_own_seeds(dataset, tmp_path):
    place = tmp_path / "speed" / "resnet18_sgd_cpu.json"
    record = timed(dataset, place, 3)
    assert record["purpose"] == "speed"
    assert [(run["repeat"], run["seed"]) for run in record["runs"]] == [(0, 0), (1, 1), (2, 2)]
    assert all(run["train_s"] > 0 and not run["packed"] for run in record["runs"])
    assert len({json.dumps(run["settings"]) for run in record["runs"]}) == 1
    assert 1e8 < record["peak_flops_per_s"] < 1e15
    assert sorted(path.name for path in place.parent.iterdir()) == ["journal", "predictions", place.name]
    kept = Kept(place.parent / "predictions" / "resnet18_sgd_cpu.npz")
    for number, run in enumerate(record["runs"]):
        assert kept.test(number).right.mean() == pytest.approx(run["test_accuracy"])


def test_finished_timings_are_kept_for_the_machine_and_versions_that_they_are_of(
    dataset, tmp_path, monkeypatch
):
    place = tmp_path / "speed" / "resnet18_sgd_cpu.json"

    def times() -> list[float]:
        return [run["train_s"] for run in timed(dataset, place)["runs"]]

    first = times()
    assert times() == first
    monkeypatch.setattr(hardware, "_versions", lambda: {"torch": "9.9.9"})
    assert not set(times()) & set(first)


def again(record: dict, data: Path, place: Path, threads: int = 1) -> dict:
    """Train what a record's cell chose twice again, as the command does."""
    given = place.parent / "given.json"
    given.parent.mkdir(parents=True, exist_ok=True)
    given.write_text(json.dumps(record))
    options = {"record": given, "data": data, "output": place, "times": 2, "threads": threads}
    time_chosen.main(time_chosen.Options(**options))
    return studies.read(place)


def test_what_a_cell_chose_is_trained_again_from_seeds_that_chose_nothing(tiny, finished, tmp_path):
    record, _ = finished
    place = tmp_path / "alone" / "resnet18_sgd_cpu.json"
    alone = again(record, tiny, place, threads=2)
    assert alone["purpose"] == "alone"
    assert [run["seed"] for run in alone["runs"]] == [5, 6]
    assert {json.dumps(run["settings"]) for run in alone["runs"]} == {json.dumps(record["best"]["settings"])}
    found = written.read(place)
    assert found.environment(found.runs[0]).threads == 2


def test_where_nothing_finished_there_is_nothing_to_train_again(tiny, finished, tmp_path):
    record, _ = finished
    runs = [{**run, "status": "diverged"} for run in record["runs"]]
    assert again({**record, "runs": runs}, tiny, tmp_path / "resnet18_sgd_cpu.json")["runs"] == []


def test_other_data_than_a_cell_was_trained_on_are_refused(tiny, finished, tmp_path):
    record, _ = finished
    other = {**record, "data": {**record["data"], "digest": "0" * 64}}
    with pytest.raises(UserError, match="resnet18_sgd_cpu was trained on other data than these"):
        again(other, tiny, tmp_path / "resnet18_sgd_cpu.json")


def test_the_stopwatch_waits_for_the_device_before_both_reads():
    from bakeoff.machine.timing import Stopwatch

    waits = []
    watch = Stopwatch(lambda: waits.append(len(waits)))
    for _ in range(2):
        with watch.phase("train"):
            pass
    assert len(waits) == 4
    assert set(watch.snapshot()) == {"train"}
    assert watch.total("train", "never") == watch.seconds["train"]


def test_a_phase_that_breaks_off_is_counted():
    from bakeoff.machine.timing import Stopwatch

    watch = Stopwatch()
    with pytest.raises(KeyError), watch.phase("train"):
        raise KeyError
    assert watch.seconds["train"] > 0


@pytest.mark.parametrize(
    ("optimizer", "wrong", "said"),
    [
        ("lamb", {}, "lamb is no row of the catalog's optimizers; known are sgd, adam"),
        ("sgd", {"precision": "fp8"}, "precision: fp8 is unknown; known are fp32, mixed, auto"),
        ("sgd", {"engine": "tape"}, "engine: tape is unknown; known are resident, dataloader, auto"),
        ("sgd", {"batch_size": 1}, "batch_size: 1 must be at least 2"),
        ("sgd", {"momentum": 0.5}, "momentum is unknown; known are batch_size"),
    ],
)
def test_a_setting_that_no_training_knows_is_refused_in_one_line(dataset, optimizer, wrong, said):
    with pytest.raises(UserError, match=said):
        family(dataset, wrong, optimizer=optimizer)
