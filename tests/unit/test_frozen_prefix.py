"""A frozen beginning is run once where that changes no bit of a training, and declined otherwise."""

import tempfile
import time

import numpy as np
import pytest

import fits
from bakeoff.families.network import engines, kept, precision, prefix
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS
from trainings import family

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

LAST_STAGE = ("conv1", "bn1", "layer1", "layer2", "layer3")


class Front(nn.Module):
    """At 8 x 8: two convolutions that are frozen, what normalises and pools, and a head with dropout."""

    def __init__(self, classes=3):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.between = nn.Identity()
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.requires_grad_(False)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(16 * 16, classes)

    def front(self, images):
        return self.conv2(self.between(self.bn(self.conv1(images)).relu()))

    def forward(self, images):
        return self.fc(self.drop(self.front(images).relu()).flatten(1))


class Drawing(Front):
    """Drops maps at random, trained or not."""

    def front(self, images):
        return super().front(nn.functional.dropout(images, 0.5, True))


class Beside(Front):
    """Asks for the images once more behind the frozen part."""

    def forward(self, images):
        return super().forward(images) + images.mean((1, 2, 3))[:, None]


class Filling(Front):
    """Writes the images into a tensor that was there before."""

    def forward(self, images):
        filled = torch.zeros(len(images), 1)
        filled[:] = images.mean((1, 2, 3))[:, None]
        return super().forward(images) + filled


class Asking(Front):
    """Does what the images say."""

    def forward(self, images):
        return super().forward(images) if images.mean() > -2 else self.fc(images.flatten(1))


class Following(Front):
    """Moves its frozen part in every step, as momentum encoders do."""

    def __init__(self, classes):
        super().__init__(classes)
        self.fc.weight.register_hook(self._move)

    def _move(self, gradient):
        self.conv2.bias.data += gradient.abs().mean()


class Wandering(Front):
    """Moves its frozen part whenever it is asked."""

    def forward(self, images):
        answer = super().forward(images)
        self.conv2.bias.data += 1
        return answer


class Counting(nn.Module):
    """Counts the images that pass."""

    seen = 0

    def forward(self, maps):
        self.seen += len(maps)
        return maps


class Centred(nn.Module):
    """Takes from each image the mean of all in the batch."""

    def forward(self, maps):
        return maps - maps.mean(0, keepdim=True)


def between(part):
    def build(classes):
        network = Front(classes)
        network.between = part()
        return network

    return build


def last_frozen(classes):
    network = Front(classes).requires_grad_(True)
    network.fc.requires_grad_(False)
    return network


@pytest.fixture
def build(monkeypatch):
    """Let a function of the number of classes build every network, its weights from the seed."""

    def use(function):
        def built(network, classes, seed):
            torch.manual_seed(seed)
            return function(classes)

        monkeypatch.setattr(models, "build", built)

    monkeypatch.setattr(prefix, "WORTH", 0)
    return use


def resnet(*frozen):
    def build(classes):
        network = models.architecture(NETWORKS.named("resnet18").row, classes, 0)
        for name in frozen:
            network.get_submodule(name).requires_grad_(False)
        return network

    return build


def fitted(dataset, *blocks, **wishes):
    """Return for each run all but its clocks and what is said of the beginning; its weights; its answers."""
    whole = family(dataset, *blocks, **wishes)
    weights, save = [], type(whole)._save

    def kept_too(self, epoch, path):
        weights.append(epoch.state.weights())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(whole), "_save", kept_too)
        found = fits.fit_all(whole)
        for each in found:
            each.save_model(None)
    assert save is type(whole)._save
    runs = [fits.without(each.run, (*fits.CLOCKS, prefix.NAME, "packed", "side_by_side")) for each in found]
    said = {each.run.details["fast_paths"].get(prefix.NAME) for each in found}
    return runs, weights, [each.answers for each in found], said


