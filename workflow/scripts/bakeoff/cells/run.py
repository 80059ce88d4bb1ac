"""One cell: every run of its grid fitted or taken from the journal, the best kept, the record written.

Knows nothing of networks or SVMs: a backend plans the fits and carries them out.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bakeoff import command
from bakeoff.cells import keeping
from bakeoff.cells.family import Asked, Backend, Fit, Fitted, Plan, noting
from bakeoff.cells.journal import Journal, code_digest
from bakeoff.cells.progress import Progress
from bakeoff.cells.shards import Shard, found_beside
from bakeoff.command import UserError
from bakeoff.files import alone_in, write_text
from bakeoff.machine import hardware
from bakeoff.records import predictions, selection, signature
from bakeoff.records import record as records
from bakeoff.records.record import Run

Keep = Callable[[Fitted, list[Run]], None]


@dataclass(frozen=True)
class Outputs:
    """Where a cell writes its record, its best model, that model's predictions, and its journal.

    `shards` is the place beside which a shard says that its part is in the journal.
    """

    record: Path
    model: Path
    predictions: Path
    journal: Path
    shards: Path

    @classmethod
    def beside(cls, record: Path, model_suffix: str) -> "Outputs":
        """Return the customary places: models/, predictions/, journal/ and shards/ next to the record."""
        return cls(
            record,
            record.parent / "models" / f"{record.stem}{model_suffix}",
            record.parent / "predictions" / f"{record.stem}{predictions.SUFFIX}",
            record.parent / "journal" / record.stem,
            record.parent / "shards" / record.stem,
        )


def run_cell(backend: Backend, record_path: Path, threads: int, code: Sequence[Path], part: str = "") -> None:
    """Fit what the journal does not hold, choose by validation accuracy, write record, model, predictions.

    `code` are the sources whose change makes the journal's runs stale. With a part ("2/3") fit only that
    shard of the grid, into a journal of its own that the cell takes over.
    """
    outputs = Outputs.beside(record_path, backend.model_suffix)
    shard = Shard.parse(part)
    folder = shard.beside(outputs.journal) if shard else outputs.journal
    with alone_in(folder):
        journal = open_journal(backend, folder, threads, code)
        environment = hardware.describe(threads, backend.identity["device"])
        carry_out = noting(lambda: {"environment": environment, "load": None})
        if shard:
            _run_shard(backend, outputs, journal, shard, carry_out)
        else:
            _run_whole(backend, outputs, journal, carry_out)


def open_journal(backend: Backend, folder: Path, threads: int, code: Sequence[Path], **more: Any) -> Journal:
    """Return the journal of a backend's runs, whose keys hold all that these depend on."""
    context = {
        **backend.identity,
        "rows": backend.rows,
        **backend.context,
        "data": backend.dataset.meta["digest"],
        "code": code_digest(*code),
        **({"threads": threads} if backend.follows_threads else {}),
        "format": records.FORMAT,
        **more,
    }
    return Journal(folder, context)


def _run_shard(backend: Backend, outputs: Outputs, journal: Journal, shard: Shard, carry_out: Fit) -> None:
    """Fit a shard of the grid into its journal, and say beside the record that it is there."""
    journal.know(outputs.journal)
    plans = backend.plans()
    label = f"{_label(backend)}, shard {shard.number}/{shard.total}"
    keep = _of_a_grid(backend, journal, _wanted(plans))
    runs = settle(backend, journal, shard.cut(plans), label, keep, carry_out)
    kept = sum(run["status"] != "failed" for run in runs)
    write_text(shard.beside(outputs.shards), f"{kept} of {len(runs)} runs are in the journal\n")


def _run_whole(backend: Backend, outputs: Outputs, journal: Journal, carry_out: Fit) -> None:
    """Fit what no journal holds, complete the chosen run, and write what the cell publishes."""
    for folder in found_beside(outputs.journal):
        journal.take_over(folder)
    plans, label = backend.plans(), _label(backend)
    runs = settle(backend, journal, plans, label, _of_a_grid(backend, journal, _wanted(plans)), carry_out)
    _complete_chosen(backend, journal, plans, runs, label, carry_out)
    _write(backend, outputs, journal, build_record(backend, runs))


def _label(backend: Backend) -> str:
    return f"{backend.dataset.meta['name']}/{records.cell_name(backend.identity)}"


def _write(backend: Backend, outputs: Outputs, journal: Journal, record: records.Record) -> None:
    """Write model and answers of the chosen run, then the record."""
    label = _label(backend)
    chosen = selection.choose(record["runs"])
    keeping.publish_model(journal, backend, chosen[0] if chosen else None, outputs.model)
    keeping.publish_answers(backend, ((journal, run) for run in record["runs"]), outputs.predictions)
    if chosen is None:
        print(f"{label}: no run finished; the record says why", flush=True)
    else:
        if described := signature.find(outputs.model):
            file = outputs.model.relative_to(outputs.record.parent).as_posix()
            record = {**record, "saved": {"file": file, **described.about()}}
        best = record["best"]
        shown = ", ".join(f"{name} {value}" for name, value in best["settings"].items())
        print(
            f"{label}: best {shown}: validation {best['validation_accuracy']:.2%}, "
            f"test {best['test_accuracy']:.2%}",
            flush=True,
        )
    records.write(outputs.record, record)


