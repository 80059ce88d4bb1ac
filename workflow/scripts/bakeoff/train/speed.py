"""The timed comparison: one setting repeated on one device, no model kept."""

from collections.abc import Sequence
from pathlib import Path

from bakeoff import cell, energy, hardware, records, selection
from bakeoff.files import alone_in
from bakeoff.train import loop, precision
from bakeoff.train.backend import ResnetBackend

PEAK_CHANNELS, PEAK_SIZE, PEAK_ROUNDS = 256, 16, 6
PEAK_IMAGES = {"cpu": 32, "gpu": 512}  # long enough on each that starting the work does not count


def time_training(backend: ResnetBackend, output: Path, threads: int, code: Sequence[Path]) -> None:
    """Train once per seed, one after the other, and write a record with purpose "speed".

    The seeds differ so that the accuracies show their spread; the work, and so the time, is the same.
    A journal holds finished trainings, for the machine and the versions that they were timed with.
    """
    device = backend.identity["device"]
    backend.counters = energy.counters(device)
    label = f"{backend.dataset.meta['name']}/speed/{records.cell_name(backend.identity)}"
    folder = cell.Outputs.beside(output, backend.model_suffix).journal
    with alone_in(folder):
        machine = hardware.fingerprint(threads, device)
        journal = cell.open_journal(backend, folder, threads, code, machine=machine)
        runs = cell.settle(backend, journal, backend.plans(), label)
        runs = [run | {"repeat": repeat} for repeat, run in enumerate(runs)]
        record = cell.build_record(backend, runs, selection.choose(runs), threads, purpose="speed")
        record["environment"]["peak_flops_per_s"] = peak(device, runs[0]["settings"]["precision"])
        records.write(output, record)


def peak(device: str, kind: str = "fp32") -> float:
    """Return the device's best measured rate in FLOP/s, at a large 3 x 3 convolution in a precision.

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
    with torch.no_grad(), precision.autocast(precision.autocast_dtype(kind, place), place):
        for watch in watches:
            with watch.phase("convolution"):
                layer(seen)
    macs = images * size * size * channels * channels * 9
    return 2 * macs / min(watch.total("convolution") for watch in watches)