def both(dataset, *blocks, **wishes):
    """Return what is said of the beginning where it is run once, after a look at the bits of both ways."""
    *once, said = fitted(dataset, *blocks, **wishes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefix, "take", lambda *_: None)
        *anew, unsaid = fitted(dataset, *blocks, **wishes)
    assert unsaid == {None}
    assert once[0] == anew[0]
    for mine, theirs in zip(once[1], anew[1], strict=True):
        assert all(torch.equal(mine[name], each) for name, each in theirs.items())
    for mine, theirs in zip(once[2], anew[2], strict=True):
        assert np.array_equal(mine.scores, theirs.scores)
    return said


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"ema": 0.9, "clip": 0.1},
        {"schedule": "cosine", "warmup": 0.2, "label_smoothing": 0.1},
        {"class_weights": "balanced", "early_stop": 1, "epochs": 4},
        {"batch_size": 20},  # the last batch has 8 of 48 images
        {"batch_size": 47},  # one image is left, and no batch
        {"batch_size": 64},  # more than there are
    ],
)
def test_settings_of_every_kind_come_to_the_bits_of_a_beginning_computed_anew(dataset, build, block):
    build(Front)
    assert both(dataset, block) == {"taken"}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("frozen", [LAST_STAGE, (*LAST_STAGE, "layer4")])
def test_of_a_resnet_last_stage_or_head_alone_come_to_the_same_bits(
    dataset, build, optimizer, frozen, monkeypatch
):
    """Whether an image's place in a batch decides its last bits is the processor's."""
    build(resnet(*frozen))
    whole, right = prefix._is_right, []

    def is_right(kept, size):
        found = whole(kept, size)
        if size == kept.size:
            right.append(found)
        return found

    monkeypatch.setattr(prefix, "_is_right", is_right)
    said = both(dataset, {"batch_size": 20}, optimizer=optimizer)
    depends = "declined: what it makes of an image depends on the others in a batch"
    assert said == {"taken" if right and all(right) else depends}


def test_it_is_taken_where_it_pays_alone(dataset, build, monkeypatch):
    build(Front)
    monkeypatch.setattr(prefix, "WORTH", 100)
    assert both(dataset) == {"declined: its activations are as quickly computed as read"}
    build(resnet(*LAST_STAGE))
    *_, said = fitted(dataset)
    assert said == {"taken"}


def test_each_image_passes_the_beginning_once_however_many_epochs_there_are(dataset, build):
    networks = []
    build(lambda classes: networks.append(between(Counting)(classes)) or networks[-1])
    passed = []
    for epochs in (2, 5):
        fitted(dataset, {"epochs": epochs})
        passed.append(networks[-1].between.seen)
    assert passed[0] == passed[1]


def test_the_time_of_that_is_part_of_training(dataset, build, monkeypatch):
    build(Front)
    fill = kept.Kept.fill

    def slowly(self):
        time.sleep(0.5)
        fill(self)

    monkeypatch.setattr(kept.Kept, "fill", slowly)
    (run,) = [each.run for each in fits.fit_all(family(dataset))]
    assert run.history[0].train_s > 0.5
    assert run.train_s > 0.5
    assert run.phases_s["train"] > 0.5


