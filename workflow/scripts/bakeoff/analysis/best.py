"""The best configuration of every competitor on every data set: chosen by validation accuracy alone."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean, median, stdev

from bakeoff.analysis import disturbance, wording
from bakeoff.analysis.derived import Accuracy, Alone, BestRow, Chosen, Fresh, Predicting
from bakeoff.analysis.intervals import median_interval, wilson
from bakeoff.analysis.machines import Place, most
from bakeoff.analysis.study import Placed, Study, by, measured
from bakeoff.records import selection
from bakeoff.records.record import Record
from bakeoff.records.run import Run, finished
from bakeoff.records.selection import Choice

Picked = tuple[Record, Choice]
# Why nothing was chosen.
NO_RUN, NOT_ON_EVERY_SEED = "no run finished", "no setting finished on every seed"
SKIPPED = "skipped"


def best_cell(study: Study, cells: Iterable[Record]) -> Picked | None:
    """Return the cell with the highest mean validation accuracy, and what it chose.

    Ties go to the cheaper settings, then to the shorter time to result alone on one machine (the same
    training on CPU and GPU), then to the first cell; None when no choice finished.
    """
    choices = [(cell, selection.choose(cell.runs)) for cell in cells]
    chosen = [(cell, choice) for cell, choice in choices if choice and choice.final]
    if not chosen:
        return None
    alone = [study.placed(*pair) for pair in chosen]
    where = most(place for runs in alone for _, place in runs)
    spent = {id(cell): _to_result(runs, where) for (cell, _), runs in zip(chosen, alone, strict=True)}

    def rate(pair: Picked) -> selection.Rating:
        accuracy, cost, _ = selection.rate(pair[1])
        return accuracy, cost, spent[id(pair[0])]

    return selection.prefer(chosen, rate)


def _to_result(alone: list[Placed], where: Place | None) -> float:
    """Return the median time to result of lone trainings in a place; infinite where there are none."""
    times = measured((run for run, place in alone if where in place), "time_to_result_s")
    return median(times) if times else math.inf


def rows(study: Study) -> list[BestRow]:
    """Return one row per data set and competitor, also where nothing could be chosen (status says why).

    Times are of the chosen settings alone on one machine; where there are none means of the grid's, which
    were measured beside other work or on few threads. `ranked` are those on the machine, the threads and the
    data of most of a data set's choices, if others did not disturb all of them. `fresh` is of the lone
    trainings whose seeds had no part in the choice.
    """
    found = []
    for dataset, cells in by(study.selection, lambda record: record.dataset).items():
        members = by(cells, lambda record: record.competitor)
        best = {name: best_cell(study, those) for name, those in members.items()}
        chosen = [pair for pair in best.values() if pair]
        where = most(place for pair in chosen for _, place in study.placed(*pair))
        data = Counter(cell.data.digest for cell, _ in chosen).most_common(1)
        for name, pair in best.items():
            if pair:
                row = _chosen(study, pair, where, pair[0].data.digest == data[0][0])
                found.append(BestRow(dataset=dataset, competitor=name, status="ok", chosen=row))
            else:
                found.append(BestRow(dataset=dataset, competitor=name, status=_without(members[name])))
    return found


def _without(cells: Sequence[Record]) -> str:
    """Return why nothing is chosen of cells."""
    if all(cell.skipped is not None for cell in cells):
        return SKIPPED
    return NOT_ON_EVERY_SEED if any(finished(cell.runs) for cell in cells) else NO_RUN


def _chosen(study: Study, pair: Picked, where: Place | None, comparable: bool) -> Chosen:
    """Return what was measured of a cell's choice; comparable: on the data of most of the others."""
    cell, choice = pair
    counts = cell.data.counts
    validation = _validation(cell, choice)
    test = accuracy(measured(choice.final, "test_accuracy"), counts.test)
    placed = study.placed(cell, choice)
    timed = _timed(placed, where)
    alone = _alone(*timed, where) if timed else None
    runs = timed[0] if timed else choice.final
    typical = median if timed else fmean
    return Chosen(
        cell=cell.cell,
        factors={factor: level.name for factor, level in cell.factors.items()},
        device=cell.device,
        settings=wording.as_run(*choice.final),
        seeds=len(choice.final),
        validation=validation,
        test=test,
        holdout=_holdout(choice, counts.holdout),
        train_accuracy=fmean(measured(choice.final, "train_accuracy")),
        optimism_gap=validation.accuracy - test.accuracy,
        train_s=typical(measured(runs, "train_s")),
        time_to_result_s=typical(measured(runs, "time_to_result_s")),
        ranked=comparable and alone is not None and not alone.elsewhere and alone.disturbed < alone.n,
        lost=study.lost(cell, choice),
        alone=alone,
        fresh=_fresh(placed),
        predicting=_predicting(study, cell, choice),
        parameters=cell.compute.parameters,
        macs_forward=cell.compute.macs_forward,
        flops_train=cell.compute.flops_train,
        command=cell.command,
    )


