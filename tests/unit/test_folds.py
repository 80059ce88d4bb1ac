"""Folds: how data are cut into them, cells that are scored on each and refit what they choose."""

import dataclasses
import itertools
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from test_cell import Fake, code, comparable, kept, place  # noqa: F401

import arrays
import fits
import prepare_dataset
import studies
import time_chosen
import train_network
import train_svm
from bakeoff import saved, values
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources
from bakeoff.cells.journal import Entry
from bakeoff.command import DamagedError, UserError
from bakeoff.data import prepare, store
from bakeoff.data.split import Split
from bakeoff.families.estimator.family import EstimatorFamily
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.svm.family import SvmFamily
from bakeoff.records import folded as folded_arrays
from bakeoff.records import folds, layout, selection, written
from bakeoff.records.predictions import Kept
from bakeoff.records.record import Record
from bakeoff.records.request import REFIT, Request
from originals import fetch

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

FOLDS = 3
SPLIT = {"train": 0.6, "validation": 0.2, "holdout": 0.2, "seed": 42, "folds": FOLDS}


@pytest.fixture(scope="module")
def folded(tmp_path_factory) -> Path:
    return arrays.save(tmp_path_factory.mktemp("folded") / "tiny.npz", folds=FOLDS, noise=160)


@pytest.fixture(scope="module")
def data(folded) -> store.Dataset:
    return store.load(folded, "resized")


@pytest.fixture(scope="module")
def twice(tmp_path_factory) -> Path:
    """Two folds, cut twice."""
    return arrays.save(tmp_path_factory.mktemp("twice") / "tiny.npz", folds=2, repeats=2, noise=160)


# The data


@pytest.mark.parametrize("count", [2, 3, 7])
def test_every_fold_has_as_many_of_each_class_as_can_be(count):
    labels = np.repeat([0, 1, 2], [50, 21, 9])
    found = prepare.folds(labels, count, [42])
    assert set(found) == set(range(count))
    for label in range(3):
        of_class = np.bincount(found[labels == label], minlength=count)
        assert of_class.max() - of_class.min() <= 1
    sizes = np.bincount(found)
    assert sizes.max() - sizes.min() <= 3


def test_folds_follow_their_seed_and_nothing_else():
    labels = np.arange(60) % 3
    assert np.array_equal(prepare.folds(labels, 3, [42]), prepare.folds(labels, 3, [42]))
    assert not np.array_equal(prepare.folds(labels, 3, [42]), prepare.folds(labels, 3, [1]))


def test_each_cut_is_by_its_own_seed_and_its_folds_are_numbered_from_its_hundred():
    labels = np.arange(60) % 3
    found = prepare.folds(labels, 3, [42, 43])
    for cut, seed in enumerate((42, 43)):
        assert np.array_equal(found[:, cut] - 100 * cut, prepare.folds(labels, 3, [seed]))
    assert folds.numbers(3, 2) == [0, 1, 2, 100, 101, 102]
    assert folded_arrays.count(found) == {"folds": 3, "repeats": 2}
    split = Split.parse(SPLIT | {"repeats": 2})
    assert split.fold_seeds == [42, 43]
    assert Split.parse(SPLIT | {"repeats": 2, "seed": values.SEED}).fold_seeds == [values.SEED, 0]


def test_without_folds_there_is_nothing_to_cut_again():
    with pytest.raises(UserError, match="repeats is 2, but there are no folds; set folds, or leave it out"):
        Split.parse({**SPLIT, "folds": None, "repeats": 2})


