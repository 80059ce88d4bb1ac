"""One cell: every run of its grid fitted or taken from the journal, the best kept, the record written.

Knows no family of competitors: one plans the fits and carries them out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bakeoff import command
from bakeoff.cells import keeping
from bakeoff.cells.family import Family, Fit, Fitted, Measured, Plan, measuring, requests
from bakeoff.cells.journal import Journal, code_digest
from bakeoff.cells.shards import Shard, found_beside
from bakeoff.command import UserError
from bakeoff.files import alone_in, write_text
from bakeoff.machine import hardware
from bakeoff.progress import Progress
from bakeoff.records import layout, selection, signature, written
from bakeoff.records.parts import Compute, Environment
from bakeoff.records.record import FORMAT, Purpose, Record, with_environments
from bakeoff.records.request import REFIT, Fold, Request
from bakeoff.records.run import Run
from bakeoff.records.selection import Choice
from bakeoff.surroundings import reason

Keep = Callable[[Fitted, list[Run]], None]


@dataclass(frozen=True)
class Work:
    """A family at work on a cell: its journal, how a fit is carried out, and what lines call it."""

    family: Family
    journal: Journal
    carry_out: Fit
    label: str

    def settle(self, plans: Sequence[Plan], keep: Keep) -> list[Measured]:
        """Return the plans' runs, in their order: from the journal, or fitted and then in it.

        What is skipped now takes none from the journal, and leaves none in it.
        `keep` is given every run as it finishes, with all that are finished.
        """
        wanted = [request for plan in plans for request in plan.requests]
        if (why := self.family.skipped) is not None:
            print(f"{self.label}: skipped: {why}", flush=True)
        known = {} if why is not None else {request.key: self.journal.get(request) for request in wanted}
        runs = {key: found for key, found in known.items() if found is not None}
        todo = [missing for plan in plans if (missing := _without(plan, runs)).requests]
        if runs:
            print(f"{self.label}: {len(runs)} of {len(wanted)} runs are in the journal", flush=True)
        left = [request for plan in todo for request in plan.requests if why is None]
        for apart, count in self.journal.otherwise(left).items():
            print(f"{self.label}: {count} runs in the journal are of {apart}: made anew", flush=True)
        progress = Progress(self.label, sum(plan.work for plan in todo))
        for plan in todo:
            for fitted, environment in self.carry_out(self.family, plan, progress):
                key, measured = fitted.run.request.key, Measured(fitted.run, environment)
                runs.setdefault(key, measured)
                # First what it answered: a run in the journal is not fitted again for that.
                keep(fitted, [each.run for each in runs.values()])
                if fitted.run.for_good and self.journal.get(fitted.run.request) is None:
                    self.journal.add(measured)
        progress.close()
        return [runs[request.key] for request in wanted]

    def alone(self, request: Request) -> Fitted:
        """Carry out one request again, of which something is no longer kept."""
        (plan,) = self.family.plans([request])
        progress = Progress(self.label, plan.work)
        ((fitted, _),) = self.carry_out(self.family, plan, progress)
        progress.close()
        if not fitted.run.finished:
            raise UserError(f"{self.label}: the chosen run could not be fitted again; see the lines above")
        return fitted


def _without(plan: Plan, known: dict[str, Measured]) -> Plan:
    """Return the plan without the runs that are known."""
    return replace(plan, requests=tuple(each for each in plan.requests if each.key not in known))


def run_cell(
    family: Family,
    record_path: Path,
    threads: int,
    code: Sequence[Path],
    part: str = "",
    folds: Sequence[Fold] | None = None,
) -> None:
    """Fit what the journal does not hold, choose by validation accuracy, write record, model, predictions.

    `code` are the sources whose change makes the journal's runs stale. With a part ("2/3") fit only that
    shard of the grid, into a journal of its own that the cell takes over. folds: only these; nothing is
    refitted then.
    """
    journal_folder, shard = layout.beside(record_path, "journal"), Shard.parse(part)
    folder = shard.beside(journal_folder) if shard else journal_folder
    with alone_in(folder):
        journal = open_journal(family, folder, threads, code)
        environment = Environment(**hardware.describe(threads, family.competitor.device))
        label = f"{family.dataset.name}/{family.competitor.cell}"
        work = Work(family, journal, measuring(environment, lambda: None), label)
        asked = requests(family, folds)
        if shard:
            _run_shard(work, record_path, asked, shard)
        else:
            _run_whole(work, record_path, asked, refits=folds is None)


def open_journal(family: Family, folder: Path, threads: int, code: Sequence[Path], **more: Any) -> Journal:
    """Return the journal of a family's runs, whose keys hold all that these depend on."""
    of = family.competitor
    context = {
        "competitor": of.competitor,
        "factors": {name: each.name for name, each in of.factors.items()},
        "device": of.device,
        "rows": family.rows,
        **family.context,
        "data": family.dataset.digest,
        "code": code_digest(*code),
        **({"threads": threads} if family.follows_threads else {}),
        "format": FORMAT,
        **more,
    }
    return Journal(folder, context)


