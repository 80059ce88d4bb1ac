"""Sentences on whether the GPU is worth it: training time, time to result and accuracy, each judged apart."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bakeoff.analysis import speedup, wording
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.study import Study, by
from bakeoff.analysis.tables import Row

# Of the GPU, in the order in which they are said.
WORDS = {
    speedup.FASTER["gpu"]: "faster",
    speedup.TIE: "tied",
    speedup.FASTER["cpu"]: "slower",
    wording.NOT_JUDGED: wording.NOT_JUDGED,
    wording.NOT_MEASURED: wording.NOT_MEASURED,
}


def found(study: Study, rows: list[Row]) -> Iterator[Finding]:
    """Yield a finding per data set and machine with a measured pair, and why others were not measured."""
    measured = [row for row in rows if row["speedup"] is not None]
    if not measured:
        reasons = dict.fromkeys(row["reason"] for row in rows) or ["no training was timed to compare devices"]
        yield Finding("devices", f"Whether a GPU is worth it was not measured: {'; '.join(reasons)}.", "")
    for dataset in dict.fromkeys(row["dataset"] for row in measured):
        title = study.title(dataset)
        by_machine = by((row for row in measured if row["dataset"] == dataset), lambda row: row["machine"])
        others = [row for row in rows if row["dataset"] == dataset and row["speedup"] is None]
        for machine, mine in by_machine.items():
            where = f" (machine {machine})" if len({row["machine"] for row in measured}) > 1 else ""
            every = mine if len(by_machine) > 1 else [*mine, *others]
            yield Finding("devices", _sentence(f"{title}{where}", every), _evidence(every))
        if others and len(by_machine) > 1:
            names = wording.listed([_name(row) for row in others])
            reasons = dict.fromkeys(row["reason"] for row in others)
            text = f"GPU against CPU on {title} was not measured for {names}: {'; '.join(reasons)}."
            yield Finding("devices", text, "")


def _sentence(title: str, rows: list[Row]) -> str:
    training = _counted([WORDS[row["verdict"]] for row in rows], WORDS.values())
    result = _counted([WORDS[row["result_verdict"]] for row in rows], WORDS.values())
    accuracy = _counted([row["accuracy_verdict"] for row in rows])
    return (
        f"{_lead(rows)} on {title}: training {training} ({_range(rows, 'speedup')} times as fast), "
        f"the result {result} ({_range(rows, 'result_speedup')} times), accuracy {accuracy}."
    )


def _lead(rows: list[Row]) -> str:
    """Return the answer as far as all trainings agree: a faster GPU is worth it where accuracy is kept."""
    verdicts = {row[name] for row in rows for name in ("verdict", "result_verdict")}
    if verdicts == {speedup.FASTER["cpu"]} and not any(map(_disturbed, rows)):
        return "The GPU is not worth it"
    if verdicts != {speedup.FASTER["gpu"]} or any(map(_disturbed, rows)):
        return "GPU against CPU"
    kept = all(row["accuracy_verdict"].startswith(("equivalent", "better")) for row in rows)
    return "The GPU is worth it" if kept else "The GPU is faster"


def _disturbed(row: Row) -> bool:
    """Tell whether others disturbed every repeat on a device."""
    return any(
        row[f"{device}_n"] and row[f"{device}_disturbed"] == row[f"{device}_n"] for device in ("cpu", "gpu")
    )


def _counted(verdicts: Sequence[str], order: Iterable[str] = ()) -> str:
    """Return the verdicts with their numbers: faster for 2 and tied for 1 of 3."""
    counts = Counter(verdicts)
    said = [word for word in dict.fromkeys([*order, *verdicts]) if counts[word]]
    return f"{wording.listed([f'{word} for {counts[word]}' for word in said])} of {len(verdicts)}"


def _range(rows: list[Row], name: str) -> str:
    ratios = [row[name] for row in rows if row[name] is not None]
    return " to ".join(dict.fromkeys(wording.ratio(end(ratios)) for end in (min, max)))


def _evidence(rows: list[Row]) -> str:
    times = [f"{_name(row)} {_ratio(row)}" for row in rows if row["speedup"] is not None]
    said = "CPU time over GPU time of training, medians, 95 % intervals: " + ", ".join(times)
    points = [f"{_name(row)} {_points(row)}" for row in rows if row["accuracy_difference"] is not None]
    return said + ("; accuracy, points: " + ", ".join(points) if points else "")


def _ratio(row: Row) -> str:
    ratio = wording.ratio(row["speedup"])
    disturbed = (row["cpu_disturbed"] or 0) + (row["gpu_disturbed"] or 0)
    some = f", {wording.plural(disturbed, 'repeat')} disturbed" if disturbed else ""
    if row["speedup_low"] is None:
        return f"{ratio} ({row['reason']}{some})"
    return f"{ratio} ({wording.ratio_span(row['speedup_low'], row['speedup_high'])}{some})"


def _points(row: Row) -> str:
    value, low, high = (wording.points(row[f"accuracy_difference{end}"]) for end in ("", "_low", "_high"))
    return f"{value} ({low} to {high})"


def _name(row: Row) -> str:
    return f"{wording.model(row['model'])} {wording.optimizer(row['optimizer'])}".strip()
