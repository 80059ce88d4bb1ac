"""CPU against GPU: matched pairs, or the reason in words."""

import pytest

import studies
from bakeoff.analysis import speedup
from bakeoff.report import timings
from rendered import collected

pytestmark = pytest.mark.numeric

SETTINGS = {"batch_size": 16, "learning_rate": 0.001, "epochs": 2, "precision": "fp32"}


def _timed(device: str, seconds: list[float], **changes) -> dict:
    runs = [
        studies.run(SETTINGS, 0.9, train_s=time, repeat=index, **changes)
        for index, time in enumerate(seconds)
    ]
    return studies.cell("digits", "resnet18", "sgd", device, runs, purpose="speed")


def _row(tmp_path, *cells: dict) -> dict:
    [row] = speedup.rows(collected(tmp_path, list(cells)))
    return row


def test_a_clear_speedup(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11, 12]), _timed("gpu", [5, 5.5, 6]))
    assert row["speedup"] == 2.0
    assert row["speedup_low"] > 1
    assert row["verdict"] == "GPU faster"
    assert row["time_saved_s"] == 5.5
    assert row["accuracies_agree"] is True
    assert (row["cpu_train_s_min"], row["cpu_train_s_max"], row["cpu_n"]) == (10, 12, 3)
    # 6 x MACs is what the made-up record says that one image's training takes.
    rate = 6 * 37_220_352 * 1005 * 2 / 11
    assert row["cpu_flops_per_s"] == pytest.approx(rate)
    assert row["cpu_peak_share"] is None  # not every record knows the machine's peak


def test_the_share_of_the_measured_peak(tmp_path):
    cell = _timed("cpu", [10, 11, 12])
    cell["peak_flops_per_s"] = 2e11
    study = collected(tmp_path, [cell])
    [row] = speedup.rows(study)
    assert row["cpu_peak_share"] == pytest.approx(row["cpu_flops_per_s"] / 2e11)
    [table] = timings.achieved(study, [row])
    assert table.rows[0][2].note == "20.40 % of the measured peak"
    assert table.rows[0][3].text == "not measured"


def test_energy_is_shown_where_a_device_counts_it(tmp_path):
    cpu, gpu = _timed("cpu", [10, 11, 12]), _timed("gpu", [5, 5.5, 6])
    for number, run in enumerate(gpu["runs"]):
        run["details"]["energy_j"] = {"gpu": 1000.0 + number, "cpu": 200.0 + number}
    study = collected(tmp_path, [cpu, gpu])
    [row] = speedup.rows(study)
    assert (row["gpu_energy_gpu_j"], row["gpu_energy_cpu_j"], row["cpu_energy_cpu_j"]) == (1001, 201, None)
    [table] = timings.energy(study, [row])
    assert [cell.text for cell in table.rows[0][2:]] == ["not measured", "201", "1.00\N{NO-BREAK SPACE}k"]
    assert timings.energy(study, speedup.rows(collected(tmp_path, [_timed("cpu", [10])]))) == []


def test_energy_of_some_repeats_alone_is_not_measured(tmp_path):
    cell = _timed("cpu", [10, 11])
    cell["runs"][0]["details"]["energy_j"] = {"cpu": 500.0}
    assert _row(tmp_path, cell)["cpu_energy_cpu_j"] is None


def test_an_interval_around_one_is_a_tie(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11, 12]), _timed("gpu", [9.5, 11, 12.5]))
    assert row["verdict"] == "tie"


def test_without_a_gpu_it_is_not_measured(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11, 12]))
    assert row["verdict"] == "not measured"
    assert "no GPU was visible" in row["reason"]
    assert row["speedup"] is None
    assert row["cpu_train_s_median"] == 11


def test_a_missing_cpu_is_not_measured(tmp_path):
    row = _row(tmp_path, _timed("gpu", [5, 5.5, 6]))
    assert row["reason"] == "no CPU run was made"


def test_packed_times_are_never_divided(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11]), _timed("gpu", [5, 6], packed=True))
    assert row["reason"] == "the GPU was timed in packed runs only"
    assert row["speedup"] is None


def test_failed_runs_give_their_reason(tmp_path):
    failed = {"status": "failed", "error": "OutOfMemoryError: 24 GB", "history": []}
    row = _row(tmp_path, _timed("cpu", [10, 11]), _timed("gpu", [5, 6], **failed))
    assert row["reason"] == "the GPU runs failed: OutOfMemoryError: 24 GB"


def test_other_settings_are_no_match(tmp_path):
    other = _timed("gpu", [5, 6])
    for run in other["runs"]:
        run["settings"] = {**SETTINGS, "batch_size": 32}
    rows = speedup.rows(collected(tmp_path, [_timed("cpu", [10, 11]), other]))
    assert [row["verdict"] for row in rows] == ["not measured", "not measured"]


def test_one_repeat_has_no_interval(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10]), _timed("gpu", [5]))
    assert (row["speedup"], row["speedup_low"], row["verdict"]) == (2.0, None, "one repeat")


def test_repeats_far_apart_are_called_disturbed_in_the_report(tmp_path):
    study = collected(tmp_path, [_timed("cpu", [2.5, 36.1, 45.0])])
    [table] = timings.speedups(study, speedup.rows(study))
    assert "18.0 times as long as the fastest" in table.note


def test_steady_repeats_are_reported_without_a_warning(tmp_path):
    study = collected(tmp_path, [_timed("cpu", [10, 11, 12])])
    [table] = timings.speedups(study, speedup.rows(study))
    assert table.note == ""
