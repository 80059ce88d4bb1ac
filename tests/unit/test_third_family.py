"""A family that the analysis has never heard of is in every table, test and sentence, as any other."""

import csv

import pytest

import studies
from bakeoff.analysis import (
    best,
    contrasts,
    effects,
    findings,
    methods,
    mistakes,
    published,
    repeatability,
    speedup,
    tables,
)
from bakeoff.analysis.derived import BestRow, ClassRow, TestRow
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.findings import Tables
from bakeoff.analysis.study import Study
from rendered import collected

LABELS = {"knn": "Nearest neighbours", "forest": "Random forest", "tree": "Tree"}


def classifier(name: str, runs: list[dict], **changes) -> dict:
    """Return a cell of a classifier: what it is comes from its record alone."""
    cell = studies.cell("digits", name, None, "cpu", runs, label=LABELS[name], **changes)
    cell["compute"] |= {"parameters": None, "flops_train": None, "flops_train_executed": None}
    return cell


def cells() -> list[dict]:
    """Return a network, an SVM and three classifiers with what each chose trained again alone."""
    near = [
        studies.run(
            {"n_neighbors": n, "weights": "uniform"}, 0.999 - n / 200, seed=None, details={}, cost=1.0
        )
        for n in (1, 5)
    ]
    trees = [
        studies.run({"n_estimators": 100, "max_features": "sqrt"}, 0.95 + seed / 500, seed=seed, details={})
        for seed in (0, 1)
    ]
    network, machine = studies.small()[0], studies.small()[2]
    return studies.alone(
        [
            network,
            machine,
            classifier("knn", near),
            classifier("forest", trees, scores="none"),
            classifier("tree", [studies.run({"depth": 3}, 0.6, seed=None, details={})], scores="none"),
        ]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("third")


@pytest.fixture(scope="module")
def found(folder) -> Study:
    return collected(folder, cells())


@pytest.fixture(scope="module")
def derived(found) -> Tables:
    reference = repeatability.read(studies.REFERENCE)
    rows = published.rows(found, reference, lambda data: None)
    return Tables(best.rows(found), contrasts.rows(found), speedup.rows(found), mistakes.rows(found), rows)


def test_groups_come_one_after_the_other(found):
    assert found.competitors == ["forest", "knn", "tree", "resnet18", "svm_rbf"]
    assert [found.group(name) for name in found.competitors] == ["classifiers"] * 3 + ["networks", "SVMs"]
    assert found.label("knn") == "Nearest neighbours"


def test_its_best_has_all_but_what_it_does_not_know(derived):
    rows = {row.competitor: row.chosen for row in derived.best}
    assert list(rows) == ["forest", "knn", "resnet18", "svm_rbf", "tree"]
    knn = rows["knn"]
    assert (knn.cell, knn.factors, knn.device) == ("knn_cpu", {}, "cpu")
    assert knn.settings == {"n_neighbors": 1, "weights": "uniform"}
    assert (knn.parameters, knn.fresh, knn.alone.n, knn.ranked) == (None, None, 3, True)
    forest = rows["forest"]
    assert (forest.seeds, forest.fresh.n) == (2, 3)
    assert forest.validation.sd > 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [("best", BestRow), ("tests", TestRow), ("classes", ClassRow), ("speedup", SpeedupRow)],
)
def test_its_tables_are_read_back_as_they_were_written(derived, tmp_path, name, kind):
    rows = getattr(derived, name)
    tables.write(tmp_path / "table.csv", kind, rows)
    assert tables.read(tmp_path / "table.csv", kind) == rows


def test_it_is_compared_with_every_other_on_the_same_images(derived):
    pairs = {frozenset((row.a, row.b)): row for row in derived.tests if row.contrast == "competitor"}
    assert len(pairs) == 10
    assert all(row.tested for row in pairs.values())
    two = pairs[frozenset(("knn", "tree"))]
    assert (two.better, two.verdict) == ("knn", "Nearest neighbours is better than Tree")
    assert (two.seeds_a, two.seeds_b, two.tested.compared) == (0, 0, "methods")


def test_its_classes_are_counted_whatever_its_scores_are(derived):
    named = {row.competitor for row in derived.classes}
    assert named == {"resnet18", "svm_rbf", "knn", "forest", "tree"}


