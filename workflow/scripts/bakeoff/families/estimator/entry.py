"""The way back into the family: what a record chose, fitted again; a saved classifier, loaded; its code."""

from pathlib import Path

from bakeoff.cells.family import Resources
from bakeoff.cells.predictor import Predictor
from bakeoff.data import store
from bakeoff.families.estimator import saved
from bakeoff.families.estimator.family import EstimatorFamily
from bakeoff.families.estimator.rows import CLASSIFIERS
from bakeoff.records.record import Record
from bakeoff.records.request import as_block
from bakeoff.records.signature import Signature


def code() -> list[Path]:
    """Return the sources whose change makes fits of the past stale."""
    return [Path(__file__).parent]


def again(record: Record, data: Path, resources: Resources) -> EstimatorFamily:
    """Return the family of a record's cell, with no grid, on the prepared data set."""
    name, label = record.by_itself
    row = CLASSIFIERS.said(name, (record.rows or {}).get("classifier"), label)
    settings = [as_block(record.runs[0].settings)]
    return EstimatorFamily(store.load(data, "images"), row, settings, [0], resources.threads)


def load(known: Signature, path: Path, device: str, own_code: bool) -> Predictor:
    """Return a saved classifier, ready to be called with images; it computes on the CPU."""
    return saved.Estimator(known, saved.load(known, path, own_code))
