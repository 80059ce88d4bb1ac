"""Fast paths train as a plain loop does, or are declined with the reason: optimizers, layers, data."""

import copy
from functools import partial

import numpy as np
import pytest

import fits
from bakeoff.data import store
from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.family import NetworkFamily
from bakeoff.machine import threads

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from small_networks import GREY, SIZE, Small, apart, drawn, fast, pictures  # noqa: E402

pytestmark = pytest.mark.numeric

# Between two programs in float64: far above rounding, far below what a wrong path does.
SAME = 1e-9
TAKEN = dict.fromkeys(("live_taps", "grey_stem", "products"), "taken")


@pytest.fixture(autouse=True)
def _one_thread():
    threads.set_threads(1)


def make(name: str, **keywords):
    return partial(getattr(torch.optim, name), **{"lr": 0.01, **keywords})


SGD = make("SGD", momentum=0.9)


# Optimizers


class OwnAdam(torch.optim.Adam):
    """A subclass, which may do anything."""


EACH_BY_ITSELF = {
    "sgd": make("SGD"),
    "momentum": make("SGD", momentum=0.9, fused=True),
    "nesterov": make("SGD", momentum=0.9, nesterov=True),
    "dampening": make("SGD", momentum=0.9, dampening=0.5),
    "adam": make("Adam", fused=True),
    "amsgrad": make("Adam", amsgrad=True),
    "adamw": make("AdamW"),
    "nadam": make("NAdam"),
    "radam": make("RAdam"),
    "adamax": make("Adamax"),
    "rmsprop": make("RMSprop", momentum=0.5, centered=True),
    "adadelta": make("Adadelta", lr=1.0),
}
OTHERS = {
    "adafactor": make("Adafactor"),
    "asgd": make("ASGD"),
    "adagrad": make("Adagrad"),
    "rprop": make("Rprop"),
    "own": partial(OwnAdam, lr=0.01),
}


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("name", EACH_BY_ITSELF)
def test_an_optimizer_that_moves_each_weight_by_itself_takes_them_all(name, decay):
    distance, said = apart(drawn(Small), partial(EACH_BY_ITSELF[name], weight_decay=decay))
    assert said == TAKEN
    assert distance < SAME


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_trains_the_stock_network_and_the_reason_is_said(name):
    distance, said = apart(drawn(Small), OTHERS[name])
    kind = type(OTHERS[name]([nn.Parameter(torch.zeros(1))])).__name__
    why = f"declined: {kind} is not known to move each weight by its own gradients alone"
    assert said == dict.fromkeys(TAKEN, why)
    assert distance < SAME


def test_dead_taps_decay_by_the_settings_of_their_own_group():
    def grouped(weights):
        weights = list(weights)
        return torch.optim.AdamW(
            [{"params": weights[:2], "weight_decay": 0.3}, {"params": weights[2:]}], 0.01
        )

    distance, said = apart(drawn(Small), grouped)
    assert said == TAKEN
    assert distance < SAME


def test_of_a_resnet_too_adamw_takes_them_and_saves_the_right_weights():
    def resnet():
        network = fits.build("resnet18", 3, 0)
        network.layer3, network.layer4 = nn.Identity(), nn.Conv2d(128, 512, 1, bias=False)
        return network

    distance, said = apart(drawn(resnet), make("AdamW", lr=1e-3, weight_decay=0.05, fused=True))
    assert said == TAKEN
    assert distance < SAME


def test_without_an_eps_a_zero_gradient_is_no_standstill():
    state = fast(drawn(Small), make("Adam", eps=0.0))
    assert (
        state.fast_paths.said["live_taps"] == "declined: with an eps of 0 a zero gradient is divided by zero"
    )


# Weights that do not train


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_frozen_weights_stay_frozen(decay):
    network = drawn(Small)
    for layer in (network.conv1, network.conv3):
        layer.weight.requires_grad_(False)
    state = fast(network, make("AdamW", weight_decay=decay))
    learning = {name for name, weight in state.model.named_parameters() if weight.requires_grad}
    assert learning == {"conv2.weight", "fc.weight", "fc.bias"}
    distance, said = apart(network, make("AdamW", weight_decay=decay))
    assert said == TAKEN
    assert distance < SAME


