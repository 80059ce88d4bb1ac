"""CPU against GPU: the same training timed alone on both, or the reason why it was not measured."""

import json
from collections.abc import Sequence
from statistics import fmean, median

import numpy as np

from bakeoff.analysis import differences, disturbance, rates, wording
from bakeoff.analysis.best import difference
from bakeoff.analysis.intervals import median_ratio, wilson
from bakeoff.analysis.machines import Machines, Place, most
from bakeoff.analysis.study import Study, finished
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.records.record import Record, Run, cell_name
from bakeoff.records.selection import groups, settings_key

DEVICES = ("cpu", "gpu")
TIMES = ("train_s", "time_to_result_s")
RATIOS = ("speedup", "result_speedup")
SOURCES = ("cpu", "gpu")  # of energy: a training on a GPU keeps the processor busy as well
FASTER = {device: f"{device.upper()} faster" for device in DEVICES}
TIE = "tie"
_SIDE = {
    "cell": str,
    "n": int,
    "disturbed": int,
    **{f"{time}_{name}": float for time in TIMES for name in ("median", "min", "max")},
    "accuracy": float,
    "accuracy_low": float,
    "accuracy_high": float,
    "flops_per_s": float,
    "executed_share": float,
    "peak_share": float,
    **{f"energy_{source}_j": float for source in SOURCES},
    "command": str,
}
COLUMNS: Columns = {
    "dataset": str,
    "model": str,
    "optimizer": str,
    "settings": str,
    "verdict": str,
    "result_verdict": str,
    "reason": str,
    "machine": int,
    "speedup": float,
    "speedup_low": float,
    "speedup_high": float,
    "time_saved_s": float,
    "result_speedup": float,
    "result_speedup_low": float,
    "result_speedup_high": float,
    "accuracy_difference": float,
    "accuracy_difference_low": float,
    "accuracy_difference_high": float,
    "accuracy_verdict": str,
    "test_n": int,
    **{f"{device}_{name}": kind for device in DEVICES for name, kind in _SIDE.items()},
}

Side = tuple[Record, list[Run]]


def rows(study: Study) -> list[Row]:
    """Return one row per timed training (data set, model, optimizer, settings), matched or not.

    `verdict` is of the training time, `result_verdict` of the time to result, both measured on one `machine`;
    `accuracy_difference` is the GPU's less the CPU's, and not judged where the answers of the timed runs were
    not kept.
    """
    peaks = rates.Peaks(study)
    matched: dict[tuple[str, ...], dict[str, Side]] = {}
    for cell in study.speed:
        for runs in groups(cell["runs"]):
            key = (
                cell["dataset"],
                cell["model"],
                cell["optimizer"] or cell["kernel"],
                settings_key(runs[0]["settings"]),
                cell["data"]["digest"],
            )
            matched.setdefault(key, {})[cell["device"]] = cell, runs
    return complete(COLUMNS, (_row(sides, study, peaks) for sides in matched.values()))


def _row(sides: dict[str, Side], study: Study, peaks: rates.Peaks) -> Row:
    cell, _ = next(iter(sides.values()))
    machine, usable = _together(sides, study.machines)
    carried_out = {device: wording.as_run(*runs) for device, (_, runs) in sides.items()}
    row: Row = {
        "dataset": cell["dataset"],
        "model": cell["model"],
        "optimizer": cell["optimizer"],
        "settings": json.dumps(wording.on_devices(carried_out)),
        "test_n": cell["data"]["counts"]["test"],
    }
    for device, (cell, _) in sides.items():
        row[f"{device}_cell"], row[f"{device}_command"] = cell_name(cell), cell["command"]
        if usable[device]:
            side = _side(cell, usable[device]) | rates.achieved(cell, usable[device], peaks)
            row |= {f"{device}_{name}": value for name, value in side.items()}
    reasons = [_missing(device, sides.get(device), study) for device in DEVICES]
    if any(reasons) or machine is None:
        reason = "; ".join(filter(None, reasons)) or "the devices were timed on different machines or threads"
        verdicts = dict.fromkeys(("verdict", "result_verdict", "accuracy_verdict"), wording.NOT_MEASURED)
        return row | verdicts | {"reason": reason}
    right = {device: study.right(sides[device][0], usable[device]) for device in DEVICES}
    seeds = {device: [run["seed"] for run in usable[device]] for device in DEVICES}
    accuracy = _accuracy(right["cpu"], right["gpu"], seeds["cpu"] if seeds["cpu"] == seeds["gpu"] else [])
    lost = {device: len(sides[device][1]) - len(finished(sides[device][1])) for device in DEVICES}
    compared = _compared(row, usable["cpu"], usable["gpu"], lost)
    return row | {"machine": machine} | compared | accuracy


