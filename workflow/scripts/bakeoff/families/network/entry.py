"""The way back into the family: what a record chose, trained again; a saved network, loaded; its code."""

from pathlib import Path

from bakeoff.cells.family import Resources
from bakeoff.cells.predictor import Predictor
from bakeoff.data import store
from bakeoff.families.network import saved
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.machine import energy, threads
from bakeoff.networks import boundary, builders, freezing, models, named_weights, stem, weights
from bakeoff.networks.models import NETWORKS
from bakeoff.records.record import Record
from bakeoff.records.request import as_block
from bakeoff.records.signature import Signature


def code() -> list[Path]:
    """Return the sources whose change makes trainings of the past stale."""
    rooms = (boundary, builders, freezing, models, named_weights, stem, weights)
    return [*(Path(str(each.__file__)) for each in rooms), Path(__file__).parent]


def again(record: Record, data: Path, resources: Resources) -> NetworkFamily:
    """Return the family of a record's cell, with no grid, on the prepared data set."""
    threads.set_threads(resources.threads)
    said, optimizer = record.rows or {}, record.factors["optimizer"]
    network = NETWORKS.said(record.competitor, said.get("network"), record.label)
    rows = network, OPTIMIZERS.said(optimizer.name, said.get("optimizer"), optimizer.label)
    settings = [as_block(record.runs[0].settings)]
    found = NetworkFamily(store.load(data, "resized"), *rows, record.device, settings, [0])
    found.counters = energy.counters(record.device)
    found.skipped = record.skipped
    return found


def load(known: Signature, path: Path, device: str, own_code: bool) -> Predictor:
    """Return a saved network, ready to be called with images on the CPU or the GPU."""
    module = saved.module(known, path, own_code)
    return saved.Network(known, module.to("cuda" if device == "gpu" else "cpu"))
