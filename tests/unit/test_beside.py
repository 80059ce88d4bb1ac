"""What of the published study stands beside ours: speedups, pinned memory, and cut-down data in one line."""

import pytest

import studies
from bakeoff.analysis import pinned, published, speedup
from bakeoff.report import beside
from rendered import collected, published_rows


def _settings(pin: bool | None, **changes) -> dict:
    engine = "resident" if pin is None else "dataloader"
    base = {"batch_size": 16, "learning_rate": 0.001, "epochs": 3, "precision": "mixed", "engine": engine}
    return base | {"pin_memory": pin} | changes


def _cell(*runs: dict, **changes) -> dict:
    return studies.cell("mnist", "resnet18", "sgd", "gpu", list(runs), **changes)


def _run(pin: bool | None, seconds: float, **changes) -> dict:
    settings = _settings(pin, **changes.pop("settings", {}))
    return studies.run(settings, 0.98, train_s=seconds, **changes)


def _effects(tmp_path, *runs: dict) -> pinned.Effects:
    return pinned.ours(collected(tmp_path, [_cell(*runs)]))


def test_pairs_of_pinned_memory_give_a_ratio_with_its_interval(tmp_path):
    rates = (0.001, 0.0001, 0.01)
    runs = [
        _run(pin, seconds * slower, settings={"learning_rate": rate})
        for rate, slower in zip(rates, (1.05, 1.10, 1.20), strict=True)
        for pin, seconds, slower in ((True, 20.0, 1), (False, 20.0, slower))
    ]
    effect = _effects(tmp_path, *runs)["mnist", "resnet18"]
    assert effect.ratio == pytest.approx(1.10)
    assert effect.low < 1.0 < effect.high
    assert effect.pairs == 3


def test_one_pair_has_no_interval_and_numbers_of_epochs_of_one_training_are_one_pair(tmp_path):
    runs = [
        _run(pin, seconds, settings={"epochs": epochs})
        for pin, epochs, seconds in ((True, 2, 5.0), (True, 3, 10.0), (False, 2, 9.0), (False, 3, 11.0))
    ]
    effect = _effects(tmp_path, *runs)["mnist", "resnet18"]
    assert (effect.ratio, effect.low, effect.high, effect.pairs) == (pytest.approx(1.1), None, None, 1)


@pytest.mark.parametrize(
    "runs",
    [
        [_run(None, 5.0), _run(True, 10.0)],
        [_run(False, 5.0, packed=True), _run(True, 10.0, packed=True)],
        [_run(False, 5.0), studies.run(_settings(True), None)],
        [_run(False, 5.0, settings={"epochs": 2}), _run(True, 10.0)],
        [_run(False, 5.0, seed=1), _run(True, 10.0)],
    ],
    ids=["no loader", "side by side", "diverged", "another length", "another seed"],
)
def test_what_is_no_pair_is_not_compared(tmp_path, runs):
    assert _effects(tmp_path, *runs) == {}


def test_runs_of_different_machines_are_no_pair(tmp_path):
    cell = _cell(_run(False, 5.0), _run(True, 10.0, environment=1))
    cell["environments"].append(cell["environments"][0] | {"cpu": "Other CPU"})
    assert pinned.ours(collected(tmp_path, [cell])) == {}


def test_the_published_grid_tells_what_pinned_memory_did_there(tmp_path):
    study = collected(tmp_path, [_cell(_run(True, 10.0))])
    rows = published_rows(study)
    found = pinned.theirs(rows)
    assert set(found) == {("mnist", "resnet18"), ("mnist", "resnet50")}
    assert found["mnist", "resnet18"].ratio == pytest.approx(1.057, abs=5e-4)
    assert found["mnist", "resnet18"].pairs == 16
    [table] = beside.memory(study, rows)
    assert [row[3].text for row in table.rows] == ["not measured"] * 2


def test_the_published_speedups_stand_beside_ours(fashion):
    rows = published_rows(fashion.study)
    [table] = beside.speedups(fashion.study, rows, speedup.rows(fashion.study))
    shown = {row[0].text: (row[4].text, row[5].text) for row in table.rows}
    assert {name: theirs for name, (theirs, _) in shown.items()} == {
        "ResNet-18 SGD": "1.78",
        "ResNet-50 SGD": "3.46",
        "ResNet-18 Adam": "2.64",
        "ResNet-50 Adam": "3.84",
    }
    assert all(ours not in ("not measured", "") for _, ours in shown.values())


def test_cut_down_data_are_said_in_one_line_and_judged_nowhere(tmp_path):
    timed = [
        studies.cell(
            "fashion", "resnet18", "sgd", device, [_run(None, 9.0, settings={"epochs": 10})], purpose="speed"
        )
        for device in ("cpu", "gpu")
    ]
    cells = [_cell(_run(True, 10.0)), *timed]
    for cell in cells:
        cell["data"]["limit_train"] = 600
    study = collected(tmp_path, cells)
    rows = published_rows(study)
    cut = [row for row in rows if row.verdict == published.CUT_DOWN]
    assert cut
    assert beside.folded(rows) == (
        f"Not in the tables, as nothing is to be compared: {len(cut)} published results beside ours on "
        f"cut-down data and {len(rows) - len(cut)} published results without a counterpart here."
    )
    assert beside.results(study, rows) == []
    [table] = beside.speedups(study, rows, speedup.rows(study))
    assert {row[0].text: row[5].text for row in table.rows}["ResNet-18 SGD"] == "cut-down data"


def test_training_accuracy_stands_beside_the_published_one(tmp_path):
    run = studies.run(studies._svm(1.0, "scale"), 0.9628)
    study = collected(tmp_path, [studies.cell("mnist", "svm", "rbf", "cpu", [run])])
    rows = published_rows(study)
    [row] = [each for each in rows if each.ours and each.settings["gamma"] == "scale"]
    assert (row.published_train, row.ours.train) == (0.9855, run["train_accuracy"])
    [table] = beside.results(study, rows)
    notes = [cells[2:4] for cells in table.rows if cells[1].text == "C 1, gamma scale"]
    assert [cell.note for cell in notes[0]] == ["train 98.55", "train 97.28"]
