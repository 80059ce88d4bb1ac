"""The best configuration of every model."""

import studies
from bakeoff.analysis import best, contrasts, tables
from bakeoff.analysis.contrasts import NO_EVIDENCE
from rendered import collected


def _network(rate: float) -> dict:
    return studies.run({"batch_size": 16, "learning_rate": rate, "epochs": 2})["settings"]


def test_validation_chooses_and_test_does_not(tmp_path):
    runs = [
        studies.run(_network(0.1), test=0.90, validation=0.95),
        studies.run(_network(0.01), test=0.99, validation=0.94),
    ]
    found = collected(tmp_path, [studies.cell("digits", "resnet18", "sgd", "cpu", runs)])
    [row] = best.rows(found)
    assert row["test_accuracy"] == 0.90
    assert row["optimism_gap"] == 0.95 - 0.90
    assert row["test_n"] == 360
    assert row["test_low"] < 0.90 < row["test_high"]
    assert row["test_sd"] is None


def test_the_best_cell_wins_over_optimizers_and_devices(small):
    rows = {row["model"]: row for row in best.rows(small.study)}
    assert set(rows) == {"resnet18", "svm_rbf", "svm_poly"}
    assert rows["resnet18"]["cell"] == "resnet18_adam_cpu"
    assert rows["resnet18"]["command"].startswith("python workflow/scripts/train_network.py")


def test_several_seeds_have_a_spread(tmp_path):
    found = collected(tmp_path, studies.small(seeds=3)[1:2])
    [row] = best.rows(found)
    assert row["seeds"] == 3
    assert row["test_sd"] > 0


def test_no_finished_run_is_said(tmp_path):
    runs = [studies.run(_network(0.1), test=None)]
    [row] = best.rows(collected(tmp_path, [studies.cell("digits", "resnet18", "sgd", "cpu", runs)]))
    assert row["status"] == "no run finished"
    assert row["test_accuracy"] is None


def test_a_table_is_read_back_as_it_was_written(small, tmp_path):
    for module in (best, contrasts):
        rows = module.rows(small.study)
        tables.write(tmp_path / "table.csv", module.COLUMNS, rows)
        assert tables.read(tmp_path / "table.csv", module.COLUMNS) == rows


def test_models_are_compared_in_pairs_and_said_in_words(fashion):
    rows = [row for row in contrasts.rows(fashion.study) if row["contrast"] == "model"]
    assert len(rows) == 6
    assert all(row["p_holm"] >= row["p"] for row in rows)
    verdicts = {frozenset((row["a"], row["b"])): row["verdict"] for row in rows}
    assert (
        verdicts[frozenset(("resnet18", "resnet50"))]
        == "ResNet-18 is better than ResNet-50 (two trained models)"
    )
    assert NO_EVIDENCE in verdicts.values()


def test_a_model_without_predictions_is_not_tested(tmp_path):
    found = collected(tmp_path, studies.small())
    (tmp_path / "digits" / "predictions" / "svm_rbf_cpu.npz").unlink()
    verdicts = [row["verdict"] for row in contrasts.rows(found) if "svm_rbf" in (row["a"], row["b"])]
    assert verdicts
    assert all(verdict.startswith("not tested: no predictions") for verdict in verdicts)