def _run_shard(work: Work, path: Path, asked: Sequence[Request], shard: Shard) -> None:
    """Fit a shard of the grid into its journal, and say beside the record that it is there."""
    work.journal.know(layout.beside(path, "journal"))
    some = replace(work, label=f"{work.label}, shard {shard.number}/{shard.total}")
    runs = some.settle(shard.cut(work.family.plans(asked)), _of_a_grid(work, asked))
    kept = sum(each.run.for_good for each in runs)
    write_text(
        shard.beside(layout.beside(path, "shards")), f"{kept} of {len(runs)} runs are in the journal\n"
    )


def _run_whole(work: Work, path: Path, asked: Sequence[Request], refits: bool) -> None:
    """Fit what no journal holds, complete the chosen runs, and write what the cell publishes."""
    for folder in found_beside(layout.beside(path, "journal")):
        work.journal.take_over(folder)
    runs = work.settle(work.family.plans(asked), _of_a_grid(work, asked))
    while (choice := _chosen(runs)) is not None and refits and not choice.final:
        again = [Request(choice.settings, seed, REFIT) for seed in choice.seeds]
        runs += work.settle(work.family.plans(again), _of_a_grid(work, again))
    final = choice.final if choice else []
    _complete(work, final)
    _write(work, path, build_record(work.family, runs), final)


def _chosen(runs: Iterable[Measured]) -> Choice | None:
    return selection.choose(each.run for each in runs)


def _of_a_grid(work: Work, asked: Sequence[Request]) -> Keep:
    """Return what keeps the answers of all runs, and of those that may be published all else."""
    first_seed = asked[0].seed if asked else None

    def keep(fitted: Fitted, finished: list[Run]) -> None:
        keeping.keep_validation(work.journal, work.family, fitted)
        if isinstance(fitted.run.fold, int):
            return
        keeping.keep_test(work.journal, work.family, fitted)
        if fitted.run.seed == first_seed:
            keeping.keep_model(work.journal, fitted)
        work.journal.prune(_candidates(finished, asked), keeping.TEST, keeping.MODEL)

    return keep


def _candidates(runs: Sequence[Run], asked: Sequence[Request]) -> list[Run]:
    """Return the runs that may still be published: the best so far, unfinished groups, refits."""
    seeds = len({request.seed for request in asked})
    groups = selection.groups(run for run in runs if run.fold is None)
    complete = [run for group in groups if len(group) == seeds for run in group]
    open_groups = [run for group in groups if len(group) < seeds for run in group]
    choice = selection.choose(complete)
    refits = [run for run in runs if run.fold == REFIT]
    return [*(choice.final if choice else []), *open_groups, *refits]


def _complete(work: Work, final: list[Run]) -> None:
    """Fit the chosen runs alone of which something is no longer kept that the cell publishes."""
    for run in keeping.lacks(work.journal, final):
        print(f"{work.label}: what a chosen run left is no longer kept: fitting it alone", flush=True)
        fitted = work.alone(run.request)
        keeping.keep_validation(work.journal, work.family, fitted)
        keeping.keep_test(work.journal, work.family, fitted)
        if run is final[0]:
            keeping.keep_model(work.journal, fitted)
    keeping.calibrate(work.journal, work.family, final[:1])
    work.journal.prune(final, keeping.TEST)
    work.journal.prune(final[:1], keeping.MODEL)


def _write(work: Work, path: Path, record: Record, final: list[Run]) -> None:
    """Write model and answers of the chosen run, then the record."""
    model, answers = (layout.beside(path, kind) for kind in ("models", "predictions"))
    keeping.publish_model(work.journal, final[0] if final else None, work.family.dataset.extractor, model)
    keeping.publish_answers(work.family, ((work.journal, run) for run in record.runs), answers)
    if (best := record.best) is None:
        if record.skipped is None:
            done = sum(run.finished for run in record.runs)
            none = "no run finished; the record says why"
            print(f"{work.label}: {f'{done} runs are done, none is chosen' if done else none}", flush=True)
    else:
        if described := signature.find(model):
            file = model.relative_to(path.parent).as_posix()
            record = replace(record, saved=described.about(file))
        shown = ", ".join(f"{name} {value}" for name, value in best.settings.items())
        print(
            f"{work.label}: best {shown}: validation {best.validation_accuracy:.2%}, "
            f"test {best.test_accuracy:.2%}",
            flush=True,
        )
    written.write(path, record)


def _arithmetic(family: Family, chosen: Run | None) -> Compute:
    """Return a family's count; what is only said beside the runs takes none of them along."""
    if family.skipped is not None:
        return Compute.unknown("not counted: what was skipped was not built")
    try:
        return family.compute(chosen)
    except Exception as error:
        return Compute.unknown(f"could not be counted: {reason(error)}")


def build_record(family: Family, measured: Sequence[Measured], purpose: Purpose = "selection") -> Record:
    """Return a cell's record; `purpose` tells a grid's from that of timed runs."""
    runs, environments = with_environments((each.run, each.environment) for each in measured)
    choice = selection.choose(runs)
    return Record(
        **vars(family.competitor),
        purpose=purpose,
        dataset=family.dataset.name,
        rows=family.rows,
        data=family.dataset.describe(family.input_shape),
        features=family.dataset.features,
        runs=runs,
        best=selection.summarise(choice),
        compute=_arithmetic(family, choice.final[0] if choice and choice.final else None),
        environments=environments,
        allocation=hardware.allocation(),
        command=command.line(),
    )
