"""Training images changed at random: what of, how far, with the same bits again; never validation or test."""

import copy

import numpy as np
import pytest

import fits
from bakeoff.cells.family import requests
from bakeoff.command import UserError
from bakeoff.families.network import augmentation, axes, engines, graphs, loop, trivial
from bakeoff.families.network.augmentation import Drawn
from bakeoff.families.network.batches import Part, Pixels
from trainings import engine, family, killed_and_resumed, runs, same

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.numeric,
    pytest.mark.usefixtures("short_and_steady", "small_networks"),
]

CPU = torch.device("cpu")
NAMES = [*augmentation.CHANGES]
MANY = 4000


def pictures(count: int = 6, size: int = 8, colour: bool = False):
    shape = (count, size, size, *([3] if colour else []))
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def changed(name: str, images, seed: int = 0, epoch: int = 1):
    drawn = Drawn(name, len(images), CPU)
    drawn.start(seed, epoch)
    return drawn.change(images, torch.arange(len(images)))


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("name", [*NAMES, "crop+flip"])
def test_images_keep_shape_and_kind_and_are_drawn_from_seed_and_epoch_alone(name, colour):
    images = pictures(40, colour=colour)
    kept = images.clone()
    found = changed(name, images)
    torch.manual_seed(99)
    assert (found.shape, found.dtype) == (images.shape, torch.uint8)
    assert torch.equal(found, changed(name, images))
    assert not torch.equal(found, changed(name, images, epoch=2))
    assert not torch.equal(found, changed(name, images, seed=1))
    assert torch.equal(images, kept)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_network_draws_from_is_not_touched(name):
    state = torch.get_rng_state()
    changed(name, pictures())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_changed_the_same_alone_and_in_a_batch(name):
    """As a loader has it, image by image; a last grey level is rounding of what is computed in floats."""
    images, rows = pictures(24, colour=True), torch.arange(24)
    drawn = Drawn(name, 24, CPU)
    drawn.start(0, 1)
    together = drawn.change(images, rows)
    alone = torch.cat([drawn.change(images[row : row + 1], rows[row : row + 1]) for row in range(24)])
    assert int((together.int() - alone.int()).abs().max()) <= (1 if name in ("crop", "jitter") else 0)


@pytest.mark.parametrize("name", NAMES)
def test_grey_images_in_three_channels_stay_grey(name):
    found = changed(name, pictures(40)[..., None].expand(-1, -1, -1, 3).contiguous())
    assert torch.equal(found[..., 0], found[..., 1])
    assert torch.equal(found[..., 0], found[..., 2])


def test_every_second_image_is_flipped():
    images = pictures(MANY, 3)
    found = changed("flip", images)
    flipped = (found == images.flip(2)).flatten(1).all(1)
    assert torch.equal(found[~flipped], images[~flipped])
    assert 0.46 < float(flipped.float().mean()) < 0.54


def test_a_shift_reaches_an_eighth_of_a_side_each_way_and_repeats_the_edge():
    size, reach = 16, 2
    ramp = torch.arange(size, dtype=torch.uint8).expand(MANY, size, size)
    across, down = (changed("shift", each) for each in (ramp, ramp.mT.contiguous()))
    for found in (across, down.mT):
        by = 8 - found[:, 8, 8].int()
        counts = torch.bincount(by + reach, minlength=5)
        assert len(counts) == 2 * reach + 1
        assert 0.16 < float(counts.min() / MANY) < float(counts.max() / MANY) < 0.24
        expected = (torch.arange(size) - by[:, None]).clamp(0, size - 1)
        assert torch.equal(found[:, 3].int(), expected.int())


def test_a_crop_keeps_a_third_of_the_area_at_least_and_lies_inside():
    size = 32
    ramp = (torch.arange(size) * 8).byte().expand(MANY, size, size)
    wide, tall = (
        (found[:, :, -1].int() - found[:, :, 0].int()).float().mean(1) / (8 * (size - 1))
        for found in (changed("crop", ramp), changed("crop", ramp.mT.contiguous()).mT)
    )
    area = wide * tall
    assert 0.28 < float(area.min()) < 0.4
    assert float(area.max()) > 0.9
    assert float((wide / tall).max()) < 1.5
    assert 0.55 < float(area.mean()) < 0.7


