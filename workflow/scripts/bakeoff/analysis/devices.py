"""Sentences on whether the GPU is worth it: training time, time to result and accuracy, each judged apart."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bakeoff.analysis import speedup, wording
from bakeoff.analysis.derived_times import Gap, Ratios, Side, SpeedupRow
from bakeoff.analysis.finding import Finding
from bakeoff.analysis.study import Study, by, unique

# Of the GPU, in the order in which they are said.
WORDS = {
    speedup.FASTER["gpu"]: "faster",
    speedup.TIE: "tied",
    speedup.FASTER["cpu"]: "slower",
    wording.NOT_JUDGED: wording.NOT_JUDGED,
    wording.NOT_MEASURED: wording.NOT_MEASURED,
}


def found(study: Study, rows: list[SpeedupRow]) -> Iterator[Finding]:
    """Yield a finding per data set and machine with a measured pair, and why others were not measured."""
    measured = [(row, row.ratios) for row in rows if row.ratios]
    if not measured:
        reasons = unique(row.reason for row in rows) or ["no training was timed to compare devices"]
        yield Finding("devices", f"Whether a GPU is worth it was not measured: {'; '.join(reasons)}.", "")
    machines = {ratios.machine for _, ratios in measured}
    for dataset, those in by(measured, lambda pair: pair[0].dataset).items():
        title = study.title(dataset)
        by_machine = by(those, lambda pair: pair[1].machine)
        others = [row for row in rows if row.dataset == dataset and not row.ratios]
        for machine, mine in by_machine.items():
            where = f"{title} (machine {machine})" if len(machines) > 1 else title
            every = [row for row, _ in mine] + ([] if len(by_machine) > 1 else others)
            yield Finding("devices", _sentence(where, every), _evidence(study, every))
        if others and len(by_machine) > 1:
            names = wording.listed([_name(study, row) for row in others])
            reasons = unique(row.reason for row in others)
            text = f"GPU against CPU on {title} was not measured for {names}: {'; '.join(reasons)}."
            yield Finding("devices", text, "")


def _sentence(title: str, rows: list[SpeedupRow]) -> str:
    training = _counted([WORDS[row.verdict] for row in rows], WORDS.values())
    result = _counted([WORDS[row.result_verdict] for row in rows], WORDS.values())
    accuracy = _counted([row.accuracy_verdict for row in rows])
    ratios = [row.ratios for row in rows if row.ratios]
    return (
        f"{_lead(rows)} on {title}: training {training} ({_range([each.speedup for each in ratios])} times "
        f"as fast), the result {result} ({_range([each.result_speedup for each in ratios])} times), "
        f"accuracy {accuracy}."
    )


def _lead(rows: list[SpeedupRow]) -> str:
    """Return the answer as far as all trainings agree: a faster GPU is worth it where accuracy is kept."""
    verdicts = {verdict for row in rows for verdict in (row.verdict, row.result_verdict)}
    if verdicts == {speedup.FASTER["cpu"]} and not any(map(_disturbed, rows)):
        return "The GPU is not worth it"
    if verdicts != {speedup.FASTER["gpu"]} or any(map(_disturbed, rows)):
        return "GPU against CPU"
    kept = all(row.accuracy_verdict.startswith(("equivalent", "better")) for row in rows)
    return "The GPU is worth it" if kept else "The GPU is faster"


def _sides(row: SpeedupRow) -> list[Side]:
    """Return the comparable repeats on each device that has some."""
    return [timed for device in speedup.DEVICES if (timed := row.timed(device))]


def _disturbed(row: SpeedupRow) -> bool:
    """Tell whether others disturbed every repeat on a device."""
    return any(side.disturbed == side.n for side in _sides(row))


def _counted(verdicts: Sequence[str], order: Iterable[str] = ()) -> str:
    """Return the verdicts with their numbers: faster for 2 and tied for 1 of 3."""
    counts = Counter(verdicts)
    said = [word for word in dict.fromkeys([*order, *verdicts]) if counts[word]]
    return f"{wording.listed([f'{word} for {counts[word]}' for word in said])} of {len(verdicts)}"


def _range(ratios: Sequence[float]) -> str:
    return " to ".join(dict.fromkeys(wording.ratio(end(ratios)) for end in (min, max)))


def _evidence(study: Study, rows: list[SpeedupRow]) -> str:
    times = [f"{_name(study, row)} {_ratio(row, row.ratios)}" for row in rows if row.ratios]
    said = "CPU time over GPU time of training, medians, 95 % intervals: " + ", ".join(times)
    points = [f"{_name(study, row)} {_points(row.accuracy)}" for row in rows if row.accuracy]
    return said + ("; accuracy, points: " + ", ".join(points) if points else "")


def _ratio(row: SpeedupRow, ratios: Ratios) -> str:
    ratio = wording.ratio(ratios.speedup)
    disturbed = sum(side.disturbed for side in _sides(row))
    some = f", {wording.plural(disturbed, 'repeat')} disturbed" if disturbed else ""
    if ratios.speedup_low is None or ratios.speedup_high is None:
        return f"{ratio} ({row.reason}{some})"
    return f"{ratio} ({wording.ratio_span(ratios.speedup_low, ratios.speedup_high)}{some})"


def _points(gap: Gap) -> str:
    value, low, high = (wording.points(number) for number in (gap.difference, gap.low, gap.high))
    return f"{value} ({low} to {high})"


def _name(study: Study, row: SpeedupRow) -> str:
    return " ".join([study.label(row.competitor), *study.levels(row.factors)])