def _together(sides: dict[str, Side], machines: Machines) -> tuple[int | None, dict[str, list[Run]]]:
    """Return the machine on which all sides have runs whose time may be compared, and their runs there.

    On equal threads, too. Where there is none, each side has those of the place where most of its runs were
    measured.
    """
    placed = {
        device: [(run, machines.of(cell, run)) for run in lone_runs(runs)]
        for device, (cell, runs) in sides.items()
    }

    def shared(here: Place) -> int:
        return min(sum(here in places for _, places in runs) for runs in placed.values())

    every = sorted({here for runs in placed.values() for _, places in runs for here in places})
    common = max(every, key=shared, default=None)
    if common is not None and not shared(common):
        common = None
    usable = {}
    for device, runs in placed.items():
        here = common or most(places for _, places in runs)
        usable[device] = [run for run, places in runs if here in places]
    return common.machine if common else None, usable


def lone_runs(runs: Sequence[Run]) -> list[Run]:
    """Return the runs whose time may be compared: finished and not measured in a packed run."""
    return [run for run in finished(runs) if not run["packed"]]


def _side(cell: Record, runs: list[Run]) -> Row:
    side: Row = {"n": len(runs), "disturbed": disturbance.count(runs)}
    for time in TIMES:
        values = [run[time] for run in runs]
        side |= {
            f"{time}_median": median(values),
            f"{time}_min": min(values),
            f"{time}_max": max(values),
        }
    side["accuracy"] = fmean(run["test_accuracy"] for run in runs)
    low, high = wilson(side["accuracy"], cell["data"]["counts"]["test"])
    for source in SOURCES:
        counted = [run["details"].get("energy_j", {}).get(source) for run in runs]
        side[f"energy_{source}_j"] = None if None in counted else median(counted)
    return side | {"accuracy_low": low, "accuracy_high": high}


def _compared(row: Row, cpu: list[Run], gpu: list[Run], lost: dict[str, int]) -> Row:
    single = [wording.device(device) for device, runs in (("cpu", cpu), ("gpu", gpu)) if len(runs) == 1]
    said = [f"a single repeat on the {wording.listed(single)}: no interval"] if single else []
    said += [f"{count} more did not finish on the {wording.device(d)}" for d, count in lost.items() if count]
    found: Row = {"reason": "; ".join(said) or None}
    for time, name, verdict in zip(TIMES, RATIOS, ("verdict", "result_verdict"), strict=True):
        ratio, low, high = median_ratio([run[time] for run in cpu], [run[time] for run in gpu])
        found |= {name: ratio, f"{name}_low": low, f"{name}_high": high, verdict: _verdict(low, high)}
    found["time_saved_s"] = difference(row["cpu_train_s_median"], row["gpu_train_s_median"])
    return found


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return wording.NOT_JUDGED
    if low <= 1 <= high:
        return TIE
    return FASTER["gpu" if low > 1 else "cpu"]


def _accuracy(cpu: np.ndarray | None, gpu: np.ndarray | None, seeds: list[int | None]) -> Row:
    """Judge the difference of paired repeats; `seeds` are theirs, none where they are not the same ones."""
    if cpu is None or gpu is None or not seeds:
        return {"accuracy_verdict": wording.NOT_JUDGED}
    if (found := differences.of_repeats(gpu, cpu, seeds[0] is not None)) is None:
        return {"accuracy_verdict": wording.NOT_JUDGED}
    return {
        "accuracy_difference": found.value,
        "accuracy_difference_low": found.low,
        "accuracy_difference_high": found.high,
        "accuracy_verdict": differences.against(differences.MARGIN, found),
    }


def _missing(device: str, side: Side | None, study: Study) -> str | None:
    """Say why a device has no time to compare, or None where it has."""
    name = wording.device(device)
    if side is None:
        if device == "gpu" and not any(e["gpu"] for r in study.records for e in r["environments"]):
            return "no GPU was visible or asked for"
        return f"no {name} run of these settings and data was made"
    runs = side[1]
    if lone_runs(runs):
        return None
    if finished(runs):
        return f"the {name} was timed in packed runs only"
    error = next((run["error"] for run in runs if run["error"]), None)
    if all(run["status"] == "diverged" for run in runs):
        return f"the training diverged on the {name}"
    return f"the {name} runs failed" + (f": {wording.error(error)}" if error else "")