def test_jitter_changes_brightness_contrast_and_saturation_by_no_more_than_said():
    flat = torch.full((MANY, 2, 2, 3), 100, dtype=torch.uint8)
    bright = changed("jitter", flat)[:, 0, 0, 0].float() / 100
    assert 0.59 < float(bright.min()) < 0.62
    assert 1.38 < float(bright.max()) < 1.41
    assert 0.98 < float(bright.mean()) < 1.02
    colour = flat.clone()
    colour[..., 0] = 150
    found = changed("jitter", colour)[:, 0, 0].float()
    spread = (found[:, 0] - found[:, 1]) / 50
    assert 0.21 < float(spread.min()) < float(spread.max()) < 2.8
    assert float(spread.std()) > 0.2


def theirs(monkeypatch, image, operation: int, step: int, negative: bool):
    """Return what torchvision's TrivialAugmentWide makes of an image where it draws these numbers."""
    from torchvision.transforms import TrivialAugmentWide

    wide = TrivialAugmentWide()
    (_, (strengths, signed)) = list(wide._augmentation_space(31).items())[operation]
    draws = [operation, *([step] if strengths.ndim else []), *([negative] if signed else [])]
    with monkeypatch.context() as patch:
        patch.setattr(torch, "randint", lambda *what, **more: torch.tensor([draws.pop(0)]))
        return wide(image)


@pytest.mark.parametrize("operation", range(14))
@pytest.mark.parametrize("colour", [False, True])
def test_trivial_is_torchvisions_at_every_strength(monkeypatch, operation, colour):
    image = pictures(1, 12, colour=True)[0].movedim(2, 0)[: 3 if colour else 1]
    for step in range(31):
        for negative in (False, True):
            middle = (operation + 0.5) / 14, (step + 0.5) / 31, 0.25 if negative else 0.75
            found = trivial.change(image[None], torch.tensor([middle]))[0]
            expected = theirs(monkeypatch, image, operation, step, negative)
            assert torch.equal(found, expected), (trivial.NAMES[operation], step, negative)


def test_trivial_draws_operations_alike_often():
    drawn = Drawn("trivial", MANY, CPU)
    drawn.start(0, 1)
    counts = torch.bincount((drawn._drawn[:, 0] * 14).long())
    assert len(counts) == 14
    assert 0.055 < float(counts.min() / MANY) < float(counts.max() / MANY) < 0.09


# Trainings


@pytest.mark.parametrize("name", [*NAMES, "crop+flip"])
def test_the_same_seed_gives_the_same_bits_and_the_training_another(dataset, name):
    (one,), (again,), (plain,) = (runs(dataset, {"augmentation": each}) for each in (name, name, "none"))
    assert same(one, again)
    assert one.history[0].train_loss != plain.history[0].train_loss
    assert "follows_epochs" not in one.details


def test_epochs_share_a_training_and_each_draws_anew(dataset):
    one, two = runs(dataset, {"augmentation": "shift", "epochs": [1, 2]})
    (alone,) = runs(dataset, {"augmentation": "shift", "epochs": 1})
    assert fits.without(one.history) == fits.without(alone.history) == fits.without(two.history)[:1]


def test_warm_up_leaves_no_trace(dataset, monkeypatch):
    (short,) = runs(dataset, {"augmentation": "crop"})
    monkeypatch.setattr(engines, "WARM_UP_STEPS", 5)
    (long,) = runs(dataset, {"augmentation": "crop"})
    assert same(short, long)


@pytest.mark.parametrize("name", ["flip", "shift", "trivial"])
def test_the_dataloader_engine_sees_the_same_images(dataset, name):
    resident, loader = runs(dataset, {"augmentation": name, "engine": ["resident", "dataloader"]})
    assert fits.without(resident.history) == fits.without(loader.history)


