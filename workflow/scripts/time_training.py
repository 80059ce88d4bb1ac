"""Time the same training several times, alone on the machine, on one device or on several in turns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, hardware, train
from bakeoff.command import UserError, option
from bakeoff.datasets import store
from bakeoff.train import speed


@dataclass(frozen=True)
class Options:
    """Time the same training several times, alone on the machine, devices in turns."""

    data: Path = option("the prepared data set (.npz)")
    model: str = option("resnet18 or resnet50")
    optimizer: str = option("sgd or adam")
    devices: list[str] = option("cpu, gpu, or both: repeat by repeat they take turns")
    settings: dict[str, Any] = option("JSON: batch_size, learning_rate, epochs, precision, engine")
    output: list[Path] = option("the record (.json) of each device; predictions/ and journal/ lie beside it")
    repeats: int = option("trainings per device; each has its own seed, counted from 0", default=3)
    threads: int = option("CPU threads", default=1)


def main(options: Options) -> None:
    """Time and write the records."""
    if len(options.devices) != len(options.output):
        raise UserError("--output: name one record per device")
    for device in options.devices:
        hardware.require_device(device)
    train.set_threads(options.threads)
    what = (store.load(options.data, "resized"), options.model, options.optimizer, options.settings)
    outputs = dict(zip(options.devices, options.output, strict=True))
    speed.compare_devices(*what, options.repeats, outputs, options.threads)


if __name__ == "__main__":
    command.run(main, Options)