def test_a_short_last_batch_that_comes_to_other_bits_is_computed_anew(dataset, build, monkeypatch):
    build(Front)
    right, asked = prefix._is_right, []

    def of_the_full_one(kept, size):
        asked.append(size)
        return size == 20 and right(kept, size)

    monkeypatch.setattr(prefix, "_is_right", of_the_full_one)
    assert both(dataset, {"batch_size": 20}) == {"taken"}
    assert asked == [20, 8]


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Drawing, "it draws random numbers"),
        (Beside, "no frozen part comes before all that is trained"),
        (Filling, "no frozen part comes before all that is trained"),
        (Asking, "no frozen part comes before all that is trained"),
        (Following, "a step changes it"),
        (Wandering, "the rest answers otherwise when it is called apart"),
        (between(Centred), "what it makes of an image depends on the others in a batch"),
        (last_frozen, "no frozen part comes before all that is trained"),
    ],
)
def test_what_is_not_known_to_stay_the_same_is_computed_anew(dataset, build, network, said):
    build(network)
    assert both(dataset) == {f"declined: {said}"}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"epochs": 1}, "in one epoch each image passes it once"),
        ({"augmentation": "flip"}, "images are changed at random as they are trained on"),
        ({"precision": "mixed"}, "it is computed in a low precision"),
        ({"engine": "dataloader"}, "batches come from the host"),
    ],
)
def test_so_is_it_with_settings_by_which_it_does_not(dataset, build, monkeypatch, block, said):
    build(Front)
    monkeypatch.setattr(precision, "_cpu_has_bfloat16", lambda: True)
    monkeypatch.setattr(engines.batches, "LOADER_WORKERS", 0)
    *_, found = fitted(dataset, block)
    assert found == {f"declined: {said}"}


@pytest.mark.parametrize("part", [nn.Dropout, lambda: nn.BatchNorm2d(8, affine=False)])
def test_what_has_no_parameters_trains_and_so_the_beginning_ends_before_it(dataset, build, monkeypatch, part):
    build(between(part))
    kept_once, ends = prefix._kept, []

    def noted(members, *what):
        found = kept_once(members, *what)
        ends.append(found.found.name)
        return found

    monkeypatch.setattr(prefix, "_kept", noted)
    assert both(dataset) == {"taken"}
    assert ends == ["bn"]


def test_a_network_that_freezes_nothing_says_nothing_of_it(dataset, build):
    build(lambda classes: Front(classes).requires_grad_(True))
    assert both(dataset) == {None}


def test_side_by_side_what_begins_alike_is_kept_once(dataset, build, monkeypatch):
    filled, fill = [], kept.Kept.fill

    def noted(self):
        filled.append(len(self.part))
        fill(self)

    def undrawn(classes):
        network = Front(classes)
        network.drop = nn.Identity()
        return network

    def same_front(classes):
        network = undrawn(classes)
        seed = torch.Generator().manual_seed(0)
        for each in (network.conv1.weight, network.conv2.weight, network.conv2.bias):
            each.data = torch.randn(each.shape, generator=seed)
        return network

    monkeypatch.setattr(kept.Kept, "fill", noted)
    build(same_front)
    assert both(dataset, {"learning_rate": [0.01, 0.02]}, pack=2) == {"taken"}
    assert filled == [48]
    build(undrawn)
    said = both(dataset, seeds=(0, 1), pack=2)
    assert said == {"declined: a training beside it begins otherwise"}


def test_the_file_of_activations_has_no_name_and_is_gone_with_them(dataset, build, monkeypatch, tmp_path):
    build(Front)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made, room_for = [], kept.room_for

    def noted(*what):
        made.append(room_for(*what))
        return made[-1]

    monkeypatch.setattr(prefix, "room_for", noted)
    *_, said = fitted(dataset)
    assert said == {"taken"}
    assert [each.shape for each in made] == [(48, 16 * 16)]
    assert list(tmp_path.iterdir()) == []


def test_activations_that_disk_or_memory_do_not_hold_are_computed_anew(dataset, build, monkeypatch):
    build(Front)
    monkeypatch.setattr(kept.room, "memory_mb", lambda: 0)
    assert both(dataset) == {"declined: its activations need 0 MB, more than a quarter of memory or disk"}
    monkeypatch.undo()
    monkeypatch.setattr(prefix, "WORTH", 0)
    monkeypatch.setattr(models, "build", lambda network, classes, seed: Front(classes))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.os, "posix_fallocate", full)
    *_, said = fitted(dataset)
    assert said == {"declined: its activations cannot be kept: No space left on device"}
