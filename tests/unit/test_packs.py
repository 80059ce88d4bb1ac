from itertools import product

import numpy as np
import pytest

import fits
import studies
import time_chosen
from bakeoff.cells import run as cell
from bakeoff.cells.family import Plan, requests
from bakeoff.families.network import axes, batches, engines, graphs, loop, packs
from bakeoff.families.network.axes import NetworkSettings
from bakeoff.families.network.batches import Part, Pixels
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.member import Member
from bakeoff.families.network.state import Training, build_state
from bakeoff.networks import models
from bakeoff.records import selection
from bakeoff.records.request import Request
from bakeoff.records.run import Run
from bakeoff.search import grid

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

BLOCK = {"batch_size": 16, "learning_rate": [0.01, 0.02], "epochs": [1, 2]}
GREY = Pixels(grey=True)


def family(dataset, *blocks, pack: int, seeds=(0, 1)) -> NetworkFamily:
    return NetworkFamily(dataset, *fits.rows("resnet18", "sgd"), "cpu", blocks, seeds, pack)


def fits_of(family: NetworkFamily) -> dict:
    """Return run and scores by what was asked."""
    fitted = fits.fit_all(family)
    return {repr((each.run.settings, each.run.seed)): (each.run, each.answers.scores) for each in fitted}


def comparable(run: Run) -> dict:
    return fits.without(run, (*fits.CLOCKS, "packed", "side_by_side"))


@pytest.fixture(scope="module")
def alone(dataset, short_and_steady) -> dict:
    return fits_of(family(dataset, BLOCK, pack=1))


def test_trainings_side_by_side_give_the_bits_of_each_alone(dataset, alone):
    together = fits_of(family(dataset, BLOCK, pack=3))
    assert together.keys() == alone.keys()
    assert len(alone) == 8
    for asked, (run, scores) in together.items():
        assert comparable(run) == comparable(alone[asked][0])
        assert np.array_equal(scores, alone[asked][1])


def test_times_side_by_side_are_a_share_and_say_so(dataset):
    runs = [run for run, _ in fits_of(family(dataset, BLOCK, pack=4)).values()]
    assert all(run.packed and run.details["side_by_side"] == 4 for run in runs)
    for run in runs:
        phases = run.phases_s
        assert run.train_s == pytest.approx(phases["to_device"] + phases["train"], abs=1e-5)
    single = fits_of(family(dataset, {**BLOCK, "learning_rate": 0.01}, pack=4, seeds=(0,)))
    assert not any(run.packed for run, _ in single.values())


def planned(block: dict, seeds, pack: int, folds=(None,)) -> list[Plan]:
    """Return the plans of a grid where every training sees ten images."""
    settings = grid.expand([block], NetworkSettings)
    requests = [Request(*each) for each in product(settings, seeds, folds)]
    return packs.plan(requests, lambda fold: 10, pack)


def asked(block: dict, pack: int, seeds=(0,)) -> list[list[tuple]]:
    plans = planned(block, seeds, pack)
    return [
        [(s["batch_size"], s["learning_rate"], s["epochs"], seed) for s, seed, _ in plan.requests]
        for plan in plans
    ]


def test_only_trainings_of_equal_steps_go_together():
    block = {"batch_size": [8, 16], "learning_rate": [0.1, 0.2], "epochs": [1, 2]}
    assert asked(block, 8) == [
        [(8, 0.1, 1, 0), (8, 0.1, 2, 0), (8, 0.2, 1, 0), (8, 0.2, 2, 0)],
        [(16, 0.1, 1, 0), (16, 0.1, 2, 0), (16, 0.2, 1, 0), (16, 0.2, 2, 0)],
    ]
    rates = {"batch_size": 8, "learning_rate": [0.1, 0.2, 0.3], "epochs": 1}
    assert [len(plan) for plan in asked(rates, 4, seeds=(0, 1))] == [4, 2]
    assert [len(plan) for plan in asked({**rates, "engine": "dataloader"}, 4)] == [1, 1, 1]
    assert [len(plan) for plan in asked({**rates, "precision": ["fp32", "mixed"]}, 9)] == [3, 3]