def test_the_table_of_runs_has_its_settings_and_no_factor(found, folder):
    with (folder / "runs.csv").open(encoding="utf-8", newline="") as file:
        head, *lines = list(csv.reader(file))
    assert head[:5] == ["purpose", "dataset", "competitor", "optimizer", "device"]
    assert head[-13:-10] == ["seed", "fold", "repeat"]
    assert {"n_neighbors", "n_estimators", "max_features"} < set(head)
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert len(rows) == sum(len(cell.runs) for cell in found.records)
    (one,) = (row for row in rows if row["n_neighbors"] == "5")
    assert (one["competitor"], one["optimizer"], one["seed"], one["cell"]) == ("knn", "", "", "knn_cpu")


def test_sentences_call_it_by_its_label(found, derived):
    said = [each.text for each in findings.of_dataset(found, derived, "digits")]
    assert said[0].startswith("Nearest neighbours is the choice")
    assert any(text.startswith("Better than ") and "Tree" in text for text in said)
    assert any(text.startswith("Nearest neighbours answers one image in ") for text in said)
    overall = {each.topic: each.text for each in findings.overall(found, derived)}
    assert overall["group"].endswith(" beats Tree on Digits.")


def test_what_it_is_best_used_for_is_said(found, derived):
    uses = {each.competitor: each.uses for each in methods.summary(found, derived.best, derived.tests)}
    assert "the highest validation accuracy on Digits" in uses["knn"]


def test_what_its_settings_do_is_told(found):
    [effect] = [each for each in effects.of(found.selection) if each.competitor == "knn"]
    assert (effect.setting, list(effect.means)) == ("n_neighbors", [1, 5])


def test_its_levels_are_compared_within_it(tmp_path):
    made = []
    for name, accuracy in (("pixels", 0.95), ("hog", 0.7)):
        factors = {"features": {"name": name, "label": name.upper()}}
        made.append(classifier("knn", [studies.run({"n": 1}, accuracy, seed=None)], factors=factors))
    study = collected(tmp_path, made)
    [test] = contrasts.rows(study)
    assert (test.contrast, test.within, test.cell_a) == ("features", "knn", "knn_hog_cpu")
    assert test.verdict == "PIXELS is better than HOG (two trained models)"
    [row] = best.rows(study)
    assert row.chosen.factors == {"features": "pixels"}
    said = findings.overall(study, Tables(best.rows(study), [test], [], [], []))
    [found] = [each.text for each in said if each.topic == "features"]
    assert found == "PIXELS is better than HOG on Digits for Nearest neighbours."


def test_it_joins_no_published_result_and_its_settings_may_be_anything(tmp_path):
    theirs = studies._svm(1.0, "scale")
    odd = {"C": "many", "learning_rate": None, "gamma": [1, 2], "degree": True}
    cells = [
        studies.cell("mnist", "svm_rbf", None, "cpu", [studies.run(theirs, 0.9)]),
        studies.cell("odd", "svm", "rbf", "cpu", [studies.run(odd, 0.9)]),
        studies.cell("same", "svm", "rbf", "cpu", [studies.run(theirs, 0.9)]),
    ]
    study = studies.study(cells, tmp_path)
    rows = published.rows(study, repeatability.read(studies.REFERENCE), lambda data: "mnist")
    assert {row.dataset for row in rows} == {"mnist", "odd", "same"}
    assert {row.dataset for row in rows if row.ours} == {"same"}


def test_with_folds_accuracy_is_of_all_folds_and_the_rest_of_the_refit(tmp_path):
    settings = {"n_neighbors": 1}
    runs = [
        studies.run(settings, 0.1, validation=validation, seed=None, fold=fold, train_s=50.0)
        for fold, validation in enumerate((0.90, 0.92, 0.94))
    ]
    refit = studies.run(settings, 0.93, seed=None, fold="refit", train_s=2.0) | {"validation_accuracy": None}
    cell = classifier("knn", [*runs, refit])
    cell["data"]["folds"] = 3
    [row] = best.rows(collected(tmp_path, [cell]))
    assert row.chosen.validation.accuracy == pytest.approx(0.92)
    assert row.chosen.validation.n == 1005 + 144
    assert (row.chosen.test.accuracy, row.chosen.train_s, row.chosen.seeds) == (0.93, 2.0, 1)
