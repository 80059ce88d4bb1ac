"""The CPU-vs-GPU tables: matched pairs with speedups, or the words "not measured" and why."""

import json

from bakeoff.analysis import disturbance, wording
from bakeoff.analysis.differences import MARGIN
from bakeoff.analysis.speedup import TIE
from bakeoff.analysis.study import Study, finished
from bakeoff.analysis.tables import Row
from bakeoff.report import parts
from bakeoff.report.parts import Cell, Column, Table

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
    "single repeat of a network, accuracy is not judged.",
    "Energy is shown where a device counts it itself: a processor by RAPL, a GPU by NVML.",
)
# Beyond this ratio of the slowest to the fastest repeat a time is not steady.
STEADY_RATIO = 1.5
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
    runs = [run for cell in study.speed for run in finished(cell["runs"])]
    return "What was timed", tuple(words.format(disturbance.sentence(runs)) for words in WORDS)


def speedups(study: Study, rows: list[Row]) -> list[Table]:
    """Return one table per timed data set."""
    tables = []
    for dataset in dict.fromkeys(row["dataset"] for row in rows):
        mine = [row for row in rows if row["dataset"] == dataset]
        caption = f"{study.title(dataset)}: the same training on CPU and GPU"
        measured = any(row["speedup"] is not None for row in mine)
        columns = COLUMNS if measured else [*COLUMNS[:3], *COLUMNS[6:]]
        cells = [_speedup(row, measured) for row in mine]
        note = " ".join(sentence for row in mine for sentence in _unsteady(row))
        tables.append(Table(f"speedup-{dataset}", caption, columns, cells, note))
    return tables


def _unsteady(row: Row) -> list[str]:
    """Warn of times whose repeats lie far apart."""
    warnings = []
    for device in ("cpu", "gpu"):
        fastest, slowest = (row[f"{device}_train_s_{end}"] for end in ("min", "max"))
        if fastest and slowest / fastest > STEADY_RATIO:
            ratio = wording.ratio(slowest / fastest)
            warnings.append(
                f"{_name(row)} on the {device.upper()}: the slowest repeat took {ratio} times as long as the "
                "fastest; time it again before relying on it."
            )
    return warnings


def _name(row: Row) -> str:
    return f"{wording.model(row['model'])} {wording.optimizer(row['optimizer'])}".strip()


def _speedup(row: Row, measured: bool) -> list[Cell]:
    verdict = row["verdict"]
    note = row["reason"] or ""
    if row["speedup"] is not None:
        others = f"result: {row['result_verdict']}; accuracy: {row['accuracy_verdict']}"
        note = f"{note}; {others}" if note else others
    return [
        parts.text(_name(row), note=_settings(row)),
        _time(row, "cpu"),
        _time(row, "gpu"),
        *([_ratio(row, "speedup"), _saved(row), _ratio(row, "result_speedup")] if measured else []),
        _accuracy(row, "cpu"),
        _accuracy(row, "gpu"),
        Cell(verdict[:1].upper() + verdict[1:], verdict, note=note, look=_look(verdict)),
    ]


def _settings(row: Row) -> str:
    return wording.settings(json.loads(row["settings"]))


def _look(verdict: str) -> str:
    return "hint" if verdict in (wording.NOT_MEASURED, wording.NOT_JUDGED, TIE) else ""


def _time(row: Row, device: str) -> Cell:
    time = row[f"{device}_train_s_median"]
    if time is None:
        return Cell(wording.NOT_MEASURED, None, look="hint")
    ends = [wording.seconds(row[f"{device}_train_s_{end}"]) for end in ("min", "max")]
    note = f"{ends[0]}\N{EN DASH}{ends[1]}, n = {row[f'{device}_n']}"
    if row[f"{device}_disturbed"]:
        note += f", {row[f'{device}_disturbed']} disturbed"
    return parts.seconds(time, note=note)


def _ratio(row: Row, name: str) -> Cell:
    if row[name] is None:
        return Cell(wording.NOT_MEASURED, None, look="hint")
    note = "no interval"
    if row[f"{name}_low"] is not None:
        note = wording.ratio_span(row[f"{name}_low"], row[f"{name}_high"])
    return Cell(wording.ratio(row[name]), row[name], note=note)


def _saved(row: Row) -> Cell:
    if row["time_saved_s"] is None:
        return Cell(wording.NOT_MEASURED, None, look="hint")
    return Cell(wording.seconds(row["time_saved_s"]).replace("-", "\N{MINUS SIGN}"), row["time_saved_s"])


def _accuracy(row: Row, device: str) -> Cell:
    accuracy = row[f"{device}_accuracy"]
    if accuracy is None:
        return Cell(wording.NOT_MEASURED, None, look="hint")
    return parts.percent(
        accuracy, note=wording.span(row[f"{device}_accuracy_low"], row[f"{device}_accuracy_high"])
    )


def _rate(row: Row, device: str) -> Cell:
    rate, share = row[f"{device}_flops_per_s"], row[f"{device}_peak_share"]
    if not rate:
        return Cell(wording.NOT_MEASURED, None, look="hint")
    note = f"{wording.percent(row[f'{device}_executed_share'])} % executed"
    if share:
        note = f"{wording.percent(share)} % of the peak; {note}"
    return Cell(wording.scaled(rate), rate, note=note)


def achieved(study: Study, rows: list[Row]) -> list[Table]:
    """Return the arithmetic per second that each timed training reached."""
    columns = (
        Column("Training"),
        Column("Data set"),
        Column("CPU", "FLOP/s", True),
        Column("GPU", "FLOP/s", True),
    )
    found = []
    for row in rows:
        cells = [_rate(row, device) for device in ("cpu", "gpu")]
        if any(cell.value for cell in cells):
            named = [parts.text(_name(row)), parts.text(study.title(row["dataset"]))]
            found.append([*named, *cells])
    note = (
        "FLOPs executed in training one image \N{MULTIPLICATION SIGN} images \N{MULTIPLICATION SIGN} epochs, "
        "over the median training time. Executed: their share of the FLOPs that the network counts, which "
        "holds taps of small maps that only ever meet padding. The peak is the highest rate at a large "
        "convolution in the same precision, of those measured beside the study's timed trainings on that "
        "machine and device."
    )
    return [Table("achieved", "Arithmetic per second while training", columns, found, note)] if found else []


ENERGY = {
    "cpu_energy_cpu_j": Column("On the CPU: processor", "J", True),
    "gpu_energy_cpu_j": Column("On the GPU: processor", "J", True),
    "gpu_energy_gpu_j": Column("On the GPU: GPU", "J", True),
}


def energy(study: Study, rows: list[Row]) -> list[Table]:
    """Return the energy of each timed training, as far as the devices report it."""
    found = [
        [
            parts.text(_name(row)),
            parts.text(study.title(row["dataset"])),
            *(
                Cell(wording.NOT_MEASURED, None, look="hint")
                if row[name] is None
                else parts.scaled(row[name])
                for name in ENERGY
            ),
        ]
        for row in rows
        if any(row[name] is not None for name in ENERGY)
    ]
    columns = (Column("Training"), Column("Data set"), *ENERGY.values())
    note = (
        "Of the training time, medians of the repeats, from the devices' own counters. Memory, fans and the "
        "rest of the machine are not counted."
    )
    return [Table("energy", "Energy of a training", columns, found, note)] if found else []