def test_a_class_of_few_images_is_in_as_many_folds_as_there_are_of_it():
    found = prepare.folds(np.repeat([0, 1], [20, 2]), 5, [42])
    assert len(set(found[20:])) == 2
    with pytest.raises(UserError, match="split/folds: 5, but no class has more than 4 images to learn from"):
        prepare.folds(np.repeat([0, 1], [4, 3]), 5, [42])


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("digits") / "raw.npz"
    store.save_raw(path, fetch("digits", None, print))
    return path


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_split_with_folds_is_prepared_with_them(original, tmp_path, repeats):
    split, output = {**SPLIT, "repeats": repeats}, tmp_path / "digits.npz"
    what = {"raw": original, "dataset": "digits", "split": split, "input_size": 8, "output": output}
    prepare_dataset.main(prepare_dataset.Options(**what, limit_train=300, limit_test=50))
    found = store.load(output, "images")
    assert found.fold_names == [0, 1, 2, 100, 101, 102][: FOLDS * repeats]
    about = found.describe((64,))
    assert (about.folds, about.repeats) == (FOLDS, repeats)
    assert about.validated == len(found.learnt) == 240
    scored = {fold: found.fold(fold)[1] for fold in found.fold_names}
    assert sum(map(len, scored.values())) == 240 * repeats
    for fold, part in scored.items():
        fitted, _ = found.fold(fold)
        assert len(fitted) + len(part) == 240
        assert not {each.tobytes() for each in fitted.images} & {each.tobytes() for each in part.images}
        assert np.array_equal(part.labels, found.learnt.labels[folded_arrays.scored(found.folds, fold)])
    for fold in [*found.fold_names, REFIT]:
        assert found.fitted_on(fold) == len(found.fold(fold)[0])
    whole, none = found.fold(REFIT)
    assert (len(whole), len(none)) == (240, 0)


def test_without_folds_there_is_one_validation_part(dataset):
    assert dataset.fold_names == [None]
    fitted, scored = dataset.fold(None)
    assert dataset.fitted_on(None) == len(fitted)
    assert fitted is dataset.parts["train"]
    assert scored is dataset.parts["validation"]
    assert dataset.describe((3, 8, 8)).folds is None


def test_folds_are_part_of_the_digest(tmp_path):
    cuts = ({}, {"folds": 2}, {"folds": 3}, {"folds": 3, "repeats": 2})
    digests = [store.load(arrays.save(tmp_path / "tiny.npz", **cut), "images").digest for cut in cuts]
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[:-1],
        lambda found: np.minimum(found, 1),
        lambda found: None,
        lambda found: found[:, 0],
        lambda found: found[:, ::-1],
    ],
    ids=["fewer", "too few", "none", "one cut of two", "cuts in another order"],
)
def test_folds_of_other_data_are_damaged(twice, tmp_path, change):
    path = tmp_path / "tiny.npz"
    with np.load(twice) as file:
        content = dict(file)
    other = change(content.pop("folds"))
    np.savez(path, **content, **({} if other is None else {"folds": other}))
    with pytest.raises(DamagedError, match="folds"):
        store.load(path, "images")


# Cells with real families


BLOCK = {"batch_size": 16, "learning_rate": [1e-6, 0.01], "epochs": 2}
BLOCKS = [{"C": [1e-4, 1.0], "gamma": ["scale", 0.001]}]


def networks(data: store.Dataset) -> NetworkFamily:
    return NetworkFamily(data, *fits.rows("resnet18", "sgd"), "cpu", [BLOCK], (3, 4))


def machines(engine: str):
    return lambda data: SvmFamily(data, "rbf", BLOCKS, Resources(engine))


def classifiers(name: str, build: str, **axes):
    row = CLASSIFIERS.named(json.dumps({"name": name, "build": build, "settings": axes}))
    return lambda data: EstimatorFamily(data, row, [{**axes, "scale": "standard"}], (3, 4))


MAKE = {
    "network": networks,
    "sklearn": machines("sklearn"),
    "pairwise": machines("pairwise"),
    "knn": classifiers("knn", "sklearn.neighbors:KNeighborsClassifier", n_neighbors=[1, 30]),
    "forest": classifiers("forest", "sklearn.ensemble:RandomForestClassifier", n_estimators=[1, 9]),
}
SEEDED = ("resnet18", "forest")


@pytest.fixture(scope="module")
def every(twice, short_and_steady, tmp_path_factory) -> dict[str, tuple[Record, Path]]:
    """A finished cell of each family on folds that were cut twice, and its record's file."""
    found, data = {}, store.load(twice, "resized")
    for name, make in MAKE.items():
        family = make(data)
        path = tmp_path_factory.mktemp(name) / "tiny" / f"{family.competitor.cell}.json"
        cell.run_cell(family, path, 1, [])
        found[name] = written.read(path), path
    return found


@pytest.fixture(params=MAKE)
def finished(request, every) -> tuple[Record, Path]:
    """One of them."""
    return every[request.param]


def keys(asked: Iterable[Request]) -> list[str]:
    """Return the keys of requests, in an order of their own: a record's runs are in that of the plans."""
    return sorted(request.key for request in asked)


def seeds(record: Record) -> list[int | None]:
    return [3, 4] if record.competitor in SEEDED else [None]


