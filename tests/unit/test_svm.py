import json

import numpy as np
import pytest

import arrays
from bakeoff import cell, records, svm
from bakeoff.command import UserError
from bakeoff.datasets import prepare, sources, store
from bakeoff.progress import Progress

SPLIT = prepare.Split(train=0.7, validation=0.1, holdout=0.2, seed=42, test=0.2)


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> store.Dataset:
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    raw = sources.fetch("digits", None, print)
    store.save_prepared(path, prepare.prepare(raw, SPLIT, 8, 600, 150), arrays.about("digits", 10, 8))
    return store.load(path, "images")


def fit(dataset: store.Dataset, kernel: str, **settings):
    backend = svm.SvmBackend(dataset, kernel, [settings])
    return next(backend.fit(backend.plans()[0], Progress("svm", 1))), backend


def pipeline_of(path):
    import skops.io

    unknown = skops.io.get_untrusted_types(file=path)
    assert all(name.split(".")[0] in ("numpy", "sklearn") for name in unknown), unknown
    return skops.io.load(path, trusted=unknown)


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


@pytest.mark.parametrize("kernel", svm.KERNELS)
def test_every_kernel_learns_digits_and_states_the_facts(digits, kernel):
    fitted, backend = fit(digits, kernel, C=1.0)
    run = fitted.run
    assert run["test_accuracy"] > 0.8
    assert run["status"] == "ok"
    assert run["seed"] is None
    assert run["settings"] == {"C": 1.0, "gamma": "scale", "degree": 3 if kernel == "poly" else None}
    assert 10 <= run["details"]["support_vectors"] <= 420
    assert 0 < run["train_s"] < run["time_to_result_s"]
    assert set(run["phases_s"]) == {"train", "validate", "test"}
    assert backend.identity["kernel"] == kernel
    assert backend.input_shape == (64,)


def test_each_accuracy_is_that_of_its_own_part(digits, tmp_path):
    fitted, _ = fit(digits, "linear", C=0.001)
    fitted.save_model(tmp_path / "m.skops")
    model = pipeline_of(tmp_path / "m.skops")
    for part in prepare.PARTS:
        expected = (model.predict(flat(digits.images[part])) == digits.labels[part]).mean()
        assert fitted.run[f"{part}_accuracy"] == pytest.approx(expected), part
    assert len({fitted.run[f"{part}_accuracy"] for part in prepare.PARTS}) > 1


def test_the_settings_reach_the_machine(digits, tmp_path):
    fitted, _ = fit(digits, "poly", C=3.0, gamma=0.02, degree=2)
    fitted.save_model(tmp_path / "m.skops")
    machine = pipeline_of(tmp_path / "m.skops")[-1]
    assert (machine.kernel, machine.C, machine.gamma, machine.degree) == ("poly", 3.0, 0.02, 2)


def test_the_scaler_knows_the_training_part_only(digits, tmp_path):
    fitted, _ = fit(digits, "rbf", C=1.0)
    fitted.save_model(tmp_path / "m.skops")
    scaler = pipeline_of(tmp_path / "m.skops")[0]
    train = flat(digits.images["train"])
    everything = np.concatenate([flat(images) for images in digits.images.values()])
    assert np.allclose(scaler.mean_, train.mean(0), atol=1e-6)
    assert not np.allclose(scaler.mean_, everything.mean(0), atol=1e-4)
    assert scaler.n_samples_seen_ == len(train)


def test_the_kept_model_gives_the_kept_predictions(digits, tmp_path):
    place = tmp_path / "digits" / "svm_rbf_cpu.json"
    backend = svm.SvmBackend(digits, "rbf", [{"C": [0.001, 10.0], "gamma": ["scale", 0.01]}])
    cell.run_cell(backend, place, 1, [])
    record = records.read(place)
    assert len(record["runs"]) == 4
    assert record["best"]["settings"]["C"] == 10.0
    model = pipeline_of(place.parent / "models" / "svm_rbf_cpu.skops")
    test = flat(digits.images["test"])
    with np.load(place.parent / "predictions" / "svm_rbf_cpu.npz") as kept:
        assert np.array_equal(model.predict(test), kept["predictions"])
        assert np.allclose(model.decision_function(test), kept["scores"], atol=1e-5)
        accuracy = (kept["predictions"] == kept["labels"]).mean()
    assert record["best"]["test_accuracy"] == pytest.approx(accuracy)
    support = int(model[-1].n_support_.sum())
    assert record["compute"]["macs_forward"] == support * (64 + 9)


def test_an_impossible_setting_is_a_failed_run_and_the_grid_goes_on(digits, tmp_path):
    place = tmp_path / "svm_rbf_cpu.json"
    cell.run_cell(svm.SvmBackend(digits, "rbf", [{"C": [-1.0, 1.0]}]), place, 1, [])
    failed, good = records.read(place)["runs"]
    assert (failed["status"], good["status"]) == ("failed", "ok")
    assert "'C' parameter of SVC must be a float" in failed["error"]


def test_fitting_twice_gives_the_same_machine(digits):
    (a, _), (b, _) = fit(digits, "rbf", C=1.0), fit(digits, "rbf", C=1.0)
    assert np.array_equal(a.scores, b.scores)


def small(tmp_path, **wishes) -> store.Dataset:
    return store.load(arrays.save(tmp_path / "tiny.npz", **wishes), "images")


def test_two_classes_have_two_columns_of_scores(tmp_path):
    fitted, _ = fit(small(tmp_path, classes=2), "linear", C=1.0)
    assert fitted.scores.shape == (20, 2)
    assert np.array_equal(fitted.scores.argmax(1), fitted.predictions)
    assert np.allclose(fitted.scores.sum(1), 0)


@pytest.mark.parametrize("known", [2, 3])
def test_a_class_without_training_images_has_a_column_but_is_never_the_answer(tmp_path, known):
    dataset = small(tmp_path, classes=5)
    seen = dataset.labels["train"] < known
    images = {**dataset.images, "train": dataset.images["train"][seen]}
    labels = {**dataset.labels, "train": dataset.labels["train"][seen]}
    fitted, _ = fit(store.Dataset(images, labels, dataset.meta), "linear", C=1.0)
    assert fitted.scores.shape == (20, 5)
    assert np.array_equal(fitted.scores.argmax(1), fitted.predictions)
    assert np.isfinite(fitted.scores).all()


def test_an_unknown_kernel_is_refused_with_the_known_ones(digits):
    with pytest.raises(UserError, match="unknown kernel quantum; known are rbf, poly, linear, sigmoid"):
        svm.SvmBackend(digits, "quantum", [{}])


def test_the_command_writes_the_cell(tmp_path):
    import train_svm

    data = arrays.save(tmp_path / "tiny.npz")
    output = tmp_path / "tiny" / "svm_poly_cpu.json"
    train_svm.main(train_svm.Options(data, "poly", json.loads('[{"C": 1, "degree": [2, 3]}]'), output))
    assert [run["settings"]["degree"] for run in records.read(output)["runs"]] == [2, 3]