def build_record(backend: Backend, runs: list[Run], purpose: str = "selection") -> records.Record:
    """Return a cell's record; `purpose` tells a grid's from that of timed runs."""
    chosen = selection.choose(runs)
    environments = list({json.dumps(run["environment"]): run["environment"] for run in runs}.values())
    return {
        "format": records.FORMAT,
        "purpose": purpose,
        "dataset": backend.dataset.meta["name"],
        **backend.identity,
        "rows": backend.rows,
        "data": backend.dataset.describe(backend.input_shape),
        "runs": [run | {"environment": environments.index(run["environment"])} for run in runs],
        "best": selection.summarise(chosen),
        "compute": backend.compute(chosen[0] if chosen else None),
        "environments": environments,
        "allocation": hardware.allocation(),
        "command": command.line(),
    }


def _wanted(plans: Sequence[Plan]) -> list[Asked]:
    return [pair for plan in plans for pair in plan.wanted]


def settle(
    backend: Backend,
    journal: Journal,
    plans: Sequence[Plan],
    label: str,
    keep: Keep,
    carry_out: Fit,
) -> list[Run]:
    """Return the plans' runs, in their order: from the journal, or fitted and then in it.

    `keep` is given every run as it finishes, with all that are finished.
    """
    runs: dict[str, Run] = {}
    key = journal.key
    wanted = _wanted(plans)
    for settings, seed in wanted:
        if (known := journal.get(settings, seed)) is not None:
            runs[key(settings, seed)] = known
    todo = [missing for plan in plans if (missing := _missing(plan, journal)).wanted]
    if runs:
        print(f"{label}: {len(runs)} of {len(wanted)} runs are in the journal", flush=True)
    for apart, count in journal.otherwise(_wanted(todo)).items():
        print(f"{label}: {count} runs in the journal are of {apart}: made anew", flush=True)
    progress = Progress(label, sum(plan.work for plan in todo))
    for plan in todo:
        for fitted in carry_out(backend, plan, progress):
            run = fitted.run
            runs.setdefault(key(run["settings"], run["seed"]), run)
            # First what it answered: a run in the journal is not fitted again for that.
            keep(fitted, list(runs.values()))
            if run["status"] != "failed" and journal.get(run["settings"], run["seed"]) is None:
                journal.add(run)
    progress.close()
    return [runs[key(settings, seed)] for settings, seed in wanted]


def _of_a_grid(backend: Backend, journal: Journal, wanted: Sequence[Asked]) -> Keep:
    """Return what keeps of a grid the answers of all runs, and of those that may be chosen all else."""
    first_seed = wanted[0][1] if wanted else None

    def keep(fitted: Fitted, finished: list[Run]) -> None:
        keeping.keep_validation(journal, backend, fitted)
        keeping.keep_test(journal, backend, fitted)
        if fitted.run["seed"] == first_seed:
            keeping.keep_model(journal, backend, fitted)
        journal.prune(_candidates(finished, wanted), keeping.TEST, backend.model_suffix)

    return keep


def _missing(plan: Plan, journal: Journal) -> Plan:
    """Return the plan without the runs that the journal holds."""
    return replace(plan, wanted=tuple(pair for pair in plan.wanted if journal.get(*pair) is None))


def _candidates(runs: Sequence[Run], wanted: Sequence[Asked]) -> list[Run]:
    """Return the runs that may still be chosen: the best so far, and unfinished groups."""
    seeds = len({seed for _, seed in wanted})
    groups = selection.groups(runs)
    complete = [run for group in groups if len(group) == seeds for run in group]
    open_groups = [run for group in groups if len(group) < seeds for run in group]
    return [*(selection.choose(complete) or []), *open_groups]


def _complete_chosen(
    backend: Backend, journal: Journal, plans: Sequence[Plan], runs: list[Run], label: str, carry_out: Fit
) -> None:
    """Fit the chosen runs alone of which something is no longer kept that the cell publishes."""
    chosen = selection.choose(runs) or []
    for run in keeping.lacks(journal, backend, chosen):
        print(f"{label}: what a chosen run left is no longer kept: fitting it alone", flush=True)
        pair = run["settings"], run["seed"]
        plan = next(plan for plan in plans if pair in plan.wanted)
        progress = Progress(label, plan.work)
        (fitted,) = carry_out(backend, replace(plan, wanted=(pair,)), progress)
        progress.close()
        if fitted.run["status"] != "ok":
            raise UserError(f"{label}: the chosen run could not be fitted again; the lines above say why")
        keeping.keep_validation(journal, backend, fitted)
        keeping.keep_test(journal, backend, fitted)
        if run is chosen[0]:
            keeping.keep_model(journal, backend, fitted)
    journal.prune(chosen, keeping.TEST)
    journal.prune(chosen[:1], backend.model_suffix)