def test_every_setting_is_run_on_every_fold_and_the_choice_refitted_once_per_seed(finished):
    record, _ = finished
    grid = [run for run in record.runs if run.fold != REFIT]
    settings = [group[0].settings for group in selection.groups(grid)]
    asked = [Request(*each) for each in itertools.product(settings, seeds(record), [0, 1, 100, 101])]
    assert keys(run.request for run in grid) == keys(asked)
    refits = record.runs[len(grid) :]
    assert [(run.settings, run.seed) for run in refits] == [
        (record.best.settings, seed) for seed in seeds(record)
    ]
    assert all(run.finished for run in record.runs)


def test_what_a_run_may_see_is_what_it_says(finished):
    for run in finished[0].runs:
        held_back = (run.test_accuracy, run.holdout_accuracy)
        if run.fold == REFIT:
            assert run.validation_accuracy is None
            assert None not in held_back
        else:
            assert run.validation_accuracy is not None
            assert held_back == (None, None)
        assert all(epoch.validation_accuracy is None for epoch in run.history) == (
            run.fold == REFIT or not run.history
        )


def test_the_choice_is_that_of_the_highest_mean_over_seeds_and_folds(finished):
    record, _ = finished
    groups = selection.groups(run for run in record.runs if run.fold != REFIT)
    means = [np.mean([run.validation_accuracy for run in group]) for group in groups]
    assert record.best.validation_accuracy == pytest.approx(max(means))
    refits = [run for run in record.runs if run.fold == REFIT]
    for name in ("test_accuracy", "holdout_accuracy", "train_accuracy", "train_s"):
        assert getattr(record.best, name) == pytest.approx(np.mean([getattr(run, name) for run in refits]))
    assert list(record.best.seeds) == seeds(record)
    assert record.best.model_seed == seeds(record)[0]


def test_model_and_predictions_are_the_refits(finished, twice):
    (record, path), data = finished, store.load(twice, "resized")
    answers = Kept(layout.beside(path, "predictions"), record.data)
    answers.check()
    refits = [number for number, run in enumerate(record.runs) if run.fold == REFIT]
    for number, run in enumerate(record.runs):
        found = answers.test(number)
        assert (found is None) == (number not in refits)
        if found is not None:
            assert found.right.mean() == pytest.approx(run.test_accuracy)
            assert len(found.scores) == len(data.parts["test"])
    ready = saved.load(path.parent / record.saved.file)
    numbers, _ = ready(data.parts["test"].images)
    assert np.array_equal(numbers, answers.test(refits[0]).predictions)