def test_the_work_of_a_plan_is_its_images():
    block = {"batch_size": 8, "learning_rate": [0.1, 0.2], "epochs": [1, 3]}
    assert [plan.work for plan in planned(block, (0, 1), 3)] == [3 * 3 * 10, 3 * 10]


def test_what_does_not_fit_together_is_tried_in_halves(dataset, alone, monkeypatch, capsys):
    import torch

    whole = loop.train
    tried = []

    def tight(trainings, *rest):
        tried.append(len(trainings))
        for number, epochs in enumerate(whole(trainings, *rest)):
            if len(trainings) == 4 or (len(trainings) == 2 and number == 1):
                raise torch.OutOfMemoryError("CUDA out of memory")
            yield epochs

    monkeypatch.setattr(loop, "train", tight)
    found = fits_of(family(dataset, BLOCK, pack=4))
    assert tried == [4, 2, 1, 1, 2, 1, 1]
    assert found.keys() == alone.keys()
    assert all(comparable(run) == comparable(alone[asked][0]) for asked, (run, _) in found.items())
    assert "4 trainings side by side do not fit the GPU's memory; trying 2" in capsys.readouterr().out


def test_one_that_diverges_leaves_the_others_alone(dataset):
    found = fits_of(family(dataset, {**BLOCK, "learning_rate": [1e30, 0.01]}, pack=4, seeds=(0,)))
    runs = [run for run, _ in found.values()]
    assert [(run.settings["learning_rate"], run.status) for run in runs] == [
        (0.01, "ok"),
        (0.01, "ok"),
        (1e30, "diverged"),
        (1e30, "diverged"),
    ]


def test_what_was_chosen_among_packed_runs_is_timed_again_alone(dataset, tiny, tmp_path):
    place = tmp_path / "tiny" / "resnet18_sgd_cpu.json"
    cell.run_cell(family(dataset, BLOCK, pack=4), place, 1, [])
    record = studies.read(place)
    assert all(run["packed"] for run in record["runs"])
    assert [run["seed"] for run in record["runs"]] == [0, 0, 1, 1, 0, 0, 1, 1]
    output = tmp_path / "tiny" / "alone" / place.name
    time_chosen.main(time_chosen.Options(record=place, data=tiny, output=output, times=2))
    alone = studies.read(output)
    assert [(run["packed"], run["seed"]) for run in alone["runs"]] == [(False, 2), (False, 3)]
    assert {repr(run["settings"]) for run in alone["runs"]} == {repr(record["best"]["settings"])}
    cell.run_cell(family(dataset, BLOCK, pack=1), place, 1, [])
    assert not any(run["packed"] for run in studies.read(place)["runs"])


# The engine's schedule and its graphs, with the recording replaced: a GPU records for real in tests/gpu.


def engine(count: int, members: int = 2) -> engines.Resident:
    import torch

    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, 8, 8)).astype(np.uint8)
    part = Part.from_arrays(pixels, np.arange(count) % 3, GREY)
    device = torch.device("cpu")
    network, optimizer = (named.row for named in fits.rows("resnet18", "adam"))
    trainings = [
        Training(network, optimizer, {}, 3, 4, 0.01, 1, "fp32", "resident", None, seed)
        for seed in range(members)
    ]
    states = [build_state(training, part.pixels, part.size, device) for training in trainings]
    both = zip(trainings, states, strict=True)
    return engines.Resident([Member(*one, count, device) for one in both], part, device)


@pytest.mark.parametrize("count", [4, 8, 9, 11, 23, 24, 26])
def test_every_image_is_seen_once_in_order(count, monkeypatch):
    monkeypatch.setattr(engines, "STEPS_PER_REPLAY", 2)
    found = engine(count, members=1)
    seen = []
    monkeypatch.setattr(Member, "step", lambda self, images, labels: seen.append((images, labels)))
    found.epoch(3)
    order = batches.order(count, 0, 3)
    bounds = batches.batch_bounds(count, 4)
    assert [len(labels) for _, labels in seen] == [end - start for start, end in bounds]
    for (start, end), (images, labels) in zip(bounds, seen, strict=True):
        rows = order[start:end]
        assert (images == GREY.normalise(found._part.images[rows])).all()
        assert (labels == rows % 3).all()


