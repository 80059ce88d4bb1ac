"""What ran and what did not: the counts behind "k of n runs finished", what was skipped, data cut short."""

from dataclasses import dataclass

from bakeoff.analysis import wording
from bakeoff.analysis.best import best_cell
from bakeoff.analysis.study import Study, by, place, unique
from bakeoff.records.record import Record
from bakeoff.records.run import Run


@dataclass(frozen=True)
class Coverage:
    """How many runs were begun, how many finished, each that did not with its cell, how many were skipped."""

    runs: int
    finished: int
    unfinished: list[tuple[Record, Run]]
    skipped: int

    @property
    def sentence(self) -> str:
        """Return the line: 35 of 36 runs finished; 1 diverged; 4 more were skipped."""
        if not self.skipped:
            return f"{self._begun}."
        were = "was" if self.skipped == 1 else "were"
        if not self.runs:
            return f"No run was begun: {wording.plural(self.skipped, 'run')} {were} skipped."
        return f"{self._begun}; {self.skipped:,} more {were} skipped."

    @property
    def _begun(self) -> str:
        if not self.runs:
            return "No run has been made yet: there is nothing to compare"
        if not self.unfinished:
            every = f"All {wording.plural(self.runs, 'run')}" if self.runs > 1 else "The only run"
            return f"{every} finished"
        parts = []
        for status in ("diverged", "failed"):
            if number := sum(run.status == status for _, run in self.unfinished):
                parts.append(f"{number} {status}")
        return f"{self.finished:,} of {wording.plural(self.runs, 'run')} finished; {', '.join(parts)}"


def of(study: Study) -> Coverage:
    """Count the runs of a study."""
    every = [(cell, run) for cell in study.records for run in cell.runs]
    begun = [(cell, run) for cell, run in every if run.status != "skipped"]
    unfinished = [(cell, run) for cell, run in begun if not run.finished]
    return Coverage(len(begun), len(begun) - len(unfinished), unfinished, len(every) - len(begun))


def warned(study: Study) -> list[str]:
    """Say in one line each what the best configuration of a competitor on a data set warns of."""
    found = []
    for (dataset, name), cells in by(study.selection, lambda cell: (cell.dataset, cell.competitor)).items():
        pair = best_cell(study, cells)
        said = unique(run.details.get("warning") for run in pair[1].scored) if pair else []
        where = f"{study.label(name)} on {study.title(dataset)}, as chosen"
        found += [f"{where}: {wording.error(each, wording.LONGEST_WARNING)}" for each in said if each]
    return found


def skipped(study: Study) -> list[str]:
    """Say in one line each which competitor was skipped on which data set, and why."""
    cells = [cell for cell in study.records if cell.skipped is not None]
    found = by(cells, lambda cell: (cell.dataset, cell.competitor, cell.skipped))
    return [
        f"{study.label(name)} was skipped on {study.title(dataset)}: {why}" for dataset, name, why in found
    ]


def reason(cell: Record, run: Run) -> str:
    """Say in one line which run did not finish and why."""
    settings = wording.settings(wording.as_run(run))
    error = f": {wording.error(run.error)}" if run.error else ""
    return f"{place(cell)} ({settings}) {run.status}{error}"


def limits(study: Study) -> list[str]:
    """Return a line per cut that was made to the data, and per data set whose cells saw different data."""
    lines = []
    for name, part in (("limit_train", "training"), ("limit_test", "test")):
        cuts = unique(cut for cell in study.records if (cut := getattr(cell.data, name)))
        lines += [f"{name} = {cut:,}: the {part} images were cut for a quick look" for cut in cuts]
    for dataset in study.datasets:
        data = unique(cell.data.digest for cell in study.records if cell.dataset == dataset)
        if len(data) > 1:
            lines.append(
                f"{study.title(dataset)}: cells were made with {len(data)} different preparations of the "
                "data, so their results cannot be compared"
            )
    return lines
