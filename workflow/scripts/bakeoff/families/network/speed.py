"""One training that is timed on several devices in turns, and the best rate of each."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from bakeoff.cells import timed
from bakeoff.cells.family import Family, requests
from bakeoff.cells.timed import Timed
from bakeoff.data.store import Dataset
from bakeoff.families.network import loop, precision
from bakeoff.families.network.entry import code
from bakeoff.families.network.family import NetworkFamily
from bakeoff.machine import energy, hardware
from bakeoff.records.kinds import Device
from bakeoff.records.run import Run
from bakeoff.rows import Named

PEAK_CHANNELS, PEAK_SIZE, PEAK_ROUNDS = 256, 16, 6
PEAK_IMAGES = {"cpu": 32, "gpu": 512}  # long enough on each that starting the work does not count


def compare_devices(
    dataset: Dataset,
    network: Named,
    optimizer: Named,
    settings: dict[str, Any],
    repeats: int,
    outputs: Iterable[tuple[Device, Path]],
    threads: int,
    skipped: str | None = None,
) -> None:
    """Time one training on every device, repeat by repeat in turns, and write the record of each.

    The seeds differ so that the accuracies show their spread; the work, and so the time, is the same.
    skipped: why nothing is trained, and the records say that.
    """
    cells, outputs = [], list(outputs)
    block = {name: [value] if isinstance(value, list) else value for name, value in settings.items()}
    for device, _ in outputs:
        hardware.require_device(device)
    for device, output in outputs:
        family = NetworkFamily(dataset, network, optimizer, device, [block], range(repeats))
        family.counters, family.skipped = energy.counters(device), skipped
        rate = partial(_peak_beside, device)
        asked = requests(family, [None])
        cells.append(Timed(family, asked, output, "speed", repeats, code(), rate))
    timed.in_turns(cells, threads)


def _peak_beside(device: str, _: Family, runs: list[Run]) -> dict[str, Any]:
    """Measure the device's peak in the precision that runs came to; nothing where none finished."""
    used = next((run.details["autocast"] for run in runs if run.finished), "")
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
