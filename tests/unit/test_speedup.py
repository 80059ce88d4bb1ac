"""CPU against GPU: matched pairs, or the reason in words."""

import numpy as np
import pytest

import studies
from bakeoff.analysis import devices, speedup
from bakeoff.analysis.derived_times import SpeedupRow
from bakeoff.analysis.study import Study
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


def _row(tmp_path, *cells: dict) -> SpeedupRow:
    [row] = speedup.rows(collected(tmp_path, list(cells)))
    return row


def test_a_clear_speedup(tmp_path):
    study = collected(tmp_path, [_timed("cpu", [10, 11, 12]), _timed("gpu", [5, 5.5, 6])])
    [row] = rows(study, lambda cell: None)
    assert row.ratios.speedup == 2.0
    assert row.ratios.speedup_low > 1
    assert row.verdict == "GPU faster"
    assert row.ratios.time_saved_s == 5.5
    assert row.result_verdict == "GPU faster"
    assert row.accuracy_verdict == "not judged"
    assert (row.cpu.timed.train_s_min, row.cpu.timed.train_s_max, row.cpu.timed.n) == (10, 12, 3)
    # 4 of 6 x MACs is what the made-up record says that one image's training executes.
    assert row.cpu.timed.executed_share == pytest.approx(4 / 6)
    rate = 4 * 37_220_352 * 1005 * 2 / 11
    assert row.cpu.timed.flops_per_s == pytest.approx(rate)
    assert row.cpu.timed.peak_share is None  # not every record knows the machine's peak


def test_the_share_of_the_measured_peak(tmp_path):
    cell = _timed("cpu", [10, 11, 12])
    cell["peak_flops_per_s"] = 2e11
    study = collected(tmp_path, [cell])
    [row] = speedup.rows(study)
    assert row.cpu.timed.peak_share == pytest.approx(row.cpu.timed.flops_per_s / 2e11)
    [table] = timings.achieved(study, [row])
    assert table.rows[0][2].note == "13.60 % of the peak; 66.67 % executed"
    assert table.rows[0][3].text == "not measured"


def test_one_peak_per_machine_device_and_precision(tmp_path):
    """The peak moves with the moment in which it is measured; a study holds all against the highest."""
    peaks = {"resnet18": 1.58e11, "resnet50": 2.06e11}
    cells = [studies.cell("digits", model, "sgd", "cpu", [], purpose="speed") for model in peaks]
    for cell, peak in zip(cells, peaks.values(), strict=True):
        cell["runs"] = [studies.run(SETTINGS, 0.9, details={"autocast": None}) for _ in range(3)]
        cell["peak_flops_per_s"] = peak
    rows = speedup.rows(collected(tmp_path, cells))
    assert [row.cpu.timed.flops_per_s / row.cpu.timed.peak_share for row in rows] == pytest.approx(
        [2.06e11] * 2
    )
    for run in cells[0]["runs"]:
        run["details"]["autocast"] = "bfloat16"
    rows = speedup.rows(collected(tmp_path, cells))
    assert [row.cpu.timed.flops_per_s / row.cpu.timed.peak_share for row in rows] == pytest.approx(
        [*peaks.values()]
    )


def test_a_record_that_does_not_say_what_was_executed_has_no_rate(tmp_path):
    cell = _timed("cpu", [10, 11, 12])
    del cell["compute"]["flops_train_executed"]
    row = _row(tmp_path, cell | {"peak_flops_per_s": 2e11})
    assert (row.cpu.timed.flops_per_s, row.cpu.timed.peak_share) == (None, None)


def test_devices_on_different_machines_are_not_compared(tmp_path):
    cpu, gpu = _timed("cpu", [10, 11, 12]), _timed("gpu", [5, 5.5, 6])
    cpu["environments"][0]["cpu"] = "Other CPU"
    row = _row(tmp_path, cpu, gpu)
    assert (row.ratios, row.verdict) == (None, "not measured")
    assert row.reason == "the devices were timed on different machines or threads"
    assert (row.cpu.timed.train_s_median, row.gpu.timed.train_s_median) == (11, 5.5)


def test_of_mixed_records_the_runs_of_one_machine_are_compared(tmp_path):
    cpu, gpu = _timed("cpu", [10, 30, 11, 12]), _timed("gpu", [5, 15, 5.5, 6])
    for cell in (cpu, gpu):
        here = cell["environments"][0]
        cell["environments"].append(here | {"versions": here["versions"] | {"torch": "9.9.9"}})
        cell["runs"][1]["environment"] = 1
    row = _row(tmp_path, cpu, gpu)
    assert (row.cpu.timed.train_s_median, row.gpu.timed.train_s_median, row.cpu.timed.n) == (11, 5.5, 3)
    assert (row.ratios.machine, row.ratios.speedup) == (1, 2.0)


