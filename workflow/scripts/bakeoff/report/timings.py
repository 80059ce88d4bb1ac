"""The CPU-vs-GPU tables: matched pairs with speedups, or the words "not measured" and why."""

from bakeoff.analysis import disturbance, wording
from bakeoff.analysis.derived_times import Ratios, Side, SpeedupRow
from bakeoff.analysis.differences import MARGIN
from bakeoff.analysis.speedup import TIE
from bakeoff.analysis.study import Study
from bakeoff.records.run import finished
from bakeoff.report import parts
from bakeoff.report.parts import Column, Entry, Table

WORDS = (
    "Training time: copying the data to the device and every epoch, optimizer included; "
    "evaluation is left out. Time to result adds set-up, warm-up and validation.",
    "One program, data, batch order and precision asked for, whatever the device. Where several are timed "
    "they take turns, repeat by repeat; each run comes after a warm-up that was undone, and no other job of "
    "the study runs beside it. {}",
    "Speedup: median CPU time over median GPU time, with a 95 % interval: Welch's t on the logarithms, "
    "around the medians. An interval that contains 1 is called a tie: no difference was shown. With one "
    "repeat there is no interval and nothing is judged. The training and the result are judged apart.",
    "Accuracy: right answers on the same test images, repeats of one seed in pairs, and the 95 % "
    "interval of their difference. The devices are equivalent where it lies within "
    f"{100 * MARGIN:g} point. Where timed runs kept no answers, finished from different seeds, or are a "
    "single repeat of a training that is random, accuracy is not judged.",
    "Energy is shown where a device counts it itself: a processor by RAPL, a GPU by NVML.",
)
# Beyond this ratio of the slowest to the fastest repeat a time is not steady.
STEADY_RATIO = 1.5
DEVICES = ("cpu", "gpu")
NOT_MEASURED = Entry(wording.NOT_MEASURED, None, look="hint")
COLUMNS = (
    Column("Training"),
    Column("CPU", "s, median", True),
    Column("GPU", "s, median", True),
    Column("Speedup", "\N{MULTIPLICATION SIGN}, 95 %", True),
    Column("Saved", "s", True),
    Column("To result", "\N{MULTIPLICATION SIGN}, 95 %", True),
    Column("CPU test", "%, 95 %", True),
    Column("GPU test", "%, 95 %", True),
    Column("Verdict", "training"),
)


def box(study: Study) -> tuple[str, tuple[str, ...]]:
    """Return what is said of how the study's trainings were timed."""
    runs = [run for cell in study.speed for run in finished(cell.runs)]
    return "What was timed", tuple(words.format(disturbance.sentence(runs)) for words in WORDS)


def speedups(study: Study, rows: list[SpeedupRow]) -> list[Table]:
    """Return one table per timed data set."""
    tables = []
    for dataset in dict.fromkeys(row.dataset for row in rows):
        mine = [row for row in rows if row.dataset == dataset]
        caption = f"{study.title(dataset)}: the same training on CPU and GPU"
        measured = any(row.ratios for row in mine)
        columns = COLUMNS if measured else [*COLUMNS[:3], *COLUMNS[6:]]
        entries = [_speedup(study, row, measured) for row in mine]
        note = " ".join(sentence for row in mine for sentence in _unsteady(study, row))
        tables.append(Table(f"speedup-{dataset}", caption, columns, entries, note))
    return tables


def _unsteady(study: Study, row: SpeedupRow) -> list[str]:
    """Warn of times whose repeats lie far apart."""
    warnings = []
    for device in DEVICES:
        side = row.timed(device)
        if side and side.train_s_max / side.train_s_min > STEADY_RATIO:
            ratio = wording.ratio(side.train_s_max / side.train_s_min)
            warnings.append(
                f"{_name(study, row)} on the {wording.device(device)}: the slowest repeat took {ratio} times "
                "as long as the fastest; time it again before relying on it."
            )
    return warnings


def _name(study: Study, row: SpeedupRow) -> str:
    return " ".join([study.label(row.competitor), *study.levels(row.factors)])


def _speedup(study: Study, row: SpeedupRow, measured: bool) -> list[Entry]:
    verdict, cpu, gpu = row.verdict, *map(row.timed, DEVICES)
    note = row.reason or ""
    if row.ratios:
        others = f"result: {row.result_verdict}; accuracy: {row.accuracy_verdict}"
        note = f"{note}; {others}" if note else others
    return [
        parts.text(_name(study, row), note=wording.settings(row.settings)),
        _time(cpu),
        _time(gpu),
        *(_ratios(row.ratios) if measured else []),
        _accuracy(cpu),
        _accuracy(gpu),
        Entry(verdict[:1].upper() + verdict[1:], verdict, note=note, look=_look(verdict)),
    ]


