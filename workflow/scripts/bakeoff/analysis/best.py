"""The best configuration of every model on every data set: chosen by validation accuracy alone."""

import json
import math
from collections.abc import Iterable
from statistics import fmean, median, stdev

from bakeoff import selection
from bakeoff.analysis import disturbance, wording
from bakeoff.analysis.intervals import median_interval, wilson
from bakeoff.analysis.machines import most
from bakeoff.analysis.study import Placed, Study, by
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.records import Record, Run, cell_name, model_name

PARTS = ("validation", "test", "holdout")
COLUMNS: Columns = {
    "dataset": str,
    "model": str,
    "status": str,
    "cell": str,
    "optimizer": str,
    "kernel": str,
    "device": str,
    "settings": str,
    "seeds": int,
    **{
        f"{part}_{name}": kind
        for part in PARTS
        for name, kind in (
            ("accuracy", float),
            ("low", float),
            ("high", float),
            ("sd", float),
            ("n", int),
        )
    },
    "train_accuracy": float,
    "optimism_gap": float,
    "train_s": float,
    "train_s_min": float,
    "train_s_max": float,
    "train_s_low": float,
    "train_s_high": float,
    "time_to_result_s": float,
    "alone": bool,
    "machine": int,
    "ranked": bool,
    "timed_n": int,
    "disturbed": int,
    "fresh_accuracy": float,
    "fresh_sd": float,
    "fresh_n": int,
    "one_s": float,
    "one_s_low": float,
    "one_s_high": float,
    "batch_s": float,
    "batch_n": int,
    "batch_each_s": float,
    "images_per_s": float,
    "predicting_disturbed": bool,
    "parameters": int,
    "macs_forward": int,
    "flops_train": int,
    "command": str,
}


def best_cell(study: Study, cells: Iterable[Record]) -> tuple[Record, list[Run]] | None:
    """Return the cell with the highest mean validation accuracy and its chosen run of each seed.

    Ties go to the cheaper settings, then to the shorter time to result alone on one machine (the same
    training on CPU and GPU), then to the first cell; None when no choice finished.
    """
    chosen = [(cell, runs) for cell in cells if (runs := selection.choose(cell["runs"]))]
    if not chosen:
        return None
    alone = [study.placed(*pair) for pair in chosen]
    where = most(place for runs in alone for _, place in runs)
    spent = {id(cell): _to_result(runs, where) for (cell, _), runs in zip(chosen, alone, strict=True)}

    def rate(pair: tuple[Record, list[Run]]) -> selection.Rating:
        accuracy, cost, _ = selection.rate(pair[1])
        return accuracy, cost, spent[id(pair[0])]

    return selection.prefer(chosen, rate)


def _to_result(alone: list[Placed], where: int | None) -> float:
    """Return the median time to result of lone trainings on a machine; infinite where there are none."""
    times = [run["time_to_result_s"] for run, place in alone if where in place]
    return median(times) if times else math.inf


def rows(study: Study) -> list[Row]:
    """Return one row per data set and model, also where no run finished (status says so).

    Times are of the chosen settings alone on one machine, medians of timed_n trainings; where there are none
    (alone: False) means of the grid's, which were measured beside other work or on few threads.
    Only those of the machine on which most of a data set's choices were timed are `ranked`.
    fresh_accuracy is the mean test accuracy of these trainings, whose seeds had no part in the choice.
    """
    found = []
    for cells in by(study.selection, lambda record: record["dataset"]).values():
        best = {model: best_cell(study, members) for model, members in by(cells, model_name).items()}
        again = {model: study.placed(*pair) for model, pair in best.items() if pair}
        where = most(place for runs in again.values() for _, place in runs)
        for model, pair in best.items():
            head = {"dataset": cells[0]["dataset"], "model": model}
            if pair:
                times = _times(pair[1], again[model], where)
                found.append(head | _measured(*pair) | times | _predicting(study.alone_record(pair[0])))
            else:
                found.append(head | {"status": "no run finished", "seeds": 0})
    return complete(COLUMNS, found)


