"""What an SVM's cell chose, fitted again alone on the machine."""

from pathlib import Path

from bakeoff import svm, timed
from bakeoff.datasets.store import Dataset
from bakeoff.records import Record
from bakeoff.svm.backend import SvmBackend
from bakeoff.svm.engines import Means
from bakeoff.timed import More, Timed


def time_chosen(
    record: Record, dataset: Dataset, times: int, output: Path, means: Means, more: More = timed.nothing
) -> None:
    """Fit it so many times, as nothing in a fit is random, and write the record with what `more` adds."""
    run, turns = timed.chosen(record, dataset, times)
    backend = SvmBackend(dataset, record["kernel"], [run["settings"]], means)
    code = [Path(svm.__file__).parent]
    timed.in_turns([Timed(backend, output, "alone", len(turns), code, more)], means.threads)
