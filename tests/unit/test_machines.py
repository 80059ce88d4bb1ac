"""Times of different environments are never ranked, compared or drawn as a front."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import studies
from bakeoff.analysis import best, contrasts, findings, machines, methods, speedup
from bakeoff.analysis.findings import Tables
from bakeoff.plots import tradeoff
from bakeoff.records import written
from bakeoff.report import results
from rendered import collected

HERE = studies.cell("digits", "svm", "rbf", "cpu", [])["environments"][0]
THREE = "ResNet-18, SVM (polynomial) and SVM (RBF)"
OTHERS = {
    "cpu": {"cpu": "Other CPU"},
    "cores": {"cores": 4},
    "version": {"versions": HERE["versions"] | {"scikit-learn": "9.9.9"}},
    "system": {"platform": "Darwin arm64"},
}


def _study(tmp_path, *changes: dict, alter: Callable[[list[dict]], None] = lambda alone: None):
    """Return a network and two SVMs that test cannot tell apart, timed alone; the quickest as changed.

    alter: changes the records of the lone trainings, in this order.
    """
    network = studies.run(studies._network(16, 0.001, 2, "fp32"), 0.95, train_s=600.0)
    machine = studies.run(studies._svm(1.0, "scale"), 0.95, validation=0.94, train_s=1.0)
    other = machine | {"train_s": 90.0, "time_to_result_s": 110.0}
    cells = [
        studies.cell("digits", "resnet18", "sgd", "cpu", [network]),
        studies.cell("digits", "svm", "rbf", "cpu", [machine]),
        studies.cell("digits", "svm", "poly", "cpu", [other]),
    ]
    cells = studies.alone(cells)
    for change in changes:
        cells[4]["environments"] = [cells[4]["environments"][0] | change]
    alter(cells[3:])
    return collected(tmp_path, cells)


def _quickest(study) -> str:
    tables = Tables(best.rows(study), contrasts.rows(study), speedup.rows(study), [], [])
    [found] = [f.text for f in findings.of_dataset(study, tables, "digits") if f.topic == "quickest"]
    return found


def _evidence(study) -> str:
    tables = Tables(best.rows(study), contrasts.rows(study), speedup.rows(study), [], [])
    found = findings.of_dataset(study, tables, "digits")
    return next(finding.evidence for finding in found if finding.topic == "quickest")


def test_on_one_machine_all_are_ranked(tmp_path):
    study = _study(tmp_path, {"git_commit": "b" * 40, "image_digest": "sha256:1"})
    rows = best.rows(study)
    assert [row.chosen.ranked for row in rows] == [True] * 3
    assert _quickest(study) == f"Of {THREE}, SVM (RBF) is the quickest to train."
    assert [row.competitor for row in tradeoff.pareto(tradeoff.points(rows))] == ["svm_rbf"]


@pytest.mark.parametrize("what", OTHERS)
def test_a_time_of_another_environment_is_not_ranked(tmp_path, what):
    study = _study(tmp_path, OTHERS[what])
    rows = best.rows(study)
    assert {row.competitor: (row.chosen.ranked, row.chosen.alone.machine) for row in rows} == {
        "resnet18": (True, 1),
        "svm_rbf": (False, 2),
        "svm_poly": (True, 1),
    }
    assert _quickest(study) == (
        "Of ResNet-18 and SVM (polynomial), SVM (polynomial) is the quickest to train."
    )
    assert [row.competitor for row in tradeoff.pareto(tradeoff.points(rows))] == ["svm_poly"]
    uses = {each.competitor: each.uses for each in methods.summary(study, rows, contrasts.rows(study))}
    assert not any("training" in use or "time" in use for use in uses["svm_rbf"])
    [table] = results.best(study, rows, [])
    assert "Times on machine 2 with 8 threads are not ranked with the others." in table.note
    [cell] = [row[-1] for row in table.rows if row[0].text == "SVM (RBF)"]
    assert cell.note.endswith("machine 2 with 8 threads")


def test_a_time_of_other_threads_is_not_ranked(tmp_path):
    rows = best.rows(_study(tmp_path, {"threads": 1}))
    [found] = [row.chosen for row in rows if row.competitor == "svm_rbf"]
    assert (found.ranked, found.alone.threads) == (False, 1)


def test_a_time_of_which_all_was_disturbed_is_not_ranked(tmp_path):
    busy = {"started": 0, "seconds": 9.0, "others_cores": 7.0, "stolen_cores": 0.0, "switches_per_s": 1.0}
    busy |= {"load_before": None, "cpu_mhz": None}

    def disturbed(alone: list[dict], of: int = 3) -> None:
        for run in alone[1]["runs"][3 - of :]:
            run["load"] = busy

    study = _study(tmp_path / "all", alter=disturbed)
    rows = best.rows(study)
    assert {row.competitor: row.chosen.ranked for row in rows} == {
        "resnet18": True,
        "svm_rbf": False,
        "svm_poly": True,
    }
    [table] = results.best(study, rows, [])
    assert "Times of which all were disturbed are not ranked." in table.note
    study = _study(tmp_path / "two", alter=lambda alone: disturbed(alone, 2))
    assert all(row.chosen.ranked for row in best.rows(study))
    assert "2 disturbed" in _evidence(study)


def test_a_tie_is_not_broken_by_a_time_of_another_environment(tmp_path):
    rows = best.rows(_study(tmp_path, OTHERS["cpu"]))
    first = rows[0].chosen.validation
    level = [replace(row, chosen=replace(row.chosen, validation=first)) for row in rows]
    assert methods.winner(level).competitor == "svm_poly"


def test_of_a_mixed_record_the_time_is_that_of_one_machine(tmp_path):
    def mixed(alone: list[dict]) -> None:
        alone[1]["environments"].append(HERE | OTHERS["version"])
        alone[1]["runs"][0]["environment"] = 1

    study = _study(tmp_path, alter=mixed)
    [record] = [cell for cell in study.alone if cell.competitor == "svm_rbf"]
    [found] = [row.chosen for row in best.rows(study) if row.competitor == "svm_rbf"]
    assert (found.alone.n, found.alone.machine, found.ranked) == (2, 1, True)
    assert found.alone.train_s_min == record.runs[1].train_s


def test_a_cell_on_the_cpu_is_ranked_with_those_on_its_hosts_gpu(tmp_path):
    gpu = {"gpu": "One GPU", "driver": "1", "versions": HERE["versions"] | {"cuda": "12.8"}}
    assert all(row.chosen.ranked for row in best.rows(_study(tmp_path, gpu)))


def test_another_driver_is_another_machine_for_the_gpu_alone():
    cell = studies.cell("digits", "svm", "rbf", "cpu", [])
    with_gpu = [HERE | {"gpu": "One GPU", "driver": driver} for driver in ("1", "2")]
    record = written.from_json(cell | {"environments": [HERE, *with_gpu]})
    found = machines.Machines([record])
    assert len(found) == 2
    assert [found.where(each) for each in record.environments] == [{1, 2}, {1}, {2}]


def test_times_that_are_not_told_apart_name_no_quickest(tmp_path):
    def alike(alone: list[dict]) -> None:
        for cell in alone[1:]:
            for number, run in enumerate(cell["runs"]):
                run["train_s"] = (1.0, 1.4, 2.0)[number] * (1.05 if cell["competitor"] == "svm_poly" else 1)

    study = _study(tmp_path, alter=alike)
    assert _quickest(study) == f"Which of {THREE} is the quickest to train was not shown."


@pytest.mark.parametrize(("cpu", "gpu", "chosen"), [(9.0, 3.0, "gpu"), (3.0, 9.0, "cpu")])
def test_of_twins_on_two_devices_the_quicker_is_the_competitors_best(tmp_path, cpu, gpu, chosen):
    settings = studies._svm(1.0, "scale")
    cells = [
        studies.cell("digits", "svm", "rbf", device, [studies.run(settings, 0.95, train_s=seconds)])
        for device, seconds in (("cpu", cpu), ("gpu", gpu))
    ]
    [row] = best.rows(collected(tmp_path / "timed", studies.alone(cells)))
    assert row.chosen.device == chosen
    [row] = best.rows(collected(tmp_path / "of the grid", cells))
    assert row.chosen.device == "cpu"  # the first, where no times can be compared


def test_one_competitor_alone_is_not_the_quickest(tmp_path):
    study = _study(tmp_path)
    [row] = [row for row in best.rows(study) if row.competitor == "svm_rbf"]
    assert methods.quickest([row]) is None
