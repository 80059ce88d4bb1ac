"""CPU against GPU: the same training timed alone on both, or the reason why it was not measured."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median

from bakeoff.analysis import differences, disturbance, rates, wording
from bakeoff.analysis.derived_times import Device, Gap, Ratios, SpeedupRow
from bakeoff.analysis.derived_times import Side as Timed
from bakeoff.analysis.differences import Difference
from bakeoff.analysis.intervals import median_ratio, wilson
from bakeoff.analysis.machines import Machines, Place, most
from bakeoff.analysis.study import Study, measured
from bakeoff.records.record import Record
from bakeoff.records.request import settings_key
from bakeoff.records.run import Run, finished
from bakeoff.records.selection import groups

DEVICES = ("cpu", "gpu")
FASTER = {device: f"{device.upper()} faster" for device in DEVICES}
TIE = "tie"

Side = tuple[Record, list[Run]]


def rows(study: Study) -> list[SpeedupRow]:
    """Return one row per timed training (data set, competitor, factors, settings), matched or not;
    what was skipped is none.

    `verdict` is of the training time, `result_verdict` of the time to result, both measured on one `machine`;
    `accuracy` is not judged where the answers of the timed runs were not kept.
    """
    peaks = rates.Peaks(study)
    matched: dict[tuple[str, ...], dict[str, Side]] = {}
    for cell in (each for each in study.speed if each.skipped is None):
        levels = [name for factor, level in cell.factors.items() for name in (factor, level.name)]
        for runs in groups(cell.runs):
            key = (cell.dataset, cell.data.digest, settings_key(runs[0].settings), cell.competitor, *levels)
            matched.setdefault(key, {})[cell.device] = cell, runs
    return [_row(sides, study, peaks) for sides in matched.values()]


def _row(sides: Mapping[str, Side], study: Study, peaks: rates.Peaks) -> SpeedupRow:
    cell, _ = next(iter(sides.values()))
    machine, usable = _together(sides, study.machines)
    carried_out = {device: wording.as_run(*runs) for device, (_, runs) in sides.items()}
    timed = {device: _device(cell, usable[device], peaks) for device, (cell, _) in sides.items()}
    reasons = [_missing(device, sides.get(device), study) for device in DEVICES]
    row = SpeedupRow(
        dataset=cell.dataset,
        competitor=cell.competitor,
        factors={factor: level.name for factor, level in cell.factors.items()},
        settings=wording.on_devices(carried_out),
        verdict=wording.NOT_MEASURED,
        result_verdict=wording.NOT_MEASURED,
        accuracy_verdict=wording.NOT_MEASURED,
        reason="; ".join(filter(None, reasons)) or "the devices were timed on different machines or threads",
        test_n=cell.data.counts.test,
        cpu=timed.get("cpu"),
        gpu=timed.get("gpu"),
    )
    if any(reasons) or machine is None:
        return row
    ratios = _ratios(machine, usable["cpu"], usable["gpu"])
    gap = _gap(study, {device: (sides[device][0], usable[device]) for device in DEVICES})
    return replace(
        row,
        ratios=ratios,
        verdict=_verdict(ratios.speedup_low, ratios.speedup_high),
        result_verdict=_verdict(ratios.result_speedup_low, ratios.result_speedup_high),
        reason=_remark(sides, usable),
        accuracy=Gap(difference=gap.value, low=gap.low, high=gap.high) if gap else None,
        accuracy_verdict=differences.against(differences.MARGIN, gap) if gap else wording.NOT_JUDGED,
    )


def _together(sides: Mapping[str, Side], machines: Machines) -> tuple[int | None, dict[str, list[Run]]]:
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
    return [run for run in finished(runs) if not run.packed]


def _device(cell: Record, runs: list[Run], peaks: rates.Peaks) -> Device:
    return Device(cell=cell.cell, command=cell.command, timed=_timed(cell, runs, peaks) if runs else None)


def _timed(cell: Record, runs: list[Run], peaks: rates.Peaks) -> Timed:
    spent, until = measured(runs, "train_s"), measured(runs, "time_to_result_s")
    accuracy = fmean(measured(runs, "test_accuracy"))
    low, high = wilson(accuracy, cell.data.counts.test)
    rate = rates.achieved(cell, runs, peaks)
    return Timed(
        n=len(runs),
        disturbed=disturbance.count(runs),
        train_s_median=median(spent),
        train_s_min=min(spent),
        train_s_max=max(spent),
        time_to_result_s_median=median(until),
        time_to_result_s_min=min(until),
        time_to_result_s_max=max(until),
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        flops_per_s=rate.flops_per_s,
        executed_share=rate.executed_share,
        peak_share=rate.peak_share,
        energy_cpu_j=_energy(runs, "cpu"),
        energy_gpu_j=_energy(runs, "gpu"),
    )


def _energy(runs: Sequence[Run], of: str) -> float | None:
    """Return the median energy of a part of the machine, which a training on the other keeps busy as well."""
    counted = [each for run in runs if (each := run.details.get("energy_j", {}).get(of)) is not None]
    return median(counted) if len(counted) == len(runs) else None


def _ratios(machine: int, cpu: list[Run], gpu: list[Run]) -> Ratios:
    training, result = (
        [measured(runs, name) for runs in (cpu, gpu)] for name in ("train_s", "time_to_result_s")
    )
    speedup, low, high = median_ratio(*training)
    of_result, result_low, result_high = median_ratio(*result)
    return Ratios(
        machine=machine,
        speedup=speedup,
        speedup_low=low,
        speedup_high=high,
        time_saved_s=median(training[0]) - median(training[1]),
        result_speedup=of_result,
        result_speedup_low=result_low,
        result_speedup_high=result_high,
    )


def _remark(sides: Mapping[str, Side], usable: Mapping[str, list[Run]]) -> str | None:
    """Say why there is no interval, and how many runs did not finish; None where there is nothing to say."""
    single = [wording.device(device) for device in DEVICES if len(usable[device]) == 1]
    said = [f"a single repeat on the {wording.listed(single)}: no interval"] if single else []
    for device in DEVICES:
        runs = sides[device][1]
        if lost := len(runs) - len(finished(runs)):
            said.append(f"{lost} more did not finish on the {wording.device(device)}")
    return "; ".join(said) or None


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return wording.NOT_JUDGED
    if low <= 1 <= high:
        return TIE
    return FASTER["gpu" if low > 1 else "cpu"]


def _gap(study: Study, sides: Mapping[str, Side]) -> Difference | None:
    """Return the GPU's accuracy less the CPU's over paired repeats, None where no answers or seeds are."""
    cpu, gpu = (study.right(*sides[device]) for device in DEVICES)
    seeds, others = ([run.seed for run in sides[device][1]] for device in DEVICES)
    if cpu is None or gpu is None or seeds != others:
        return None
    return differences.of_repeats(gpu, cpu, seeds[0] is not None)


def _missing(device: str, side: Side | None, study: Study) -> str | None:
    """Say why a device has no time to compare, or None where it has."""
    name = wording.device(device)
    if side is None:
        if device == "gpu" and not any(e.gpu for record in study.records for e in record.environments):
            return "no GPU was visible or asked for"
        return f"no {name} run of these settings and data was made"
    runs = side[1]
    if lone_runs(runs):
        return None
    if finished(runs):
        return f"the {name} was timed in packed runs only"
    error = next((run.error for run in runs if run.error), None)
    if all(run.status == "diverged" for run in runs):
        return f"the training diverged on the {name}"
    return f"the {name} runs failed" + (f": {wording.error(error)}" if error else "")
