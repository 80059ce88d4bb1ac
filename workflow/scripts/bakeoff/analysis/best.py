"""The best configuration of every model on every data set: chosen by validation accuracy alone."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from statistics import fmean, median, stdev

from bakeoff.analysis import disturbance, wording
from bakeoff.analysis.intervals import median_interval, wilson
from bakeoff.analysis.machines import Place, most
from bakeoff.analysis.study import Placed, Study, by
from bakeoff.analysis.tables import Columns, Row, complete
from bakeoff.records import selection
from bakeoff.records.record import Record, Run, cell_name, model_name

# Why nothing was chosen.
NO_RUN, NOT_ON_EVERY_SEED = "no run finished", "no setting finished on every seed"
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
    "threads": int,
    "elsewhere": bool,
    "ranked": bool,
    "timed_n": int,
    "disturbed": int,
    "fresh_accuracy": float,
    "fresh_sd": float,
    "fresh_n": int,
    "fresh_lost": int,
    "one_s": float,
    "one_s_low": float,
    "one_s_high": float,
    "batch_s": float,
    "batch_n": int,
    "batch_each_s": float,
    "images_per_s": float,
    "predicting_device": str,
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


def _to_result(alone: list[Placed], where: Place | None) -> float:
    """Return the median time to result of lone trainings in a place; infinite where there are none."""
    times = [run["time_to_result_s"] for run, place in alone if where in place]
    return median(times) if times else math.inf


def rows(study: Study) -> list[Row]:
    """Return one row per data set and model, also where nothing could be chosen (status says why).

    Times are of the chosen settings alone on one machine, medians of timed_n trainings; where there are none
    (alone: False) means of the grid's, which were measured beside other work or on few threads. `ranked` are
    those on the machine, the threads and the data of most of a data set's choices, if others did not disturb
    all of them. fresh_accuracy is the mean test accuracy of these trainings, whose seeds had no part in the
    choice; fresh_lost of them did not finish.
    """
    found = []
    for cells in by(study.selection, lambda record: record["dataset"]).values():
        best = {model: best_cell(study, members) for model, members in by(cells, model_name).items()}
        chosen = {model: pair for model, pair in best.items() if pair}
        where = most(place for pair in chosen.values() for _, place in study.placed(*pair))
        data = Counter(cell["data"]["digest"] for cell, _ in chosen.values())
        for model, pair in best.items():
            head = {"dataset": cells[0]["dataset"], "model": model}
            if pair:
                row = head | _measured(*pair) | _times(study, *pair, where) | _predicting(study, *pair)
                row["ranked"] &= pair[0]["data"]["digest"] == data.most_common(1)[0][0]
                found.append(row)
            else:
                ran = any(run["status"] == "ok" for c in cells if model_name(c) == model for run in c["runs"])
                found.append(head | {"status": NOT_ON_EVERY_SEED if ran else NO_RUN, "seeds": 0})
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


def _times(study: Study, cell: Record, chosen: list[Run], where: Place | None) -> Row:
    """Return the times of the chosen settings alone, or of the grid, and what fresh seeds come to.

    Alone in the place `where`, or in another if in that one there are none.
    """
    placed = study.placed(cell, chosen)
    lost = study.lost(cell, chosen)
    if not placed:
        times: Row = {name: _mean(chosen, name) for name in ("train_s", "time_to_result_s")}
        return {**times, "alone": False, "ranked": False, "fresh_lost": lost}
    places = [place for _, place in placed]
    here = where if any(where in place for place in places) else most(places)
    assert here is not None
    timed = [run for run, place in placed if here in place]
    spent = [run["train_s"] for run in timed]
    low, high = median_interval(spent) or (None, None)
    fresh = [run["test_accuracy"] for run, _ in placed if run["seed"] is not None]
    disturbed = disturbance.count(timed)
    return {
        "train_s": median(spent),
        "train_s_min": min(spent),
        "train_s_max": max(spent),
        "train_s_low": low,
        "train_s_high": high,
        "time_to_result_s": median(run["time_to_result_s"] for run in timed),
        "alone": True,
        "machine": here.machine,
        "threads": here.threads,
        "elsewhere": here != where,
        "ranked": here == where and disturbed < len(timed),
        "timed_n": len(timed),
        "disturbed": disturbed,
        "fresh_accuracy": fmean(fresh) if fresh else None,
        "fresh_sd": stdev(fresh) if len(fresh) > 1 else None,
        "fresh_n": len(fresh),
        "fresh_lost": lost,
    }


def _predicting(study: Study, cell: Record, chosen: list[Run]) -> Row:
    """Return how long the saved model takes for one image and for a batch, if measured of this choice."""
    record = study.alone_record(cell)
    if record is None or not study.again(cell, chosen) or not (measured := record.get("prediction")):
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
        "predicting_device": one["device"],
        "predicting_disturbed": any(map(disturbance.disturbed, measured)),
    }


def accuracy(runs: list[Run], part: str, n: int) -> Row:
    """Return a part's mean accuracy over seeds, its Wilson interval (n images) and its seed spread.

    The interval speaks of the finite test set, which more seeds do not enlarge; the standard
    deviation over seeds is None with a single one.
    """
    values = [run[f"{part}_accuracy"] for run in runs if run[f"{part}_accuracy"] is not None]
    mean = selection.average(values) if values else None
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