def _look(verdict: str) -> str:
    return "hint" if verdict in (wording.NOT_MEASURED, wording.NOT_JUDGED, TIE) else ""


def _time(side: Side | None) -> Entry:
    if side is None:
        return NOT_MEASURED
    ends = [wording.seconds(end) for end in (side.train_s_min, side.train_s_max)]
    note = f"{ends[0]}\N{EN DASH}{ends[1]}, n = {side.n}"
    if side.disturbed:
        note += f", {side.disturbed} disturbed"
    return parts.seconds(side.train_s_median, note=note)


def _ratios(found: Ratios | None) -> list[Entry]:
    """Return the speedup, what it saves and the speedup of the result."""
    if found is None:
        return [NOT_MEASURED] * 3
    saved = wording.seconds(found.time_saved_s).replace("-", "\N{MINUS SIGN}")
    return [
        _ratio(found.speedup, found.speedup_low, found.speedup_high),
        Entry(saved, found.time_saved_s),
        _ratio(found.result_speedup, found.result_speedup_low, found.result_speedup_high),
    ]


def _ratio(ratio: float, low: float | None, high: float | None) -> Entry:
    note = "no interval" if low is None or high is None else wording.ratio_span(low, high)
    return Entry(wording.ratio(ratio), ratio, note=note)


def _accuracy(side: Side | None) -> Entry:
    if side is None:
        return NOT_MEASURED
    return parts.percent(side.accuracy, note=wording.span(side.accuracy_low, side.accuracy_high))


def _rate(side: Side | None) -> Entry:
    if side is None or not side.flops_per_s:
        return NOT_MEASURED
    note = f"{wording.percent(side.executed_share)} % executed"
    if side.peak_share:
        note = f"{wording.percent(side.peak_share)} % of the peak; {note}"
    return Entry(wording.scaled(side.flops_per_s), side.flops_per_s, note=note)


def achieved(study: Study, rows: list[SpeedupRow]) -> list[Table]:
    """Return the arithmetic per second that each timed training reached."""
    columns = (
        Column("Training"),
        Column("Data set"),
        Column("CPU", "FLOP/s", True),
        Column("GPU", "FLOP/s", True),
    )
    found = []
    for row in rows:
        rates = [_rate(row.timed(device)) for device in DEVICES]
        if any(rate.value for rate in rates):
            found.append([parts.text(_name(study, row)), parts.text(study.title(row.dataset)), *rates])
    note = (
        "FLOPs executed in training one image \N{MULTIPLICATION SIGN} images \N{MULTIPLICATION SIGN} epochs, "
        "over the median training time. Executed: their share of the FLOPs that are counted, which "
        "hold taps of small maps that only ever meet padding. The peak is the highest rate at a large "
        "convolution in the same precision, of those measured beside the study's timed trainings on that "
        "machine and device."
    )
    return [Table("achieved", "Arithmetic per second while training", columns, found, note)] if found else []


# Of each device that trains, the devices whose counters are read.
ENERGY = {
    ("cpu", "energy_cpu_j"): Column("On the CPU: processor", "J", True),
    ("gpu", "energy_cpu_j"): Column("On the GPU: processor", "J", True),
    ("gpu", "energy_gpu_j"): Column("On the GPU: GPU", "J", True),
}


def energy(study: Study, rows: list[SpeedupRow]) -> list[Table]:
    """Return the energy of each timed training, as far as the devices report it."""
    found = []
    for row in rows:
        counted = [getattr(row.timed(device), name, None) for device, name in ENERGY]
        if any(each is not None for each in counted):
            named = [parts.text(_name(study, row)), parts.text(study.title(row.dataset))]
            found.append(
                [*named, *(NOT_MEASURED if each is None else parts.scaled(each) for each in counted)]
            )
    columns = (Column("Training"), Column("Data set"), *ENERGY.values())
    note = (
        "Of the training time, medians of the repeats, from the devices' own counters. Memory, fans and the "
        "rest of the machine are not counted."
    )
    return [Table("energy", "Energy of a training", columns, found, note)] if found else []
