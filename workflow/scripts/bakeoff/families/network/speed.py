"""Trainings that are timed: one setting on several devices in turns, or what a cell chose, again."""

from functools import partial
from pathlib import Path
from typing import Any

from bakeoff import rows
from bakeoff.cells import timed
from bakeoff.cells.family import Backend
from bakeoff.cells.timed import More, Timed
from bakeoff.data.store import Dataset
from bakeoff.families.network import code, loop, precision
from bakeoff.families.network.backend import NetworkBackend
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.machine import energy, hardware
from bakeoff.networks.models import NETWORKS
from bakeoff.records.record import Record, Run

PEAK_CHANNELS, PEAK_SIZE, PEAK_ROUNDS = 256, 16, 6
PEAK_IMAGES = {"cpu": 32, "gpu": 512}  # long enough on each that starting the work does not count


def compare_devices(
    dataset: Dataset,
    network: rows.Named,
    optimizer: rows.Named,
    settings: dict[str, Any],
    repeats: int,
    outputs: dict[str, Path],
    threads: int,
) -> None:
    """Time one training on every device, repeat by repeat in turns, and write a record for each.

    The seeds differ so that the accuracies show their spread; the work, and so the time, is the same.
    """
    cells = []
    for device in outputs:
        hardware.require_device(device)
    for device, output in outputs.items():
        backend = NetworkBackend(dataset, network, optimizer, device, [settings], range(repeats))
        backend.counters = energy.counters(device)
        rate = partial(_peak_beside, device)
        cells.append(Timed(backend, output, "speed", repeats, code(), rate))
    timed.in_turns(cells, threads)


def time_chosen(
    record: Record, dataset: Dataset, times: int, output: Path, threads: int, more: More = timed.nothing
) -> None:
    """Train what a network's cell chose again, alone, from seeds that its grid did not use.

    The record also says what `more` adds.
    """
    run, seeds = timed.chosen(record, dataset, times)
    said = record.get("rows", {})
    network = NETWORKS.said(record["model"], said.get("network"))
    optimizer = OPTIMIZERS.said(record["optimizer"], said.get("optimizer"))
    what = (network, optimizer, record["device"])
    backend = NetworkBackend(dataset, *what, [run["settings"]], seeds)
    backend.counters = energy.counters(record["device"])
    timed.in_turns([Timed(backend, output, "alone", len(seeds), code(), more)], threads)


def _peak_beside(device: str, _: Backend, runs: list[Run]) -> dict[str, Any]:
    """Measure the device's peak in the precision that runs came to; nothing where none finished."""
    used = next((run["details"]["autocast"] for run in runs if run["status"] == "ok"), "")
    return {} if used == "" else {"peak_flops_per_s": peak(device, used)}


def peak(device: str, low: str | None = None) -> float:
    """Return the device's best measured rate in FLOP/s, at a large 3 x 3 convolution in fp32 or a `low` type.

    It is a bound that a training can be held against, not a data sheet's number.
    """
    import torch

    place = loop.torch_device(device)
    precision.state_fp32()
    images, channels, size = PEAK_IMAGES[device], PEAK_CHANNELS, PEAK_SIZE
    layer = torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False)
    layer = layer.to(place).to(memory_format=torch.channels_last)
    seen = torch.rand(images, channels, size, size).to(place, memory_format=torch.channels_last)
    watches = [loop.stopwatch(place) for _ in range(PEAK_ROUNDS)]
    with torch.no_grad(), precision.autocast(getattr(torch, low) if low else None, place):
        for watch in watches:
            with watch.phase("convolution"):
                layer(seen)
    macs = images * size * size * channels * channels * 9
    return 2 * macs / min(watch.total("convolution") for watch in watches)