def test_energy_is_shown_where_a_device_counts_it(tmp_path):
    cpu, gpu = _timed("cpu", [10, 11, 12]), _timed("gpu", [5, 5.5, 6])
    for number, run in enumerate(gpu["runs"]):
        run["details"]["energy_j"] = {"gpu": 1000.0 + number, "cpu": 200.0 + number}
    study = collected(tmp_path, [cpu, gpu])
    [row] = speedup.rows(study)
    assert (row.gpu.timed.energy_gpu_j, row.gpu.timed.energy_cpu_j, row.cpu.timed.energy_cpu_j) == (
        1001,
        201,
        None,
    )
    [table] = timings.energy(study, [row])
    assert [cell.text for cell in table.rows[0][2:]] == ["not measured", "201", "1.00\N{NO-BREAK SPACE}k"]
    assert timings.energy(study, speedup.rows(collected(tmp_path, [_timed("cpu", [10])]))) == []


def test_energy_of_some_repeats_alone_is_not_measured(tmp_path):
    cell = _timed("cpu", [10, 11])
    cell["runs"][0]["details"]["energy_j"] = {"cpu": 500.0}
    assert _row(tmp_path, cell).cpu.timed.energy_cpu_j is None


def test_an_interval_around_one_is_a_tie(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11, 12]), _timed("gpu", [9.5, 11, 12.5]))
    assert row.verdict == "tie"


def test_without_a_gpu_it_is_not_measured(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11, 12]))
    assert row.verdict == "not measured"
    assert "no GPU was visible" in row.reason
    assert row.ratios is None
    assert row.cpu.timed.train_s_median == 11


def test_a_missing_cpu_is_not_measured(tmp_path):
    row = _row(tmp_path, _timed("gpu", [5, 5.5, 6]))
    assert row.reason == "no CPU run of these settings and data was made"


def test_packed_times_are_never_divided(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11]), _timed("gpu", [5, 6], packed=True))
    assert row.reason == "the GPU was timed in packed runs only"
    assert row.ratios is None


def test_failed_runs_give_their_reason(tmp_path):
    failed = {"status": "failed", "error": "OutOfMemoryError: 24 GB", "history": []}
    row = _row(tmp_path, _timed("cpu", [10, 11]), _timed("gpu", [5, 6], **failed))
    assert row.reason == "the GPU runs failed: OutOfMemoryError: 24 GB"


def test_other_settings_are_no_match(tmp_path):
    other = _timed("gpu", [5, 6])
    for run in other["runs"]:
        run["settings"] = {**SETTINGS, "batch_size": 32}
    rows = speedup.rows(collected(tmp_path, [_timed("cpu", [10, 11]), other]))
    assert [row.verdict for row in rows] == ["not measured", "not measured"]


def test_one_repeat_has_no_interval(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10]), _timed("gpu", [5]))
    assert (row.ratios.speedup, row.ratios.speedup_low) == (2.0, None)
    assert (row.verdict, row.result_verdict) == ("not judged", "not judged")
    assert row.reason == "a single repeat on the CPU and GPU: no interval"


def test_one_repeat_on_one_side_alone_has_no_interval_either(tmp_path):
    row = _row(tmp_path, _timed("cpu", [10, 11, 12]), _timed("gpu", [1]))
    assert (row.ratios.speedup, row.ratios.speedup_low, row.verdict) == (11.0, None, "not judged")


def test_training_and_result_are_judged_apart(tmp_path):
    cpu, gpu = _timed("cpu", [10.0, 10.01, 10.02]), _timed("gpu", [9.5, 9.51, 9.52])
    for cell, factor in ((cpu, 1.2), (gpu, 5.0)):
        for run in cell["runs"]:
            run["time_to_result_s"] = factor * run["train_s"]
    row = _row(tmp_path, cpu, gpu)
    assert (row.verdict, row.result_verdict) == ("GPU faster", "CPU faster")


def test_answers_of_the_timed_runs_decide_about_accuracy(tmp_path):
    study = collected(tmp_path, [_timed("cpu", [10, 11, 12]), _timed("gpu", [5, 5.5, 6])])
    right = np.arange(10_000) % 10 > 0
    answers = {"cpu": np.tile(right, (3, 1)), "gpu": np.tile(right, (3, 1))}
    answers["gpu"][:, 0] = True  # one image of ten thousand
    [row] = rows(study, lambda cell: answers[cell.device])
    assert row.accuracy.difference == pytest.approx(1e-4)
    assert row.accuracy_verdict == "equivalent within 1 point"
    answers["gpu"][:, 1:1001] = False
    [row] = rows(study, lambda cell: answers[cell.device])
    assert row.accuracy_verdict.startswith("worse by at least 8.")
    answers["gpu"] = None  # not all of its answers are there
    [row] = rows(study, lambda cell: answers[cell.device])
    assert row.accuracy_verdict == "not judged"  # a repeat without its partner