def test_where_the_head_alone_is_given_to_the_optimizer_nothing_else_moves():
    network = drawn(Small)

    def of_the_head(weights):
        return torch.optim.AdamW(list(weights)[-2:], 0.01, weight_decay=0.3)

    distance, said = apart(network, of_the_head)
    assert said == TAKEN
    assert distance < SAME


# Layers


class Standardised(nn.Conv2d):
    """Uses its kernel as a whole: dead taps count."""

    def forward(self, maps):
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return nn.functional.conv2d(maps, weight, None, self.stride, self.padding)


class Twice(Small):
    """Calls a layer for maps of 2 x 2 and again of 1 x 1, which leave other taps dead."""

    def __init__(self):
        super().__init__()
        self.conv3 = nn.Conv2d(4, 4, 3, 2, 1, bias=False)
        self.fc = nn.Linear(4, 3)

    def forward(self, images):
        return self.fc(torch.tanh(self.conv3(self.conv3(self.conv1(images)))).flatten(1))


class Shared(Small):
    """Two layers with one weight: of 2 x 2 maps and of 1 x 1."""

    def __init__(self):
        super().__init__()
        self.conv2 = nn.Conv2d(4, 4, 3, 2, 1, bias=False)
        self.conv3 = nn.Conv2d(4, 4, 3, 1, 1, bias=False)
        self.fc = nn.Linear(4, 3)
        self.conv3.weight = self.conv2.weight


def normed():
    network = Small()
    nn.utils.parametrizations.weight_norm(network.conv3)
    return network


def standardised():
    network = Small()
    network.conv3 = Standardised(5, 5, 3, 1, 1, bias=False)
    return network


def depthwise():
    network = Small()
    network.conv3 = nn.Conv2d(5, 5, 3, 1, 1, groups=5)
    return network


def padded_around():
    network = Small()
    network.conv2 = nn.Conv2d(4, 5, 3, 2, 1, bias=False, padding_mode="circular")
    return network


class ByKeyword(Small):
    """Calls its layers by the name of their argument."""

    def forward(self, images):
        maps = torch.tanh(self.conv2(input=torch.tanh(self.conv1(input=images))))
        return self.fc(torch.tanh(self.conv3(input=maps)).flatten(1))


@pytest.mark.parametrize(
    ("build", "cut"),
    [
        (standardised, ["conv2"]),
        (Twice, []),
        (Shared, []),
        (normed, ["conv2"]),
        (padded_around, ["conv3"]),
        (depthwise, ["conv2", "conv3"]),
        (ByKeyword, ["conv2", "conv3"]),
    ],
)
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_a_layer_is_changed_only_where_that_changes_nothing(build, cut, decay):
    network, adamw = drawn(build), make("AdamW", weight_decay=decay)
    assert [*fast(network, adamw).cuts] == [f"{name}.weight" for name in cut]
    distance, said = apart(network, adamw)
    assert said["live_taps"] == ("taken" if cut else "declined: no plain convolution has taps that are dead")
    assert distance < SAME


# Grey images