def test_side_by_side_each_training_draws_for_itself(dataset):
    block = {"augmentation": ["flip", "jitter", "none"], "learning_rate": [0.01, 0.001]}
    together, alone = (runs(dataset, block, pack=pack, seeds=(0, 1)) for pack in (4, 1))
    assert len(together) == 12
    for run in together:
        assert run.details["side_by_side"] == 4
        (other,) = (each for each in alone if each.request == run.request)
        assert fits.without(run.history) == fits.without(other.history)


def test_steps_that_take_longer_are_not_packed_with_others(dataset):
    cell = family(dataset, {"augmentation": ["none", "trivial"], "learning_rate": [0.1, 0.2]}, pack=8)
    plans = cell.plans(requests(cell))
    said = [{r.settings.get("augmentation") for r in plan.requests} for plan in plans]
    assert said == [{None}, {"trivial"}]


def test_killed_and_resumed_is_equal_to_undisturbed(dataset, tmp_path):
    block = {"augmentation": "crop+flip", "schedule": "cosine", "epochs": 3}
    found, expected = killed_and_resumed(dataset, tmp_path, 5, block, seeds=(0, 1))
    assert found == expected


def test_validation_and_test_are_never_changed(dataset, monkeypatch):
    """Every image that a training changes is one of its training part, and evaluation sees the data's own."""
    seen, evaluated, evaluate = [], [], loop.evaluate
    change = Drawn.change
    monkeypatch.setattr(
        Drawn, "change", lambda drawn, images, rows: seen.append(images) or change(drawn, images, rows)
    )

    def noted(model, part, device):
        before = len(seen)
        found = evaluate(model, part, device)
        assert len(seen) == before
        evaluated.append(part.images.numpy())
        return found

    monkeypatch.setattr(loop, "evaluate", noted)
    runs(dataset, {"augmentation": "trivial"})
    own = {image.tobytes() for image in dataset.parts["train"].images}
    assert {image.tobytes() for batch in seen for image in batch.numpy()} <= own
    parts = [dataset.parts[name].images for name in ("validation", "holdout", "test")]
    assert all(any(np.array_equal(each, part) for part in parts) for each in evaluated)
    assert len(evaluated) == 4


def test_the_data_stay_as_they_are(dataset):
    kept = copy.deepcopy(dataset.parts["train"].images)
    runs(dataset, {"augmentation": "crop+shift+flip+jitter+trivial", "epochs": 1})
    assert np.array_equal(dataset.parts["train"].images, kept)


def test_a_graph_is_not_recorded_and_what_is_said_of_it_says_so(dataset, monkeypatch):
    monkeypatch.setattr(graphs, "record", lambda works: pytest.fail("recorded"))
    found = engine(dataset, {"augmentation": "flip"})
    found._record()
    why = "images are changed at random as they are trained on"
    assert found.fast_paths.said["graph"] == f"declined: {why}"


def test_colour_images_go_through_every_change():
    part = Part.from_arrays(pictures(12, colour=True).numpy(), np.arange(12) % 3, Pixels())
    found = part.pixels.normalise(changed("+".join(NAMES), part.images))
    assert found.shape == (12, 3, 8, 8)
    assert not torch.equal(found[:, 0], found[:, 1])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("flop", "flop is unknown; did you mean flip?"),
        ("flip+none", "flip+none is unknown"),
        ("flip+flip", "flip is named twice; name each once"),
        ("", "is unknown"),
        (3, "3 is unknown; known are none, crop"),
        ([["flip"]], "is unknown"),
    ],
)
def test_what_is_no_augmentation_is_one_line(given, said):
    with pytest.raises(UserError) as caught:
        axes.check([{"augmentation": given}])
    assert said in str(caught.value)


def test_whatever_order_changes_are_said_in_they_are_one_run():
    found = axes.expand([{"augmentation": ["flip+crop", "crop+flip", "none"]}], "cpu")
    assert [each.get("augmentation") for each in found] == ["crop+flip", None]
