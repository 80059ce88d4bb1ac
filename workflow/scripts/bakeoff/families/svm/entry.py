"""The way back into the family: what a record chose, fitted again; a saved machine, loaded; its code."""

from pathlib import Path

from bakeoff.cells.family import Resources
from bakeoff.cells.predictor import Predictor
from bakeoff.data import store
from bakeoff.families.svm import saved
from bakeoff.families.svm.family import SvmFamily
from bakeoff.records.record import Record
from bakeoff.records.request import as_block
from bakeoff.records.signature import Signature


def code() -> list[Path]:
    """Return the sources whose change makes fits of the past stale."""
    return [Path(__file__).parent]


def again(record: Record, data: Path, resources: Resources) -> SvmFamily:
    """Return the family of a record's cell, with no grid, on the prepared data set."""
    rows = record.rows or {}
    kernel = rows.get("svm", {}).get("kernel") or record.by_itself[0].removeprefix("svm_")
    return SvmFamily(store.load(data, "images"), kernel, [as_block(record.runs[0].settings)], resources)


def load(known: Signature, path: Path, device: str, own_code: bool) -> Predictor:
    """Return a saved machine, ready to be called with images; it computes on the CPU."""
    return saved.Svm(known, saved.load_pipeline(path))
