"""What an SVM's cell chose, fitted again alone on the machine."""

from pathlib import Path

from bakeoff.cells import timed
from bakeoff.cells.timed import More, Timed
from bakeoff.data.store import Dataset
from bakeoff.families import svm
from bakeoff.families.svm.backend import SvmBackend
from bakeoff.families.svm.engines import Means
from bakeoff.records.record import Record


def time_chosen(
    record: Record, dataset: Dataset, times: int, output: Path, means: Means, more: More = timed.nothing
) -> None:
    """Fit it so many times, as nothing in a fit is random, and write the record with what `more` adds."""
    run, turns = timed.chosen(record, dataset, times)
    backend = SvmBackend(dataset, record["kernel"], [run["settings"]], means)
    code = [Path(svm.__file__).parent]
    timed.in_turns([Timed(backend, output, "alone", len(turns), code, more)], means.threads)