def replaced(monkeypatch, record) -> tuple[engines.Resident, list]:
    """Return an engine with this in place of recording, and its first epoch's outcome."""
    monkeypatch.setattr(graphs, "record", record)
    found = engine(10)
    found._record()
    found._put_back()
    return found, found.epoch(1)


def test_a_replay_that_takes_the_steps_is_used(monkeypatch):
    expected = engine(10).epoch(1)
    replays = []

    def record(works):
        return [lambda work=work: (replays.append(work), work()) for work in works]

    found, outcome = replaced(monkeypatch, record)
    assert found.execution == "graph"
    assert outcome == expected
    assert len(replays) == 1 + 2 + 1  # one to compare, two batches of 4, one of 2


def test_work_that_cannot_be_recorded_is_stepped_and_the_record_says_why(monkeypatch):
    def record(works):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    found, outcome = replaced(monkeypatch, record)
    reason = "operation not permitted when stream is capturing"
    assert found.execution == f"step by step (no graph: {reason})"
    assert outcome == engine(10).epoch(1)


def test_a_replay_that_gives_other_numbers_is_not_used(monkeypatch):
    found, outcome = replaced(monkeypatch, lambda works: [lambda: None for _ in works])
    assert found.execution == "step by step (no graph: a replayed graph gave other numbers than its steps)"
    assert outcome == engine(10).epoch(1)


def test_running_out_of_memory_while_recording_is_no_reason_to_go_on(monkeypatch):
    import torch

    def record(works):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(graphs, "record", record)
    with pytest.raises(torch.OutOfMemoryError):
        engine(10)._record()


# A graph keeps what it was recorded with.


def recorded(monkeypatch, rate=None) -> tuple[engines.Resident, list]:
    """Return an engine whose graphs are its own steps, and what notes every replay."""
    replays: list = []

    def record(works):
        return [lambda work=work: (replays.append(work), work()) for work in works]

    monkeypatch.setattr(graphs, "record", record)
    found = engine(10)
    for member in found._members if rate is not None else ():
        member.state.optimizer.param_groups[0]["lr"] = rate.clone()
    found._record()
    found._put_back()
    replays.clear()
    return found, replays


def set_rate(found: engines.Resident, rate: float) -> None:
    for member in found._members:
        for group in member.state.optimizer.param_groups:
            if hasattr(group["lr"], "fill_"):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


def test_a_graph_that_holds_another_learning_rate_is_not_replayed(monkeypatch):
    found, replays = recorded(monkeypatch)
    expected = engine(10)
    assert found.epoch(1) == expected.epoch(1)
    assert len(replays) == 3
    for each in (found, expected):
        set_rate(each, 0.1)
    assert found.epoch(2) == expected.epoch(2)
    assert len(replays) == 3
    why = "the optimizer's settings are no longer those that were recorded"
    assert found.execution == f"step by step (no graph: {why})"
    assert found.fast_paths.said["graph"] == f"declined: {why}"


def test_any_setting_of_a_graphs_optimizer_counts(monkeypatch):
    found, replays = recorded(monkeypatch)
    found._members[1].state.optimizer.param_groups[0]["betas"] = (0.8, 0.99)
    found.epoch(1)
    assert replays == []


def test_a_learning_rate_on_the_device_is_read_as_a_graph_is_replayed(monkeypatch):
    import torch

    found, replays = recorded(monkeypatch, torch.tensor(0.01))
    set_rate(found, 0.1)
    found.epoch(1)
    assert len(replays) == 3
    assert found.fast_paths.said["graph"] == "taken"