def _measured(cell: Record, runs: list[Run]) -> Row:
    accuracies: Row = {}
    for part in PARTS:
        accuracies |= accuracy(runs, part, cell["data"]["counts"][part])
    return {
        "status": "ok",
        "cell": cell_name(cell),
        "optimizer": cell["optimizer"],
        "kernel": cell["kernel"],
        "device": cell["device"],
        "settings": json.dumps(wording.as_run(*runs)),
        "seeds": len(runs),
        **accuracies,
        "train_accuracy": _mean(runs, "train_accuracy"),
        "optimism_gap": difference(accuracies["validation_accuracy"], accuracies["test_accuracy"]),
        **{name: cell["compute"][name] for name in ("parameters", "macs_forward", "flops_train")},
        "command": cell["command"],
    }


def _times(chosen: list[Run], again: list[Placed], where: int | None) -> Row:
    """Return the times of the chosen settings alone, or of the grid, and what fresh seeds come to.

    Alone on the machine `where`, or on another if on that one there are none.
    """
    if not again:
        times: Row = {name: _mean(chosen, name) for name in ("train_s", "time_to_result_s")}
        return {**times, "alone": False, "ranked": False}
    places = [place for _, place in again]
    machine = where if any(where in place for place in places) else most(places)
    timed = [run for run, place in again if machine in place]
    spent = [run["train_s"] for run in timed]
    low, high = median_interval(spent) or (None, None)
    fresh = [run["test_accuracy"] for run, _ in again if run["seed"] is not None]
    return {
        "train_s": median(spent),
        "train_s_min": min(spent),
        "train_s_max": max(spent),
        "train_s_low": low,
        "train_s_high": high,
        "time_to_result_s": median(run["time_to_result_s"] for run in timed),
        "alone": True,
        "machine": machine,
        "ranked": machine == where,
        "timed_n": len(timed),
        "disturbed": disturbance.count(timed),
        "fresh_accuracy": fmean(fresh) if fresh else None,
        "fresh_sd": stdev(fresh) if len(fresh) > 1 else None,
        "fresh_n": len(fresh),
    }


def _predicting(record: Record | None) -> Row:
    """Return how long the saved model takes for one image and for a batch, if a lone cell measured it."""
    if record is None or not (measured := record.get("prediction")):
        return {}
    one, batch = measured[0], measured[-1]
    return {
        "one_s": one["s_median"],
        "one_s_low": one["s_low"],
        "one_s_high": one["s_high"],
        "batch_s": batch["s_median"],
        "batch_n": batch["images"],
        "batch_each_s": batch["s_median"] / batch["images"],
        "images_per_s": batch["images"] / batch["s_median"],
        "predicting_disturbed": any(map(disturbance.disturbed, measured)),
    }


def accuracy(runs: list[Run], part: str, n: int) -> Row:
    """Return a part's mean accuracy over seeds, its Wilson interval (n images) and its seed spread.

    The interval speaks of the finite test set, which more seeds do not enlarge; the standard
    deviation over seeds is None with a single one.
    """
    values = [run[f"{part}_accuracy"] for run in runs if run[f"{part}_accuracy"] is not None]
    mean = fmean(values) if values else None
    low, high = wilson(mean, n) if mean is not None and n else (None, None)
    spread = stdev(values) if len(values) > 1 else None
    return {
        f"{part}_accuracy": mean,
        f"{part}_low": low,
        f"{part}_high": high,
        f"{part}_sd": spread,
        f"{part}_n": n,
    }


def difference(first: float | None, second: float | None) -> float | None:
    """Return first minus second, or None where either is missing."""
    return None if first is None or second is None else first - second


def _mean(runs: list[Run], name: str) -> float | None:
    values = [run[name] for run in runs if run[name] is not None]
    return fmean(values) if values else None
