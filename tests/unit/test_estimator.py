"""Classifiers by import path: fitted as scikit-learn fits them, whatever they raise is a run that failed."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

import arrays
import time_chosen
from bakeoff import saved
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources
from bakeoff.command import DamagedError, UserError
from bakeoff.data import store
from bakeoff.families import rooms
from bakeoff.families.estimator import plain as arrays_of
from bakeoff.families.estimator import trees
from bakeoff.families.estimator.family import EstimatorFamily
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.records import layout, signature, written

FOREST = {
    "build": "sklearn.ensemble:RandomForestClassifier",
    "settings": {"n_estimators": 5},
    "scale": ["none"],
}
OWN = '''
"""A person's own classifiers."""

import warnings

import numpy as np


class Nearest:
    """Nearest mean of a class; no parameters, no classes_, no get_params."""

    def __init__(self, says="numbers"):
        self.says = says

    def fit(self, X, y):
        warnings.warn("means are\\nno more than means", UserWarning)
        warnings.warn("of a version to come", FutureWarning)
        self.means = np.stack([X[y == number].mean(0) for number in np.unique(y)])
        return self

    def predict(self, X):
        found = ((X[:, None] - self.means) ** 2).sum(2).argmin(1)
        return {"numbers": found, "words": found.astype(str), "few": found[:1], "high": found + 7}[self.says]


class Chance(Nearest):
    """Says of each class a probability, by numpy's own random numbers."""

    def __init__(self, spoilt=False):
        super().__init__()
        self.spoilt = spoilt

    def predict_proba(self, X):
        found = np.random.random((len(X), len(self.means)))
        return found * np.nan if self.spoilt else found / found.sum(1, keepdims=True)


class Unsaved(Nearest):
    """Holds what no file can hold."""

    def fit(self, X, y):
        self.hook = (each for each in X)
        return super().fit(X, y)


def of_two(scale):
    return Nearest() if scale else 3
