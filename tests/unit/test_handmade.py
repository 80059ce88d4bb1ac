"""Features that no network makes: pixels' components, histograms of gradients; components of any row."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file

import arrays
import extract_features
import fits
import train_classifier
import train_svm
from bakeoff import saved
from bakeoff.cells.family import fit, requests
from bakeoff.command import UserError
from bakeoff.data import prepare, scaling, store
from bakeoff.families.estimator.family import EstimatorFamily
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.families.svm.family import Resources, SvmFamily
from bakeoff.features import rows
from bakeoff.features.kinds import hog as hog_kind
from bakeoff.plan import make
from bakeoff.plan import written as plan_files
from bakeoff.progress import Progress
from bakeoff.records import written
from bakeoff.report import datasets
from bakeoff.rows import content, shipped
from checkout import ROOT

SIZE, FOLDS, COMPONENTS = 8, 3, 6
HOG = {"hog": {"orientations": 5, "cell": 4, "block": 1}, "input_size": 16}
MODULE = """
from torch import nn


class Small(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(7, num_classes)

    def forward(self, images):
        return self.head(self.body(images))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a folder with a network of one's own."""
    folder = tmp_path_factory.mktemp("handmade")
    (folder / "own_handmade.py").write_text(MODULE)
    return folder


@pytest.fixture(autouse=True)
def here(project, monkeypatch):
    monkeypatch.chdir(project)


@pytest.fixture(scope="module")
def folded(project):
    """Return a data set in folds that no classifier gets right as a whole."""
    return arrays.save(project / "resources/folded.npz", SIZE, noise=150, folds=FOLDS)


@pytest.fixture(scope="module")
def plain(project):
    """Return the same with a validation part."""
    return arrays.save(project / "resources/plain.npz", SIZE, noise=150)


def extracted(main, row, name="made") -> store.Dataset:
    output = main.with_name(f"{main.stem}+{name}.npz")
    dataset = json.dumps({"name": main.stem, "kind": "own_handmade:load"})
    extract_features.main(extract_features.Options(main, dataset, json.dumps({"name": name, **row}), output))
    return store.load(output, "images")


def svm(engine):
    return lambda data: SvmFamily(data, "rbf", [{"C": [0.3, 5.0]}], Resources(engine))


def logistic(data):
    row = json.dumps({"name": "logistic", "build": "sklearn.linear_model:LogisticRegression"})
    return EstimatorFamily(data, CLASSIFIERS.named(row), [{"scale": ["standard"]}], [0])


def peer(family, settings):
    """Return the pipeline that a person would write with scikit-learn."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    last = LogisticRegression() if family == "logistic" else SVC(C=settings["C"])
    return make_pipeline(StandardScaler(), PCA(COMPONENTS, svd_solver="full"), last)


FAMILIES = {"pairwise": svm("pairwise"), "sklearn": svm("sklearn"), "logistic": logistic}
ROWS = {
    "pixels": {},
    "hog": HOG,
    "network": {"network": {"build": "own_handmade:Small"}, "input_size": SIZE},
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("family", FAMILIES)
def test_on_components_predictions_are_those_of_scikit_learn_s_pipeline_on_each_fold(folded, kind, family):
    found = extracted(folded, {**ROWS[kind], "pca": COMPONENTS})
    wrong = 0
    for fitted in fits.fit_all(FAMILIES[family](found)):
        kept, left = found.fold(fitted.run.fold)
        model = peer(family, fitted.run.settings).fit(kept.images, kept.labels)
        assert np.array_equal(fitted.answers.validation, model.predict(left.images))
        wrong += (fitted.answers.validation != left.labels).sum()
    assert wrong, "where nothing is wrong, any projection would do"


@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
@pytest.mark.parametrize("shape", [(90, 9), (20, 30)], ids=["tall", "wide"])
def test_components_are_a_pipeline_s_to_the_last_digit_and_stay_so_on_disk(scale, shape):
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

    random = np.random.default_rng(0)
    given, others = (random.normal(1, 3, (count, shape[1])).astype(np.float32) for count in (shape[0], 5))
    fitted, rows_ = scaling.fitted(scale, given, 4)
    solver = scaling.solver(*shape)
    assert solver == ("covariance_eigh" if shape == (90, 9) else "full")
    first = {"standard": StandardScaler(), "minmax": MinMaxScaler(), "none": FunctionTransformer()}[scale]
    theirs = make_pipeline(first, PCA(4, svd_solver=solver))
    # A MinMaxScaler multiplies where ours divides.
    near = {"rtol": 0, "atol": 1e-4 if scale == "minmax" else 0}
    assert np.allclose(rows_, theirs.fit_transform(given), **near)
    assert np.allclose(fitted.transform(others), theirs.transform(others), **near)
    held = scaling.to_arrays(fitted)
    assert np.array_equal(scaling.from_arrays(held).transform(others), fitted.transform(others))
    with pytest.raises(ValueError, match="components"):
        scaling.from_arrays({**held, "pca_mean": held["pca_mean"][1:]})


def trained(main, row, tmp_path, **more):
    """Return the record of a cell on a row, its saved model and what it was trained on."""
    found, name = extracted(main, row), more.pop("classifier", None)
    output = tmp_path / "results/plain/cell_on_made_cpu.json"
    data = main.with_name("plain+made.npz")
    if name is None:
        train_svm.main(train_svm.Options(data=data, output=output, kernel="rbf", grid=[{}]))
    else:
        train_classifier.main(train_classifier.Options(data=data, output=output, classifier=name, **more))
    record = written.read(output)
    return record, output.parent / record.saved.file, found


TREES = {"name": "trees", "build": "sklearn.ensemble:RandomForestClassifier", "settings": {"n_estimators": 4}}
CELLS = {
    "svm": {},
    "knn": {"classifier": "knn", "grid": [{"n_neighbors": 3}]},
    "trees": {"classifier": json.dumps(TREES), "grid": [{"scale": "none"}]},
}
HOG_PCA = {**HOG, "pca": COMPONENTS}


@pytest.mark.parametrize(
    ("cell", "row"),
    [("svm", HOG), ("svm", HOG_PCA), ("knn", {"pca": COMPONENTS}), ("trees", HOG_PCA)],
    ids=str,
)
def test_a_saved_model_answers_from_images_by_the_same_projection(plain, tmp_path, cell, row):
    record, path, found = trained(plain, row, tmp_path, **CELLS[cell])
    (run,) = record.runs
    prepared = store.load(plain, "images").parts["test"]
    size = row.get("input_size", SIZE)
    images = prepare.resize(prepared.images, size)
    numbers, _ = saved.load(path)(images)
    assert float((numbers == prepared.labels).mean()) == run.test_accuracy
    assert (record.saved.size, record.saved.channels) == ((size, size), 1)
    held = load_file(path)
    assert ("pca_components" in held) == ("pca" in row)
    if "pca" in row:
        assert held["pca_components"].shape == (COMPONENTS, found.features.numbers)


def test_a_file_of_what_no_network_makes_says_by_what_rule_and_how_fast(plain):
    found = extracted(plain, HOG).features
    assert found.method.startswith("histograms of oriented gradients, scikit-image ")
    assert (found.start, found.macs, found.components, found.input_size) == (None, None, None, 16)
    assert (found.extraction.images_per_s > 0, found.extraction.device) == (True, "cpu")
    found = extracted(plain, {"pca": COMPONENTS}).features
    assert (found.method, found.macs, found.input_size) == ("pixels, 0 to 1", 0, None)
    assert (found.components, found.numbers) == (COMPONENTS, SIZE * SIZE)


def test_histograms_are_scikit_image_s_of_grey_values(tmp_path):
    from skimage.feature import hog

    held = arrays.prepared(SIZE)
    for part in arrays.COUNTS:
        grey = held.pop(f"{part}_resized")
        colours = [grey, grey // 2, 255 - grey]
        held[f"{part}_images"] = np.stack(colours, axis=3)
    main = tmp_path / "colour.npz"
    store.save_prepared(main, held, {**arrays.about("colour", 3, SIZE), "image_shape": [SIZE, SIZE, 3]})
    found = extracted(main, HOG)
    assert found.features.mean == (0.0,) * 3
    images = prepare.resize(held["test_images"], 16).astype(np.float64) / 255
    for image, numbers in zip(images, found.parts["test"].images, strict=True):
        grey = 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]
        expected = hog(grey, orientations=5, pixels_per_cell=(4, 4), cells_per_block=(1, 1))
        assert numbers == pytest.approx(expected, abs=1e-4)
        assert numbers.shape == (4 * 4 * 5,)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"pca": 49}, "48 images to fit on, with 64 numbers each, have no 49 components; name 48 at most"),
        (
            {**HOG, "hog": {"cell": 8, "orientations": 5}, "pca": 21},
            "48 images to fit on, with 20 numbers each, have no 21 components; name 20 at most",
        ),
    ],
    ids=["rows", "numbers"],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_more_components_than_there_are_skip_the_cell_with_one_line(folded, row, line, family):
    found = extracted(folded, row)
    assert found.features.skipped == f"made: pca: {line}"
    made = FAMILIES[family](found)
    (plan, *_) = made.plans(requests(made))
    runs = [fitted.run for fitted in fit(made, plan, Progress("test", plan.work))]
    assert {(run.status, run.error) for run in runs} == {("skipped", f"made: pca: {line}")}


def test_a_scaling_that_fails_is_a_run_that_failed_in_one_line(folded, monkeypatch):
    found = extracted(folded, {"pca": COMPONENTS})
    monkeypatch.setattr(scaling, "fit", lambda scale, features: scaling.from_arrays(spoilt(features)))

    def spoilt(features):
        zeros = np.zeros(features.shape[1])
        return {"scaler_mean": zeros, "scaler_scale": zeros}

    family = logistic(found)
    (plan, *_) = family.plans(requests(family))
    with np.errstate(divide="ignore", invalid="ignore"):
        ((run, _),) = [(each.run, each) for each in fit(family, plan, Progress("test", plan.work))]
    assert run.status == "failed"
    assert run.error.startswith("ClassifierError: scaling: ValueError: Input ")
    assert "\n" not in run.error


def test_what_a_machine_on_components_computes_is_counted(folded):
    family = svm("sklearn")(extracted(folded, {"pca": COMPONENTS}))
    chosen = SimpleNamespace(details={"support_vectors": 10})
    found = family.compute(chosen)
    assert found.macs_forward == SIZE * SIZE * COMPONENTS + 10 * (COMPONENTS + 3 - 1)
    assert found.method.startswith("features x components, and support vectors x (components + ")
    assert family.follows_threads  # of a projection the last digits do
    without = svm("sklearn")(extracted(folded, HOG))
    assert without.compute(chosen).method.endswith("kernel function not counted, nor what makes the features")
    assert not without.follows_threads


# Rows


def row(**fields) -> str:
    return json.dumps({"name": "made", **fields})


@pytest.mark.parametrize(
    "fields", [{"pca": 9}, HOG, {"hog": {}, "pca": 9}, {"network": "resnet18", "pca": 9}], ids=str
)
def test_a_row_is_the_same_after_it_went_through_a_command(fields):
    found = rows.extracted(row(**fields, label="Made"))
    again = rows.extracted(str(found))
    assert again == found
    assert (
        content(again.row) == content(found.row) != content(rows.extracted(row(**{**fields, "pca": 8})).row)
    )


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"pca": 0}, "features/made/pca"),
        ({"hog": {"cells": 8}}, "features/made/hog: cells is unknown; did you mean cell?"),
        ({"hog": {"cell": 40}}, "64 pixels a side hold no block of 80; enlarge it"),
        ({"hog": {}, "layer": "stem"}, "features/made: layer is unknown"),
        ({"layer": "stem"}, "features/made/network"),
        ({"label": "Pixels"}, "made: is of pixels, of which nothing is extracted"),
    ],
    ids=str,
)
def test_a_row_that_is_none_is_one_line(fields, line):
    with pytest.raises(UserError) as caught:
        rows.extracted(row(**fields))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


STUDY = {
    "gpu": "absent",
    "datasets": ["digits"],
    "networks": {"models": []},
    "comparison": {"datasets": []},
    "svm": {"kernels": ["rbf"], "features": ["pixels", "few", "hog"]},
    "classifiers": {"names": ["knn"], "features": ["hog_few"]},
    "catalog": {"features": {"few": {"pca": 9}, "hog_few": {"hog": {}, "pca": 9}}},
}


def planned() -> make.Plan:
    base = plan_files.read_file(ROOT / "config/config.yaml")
    return make.make(plan_files.overlay(base, STUDY))


def test_what_no_network_makes_is_a_cell_as_what_one_makes(monkeypatch):
    plan = planned()
    names = ["svm_rbf_cpu", "svm_rbf_on_few_cpu", "svm_rbf_on_hog_cpu", "knn_on_hog_few_cpu"]
    assert [cell.name for cell in plan.grids] == names
    said = make.as_json(plan)
    assert said["features"]["svm_rbf_on_few"] == "few"
    assert json.loads(said["rows"]["features"]["few"]) == {"name": "few", "pca": 9}
    monkeypatch.setattr(hog_kind, "find_spec", lambda name: None)
    with pytest.raises(
        UserError, match="catalog/features/hog: no package scikit-image, which makes it; `pip "
    ):
        planned()


def test_the_shipped_row_of_histograms_says_no_more_than_its_name():
    assert str(rows.extracted("hog")) == json.dumps(
        {"name": "hog", **without_label(shipped()["features"]["hog"])}
    )


def without_label(said):
    return {name: each for name, each in said.items() if name != "label"}


# Reports


def test_the_report_says_what_features_are_from_and_how_many_components_are_left(plain):
    made = [
        extracted(plain, {**fields, "label": label}, label).features
        for label, fields in ROWS.items()
        if fields
    ]
    made.append(extracted(plain, {"pca": COMPONENTS}, "few").features)
    records = [SimpleNamespace(features=each) for each in made]
    data = SimpleNamespace(records=records, number=1, about=SimpleNamespace(title="Plain"))
    table = datasets._features(data)
    shown = {line[0].text: [entry.text for entry in line[1:5]] for line in table.rows}
    assert shown["few"] == ["pixels, 0 to 1", "as prepared", "64", "6"]
    assert shown["network"] == ["drawn at random", "8 \N{MULTIPLICATION SIGN} 8", "7", "none"]
    assert shown["hog"][0].startswith("histograms of oriented gradients")
    assert "components" in table.note
    data.records = records[:1]
    assert "Components" not in [column.label for column in datasets._features(data).columns]