def test_a_step_that_sets_the_learning_rate_itself_is_not_recorded(monkeypatch):
    def record(works):
        set_rate(found, 0.005)
        return [lambda work=work: work() for work in works]

    monkeypatch.setattr(graphs, "record", record)
    found = engine(10)
    found._record()
    assert found.execution == "step by step (no graph: a step changes the optimizer's settings)"


def test_only_what_starts_from_zeros_and_draws_nothing_is_recorded(monkeypatch):
    import torch

    monkeypatch.setattr(graphs, "record", lambda works: pytest.fail("recorded"))
    found = engine(10)
    for member in found._members:
        member.state.optimizer = torch.optim.NAdam(member.state.model.parameters())
    found._record()
    assert found.fast_paths.said["graph"] == "declined: NAdam is not known to start from zeros"
    found = engine(10)
    torch.rand(1)
    found._record()
    assert found.fast_paths.said["graph"] == "declined: the network draws random numbers"


# Networks that draw random numbers


def noisy(name: str, classes: int, seed: int):
    """Return a small network with dropout, whatever was asked for."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.Flatten(), nn.Dropout(), nn.Linear(64, classes))


def test_a_network_that_draws_random_numbers_trains_alone_and_says_so(dataset, monkeypatch):
    monkeypatch.setattr(models, "build", noisy)
    one_by_one = fits_of(family(dataset, BLOCK, pack=1))
    together = family(dataset, BLOCK, pack=4)
    plans = together.plans(requests(together))
    assert [len(packs.by_training(plan.requests)) for plan in plans] == [1] * 4
    asked_together = fits_of(together)
    for asked, (run, scores) in asked_together.items():
        why = "declined: the network draws random numbers, of which there is one stream for all"
        assert run.details["fast_paths"]["side_by_side"] == why
        assert comparable(run) == comparable(one_by_one[asked][0])
        assert np.array_equal(scores, one_by_one[asked][1])


def test_what_goes_side_by_side_says_so(dataset, monkeypatch):
    monkeypatch.setattr(models, "build", lambda *what: noisy(*what)[:2].append(noisy(*what)[3]))
    runs = [run for run, _ in fits_of(family(dataset, BLOCK, pack=3, seeds=(0,))).values()]
    assert [run.details["fast_paths"]["side_by_side"] for run in runs] == ["taken"] * 4
    single = fits_of(family(dataset, {**BLOCK, "learning_rate": 0.01}, pack=3, seeds=(0,)))
    said = {run.details["fast_paths"]["side_by_side"] for run, _ in single.values()}
    assert said == {"declined: none went beside it"}


# Numbers of epochs


def test_where_a_step_follows_the_number_of_epochs_each_number_is_a_training(dataset, monkeypatch):
    monkeypatch.setattr(models, "build", noisy)
    monkeypatch.setattr(axes, "FOLLOW_EPOCHS", frozenset({"learning_rate"}))
    both = {**BLOCK, "learning_rate": 0.01}
    assert asked(both, 1) == [[(16, 0.01, 1, 0)], [(16, 0.01, 2, 0)]]
    assert asked(both, 8) == asked(both, 1)
    runs = [run for run, _ in fits_of(family(dataset, both, pack=1, seeds=(0,))).values()]
    assert all(run.details["follows_epochs"] for run in runs)
    assert len({selection.training_key(run) for run in runs}) == 2
    monkeypatch.undo()
    assert len(asked(both, 1)) == 1


def test_a_training_is_told_by_seed_and_settings_but_for_epochs():
    def key(*but, epochs=1, rate=0.1, seed=0, fold=None, **details):
        settings = {"epochs": epochs, "learning_rate": rate}
        (run,) = studies.as_runs([studies.run(settings, 0.9, seed=seed, fold=fold, details=details)])
        return selection.training_key(run, *but)

    assert key(epochs=1) == key(epochs=2) != key(seed=1)
    assert len({key(fold=fold) for fold in (None, 0, 1, "refit")}) == 4
    assert key(rate=0.1) != key(rate=0.2)
    assert key("learning_rate", rate=0.1) == key("learning_rate", rate=0.2)
    assert key(epochs=1, follows_epochs=True) != key(epochs=2, follows_epochs=True)
