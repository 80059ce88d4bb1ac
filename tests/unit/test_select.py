"""The best configuration of every competitor."""

import studies
from bakeoff.analysis import best, contrasts, tables
from bakeoff.analysis.contrasts import NO_EVIDENCE
from bakeoff.analysis.derived import BestRow, TestRow
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
    test = row.chosen.test
    assert test.accuracy == 0.90
    assert row.chosen.optimism_gap == 0.95 - 0.90
    assert test.n == 360
    assert test.low < 0.90 < test.high
    assert test.sd is None


def test_the_best_cell_wins_over_optimizers_and_devices(small):
    rows = {row.competitor: row.chosen for row in best.rows(small.study)}
    assert set(rows) == {"resnet18", "svm_rbf", "svm_poly"}
    assert rows["resnet18"].cell == "resnet18_adam_cpu"
    assert rows["resnet18"].command.startswith("python workflow/scripts/train_network.py")


def test_several_seeds_have_a_spread(tmp_path):
    found = collected(tmp_path, studies.small(seeds=3)[1:2])
    [row] = best.rows(found)
    assert row.chosen.seeds == 3
    assert row.chosen.test.sd > 0


def test_no_finished_run_is_said(tmp_path):
    runs = [studies.run(_network(0.1), test=None)]
    [row] = best.rows(collected(tmp_path, [studies.cell("digits", "resnet18", "sgd", "cpu", runs)]))
    assert row.status == "no run finished"
    assert row.chosen is None


def test_a_table_is_read_back_as_it_was_written(small, tmp_path):
    for module, kind in (best, BestRow), (contrasts, TestRow):
        rows = module.rows(small.study)
        tables.write(tmp_path / "table.csv", kind, rows)
        assert tables.read(tmp_path / "table.csv", kind) == rows


def test_competitors_are_compared_in_pairs_and_said_in_words(fashion):
    rows = [row for row in contrasts.rows(fashion.study) if row.contrast == "competitor"]
    assert len(rows) == 6
    assert all(row.tested.p_holm >= row.tested.p for row in rows)
    verdicts = {frozenset((row.a, row.b)): row.verdict for row in rows}
    assert (
        verdicts[frozenset(("resnet18", "resnet50"))]
        == "ResNet-18 is better than ResNet-50 (two trained models)"
    )
    assert NO_EVIDENCE in verdicts.values()


def test_a_competitor_without_predictions_is_not_tested(tmp_path):
    found = collected(tmp_path, studies.small())
    (tmp_path / "digits" / "predictions" / "svm_rbf_cpu.npz").unlink()
    verdicts = [row.verdict for row in contrasts.rows(found) if "svm_rbf" in (row.a, row.b)]
    assert verdicts
    assert all(verdict.startswith("not tested: no predictions") for verdict in verdicts)