@pytest.mark.parametrize(("seed", "verdict"), [(0, "not judged"), (None, "equivalent within 1 point")])
def test_one_pair_shows_the_accuracy_of_what_has_no_seed_alone(tmp_path, seed, verdict):
    study = collected(tmp_path, [_timed(device, [10], seed=seed) for device in ("cpu", "gpu")])
    [row] = rows(study, lambda cell: np.ones((1, 10_000), dtype=bool))
    assert row.accuracy_verdict == verdict


def test_the_report_says_both_times_and_the_accuracy(tmp_path):
    study = collected(tmp_path, [_timed("cpu", [10, 11, 12]), _timed("gpu", [5, 5.5, 6])])
    [table] = timings.speedups(study, rows(study, lambda cell: None))
    assert (table.rows[0][-1].text, table.rows[0][-1].note) == (
        "GPU faster",
        "result: GPU faster; accuracy: not judged",
    )


def rows(found, right) -> list[SpeedupRow]:
    """Return the table with other answers of the timed runs than those that lie beside the records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Study, "right", lambda self, cell, runs: right(cell))
        return speedup.rows(found)


def _said(tmp_path, *cells: dict, right=lambda cell: None) -> list[str]:
    found = collected(tmp_path, list(cells))
    found = devices.found(found, rows(found, right))
    return [sentence for finding in found for sentence in (finding.text, finding.evidence)]


def _pair(optimizer: str, cpu: list[float], gpu: list[float]) -> list[dict]:
    return [
        _timed(device, seconds) | {"factors": {"optimizer": {"name": optimizer, "label": optimizer.upper()}}}
        for device, seconds in (("cpu", cpu), ("gpu", gpu))
    ]


def test_faster_tied_and_slower_are_counted(tmp_path):
    cells = [
        *_pair("sgd", [10, 10.1, 10.2], [5, 5.1, 5.2]),
        *_pair("adam", [5, 5.1, 5.2], [10, 10.1, 10.2]),
        *_pair("rmsprop", [10, 11, 12], [9.5, 11, 12.5]),
    ]
    text, _ = _said(tmp_path, *cells)
    assert text == (
        "GPU against CPU on Digits: training faster for 1, tied for 1 and slower for 1 of 3 "
        "(0.50 to 1.98 times as fast), the result faster for 1, tied for 1 and slower for 1 of 3 "
        "(0.58 to 1.74 times), accuracy not judged for 3 of 3."
    )


def test_a_slower_and_a_tied_training_are_not_nothing_of_two(tmp_path):
    cells = [*_pair("adam", [5, 5.1, 5.2], [10, 10.1, 10.2]), *_pair("sgd", [10, 11, 12], [9.5, 11, 12.5])]
    assert "training tied for 1 and slower for 1 of 2" in _said(tmp_path, *cells)[0]


def test_one_repeat_is_no_tie(tmp_path):
    text, evidence = _said(tmp_path, *_pair("sgd", [50], [5]))
    assert text == (
        "GPU against CPU on Digits: training not judged for 1 of 1 (10.0 times as fast), "
        "the result not judged for 1 of 1 (7.75 times), accuracy not judged for 1 of 1."
    )
    assert "10.0 (a single repeat on the CPU and GPU: no interval)" in evidence


def test_a_gpu_whose_result_comes_later_is_not_called_worth_it(tmp_path):
    cells = _pair("sgd", [10.5, 10.51, 10.52], [10, 10.01, 10.02])
    for run in cells[1]["runs"]:
        run["time_to_result_s"] = 60.0 + run["train_s"]
    text = _said(tmp_path, *cells)[0]
    assert text.startswith(
        "GPU against CPU on Digits: training faster for 1 of 1 (1.05 times as fast), the result slower"
    )


def test_a_training_without_its_partner_is_counted_too(tmp_path):
    cells = [*_pair("sgd", [10, 10.1, 10.2], [5, 5.1, 5.2]), *_pair("adam", [5, 5.1, 5.2], [5])[:1]]
    assert "training faster for 1 and not measured for 1 of 2" in _said(tmp_path, *cells)[0]


def test_what_the_answers_show_is_said(tmp_path):
    right = np.arange(10_000) % 10 > 0
    cells = _pair("sgd", [10, 10.1, 10.2], [5, 5.1, 5.2])
    text, evidence = _said(tmp_path, *cells, right=lambda cell: np.tile(right, (3, 1)))
    assert text.endswith("accuracy equivalent within 1 point for 1 of 1.")
    assert evidence.endswith("; accuracy, points: ResNet-18 SGD 0.00 (\N{MINUS SIGN}0.03 to +0.03)")


def test_repeats_far_apart_are_called_disturbed_in_the_report(tmp_path):
    study = collected(tmp_path, [_timed("cpu", [2.5, 36.1, 45.0])])
    [table] = timings.speedups(study, speedup.rows(study))
    assert "18.0 times as long as the fastest" in table.note


def test_steady_repeats_are_reported_without_a_warning(tmp_path):
    study = collected(tmp_path, [_timed("cpu", [10, 11, 12])])
    [table] = timings.speedups(study, speedup.rows(study))
    assert table.note == ""
