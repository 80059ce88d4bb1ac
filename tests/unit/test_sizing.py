"""Sizing: facts of images, machine and minutes in, a study out that fits them."""

import dataclasses

import pytest

from bakeoff.features.rows import FEATURES
from bakeoff.networks.models import NETWORKS
from bakeoff.plan import costs, needs, sizing
from bakeoff.plan.needs import Choice, Facts
from bakeoff.rows import shipped

PHOTOGRAPH = 88_000


def facts(images: int = 2000, classes: int = 10, minutes: float = 5, **changes) -> Facts:
    """Return the facts of equal classes of photographs, on two cores unless said otherwise."""
    counts = {f"class {number}": images // classes for number in range(classes)}
    usual = {"cores": 2, "memory_mb": 16_000, "disk_mb": 50_000, "gpu": False}
    return Facts({None: counts}, images * PHOTOGRAPH, **{**usual, "minutes": minutes, **changes})


def choice(*given, **changes) -> Choice:
    return sizing.size(facts(*given, **changes)).choice


def test_two_thousand_images_on_two_cores_fit_into_five_minutes_with_every_family():
    found = sizing.size(facts())
    assert found.needs.seconds < 300
    assert "knn" in found.choice.classifiers
    assert "rbf" in found.choice.kernels
    assert found.choice.features == ("lite0",)
    assert found.choice.networks == ("lite0_tuned",)
    assert max(found.choice.epochs) == 10
    assert found.choice.limit is None


def test_more_minutes_never_make_a_smaller_study():
    seconds = [sizing.size(facts(minutes=minutes)).needs.seconds for minutes in (1, 3, 5, 10, 30, 120)]
    assert seconds == sorted(seconds)
    hours = choice(minutes=600)
    assert (hours.size, max(hours.epochs), len(hours.rates)) == (96, 40, 2)


@pytest.mark.parametrize("minutes", [3, 5, 10, 60])
@pytest.mark.parametrize("images", [200, 2000, 20_000, 100_000])
@pytest.mark.parametrize("cores", [2, 8, 64])
def test_what_is_chosen_is_thought_to_end_in_time(minutes, images, cores):
    given = facts(images, minutes=minutes, cores=cores)
    assert sizing.size(given).needs.seconds <= given.budget_s


def test_of_too_many_images_a_share_is_looked_at_and_that_is_said():
    found = sizing.size(facts(100_000))
    assert 1000 < found.choice.limit < 100_000
    assert "of the 100,000 images, of each class its share" in found.reasons[0]
    assert choice(100_000, minutes=600, cores=16).limit is None


def test_a_smallest_study_beyond_the_minutes_is_said_and_stands():
    found = sizing.size(facts(minutes=0.1))
    assert found.needs.seconds > 6
    assert any(reason.startswith("The smallest study there is: about ") for reason in found.reasons)
    assert 50 <= found.choice.limit < 1000


def test_few_images_are_all_looked_at_however_few_the_minutes():
    assert choice(60, classes=3, minutes=0.1).limit is None


def test_nothing_grows_that_does_not_take_part():
    reasons = sizing.size(facts(6000, classes=120, minutes=600)).reasons
    assert not [reason for reason in reasons if "SVMs" in reason or "kernel" in reason]


def test_many_classes_have_no_machine_for_every_two_of_them():
    found = sizing.size(facts(6000, classes=120, minutes=600))
    assert found.choice.kernels == ()
    assert found.reasons[0] == "No SVM: of 120 classes every two are a machine of their own."


def test_memory_bounds_the_study_whatever_the_minutes():
    poor, rich = (choice(20_000, minutes=10_000, memory_mb=memory) for memory in (5000, 64_000))
    assert poor.size < rich.size
    assert sizing.size(facts(20_000, minutes=10_000, memory_mb=5000)).needs.memory_mb <= 5000


def test_with_a_gpu_there_is_time_for_a_network_from_scratch():
    assert "resnet18" in choice(gpu=True).networks
    assert "resnet18" not in choice().networks


def test_every_step_that_was_tried_has_its_sentence():
    reasons = sizing.size(facts(minutes=60)).reasons
    assert sum(reason.startswith(("With ", "Not ")) for reason in reasons) == len(sizing.STEPS)


def test_a_published_test_part_is_none_of_the_images_to_fit():
    parts = {"train": {"a": 80, "b": 80}, "test": {"a": 20, "b": 20}}
    given = dataclasses.replace(facts(), images=parts)
    assert given.to_fit(200) == 120
    assert facts(200).to_fit(200) == 120


def test_needs_grow_with_every_choice():
    given, least = facts(), Choice()
    changes = ({"size": 64}, {"epochs": (10,)}, {"final_seeds": 3}, {"classifiers": ("knn", "forest")})
    for more in (*changes, {"features": ("lite0",)}, {"networks": ("resnet18", "lite0_tuned")}):
        larger = needs.estimate(dataclasses.replace(least, **more), given)
        assert larger.seconds > needs.estimate(least, given).seconds


@pytest.mark.parametrize(
    ("seconds", "words"), [(4, "about 10 seconds"), (91, "about 100 seconds"), (250, "about 4.2 minutes")]
)
def test_times_are_said_no_more_exactly_than_they_are_known(seconds, words):
    assert sizing.minutes(seconds) == words


def test_on_features_every_kernel_and_classifier_is_a_cell_more():
    choice, given = Choice(classifiers=("knn", "forest")), facts()
    more = dataclasses.replace(choice, features=("lite0",))
    assert (choice.cells, more.cells) == (4, 7)
    without, with_them = (needs.estimate(each, given) for each in (choice, more))
    # Images are decoded once more, at the size that the network sees, and go through it.
    assert with_them.seconds - without.seconds > 2000 * costs.FEATURES["lite0"].image_s / given.cores
    assert with_them.disk_mb > without.disk_mb + needs._pixels_mb(2000, 128)


def test_what_features_cost_is_known_of_the_row_that_is_shipped():
    for name, cost in costs.FEATURES.items():
        row = FEATURES.read(name, shipped()[FEATURES.name][name]).resolved()
        assert row.size == cost.size


def test_a_network_that_asks_for_images_of_its_own_size_is_a_view_more_and_no_larger_on_larger_images():
    tuned, given = Choice(networks=("resnet18", "lite0_tuned")), facts()
    assert tuned.cells == Choice().cells + 1
    without, with_it = (needs.estimate(each, given) for each in (Choice(), tuned))
    size = costs.NETWORKS["lite0_tuned"].size
    assert with_it.disk_mb - without.disk_mb >= int(2 * needs._pixels_mb(2000, size))
    least, larger = (
        needs.estimate(dataclasses.replace(tuned, networks=("lite0_tuned",), size=side), given).seconds
        for side in (32, 64)
    )
    plain = needs.estimate(dataclasses.replace(tuned, networks=("resnet18",), size=64), given).seconds
    assert larger - least < plain - needs.estimate(Choice(), given).seconds


def test_what_networks_cost_is_known_of_the_rows_that_are_shipped():
    for name, cost in costs.NETWORKS.items():
        assert NETWORKS.read(name, shipped()[NETWORKS.name][name]).input_size == cost.size
