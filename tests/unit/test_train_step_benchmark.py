"""benchmarks/train_step.py: what it measures unasked, and that each arm trains."""

import pytest

pytest.importorskip("torch")

import train_step


def test_unasked_it_measures_grey_images_and_colour_ones_of_64_and_96_pixels():
    options = train_step.options_of([])
    settings = train_step.settings_of(options)
    assert {(each.size, each.colour) for each in settings} == {(32, False), (64, True), (96, True)}
    assert options.loops[:2] == ["plain", "careful"]
    assert str(settings[-1]) == "efficientnet_b0, 96 x 96 in colour, batch 32, adam"


@pytest.mark.parametrize("arm", [train_step.plain, train_step.careful, train_step.engine])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.usefixtures("short_and_steady")
def test_each_arm_takes_epoch_after_epoch(arm, colour):
    epoch = arm(train_step.Setting("resnet18", "adam", 2, 8, colour), 2, "cpu", 1)
    assert all(seconds > 0 for seconds in (*epoch(), *epoch()))