def test_out_of_fold_predictions_cover_each_image_once_per_cut_and_are_the_runs(finished, twice):
    (record, path), data = finished, store.load(twice, "resized")
    answers = Kept(layout.beside(path, "predictions"), record.data)
    for group in selection.groups(run for run in record.runs if run.fold != REFIT):
        for seed, cut in itertools.product(seeds(record), range(2)):
            together = np.full(record.data.validated, -1)
            own = {run.fold: run for run in group if run.seed == seed and run.fold // 100 == cut}
            for fold, run in own.items():
                found = answers.validation(record.runs.index(run), fold)
                assert found.right.mean() == pytest.approx(run.validation_accuracy)
                assert (together[data.folds[:, cut] == fold] == -1).all()
                together[data.folds[:, cut] == fold] = found.predictions
            assert (together >= 0).all()
            shares = [(data.folds[:, cut] == fold).mean() for fold in own]
            mean = np.dot([run.validation_accuracy for run in own.values()], shares)
            assert (together == data.learnt.labels).mean() == pytest.approx(float(mean))


def test_a_fold_is_fitted_on_the_others_alone(data):
    """A machine of one nearest image would know each that it was fitted on."""
    family = SvmFamily(data, "rbf", [{"C": 1e6, "gamma": 100.0}], Resources("sklearn"))
    fitted = fits.fit_all(family)
    assert [each.run.train_accuracy for each in fitted] == [1.0] * FOLDS
    assert max(each.run.validation_accuracy for each in fitted) < 1.0


def test_what_was_chosen_is_timed_again_on_all_folds(finished, twice, tmp_path):
    record, path = finished
    output = tmp_path / "alone" / path.name
    time_chosen.main(time_chosen.Options(record=path, data=twice, output=output, times=2))
    again = written.read(output)
    fresh = [5, 6] if record.competitor in SEEDED else [None, None]
    assert [(run.fold, run.seed, run.settings) for run in again.runs] == [
        (REFIT, seed, record.best.settings) for seed in fresh
    ]
    assert all(run.validation_accuracy is None for run in again.runs)
    answers = Kept(layout.beside(output, "predictions"), again.data)
    for number, run in enumerate(again.runs):
        assert answers.test(number).right.mean() == pytest.approx(run.test_accuracy)


# Choice, journal and shards


def run(family: Fake, place: Path, code: list[Path], part: str = "") -> Record:  # noqa: F811
    cell.run_cell(family, place, 1, code, part)
    return written.read(place) if place.exists() else None


def test_what_is_best_on_one_fold_is_not_chosen_for_that(data, place, code):  # noqa: F811
    family = Fake(data)
    family.better = {(0.1, 0): 0.095}
    record = run(family, place, code)
    assert record.best.settings["rate"] == 0.2
    assert record.best.validation_accuracy == pytest.approx(0.92)
    assert family.fitted[-1] == (0.2, 2, 0, REFIT)
    assert kept(place)[0] == "0.2 2 0"


def test_of_refits_that_fail_the_next_best_is_taken(data, place, code):  # noqa: F811
    family = Fake(data)
    family.failing = {(0.2, 2, REFIT), (0.2, 1, REFIT)}
    record = run(family, place, code)
    refits = [(run.settings["rate"], run.settings["epochs"], run.status) for run in record.runs[-3:]]
    assert refits == [(0.2, 2, "failed"), (0.2, 1, "failed"), (0.1, 2, "ok")]
    assert record.best.settings["rate"] == 0.1
    assert kept(place)[0] == "0.1 2 0"


def test_where_every_refit_fails_nothing_is_chosen(data, place, code, capsys):  # noqa: F811
    family = Fake(data)
    family.failing = {(rate, epochs, REFIT) for rate in (0.1, 0.2) for epochs in (1, 2)}
    record = run(family, place, code)
    assert record.best is None
    assert [run.status for run in record.runs].count("failed") == 4
    assert "12 runs are done, none is chosen" in capsys.readouterr().out


def test_settings_that_failed_on_a_fold_are_not_chosen(data, place, code):  # noqa: F811
    family = Fake(data)
    family.failing = {(0.2, 2, 1)}
    record = run(family, place, code)
    assert (record.best.settings["rate"], record.best.settings["epochs"]) == (0.2, 1)


RUNS = 2 * 2 * 2 * FOLDS + 2


@pytest.mark.parametrize("after", [0, 1, 5, 6, 11, RUNS - 3, RUNS - 2, RUNS - 1])
def test_a_killed_cell_goes_on_with_the_missing_runs(data, place, code, tmp_path, after):  # noqa: F811
    undisturbed = tmp_path / "other" / place.name
    run(Fake(data, seeds=(0, 1)), undisturbed, code)
    killed = Fake(data, seeds=(0, 1))
    killed.stop_after = after
    with pytest.raises(KeyboardInterrupt):
        run(killed, place, code)
    assert not place.exists()
    resumed = Fake(data, seeds=(0, 1))
    run(resumed, place, code)
    assert comparable(studies.read(place)) == comparable(studies.read(undisturbed))
    assert len(resumed.fitted) == RUNS - after
    assert kept(place)[0] == "0.2 2 0"
    again = Fake(data, seeds=(0, 1))
    run(again, place, code)
    assert again.fitted == []


@pytest.mark.parametrize("total", [2, 3, 16])
def test_a_cell_takes_over_what_its_shards_fitted_and_refits(data, place, code, tmp_path, total):  # noqa: F811
    whole = tmp_path / "whole" / place.name
    run(Fake(data, seeds=(0, 1)), whole, code)
    fitted = []
    for number in range(1, total + 1):
        family = Fake(data, seeds=(0, 1))
        run(family, place, code, f"{number}/{total}")
        fitted += family.fitted
        assert not place.exists()
    assert len(set(fitted)) == len(fitted) == RUNS - 2
    assert REFIT not in {each[-1] for each in fitted}
    family = Fake(data, seeds=(0, 1))
    run(family, place, code)
    assert family.fitted == [(0.2, 2, 0, REFIT), (0.2, 2, 1, REFIT)]
    assert comparable(studies.read(place)) == comparable(studies.read(whole))


def test_a_network_s_cell_in_shards_comes_to_the_same(twice, every, tmp_path):
    (_, path), data = every["network"], store.load(twice, "resized")
    output = tmp_path / "tiny" / path.name
    for shard in ("1/2", "2/2", ""):
        cell.run_cell(networks(data), output, 1, [], shard)
    assert comparable(studies.read(output)) == comparable(studies.read(path))
    for kind in ("models", "predictions"):
        assert layout.beside(output, kind).read_bytes() == layout.beside(path, kind).read_bytes()


def said_in(folder: Path) -> dict[str, str]:
    """Return what a journal's lines call each request, and the keys that they have there."""
    lines = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    return {Entry(line["run"], line["environment"], line["context"]).request: line["key"] for line in lines}


def test_a_request_has_one_key_in_journal_record_and_shard(data, place, code):  # noqa: F811
    family = Fake(data)
    # A list is one value of a setting; JSON has no tuples.
    family.settings = [{**settings, "betas": (0.9, 0.99)} for settings in family.settings]
    folder = layout.beside(place, "journal")
    found = {}
    for shard in ("1/2", "2/2"):
        run(family, place, code, shard)
        found |= said_in(folder.with_name(f"{folder.name}.{shard.replace('/', 'of')}"))
    record = run(family, place, code)
    journal = cell.open_journal(family, folder, 1, code)
    asked = [Request(*each) for each in itertools.product(family.settings, (0,), range(FOLDS))]
    asked.append(Request(record.best.settings, 0, REFIT))
    assert keys(run.request for run in record.runs) == keys(asked)
    assert said_in(folder) == {request.key: journal.key(request) for request in asked}
    assert found == {request.key: journal.key(request) for request in asked[:-1]}
    assert [journal.get(request).run.request.key for request in asked] == [each.key for each in asked]


# By hand


def test_one_fold_alone_is_run_and_the_whole_cell_takes_it_from_the_journal(folded, tmp_path, capsys):
    output = tmp_path / "svm_rbf_cpu.json"
    what = {
        "data": folded,
        "kernel": "rbf",
        "grid": [{"C": [1e-4, 1.0]}],
        "output": output,
        "engine": "sklearn",
    }
    train_svm.main(train_svm.Options(**what, fold="1"))
    record = written.read(output)
    assert [(run.settings["C"], run.fold) for run in record.runs] == [(1e-4, 1), (1.0, 1)]
    assert record.best is None
    assert layout.beside(output, "models").read_bytes() == b""
    answers = Kept(layout.beside(output, "predictions"), record.data)
    assert answers.validation(0, 1).right.mean() == pytest.approx(record.runs[0].validation_accuracy)
    assert "2 runs are done, none is chosen" in capsys.readouterr().out
    train_svm.main(train_svm.Options(**what))
    assert "2 of 6 runs are in the journal" in capsys.readouterr().out
    assert len(written.read(output).runs) == 7


def test_a_refit_alone_is_the_run_that_a_cell_comes_to(every, folded, tmp_path):
    record, path = every["network"]
    output = tmp_path / path.name
    what = {"data": folded, "model": "resnet18", "optimizer": "sgd", "device": "cpu", "seeds": [4]}
    grid = [dict(record.best.settings)]
    train_network.main(train_network.Options(**what, grid=grid, output=output, fold=REFIT))
    (found,) = written.read(output).runs
    expected = record.runs[-1]
    assert found.request.key == expected.request.key
    assert fits.without(found) == fits.without(dataclasses.replace(expected, packed=found.packed))


@pytest.mark.parametrize("word", ["3", "one", "-1", "Refit", "1.0", "99999999999"])
def test_a_fold_that_there_is_not_is_refused_in_one_line(folded, tmp_path, word):
    what = {"data": folded, "kernel": "rbf", "grid": [{}], "output": tmp_path / "svm_rbf_cpu.json"}
    with pytest.raises(UserError, match=r"no such fold|name its number, from 0, or refit") as caught:
        train_svm.main(train_svm.Options(**what, fold=word))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("word", ["0", "refit"])
def test_data_without_folds_have_none(tiny, tmp_path, word):
    what = {"data": tiny, "kernel": "rbf", "grid": [{}], "output": tmp_path / "svm_rbf_cpu.json"}
    with pytest.raises(UserError, match=f"--fold {word}: .*tiny.npz has no such fold; leave it out"):
        train_svm.main(train_svm.Options(**what, fold=word))