def _holdout(choice: Choice, images: int) -> Accuracy | None:
    return accuracy(measured(choice.final, "holdout_accuracy"), images) if images else None


def _validation(cell: Record, choice: Choice) -> Accuracy:
    """Return the accuracy by which settings were chosen; with folds a seed's is the mean over these."""
    seeds = by(choice.scored, lambda run: run.seed).values()
    return accuracy([fmean(measured(runs, "validation_accuracy")) for runs in seeds], cell.data.validated)


def _timed(placed: list[Placed], where: Place | None) -> tuple[list[Run], Place] | None:
    """Return the lone trainings in the place `where`, or where most are if in that one there are none."""
    places = [place for _, place in placed]
    here = where if any(where in place for place in places) else most(places)
    return ([run for run, place in placed if here in place], here) if here else None


def _alone(timed: list[Run], here: Place, where: Place | None) -> Alone:
    spent = measured(timed, "train_s")
    low, high = median_interval(spent) or (None, None)
    return Alone(
        n=len(timed),
        machine=here.machine,
        threads=here.threads,
        elsewhere=here != where,
        disturbed=disturbance.count(timed),
        train_s_min=min(spent),
        train_s_max=max(spent),
        train_s_low=low,
        train_s_high=high,
    )


def _fresh(placed: list[Placed]) -> Fresh | None:
    found = measured((run for run, _ in placed if run.seed is not None), "test_accuracy")
    return Fresh(accuracy=fmean(found), sd=_spread(found), n=len(found)) if found else None


def _predicting(study: Study, cell: Record, choice: Choice) -> Predicting | None:
    """Return how long the saved model takes for one image and for a batch, if measured of this choice."""
    record = study.alone_record(cell)
    if record is None or not record.prediction or not study.again(cell, choice):
        return None
    one, batch = record.prediction[0], record.prediction[-1]
    return Predicting(
        device=one.device,
        one_s=one.s_median,
        one_s_low=one.s_low,
        one_s_high=one.s_high,
        batch_s=batch.s_median,
        batch_n=batch.images,
        batch_each_s=batch.s_median / batch.images,
        images_per_s=batch.images / batch.s_median,
        disturbed=any(map(disturbance.disturbed, record.prediction)),
    )


def accuracy(values: Sequence[float], n: int) -> Accuracy:
    """Return the mean of accuracies of seeds, its Wilson interval (n images) and the spread of seeds.

    The interval speaks of the finite set of images, which more seeds do not enlarge.
    """
    mean = selection.average(values)
    low, high = wilson(mean, n)
    return Accuracy(accuracy=mean, low=low, high=high, sd=_spread(values), n=n)


def _spread(values: Sequence[float]) -> float | None:
    return stdev(values) if len(values) > 1 else None