'''


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return arrays.save(tmp_path_factory.mktemp("data") / "tiny.npz", noise=120)


@pytest.fixture(scope="module")
def data(path) -> store.Dataset:
    return store.load(path, "images")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Put a module into the working directory, and be there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_classifiers.py").write_text(OWN)
    yield
    monkeypatch.undo()


def row(build: str, name: str = "mine", **more):
    return CLASSIFIERS.named(json.dumps({"name": name, "build": build, **more}))


def family(data, row, seeds=(0,), threads=1, blocks=None) -> EstimatorFamily:
    row = CLASSIFIERS.named(row) if isinstance(row, str) else row
    return EstimatorFamily(data, row, blocks or [row.row.block()], list(seeds), threads)


def run(family, folder: Path, **more):
    """Run a cell; return its record and where it lies."""
    place = folder / "tiny" / f"{family.competitor.cell}.json"
    cell.run_cell(family, place, 1, [], **more)
    return written.read(place), place


def plain(data, part: str) -> np.ndarray:
    images = data.parts[part].images
    return images.reshape(len(images), -1).astype(np.float32) / 255


def answers(place: Path) -> dict[str, np.ndarray]:
    with np.load(layout.beside(place, "predictions")) as file:
        return dict(file)


PLAIN = {
    "knn": lambda settings: KNeighborsClassifier(n_neighbors=settings["n_neighbors"]),
    "logistic": lambda settings: LogisticRegression(C=settings["C"], max_iter=1000, random_state=0),
    "forest": lambda settings: RandomForestClassifier(
        200, max_features=settings["max_features"], random_state=0
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_cell_finds_what_plain_scikit_learn_finds(data, tmp_path, name):
    record, place = run(family(data, name), tmp_path)
    assert (record.family, record.competitor, record.group) == ("estimator", name, "classifiers")
    assert record.label == CLASSIFIERS.named(name).label
    assert record.scores == "probabilities"
    assert record.compute.macs_forward is None
    for one in record.runs:
        scaler = StandardScaler().fit(plain(data, "train"))
        scaled = scaler.transform if one.settings["scale"] == "standard" else lambda rows: rows
        model = PLAIN[name](one.settings).fit(scaled(plain(data, "train")), data.parts["train"].labels)
        for part in ("train", "validation", "holdout", "test"):
            assert one.accuracy(part) == model.score(scaled(plain(data, part)), data.parts[part].labels)
        assert one.train_s == pytest.approx(one.phases_s["scale"] + one.phases_s["train"], abs=1e-5)
        assert one.time_to_result_s > one.train_s
        if one.settings == record.best.settings:
            scores = model.predict_proba(scaled(plain(data, "test")))
    assert np.allclose(answers(place)["scores"][0], scores, atol=1e-6)


def test_min_and_max_are_those_of_the_training_part(data, tmp_path):
    record, _ = run(family(data, row(PATH_OF_KNN, scale=["minmax", "none"])), tmp_path)
    found = {one.settings["scale"]: one.test_accuracy for one in record.runs}
    scaler = MinMaxScaler().fit(plain(data, "train"))
    model = KNeighborsClassifier().fit(scaler.transform(plain(data, "train")), data.parts["train"].labels)
    assert found["minmax"] == model.score(scaler.transform(plain(data, "test")), data.parts["test"].labels)


PATH_OF_KNN = "sklearn.neighbors:KNeighborsClassifier"


def test_only_what_takes_a_seed_has_seeds(data):
    assert family(data, "knn", (3, 4)).seeds == [None]
    assert family(data, "forest", (3, 4)).seeds == [3, 4]
    fixed = row(FOREST["build"], settings={"random_state": 5})
    assert family(data, fixed, (3, 4)).seeds == [None]


def test_seeds_make_other_forests_and_the_same_ones_again(data, tmp_path):
    found = [run(family(data, row(**FOREST), (0, 1)), tmp_path / name)[1] for name in "ab"]
    first, again = (answers(place) for place in found)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(*first["scores"])


@pytest.mark.parametrize(
    ("build", "settings", "scores"),
    [
        ("sklearn.svm:LinearSVC", {}, "decisions"),
        ("sklearn.linear_model:SGDClassifier", {"loss": ["hinge", "log_loss"]}, "decisions"),
        ("sklearn.linear_model:SGDClassifier", {"loss": "log_loss"}, "probabilities"),
        ("sklearn.neighbors:NearestCentroid", {"metric": "manhattan"}, "none"),
    ],
)
def test_scores_are_what_every_setting_gives(data, tmp_path, build, settings, scores):
    record, place = run(family(data, row(build, settings=settings)), tmp_path)
    if build.endswith("NearestCentroid"):
        scores = record.scores  # it learnt to give some in later versions
    assert record.scores == scores
    numbers, found = saved.load(layout.beside(place, "models"))(data.parts["test"].images)
    kept = answers(place)
    assert np.array_equal(numbers, kept["test"][0] if len(kept["test"]) == 1 else numbers)
    assert found.shape == (20, 0 if scores == "none" else 3)


def test_threads_are_given_to_what_takes_some(data):
    asked = family(data, "forest", threads=2)._maker.build(family(data, "forest").settings[0], 0)
    assert asked.n_jobs == 2
    own = family(data, row(FOREST["build"], settings={"n_jobs": 1}), threads=2)
    assert own._maker.build(own.settings[0], 0).n_jobs == 1


def test_folds_are_scored_out_of_fold_and_the_choice_is_fitted_again(tmp_path):
    held = arrays.prepared(noise=120)
    held["folds"] = np.arange(72) // 3 % 3
    path = tmp_path / "folded.npz"
    store.save_prepared(path, held, arrays.about("folded", 3, 8))
    data = store.load(path, "images")
    record, place = run(family(data, "knn"), tmp_path)
    folds = [one for one in record.runs if isinstance(one.fold, int)]
    assert len(folds) == 2 * 3
    assert all(one.test_accuracy is None for one in folds)
    learnt = data.learnt.images.reshape(72, -1).astype(np.float32) / 255
    for one in folds:
        kept, left = data.folds != one.fold, data.folds == one.fold
        scaler = StandardScaler().fit(learnt[kept])
        model = PLAIN["knn"](one.settings).fit(scaler.transform(learnt[kept]), data.learnt.labels[kept])
        assert one.validation_accuracy == model.score(
            scaler.transform(learnt[left]), data.learnt.labels[left]
        )
    (refit,) = [one for one in record.runs if one.fold == "refit"]
    scaler = StandardScaler().fit(learnt)
    model = PLAIN["knn"](refit.settings).fit(scaler.transform(learnt), data.learnt.labels)
    assert refit.test_accuracy == model.score(
        scaler.transform(plain(data, "test")), data.parts["test"].labels
    )
    assert refit.validation_accuracy is None
    numbers, _ = saved.load(layout.beside(place, "models"))(data.parts["test"].images)
    assert (numbers == data.parts["test"].labels).mean() == refit.test_accuracy


def test_what_a_classifier_raises_is_a_run_that_failed(data, tmp_path):
    record, place = run(family(data, row(PATH_OF_KNN, settings={"n_neighbors": [1, 500, -1]})), tmp_path)
    assert [one.status for one in record.runs] == ["ok", "failed", "failed"]
    assert record.runs[1].error.startswith("ClassifierError: predict: ValueError: Expected n_neighbors <= ")
    assert record.runs[2].error.startswith("ClassifierError: fit: InvalidParameterError: The 'n_neighbors'")
    assert record.best.settings["n_neighbors"] == 1
    assert saved.load(layout.beside(place, "models"))(data.parts["test"].images)[0].shape == (20,)


@pytest.mark.usefixtures("own")
def test_a_class_of_a_person_s_own_is_a_row(data, path, tmp_path, capsys):
    record, place = run(family(data, row("own_classifiers:Nearest", label="Nearest mean")), tmp_path)
    assert (record.competitor, record.label, record.scores) == ("mine", "Nearest mean", "none")
    assert record.best.test_accuracy > 0.8
    assert len(record.rows["classifier"]["code"]) == 64
    assert record.runs[0].details == {"warning": "means are"}
    assert "means are" not in capsys.readouterr().err
    again = rooms.named("estimator").again(record, path, Resources())
    assert again.competitor.label == "Nearest mean"
    model = layout.beside(place, "models")
    with pytest.raises(UserError, match=r"own_classifiers\.Nearest.*load\(\.\.\., own_code=True\)"):
        saved.load(model)
    numbers, scores = saved.load(model, own_code=True)(data.parts["test"].images)
    assert (numbers == data.parts["test"].labels).mean() == record.best.test_accuracy
    assert scores.shape == (20, 0)


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("build", "settings", "status", "said"),
    [
        ("Nearest", {"says": "words"}, "failed", "predict: ValueError: returned other than class numbers"),
        ("Nearest", {"says": "few"}, "failed", r"predict: ValueError: returned \(1,\) for"),
        ("Nearest", {"says": "high"}, "failed", "predict: ValueError: returned other than class numbers"),
        ("Chance", {"spoilt": True}, "diverged", "its probabilities are not finite"),
        ("Unsaved", {}, "failed", "saving: "),
    ],
)
def test_an_answer_that_is_none_is_no_result(data, tmp_path, build, settings, status, said):
    record, _ = run(family(data, row(f"own_classifiers:{build}", settings=settings)), tmp_path)
    assert [one.status for one in record.runs] == [status]
    assert re.search(said, record.runs[0].error)
    assert record.best is None


@pytest.mark.usefixtures("own")
def test_what_draws_from_the_process_s_random_numbers_draws_the_same_again(data, tmp_path):
    found = [run(family(data, row("own_classifiers:Chance")), tmp_path / name)[1] for name in "ab"]
    assert np.array_equal(*(answers(place)["scores"] for place in found))


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("build", "settings", "said"),
    [
        ("own_classifiers:Missing", {}, "/build: own_classifiers:Missing: own_classifiers has no Missing"),
        ("own_classifiers:OWN", {}, "/build: own_classifiers:OWN: own_classifiers has no OWN"),
        ("nowhere_at_all:Missing", {}, "/build: nowhere_at_all:Missing: no module nowhere_at_all; install"),
        ("own_classifiers:np", {}, "/build: own_classifiers:np is no class; name a classifier with fit"),
        ("own_classifiers:of_two", {"scale_": 1}, r"/settings: .* cannot be called with \(scale_=1\): TypeE"),
        ("own_classifiers:of_two", {}, "/settings: .*; name keywords that it takes"),
        ("own_classifiers:np.ones", {"shape": 3}, "/build: .* makes what has no fit; name a classifier"),
        (
            "sklearn.preprocessing:StandardScaler",
            {},
            "/build: .* makes what has no predict; name a classifier",
        ),
        (PATH_OF_KNN, {"n_neigbors": 3}, "/settings: .*unexpected keyword argument 'n_neigbors'"),
    ],
)
def test_what_is_no_classifier_is_one_line(data, build, settings, said):
    with pytest.raises(UserError, match=f"^catalog/classifiers/mine{said}") as caught:
        family(data, row(build, settings=settings))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("block", [{"scale": "none"}, {"n_neighbors": 1, "weights": "distance"}])
def test_a_grid_has_the_axes_of_its_row(data, block):
    with pytest.raises(
        UserError, match=r"^--grid: .* all axes of catalog/classifiers/knn, which are n_neigh"
    ):
        family(data, "knn", blocks=[block])


def test_an_axis_that_a_block_leaves_out_is_null_where_the_row_tries_that(data):
    mine = row(FOREST["build"], settings={"max_depth": [None, 3]})
    assert family(data, mine, blocks=[{"scale": "none"}]).settings == [{"max_depth": None, "scale": "none"}]


def test_a_section_is_no_value_of_an_axis(data):
    mine = row(FOREST["build"], settings={"class_weight": [{"0": 2}, "balanced"]})
    with pytest.raises(UserError, match=r"^class_weight: .* is no value of an axis; take texts"):
        family(data, mine)


def test_a_list_in_a_list_is_one_value(data, path, tmp_path):
    settings = {"hidden_layer_sizes": [[3, 2], [4]], "max_iter": 5}
    record, place = run(
        family(data, row("sklearn.neural_network:MLPClassifier", settings=settings)), tmp_path
    )
    assert [one.settings["hidden_layer_sizes"] for one in record.runs] == [(3, 2), (4,)]
    assert "Maximum iterations (5) reached" in record.runs[0].details["warning"]
    again = rooms.named("estimator").again(record, path, Resources())
    assert again.settings == [{"scale": "standard", "hidden_layer_sizes": (3, 2)}]
    assert saved.load(layout.beside(place, "models"))(data.parts["test"].images)[1].shape == (20, 3)


def test_a_class_that_was_not_seen_has_no_probability(tmp_path):
    data = store.load(arrays.save(tmp_path / "cut.npz", classes=4, seen=(0, 2, 3)), "images")
    _, place = run(family(data, row(**FOREST)), tmp_path)
    numbers, scores = saved.load(layout.beside(place, "models"))(data.parts["test"].images)
    assert scores.shape == (20, 4)
    assert not scores[:, 1].any()
    assert np.allclose(scores.sum(1), 1)
    assert set(numbers) <= {0, 2, 3}


@pytest.mark.parametrize("name", PLAIN)
def test_a_saved_classifier_answers_as_its_cell_recorded(data, tmp_path, name):
    _, place = run(family(data, name), tmp_path)
    ready = saved.load(layout.beside(place, "models"))
    numbers, scores = ready(data.parts["test"].images)
    kept = answers(place)
    assert np.array_equal(kept["scores"][0], scores.astype(np.float32))
    chosen = ready.pipeline.predict(plain(data, "test"))
    assert np.array_equal(numbers, chosen)
    known = signature.read(layout.beside(place, "models"))
    assert (known.family, known.model, known.range) == ("estimator", name, (0.0, 1.0))
    assert known.parameters["build"] == CLASSIFIERS.named(name).row.build
    assert ready(data.parts["test"].images[:0])[1].shape == (0, 3)


def changed(model: Path, forest) -> Path:
    """Write another classifier in place of a saved one's."""
    from skops import io as skops

    whole = load_file(model)
    known = signature.read(model)
    content = forest if isinstance(forest, bytes) else skops.dumps(forest)
    target = model.with_name("changed.safetensors")
    signature.save(target, {**whole, "skops": np.frombuffer(content, np.uint8)}, known)
    return target


def bent(forest, **nodes):
    """Return a forest of which one node says something else."""
    tree = forest.estimators_[0].tree_
    state = tree.__getstate__()
    for name, value in nodes.items():
        state["nodes"][name][0] = value
    tree.__setstate__(state)
    return forest


@pytest.mark.parametrize(
    "nodes",
    [{"left_child": 10**6}, {"right_child": -7}, {"left_child": 0}, {"feature": 64}, {"feature": -2}],
)
def test_trees_that_lead_elsewhere_are_refused(data, tmp_path, nodes):
    _, place = run(family(data, row(**FOREST)), tmp_path)
    model = layout.beside(place, "models")
    forest = saved.load(model).pipeline[-1]
    assert trees.fault(forest, 64) is None
    assert trees.fault(forest, 63) is not None
    with pytest.raises(UserError, match=r"decision trees that lead elsewhere.*own_code=True"):
        saved.load(changed(model, bent(forest, **nodes)))


def test_trees_where_nobody_looked_and_other_types_are_refused_unless_asked_for(data, tmp_path):
    from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier

    _, place = run(family(data, row(**FOREST)), tmp_path)
    model = layout.beside(place, "models")
    rows, labels = plain(data, "train"), data.parts["train"].labels
    bagged = changed(model, BaggingClassifier(n_estimators=2).fit(rows, labels))
    with pytest.raises(UserError, match="holds trees inside a BaggingClassifier, which were not looked at"):
        saved.load(bagged)
    assert saved.load(bagged, own_code=True)(data.parts["test"].images)[0].shape == (20,)
    with pytest.raises(UserError, match=r"types that were not looked at, .*TreePredictor: they may run code"):
        saved.load(changed(model, HistGradientBoostingClassifier(max_iter=2).fit(rows, labels)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = MLPClassifier((3,), max_iter=3, random_state=0).fit(rows, labels)
    assert saved.load(changed(model, network))(data.parts["test"].images)[0].shape == (20,)


def of_two_classes(rows, labels):
    return LogisticRegression(C=0.3, random_state=0).fit(rows[labels < 2], labels[labels < 2])


PLAINLY_KEPT = {
    "logistic": lambda rows, labels: LogisticRegression(C=0.3, random_state=0).fit(rows, labels),
    "two": of_two_classes,
    "descent": lambda rows, labels: SGDClassifier(loss="log_loss", random_state=0).fit(rows, labels),
    "linear": lambda rows, labels: LinearSVC(random_state=0).fit(rows, labels),
    "neighbours": lambda rows, labels: KNeighborsClassifier(3, weights="distance").fit(rows, labels + 4),
}


@pytest.mark.parametrize("name", PLAINLY_KEPT)
def test_what_is_kept_as_plain_arrays_answers_as_before(data, name):
    rows = plain(data, "train")
    fitted = PLAINLY_KEPT[name](rows, data.parts["train"].labels)
    kept = arrays_of.to_arrays(fitted)
    assert {each.dtype.kind for each in kept.values()} <= set("fiu")
    back = arrays_of.from_arrays(kept)
    assert type(back) is type(fitted)
    assert back.get_params() == fitted.get_params()
    method = next(each for each in ("predict_proba", "decision_function", "predict") if hasattr(fitted, each))
    for ask in ("predict", method):
        assert np.array_equal(getattr(back, ask)(rows), getattr(fitted, ask)(rows))


class Inheriting(LogisticRegression):
    """Predicts in a way of its own."""

    def predict(self, X):
        return super().predict(X)[::-1]


def test_what_inherits_or_has_other_keywords_is_not_kept_as_plain_arrays(data):
    rows, labels = plain(data, "train"), data.parts["train"].labels
    for fitted in (
        Inheriting(),
        KNeighborsClassifier(metric=lambda a, b: abs(a - b).sum()),
        MLPClassifier((2,)),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert arrays_of.to_arrays(fitted.fit(rows, labels)) is None


@pytest.mark.parametrize("name", ["knn", "logistic"])
def test_plain_arrays_that_are_no_classifier_s_are_damage(data, tmp_path, name):
    _, place = run(family(data, name), tmp_path)
    model = layout.beside(place, "models")
    whole, known = load_file(model), signature.read(model)
    assert "skops" not in whole
    said = json.loads(whole["plain"].tobytes())
    for other in ({**said, "build": "os:system"}, {**said, "keywords": {"colour": 1}}, []):
        signature.save(model, {**whole, "plain": np.frombuffer(json.dumps(other).encode(), np.uint8)}, known)
        with pytest.raises(DamagedError):
            saved.load(model)
    for lacking in (each for each in whole if each.startswith("learnt.")):
        signature.save(model, {each: of for each, of in whole.items() if each != lacking}, known)
        with pytest.raises(DamagedError):
            saved.load(model)


def test_what_is_no_classifier_s_file_is_damaged(data, tmp_path):
    _, place = run(family(data, row(**FOREST)), tmp_path)
    model = layout.beside(place, "models")
    for content in (b"PK no archive", b"\x80\x04K\x01."):
        with pytest.raises(DamagedError):
            saved.load(changed(model, content))


@pytest.mark.parametrize(("name", "seeds"), [("knn", [None] * 2), ("forest", [1, 2])])
def test_the_choice_is_timed_alone(data, path, tmp_path, name, seeds):
    chosen = family(data, row(**FOREST, name="forest") if name == "forest" else name)
    record, place = run(chosen, tmp_path)
    output = place.parent / "alone" / place.name
    model = layout.beside(place, "models")
    time_chosen.main(time_chosen.Options(record=place, data=path, output=output, model=model, times=2))
    alone = written.read(output)
    assert [one.seed for one in alone.runs] == seeds
    assert [one.repeat for one in alone.runs] == [0, 1]
    assert (alone.purpose, alone.label) == ("alone", record.label)
    assert [one.images for one in alone.prediction] == [1, 20]


def test_a_cell_that_was_stopped_goes_on(data, tmp_path, monkeypatch):
    chosen, fits = family(data, "knn"), []
    fit = EstimatorFamily.fit

    def one_only(self, plan, progress):
        if fits:
            raise KeyboardInterrupt
        fits.append(plan)
        yield from fit(self, plan, progress)

    monkeypatch.setattr(EstimatorFamily, "fit", one_only)
    with pytest.raises(KeyboardInterrupt):
        run(chosen, tmp_path)
    fits.clear()
    record, _ = run(family(data, "knn"), tmp_path)
    assert len(fits) == 1
    assert len(record.runs) == 2


def test_shards_make_the_same_cell(data, tmp_path):
    for part in ("1/2", "2/2"):
        cell.run_cell(family(data, "knn"), tmp_path / "cut" / "knn_cpu.json", 1, [], part)
    cell.run_cell(family(data, "knn"), tmp_path / "cut" / "knn_cpu.json", 1, [])
    _, whole = run(family(data, "knn"), tmp_path)
    first, second = answers(tmp_path / "cut" / "knn_cpu.json"), answers(whole)
    assert all(np.array_equal(first[name], second[name]) for name in second)
