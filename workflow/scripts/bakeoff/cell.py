"""One cell: every run of its grid fitted or taken from the journal, the best kept, the record written.

Knows nothing of networks or SVMs: a backend plans the fits and carries them out.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bakeoff import command, hardware, predictions, records, selection, signature
from bakeoff.command import UserError
from bakeoff.files import alone_in, write_text
from bakeoff.fitting import Asked, Backend, Fitted, Plan, fit
from bakeoff.journal import Journal, code_digest
from bakeoff.predictions import Predictions
from bakeoff.progress import Progress
from bakeoff.records import Run
from bakeoff.shards import Shard, found_beside


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
        if shard:
            _run_shard(backend, outputs, journal, shard)
        else:
            _run_whole(backend, outputs, journal, threads)


def open_journal(backend: Backend, folder: Path, threads: int, code: Sequence[Path], **more: Any) -> Journal:
    """Return the journal of a backend's runs, whose keys hold all that these depend on."""
    context = {
        **backend.identity,
        **backend.context,
        "data": backend.dataset.meta["digest"],
        "code": code_digest(*code),
        "threads": threads,
        **more,
    }
    return Journal(folder, context)


def _run_shard(backend: Backend, outputs: Outputs, journal: Journal, shard: Shard) -> None:
    """Fit a shard of the grid into its journal, and say beside the record that it is there."""
    journal.know(outputs.journal)
    plans = backend.plans()
    label = f"{_label(backend)}, shard {shard.number}/{shard.total}"
    runs = settle(backend, journal, shard.cut(plans), label, _wanted(plans))
    kept = sum(run["status"] != "failed" for run in runs)
    write_text(shard.beside(outputs.shards), f"{kept} of {len(runs)} runs are in the journal\n")


def _run_whole(backend: Backend, outputs: Outputs, journal: Journal, threads: int) -> None:
    """Fit what no journal holds, complete the chosen run, and write what the cell publishes."""
    for folder in found_beside(outputs.journal):
        journal.take_over(folder)
    plans, label = backend.plans(), _label(backend)
    runs = settle(backend, journal, plans, label, _wanted(plans))
    runs = _complete_chosen(backend, journal, plans, runs, label)
    _write(backend, outputs, journal, build_record(backend, runs, selection.choose(runs), threads))


def _label(backend: Backend) -> str:
    return f"{backend.dataset.meta['name']}/{records.cell_name(backend.identity)}"


def _write(backend: Backend, outputs: Outputs, journal: Journal, record: records.Record) -> None:
    """Write model and predictions of the chosen run, then the record."""
    label = _label(backend)
    chosen = selection.choose(record["runs"])
    for path in (outputs.model, outputs.predictions):
        path.parent.mkdir(parents=True, exist_ok=True)
    if chosen is None:
        outputs.model.touch()
        predictions.save(outputs.predictions, Predictions.none(len(backend.dataset.meta["classes"])))
        print(f"{label}: no run finished; the record says why", flush=True)
    else:
        published = {backend.model_suffix: outputs.model, predictions.SUFFIX: outputs.predictions}
        for suffix, path in published.items():
            kept = journal.kept(chosen[0], suffix)
            assert kept is not None, f"{label}: {suffix} of the chosen run was kept a moment ago"
            shutil.copyfile(kept, path)
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


def build_record(
    backend: Backend,
    runs: list[Run],
    chosen: list[Run] | None,
    threads: int,
    purpose: str = "selection",
) -> records.Record:
    """Return the cell's record, or with purpose "speed" a timed cell's."""
    return {
        "purpose": purpose,
        "dataset": backend.dataset.meta["name"],
        **backend.identity,
        "data": backend.dataset.describe(backend.input_shape),
        "runs": runs,
        "best": selection.summarise(chosen),
        "compute": backend.compute(chosen[0] if chosen else None),
        "environment": hardware.describe(threads, backend.identity["device"]),
        "allocation": hardware.allocation(),
        "command": command.line(),
    }


def _wanted(plans: Sequence[Plan]) -> list[Asked]:
    return [pair for plan in plans for pair in plan.wanted]


