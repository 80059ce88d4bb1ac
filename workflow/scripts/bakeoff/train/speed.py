"""The timed comparison: one setting repeated on one device, nothing kept but the numbers."""

from pathlib import Path

from bakeoff import cell, energy, fitting, records, selection
from bakeoff.progress import Progress
from bakeoff.train import loop, precision
from bakeoff.train.backend import ResnetBackend

PEAK_CHANNELS, PEAK_SIZE, PEAK_ROUNDS = 256, 16, 6
PEAK_IMAGES = {"cpu": 32, "gpu": 512}  # long enough on each that starting the work does not count


def time_training(backend: ResnetBackend, output: Path, threads: int) -> None:
    """Train once per seed, one after the other, and write a record with purpose "speed".

    The seeds differ so that the accuracies show their spread; the work, and so the time, is the same.
    """
    backend.counters = energy.counters(backend.identity["device"])
    plans = backend.plans()
    label = f"{backend.dataset.meta['name']}/speed/{records.cell_name(backend.identity)}"
    progress = Progress(label, sum(plan.work for plan in plans))
    runs = []
    for repeat, plan in enumerate(plans):
        runs += [fitted.run | {"repeat": repeat} for fitted in fitting.fit(backend, plan, progress)]
    progress.close()
    chosen = selection.choose(runs)
    record = cell.build_record(backend, runs, chosen, threads, purpose="speed")
    rate = peak(backend.identity["device"], runs[0]["settings"]["precision"])
    record["environment"]["peak_flops_per_s"] = rate
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