IMAGENET = {"mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}
UNSAID = "declined: the data do not say that they are grey"
UNEQUAL = "declined: mean and deviation are not the same in all channels"


@pytest.mark.parametrize(
    ("pixels", "channels", "said"),
    [
        (GREY, None, "taken"),
        (Pixels(), None, UNSAID),  # whatever the shape looks like
        (Pixels(), 3, UNSAID),
        (Pixels(grey=True, **IMAGENET), None, UNEQUAL),
        (Pixels(grey=True, mean=(0.5, 0.5, 0.4)), None, UNEQUAL),
        (Pixels(grey=True, deviation=(0.5, 0.5, 0.4)), None, UNEQUAL),
        (Pixels(grey=True, mean=(0.1,) * 3, deviation=(0.3,) * 3), None, "taken"),
        (Pixels(**IMAGENET), 3, UNSAID),
    ],
)
def test_one_channel_is_computed_of_data_that_say_they_are_grey_and_equal_in_all(pixels, channels, said):
    distance, paths = apart(drawn(Small), SGD, pixels, pictures(channels=channels))
    assert paths == {**TAKEN, "grey_stem": said}
    assert distance < SAME


def test_images_are_normalised_channel_by_channel():
    images = pictures(channels=3)
    found = Pixels(**IMAGENET).normalise(images)
    mean, deviation = (torch.tensor(IMAGENET[name]).view(3, 1, 1) for name in ("mean", "deviation"))
    assert torch.allclose(found, (images.movedim(3, 1) / 255 - mean) / deviation, rtol=0, atol=1e-5)
    grey = Pixels(grey=True, **IMAGENET).normalise(images[..., 0])
    assert torch.allclose(grey, (images[:, None, :, :, 0] / 255 - mean) / deviation, rtol=0, atol=1e-5)


class Mixed(Small):
    """Mixes the colours before the first large kernel, which so sees no images though it has 3 channels."""

    def __init__(self):
        super().__init__()
        self.colours = nn.Conv2d(3, 3, 1, bias=False)

    def forward(self, images):
        return super().forward(self.colours(images))


class Rescaled(Small):
    """Normalises each channel anew, as networks do that were trained elsewhere."""

    def forward(self, images):
        return super().forward(images * images.new_tensor([1.0, 2.0, 3.0]).view(3, 1, 1))


@pytest.mark.parametrize(
    ("build", "said"),
    [(Mixed, "taken"), (Rescaled, "declined: no plain convolution sees the images themselves")],
)
def test_the_first_layer_is_the_one_that_sees_the_images_themselves(build, said):
    distance, paths = apart(drawn(build), SGD)
    assert paths["grey_stem"] == said
    assert distance < SAME


def test_products_and_one_channel_are_for_cpus():
    said = fast(drawn(Small), SGD, kind="cuda").fast_paths.said
    assert said == {
        "live_taps": "taken",
        **dict.fromkeys(("grey_stem", "products"), "declined: it is for CPUs"),
    }


# From the data set to the record


def colour_data(classes: int, per_class: int) -> store.Dataset:
    """Return images whose classes differ in blue alone, and labels of a type that holds them all."""
    random = np.random.default_rng(0)
    patterns = random.integers(0, 256, (classes, 8, 8))
    parts = {}
    for part in ("train", "validation", "holdout", "test"):
        labels = np.tile(np.arange(classes), per_class)
        images = random.integers(0, 256, (len(labels), 8, 8, 3)).astype(np.uint8)
        images[..., 2] = patterns[labels]
        parts[part] = store.Part(images, labels)
    meta = {"name": "blue", "classes": [f"class {number}" for number in range(classes)], "digest": "0" * 64}
    return store.Dataset(parts, meta)


@pytest.mark.usefixtures("short_and_steady")
def test_a_network_learns_from_every_colour_and_the_run_says_which_paths_it_took():
    block = {"batch_size": 16, "learning_rate": 0.001, "epochs": 5}
    family = NetworkFamily(colour_data(3, 40), *fits.rows("resnet18", "adam"), "cpu", [block], [0])
    (fitted,) = fits.fit_all(family)
    graph = "declined: it is for GPUs"
    assert fitted.run.details["fast_paths"] == {**TAKEN, "grey_stem": UNSAID, "graph": graph}
    assert fitted.run.validation_accuracy > 0.8
    assert family.compute(None).flops_train_executed > 0


@pytest.mark.usefixtures("short_and_steady")
def test_three_hundred_classes_are_told_apart_by_their_numbers():
    block = {"batch_size": 64, "learning_rate": 0.001, "epochs": 1}
    adam = fits.rows("resnet18", "adam")
    (fitted,) = fits.fit_all(NetworkFamily(colour_data(300, 2), *adam, "cpu", [block], [0]))
    assert fitted.answers.scores.shape == (600, 300)
    assert np.array_equal(fitted.answers.test, fitted.answers.scores.argmax(1))
    truth = np.tile(np.arange(300), 2)
    assert fitted.run.test_accuracy == pytest.approx(float((fitted.answers.test == truth).mean()))


@pytest.mark.usefixtures("short_and_steady")
def test_data_that_say_it_are_grey(dataset):
    block = {"batch_size": 16, "learning_rate": 0.01, "epochs": 1}
    unsaid = copy.deepcopy(dataset)
    del unsaid.meta["grey"]
    for data, said in ((dataset, "taken"), (unsaid, UNSAID)):
        (fitted,) = fits.fit_all(NetworkFamily(data, *fits.rows("resnet18", "sgd"), "cpu", [block], [0]))
        assert fitted.run.details["fast_paths"]["grey_stem"] == said


def test_the_shapes_here_leave_dead_taps():
    assert [*fast(drawn(Small), SGD).cuts] == ["conv2.weight", "conv3.weight"]
    assert SIZE == 4
