"""Learning rates that follow a schedule: torch's own numbers, one training per number of epochs, no trace."""

import json
import math

import numpy as np
import pytest

import fits
import studies
from bakeoff.analysis import effects, wording
from bakeoff.cells.family import requests
from bakeoff.command import UserError
from bakeoff.families.network import axes, engines, graphs, packs, schedules
from bakeoff.families.network.member import Member
from bakeoff.plots import curves
from bakeoff.records import selection, written
from trainings import engine, family, killed_and_resumed, runs, same

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.numeric,
    pytest.mark.usefixtures("short_and_steady", "small_networks"),
]

STEPS = 40
NAMES = ("constant", "cosine", "one_cycle", "step")


def rates(schedule: str, warmup: float = 0.0, steps: int = STEPS) -> list[float]:
    return [schedules.share(schedule, warmup, step, steps) for step in range(steps)]


def torchs(make) -> list[float]:
    """Return the rates that a scheduler of torch gives, from 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("cosine", lambda it: torch.optim.lr_scheduler.CosineAnnealingLR(it, STEPS)),
        ("step", lambda it: torch.optim.lr_scheduler.MultiStepLR(it, [STEPS // 2, 3 * STEPS // 4])),
        ("one_cycle", lambda it: torch.optim.lr_scheduler.OneCycleLR(it, 1.0, STEPS, cycle_momentum=False)),
        ("constant", lambda it: torch.optim.lr_scheduler.ConstantLR(it, 1.0)),
    ],
)
def test_rates_are_those_of_torchs_schedulers(name, make):
    assert rates(name) == pytest.approx(torchs(make), abs=1e-12)


@pytest.mark.parametrize("name", ["constant", "cosine", "step"])
def test_a_warm_up_rises_in_a_straight_line_and_then_the_schedule_begins(name):
    found = rates(name, 0.25)
    assert found[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert found[10:] == pytest.approx(rates(name, steps=30))


def test_a_one_cycle_rises_over_its_own_share():
    assert np.argmax(rates("one_cycle", 0.5)) == 19
    assert np.argmax(rates("one_cycle")) == 11


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
@pytest.mark.parametrize("warmup", [0.0, 0.001, 0.5, 0.999])
def test_every_step_has_a_rate_above_0_however_few_there_are(name, steps, warmup):
    found = rates(name, warmup, steps)
    assert all(0 < rate <= 1 for rate in found)


def watched(monkeypatch) -> list[float]:
    """Return a list to which every step of a training adds the rate that it took."""
    step, found = Member.step, []

    def note(member, images, labels):
        step(member, images, labels)
        found.append(member.state.optimizer.param_groups[0]["lr"])

    monkeypatch.setattr(Member, "step", note)
    monkeypatch.setattr(engines.Resident, "warm_up", lambda engine: None)
    return found


@pytest.mark.parametrize("kind", ["resident", "dataloader"])
def test_every_step_of_a_training_takes_its_rate(dataset, monkeypatch, kind):
    if kind == "dataloader":
        monkeypatch.setattr(engines.Loader, "warm_up", lambda engine: None)
    found = watched(monkeypatch)
    runs(dataset, {"schedule": "cosine", "warmup": 0.3, "epochs": 3, "engine": kind})
    expected = [0.01 * rate for rate in rates("cosine", 0.3, 9)]
    assert found == pytest.approx(expected)


def test_where_no_schedule_is_said_the_rate_is_never_touched(dataset, monkeypatch):
    monkeypatch.setattr(schedules, "share", lambda *what: pytest.fail("a rate was set"))
    assert runs(dataset)[0].finished


@pytest.mark.parametrize("name", ["cosine", "one_cycle", "step"])
def test_a_schedule_learns_otherwise_than_a_constant_rate_and_the_same_each_time(dataset, name):
    (one,), (again,) = (runs(dataset, {"schedule": name}) for _ in range(2))
    (constant,) = runs(dataset)
    assert same(one, again)
    assert one.history[-1].train_loss != constant.history[-1].train_loss


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_warm_up_leaves_no_trace_of_a_schedule(dataset, monkeypatch, optimizer):
    block = {"schedule": "one_cycle"}
    (short,) = runs(dataset, block, optimizer=optimizer)
    monkeypatch.setattr(engines, "WARM_UP_STEPS", 5)
    (long,) = runs(dataset, block, optimizer=optimizer)
    monkeypatch.setattr(engines.Resident, "warm_up", lambda engine: None)
    (none,) = runs(dataset, block, optimizer=optimizer)
    assert same(short, long, none)


def test_every_number_of_epochs_is_a_training_of_its_own_and_says_so(dataset):
    several = {"schedule": ["constant", "cosine"], "epochs": [1, 2]}
    cell = family(dataset, several)
    found = [[r.settings["epochs"] for r in plan.requests] for plan in cell.plans(requests(cell))]
    assert found == [[1, 2], [1], [2]]
    constant, scheduled = (
        [run for run in runs(dataset, several) if run.settings.get("schedule") == name]
        for name in (None, "cosine")
    )
    assert [run.details.get("follows_epochs") for run in (*constant, *scheduled)] == [None, None, True, True]
    assert len({selection.training_key(run) for run in constant}) == 1
    assert len({selection.training_key(run) for run in scheduled}) == 2
    (one, two) = scheduled
    assert one.history[0].train_loss != two.history[0].train_loss


def test_a_warm_up_follows_the_number_of_epochs_too():
    assert axes.follows_epochs({"warmup": 0.1})
    assert not axes.follows_epochs({})


def test_side_by_side_each_training_follows_its_own_schedule(dataset):
    block = {"schedule": ["cosine", "constant", "step"], "learning_rate": [0.01, 0.001]}
    together, alone = (runs(dataset, block, pack=pack) for pack in (4, 1))
    assert {run.packed for run in together} == {True}
    for run in together:
        (other,) = (each for each in alone if each.settings == run.settings)
        assert fits.without(run.history) == fits.without(other.history)
        assert run.test_accuracy == other.test_accuracy


def test_a_graph_is_not_recorded_and_what_is_said_of_it_says_so(dataset, monkeypatch):
    monkeypatch.setattr(graphs, "record", lambda works: pytest.fail("recorded"))
    found = engine(dataset, {"warmup": 0.1})
    found._record()
    assert found.fast_paths.said["graph"] == "declined: the learning rate follows a schedule"


def test_killed_in_the_middle_of_a_cosine_and_resumed_is_equal_to_undisturbed(dataset, tmp_path):
    block = {"schedule": "cosine", "warmup": 0.1, "epochs": 4}
    found, expected = killed_and_resumed(dataset, tmp_path, 6, block, seeds=(0, 1))
    assert len(found["runs"]) == 2
    assert found == expected


def test_a_loss_that_is_lost_in_the_middle_of_a_schedule_is_a_run_that_diverged(dataset):
    """The rate of a one-cycle begins at a 25th of what is then too much."""
    lost, kept = runs(dataset, {"schedule": "one_cycle", "learning_rate": [1e38, 0.01], "epochs": 3})
    assert (lost.status, kept.status) == ("diverged", "ok")
    assert lost.error.startswith("the loss was not finite in epoch ")
    assert all(math.isfinite(each.train_loss) for each in kept.history)


# Settings, keys, words


BEFORE = (
    '{"batch_size": 32, "engine": "resident", "epochs": 3, "learning_rate": 0.001, "pin_memory": null, '
    '"precision": "fp32"}0'
)


def test_what_is_left_at_its_default_is_in_no_key(dataset):
    for block in ({}, {"schedule": "constant", "warmup": 0}, {"schedule": ["constant"], "warmup": [0.0]}):
        (settings,) = axes.expand([block], "cpu")
        assert list(settings) == [*axes.NetworkSettings.__dataclass_fields__][:6]
        (asked,) = requests(family(dataset, {**block, "batch_size": 32, "learning_rate": 0.001, "epochs": 3}))
        assert asked.key == BEFORE


def test_what_is_said_is_in_the_key_and_comes_back_from_a_command(dataset):
    block = {"schedule": ["one_cycle", "cosine"], "warmup": [0.1, 0.3]}
    found = axes.expand([block], "cpu")
    assert [(each["schedule"], each.get("warmup")) for each in found] == [
        ("one_cycle", 0.1),
        ("one_cycle", None),
        ("cosine", 0.1),
        ("cosine", 0.3),
    ]
    for settings in found:
        assert axes.expand(json.loads(json.dumps([settings])), "cpu") == [settings]
    assert len(set(map(repr, found))) == 4


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"schedule": "cosin"}, "block/1/schedule/0: cosin is unknown; did you mean cosine?"),
        ({"warmup": 1}, "block/1/warmup/0: 1 must be below 1"),
        ({"warmup": -0.1}, "block/1/warmup/0: -0.1 must be at least 0"),
    ],
)
def test_what_is_no_schedule_is_one_line(block, said):
    with pytest.raises(UserError) as caught:
        axes.check([block])
    assert said.replace("/0", "") in str(caught.value).replace("/0", "")


def test_an_optimizer_without_a_rate_in_its_groups_is_one_line():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    del optimizer.param_groups[0]["lr"]
    with pytest.raises(UserError, match="schedule: SGD keeps no lr in its groups"):
        schedules.Rates(optimizer, "cosine", 0.0, 3)


def test_defaults_that_go_without_saying_are_those_of_the_settings():
    said = {name: value for name, value in axes.DEFAULTS.items() if name not in axes.ALWAYS}
    assert said == {name: wording.UNSAID[name] for name in said}
    assert {name for name in said if name not in wording.SETTINGS} == set()


def test_a_schedule_is_said_beside_the_other_settings(dataset):
    run, plain = runs(dataset, {"schedule": ["cosine", "constant"], "warmup": 0.1})
    assert wording.settings(wording.as_run(run)).endswith("fp32, schedule cosine, warm-up 0.1")
    assert wording.settings(wording.as_run(plain)).endswith("fp32, warm-up 0.1")


def test_the_effect_of_a_schedule_is_against_what_goes_without_saying():
    def run(accuracy, **settings):
        return studies.run({"epochs": 2, "learning_rate": 0.1, **settings}, accuracy)

    grid = [
        run(0.5),
        run(0.7, schedule="cosine"),
        run(0.6, warmup=0.1),
        run(0.9, schedule="cosine", warmup=0.1),
    ]
    cell = written.from_json(studies.cell("digits", "resnet18", "adam", "cpu", grid))
    found = {effect.setting: effect.means for effect in effects.of([cell])}
    assert found["schedule"] == pytest.approx({"constant": 0.55, "cosine": 0.8})
    assert found["warmup"] == pytest.approx({0.0: 0.6, 0.1: 0.75})


def test_the_progress_says_which_of_two_trainings_it_is_of(dataset, capsys):
    runs(dataset, {}, {"schedule": "cosine", "warmup": 0.1})
    lines = [line for line in capsys.readouterr().out.splitlines() if "epoch 2/2" in line]
    shared = "batch 16, lr 0.01, "
    assert [line.split(shared)[1].split("epoch")[0] for line in lines] == [
        "seed 0, ",
        "schedule cosine, warmup 0.1, seed 0, ",
    ]


def test_trainings_of_a_schedule_do_not_share_a_plan_with_others_epochs(dataset):
    cell = family(dataset, {"schedule": "cosine", "epochs": [1, 2], "learning_rate": [0.1, 0.2]}, pack=8)
    plans = cell.plans(requests(cell))
    assert [len(packs.by_training(plan.requests)) for plan in plans] == [2, 2]


def test_curves_say_where_few_epochs_are_no_beginning_of_more():
    def cell(**details):
        grid = [studies.run({"epochs": epochs}, details=details) for epochs in (1, 2)]
        return written.from_json(studies.cell("digits", "resnet18", "adam", "cpu", grid))

    plain, followed = cell(), cell(follows_epochs=True)
    said = "every number of epochs is a training, and so a line, of its own"
    assert said in curves._apart([plain, followed])
    assert curves._apart([plain]) == ""
    assert [len(curves.longest(each)) for each in (plain, followed)] == [1, 2]