def settle(
    backend: Backend, journal: Journal, plans: Sequence[Plan], label: str, choice: Sequence[Asked] = ()
) -> list[Run]:
    """Return the plans' runs, in their order: from the journal, or fitted and then in it.

    Of those among which one is chosen, the whole grid, the models that may still be are kept.
    """
    runs: dict[str, Run] = {}
    key = journal.key
    first_seed = choice[0][1] if choice else None
    wanted = _wanted(plans)
    for settings, seed in wanted:
        if (known := journal.get(settings, seed)) is not None:
            runs[key(settings, seed)] = known
    todo = [missing for plan in plans if (missing := _missing(plan, journal)).wanted]
    if runs:
        print(f"{label}: {len(runs)} of {len(wanted)} runs are in the journal", flush=True)
    progress = Progress(label, sum(plan.work for plan in todo))
    for plan in todo:
        for fitted in fit(backend, plan, progress):
            run = fitted.run
            if run["status"] != "failed" and journal.get(run["settings"], run["seed"]) is None:
                journal.add(run)
            runs.setdefault(key(run["settings"], run["seed"]), run)
            if choice and run["seed"] == first_seed:
                _keep(journal, backend, fitted)
            journal.prune(_candidates(runs.values(), choice, first_seed))
    progress.close()
    return [runs[key(settings, seed)] for settings, seed in wanted]


def _missing(plan: Plan, journal: Journal) -> Plan:
    """Return the plan without the runs that the journal holds."""
    return replace(plan, wanted=tuple(pair for pair in plan.wanted if journal.get(*pair) is None))


def _keep(journal: Journal, backend: Backend, fitted: Fitted) -> None:
    if fitted.save_model is None:
        return
    journal.keep(fitted.run, backend.model_suffix, fitted.save_model)
    assert fitted.predictions is not None
    assert fitted.scores is not None
    answers = Predictions(backend.dataset.labels["test"], fitted.predictions, fitted.scores)
    journal.keep(fitted.run, predictions.SUFFIX, lambda path: predictions.save(path, answers))


def _candidates(runs: Iterable[Run], wanted: Sequence[Asked], first_seed: int | None) -> list[Run]:
    """Return the first-seed runs that may still be chosen: the best so far, and unfinished groups."""
    runs = list(runs)
    seeds = len({seed for _, seed in wanted})
    groups = selection.groups(runs)
    complete = [run for group in groups if len(group) == seeds for run in group]
    best = selection.choose(complete) or []
    open_groups = [run for group in groups if len(group) < seeds for run in group]
    return [run for run in [*best, *open_groups] if run["seed"] == first_seed]


def _complete_chosen(
    backend: Backend, journal: Journal, plans: Sequence[Plan], runs: list[Run], label: str
) -> list[Run]:
    """Fit the chosen settings alone where their model is no longer kept, or their time was a packed one's."""
    chosen = selection.choose(runs) or []
    for run in chosen:
        lost = run is chosen[0] and not all(
            journal.kept(run, suffix) for suffix in (backend.model_suffix, predictions.SUFFIX)
        )
        if not lost and not run["packed"]:
            continue
        reason = "the chosen run's model is no longer kept" if lost else "the chosen run's own time"
        print(f"{label}: {reason}: fitting it alone", flush=True)
        pair = run["settings"], run["seed"]
        plan = next(plan for plan in plans if pair in plan.wanted)
        alone = _fit_alone(backend, journal, replace(plan, wanted=(pair,)), label)
        if run["packed"]:
            journal.add(alone)
            runs = [alone if each is run else each for each in runs]
    journal.prune(chosen[:1])
    return runs


def _fit_alone(backend: Backend, journal: Journal, plan: Plan, label: str) -> Run:
    """Fit a plan of one run, keep its model, and return the run."""
    progress = Progress(label, plan.work)
    (fitted,) = fit(backend, plan, progress)
    progress.close()
    if fitted.run["status"] != "ok":
        raise UserError(f"{label}: the chosen run could not be fitted again; the lines above say why")
    _keep(journal, backend, fitted)
    return fitted.run
