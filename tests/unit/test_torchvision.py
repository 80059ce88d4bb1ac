"""One network of each kind that torchvision has trains a step, on small images."""

import inspect

import pytest

import arrays
import fits
from bakeoff.command import UnfitError
from bakeoff.data import store
from bakeoff.families.network import trying
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from own_networks import named

torch = pytest.importorskip("torch")

from torchvision import models  # noqa: E402

pytestmark = [
    pytest.mark.usefixtures("short_and_steady"),
    # How it draws weights is torchvision's.
    pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning"),
]

# The smallest of each kind, and a small size of images that it takes: where batches are normalised, one that
# leaves each map several values, as the gradient of fewer has no bound.
SMALLEST = {
    "alexnet": ("alexnet", 63),
    "convnext": ("convnext_tiny", 32),
    "densenet": ("densenet121", 64),
    "efficientnet": ("efficientnet_b0", 64),
    "googlenet": ("googlenet", 64),
    "inception": ("inception_v3", 75),
    "maxvit": ("maxvit_t", 224),
    "mnasnet": ("mnasnet0_5", 64),
    "mobilenetv2": ("mobilenet_v2", 64),
    "mobilenetv3": ("mobilenet_v3_small", 64),
    "regnet": ("regnet_y_400mf", 64),
    "resnet": ("resnet18", 64),
    "shufflenetv2": ("shufflenet_v2_x0_5", 64),
    "squeezenet": ("squeezenet1_1", 17),
    "swin_transformer": ("swin_t", 32),
    "vgg": ("vgg11", 32),
    "vision_transformer": ("vit_b_32", 32),
    # Of the module of ResNets, those whose blocks are others.
    "resnext": ("resnext50_32x4d", 64),
    "wide_resnet": ("wide_resnet50_2", 64),
}
SETTINGS = {"vit_b_32": {"image_size": 32}}
COUNTS = {"train": 4, "validation": 2, "holdout": 2, "test": 2}
BLOCK = {"batch_size": 4, "learning_rate": 0.001, "epochs": 1}


def kind(name: str) -> str:
    """Return the module of torchvision's that builds a network."""
    return inspect.getmodule(models.get_model_builder(name)).__name__.rpartition(".")[2]


def images(folder, size: int) -> store.Dataset:
    path = arrays.save(folder / "images.npz", size, classes=2, counts=COUNTS)
    return store.load(path, "resized")


def test_there_is_one_of_every_kind():
    assert {kind(name) for name in models.list_models(module=models)} == {*SMALLEST} - {
        "resnext",
        "wide_resnet",
    }


@pytest.mark.parametrize(("build", "size"), SMALLEST.values(), ids=[*SMALLEST])
def test_one_of_each_kind_trains_a_step(tmp_path, build, size):
    row = named(build=build, settings=SETTINGS.get(build, {}))
    cell = NetworkFamily(images(tmp_path, size), row, OPTIMIZERS.named("sgd"), "cpu", [BLOCK], (0,))
    ((run,),) = [[fitted.run for fitted in fits.fit_all(cell)]]
    assert (run.status, run.history[-1].epoch) == ("ok", 1)


@pytest.mark.parametrize(
    ("build", "settings", "size", "said"),
    [
        (
            "vit_b_32",
            {},
            32,
            "vit_b_32: cannot take images of 3 x 32 x 32: AssertionError: Wrong image height!",
        ),
        ("alexnet", {}, 62, "alexnet: cannot take images of 3 x 62 x 62: RuntimeError: "),
        ("googlenet", {"aux_logits": True}, 32, "googlenet: answers with a GoogLeNetOutputs while it trains"),
    ],
)
def test_what_takes_no_images_of_a_size_or_answers_otherwise_says_so(build, settings, size, said):
    with pytest.raises(UnfitError) as caught:
        trying.tried(named(build=build, settings=settings).row, 2, (3, size, size))
    assert str(caught.value).startswith(said)
