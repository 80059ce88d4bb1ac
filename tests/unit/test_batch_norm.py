"""Batch normalisation whose averages have not settled: what is left of them, and the run that says so."""

import pytest

import studies
from bakeoff.networks import batch_norm
from bakeoff.report import runs
from rendered import built
from trainings import runs as trained

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402


def normalised(momentum: float | None = 0.01, **wishes) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=momentum, **wishes))


def test_what_is_left_is_what_steps_leave_of_the_first_averages():
    model, images = normalised(), torch.randn(8, 3, 6, 6)
    model[1].running_mean.fill_(1000.0)
    for _ in range(96):
        model(images)
    left = model[1].running_mean.mean().item() / 1000
    assert left == pytest.approx(0.381, abs=0.01)
    said = batch_norm.unsettled(model, 96)
    assert said is not None
    assert said.startswith("batch normalisation still holds 38% of the averages")
    assert "momentum 0.01, 96 steps" in said


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        (normalised(), 299),
        (normalised(momentum=0.1), 29),
        (normalised(momentum=None), 1),
        (normalised(track_running_stats=False), 1),
        (nn.Sequential(nn.Linear(3, 4)), 1),
        (normalised().requires_grad_(False), 1),
    ],
    ids=["many steps", "quick", "cumulative", "no averages", "no layer", "frozen"],
)
def test_nothing_is_said_of_averages_that_have_settled_or_do_not_move(model, steps):
    assert batch_norm.unsettled(model, steps) is None


@pytest.mark.usefixtures("short_and_steady", "small_networks")
def test_a_short_training_says_so_and_a_longer_one_does_not(dataset):
    short, longer = trained(dataset, {"epochs": [1, 10]})
    assert "still holds" in short.details["warning"]
    assert "warning" not in longer.details


def test_the_report_says_it_of_the_run_and_of_the_choice_on_its_first_page(tmp_path):
    said = batch_norm.unsettled(normalised(), 96)
    run = studies.run({"batch_size": 16, "epochs": 3}, 0.1, details={"warning": said})
    made = built(
        tmp_path, [studies.cell("digits", "resnet18", "adam", "cpu", [run])], {"datasets": ["digits"]}
    )
    (item,) = runs.numbered(made.study)
    assert runs.state(item.run, best=True).note == said
    assert f"ResNet-18 on Digits, as chosen: {said}" in made.html
