"""The timed comparison: one setting repeated on one device, nothing kept but the numbers."""

from pathlib import Path

from bakeoff import cell, fitting, records, selection
from bakeoff.progress import Progress
from bakeoff.train.backend import ResnetBackend


def time_training(backend: ResnetBackend, output: Path, threads: int) -> None:
    """Train once per seed, one after the other, and write a record with purpose "speed".

    The seeds differ so that the accuracies show their spread; the work, and so the time, is the same.
    """
    plans = backend.plans()
    label = f"{backend.dataset.meta['name']}/speed/{records.cell_name(backend.identity)}"
    progress = Progress(label, sum(plan.work for plan in plans))
    runs = []
    for repeat, plan in enumerate(plans):
        runs += [fitted.run | {"repeat": repeat} for fitted in fitting.fit(backend, plan, progress)]
    progress.close()
    chosen = selection.choose(runs)
    records.write(output, cell.build_record(backend, runs, chosen, threads, purpose="speed"))
