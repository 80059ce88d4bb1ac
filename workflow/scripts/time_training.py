"""Time the same training several times, alone on the machine, on one device."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, hardware, train
from bakeoff.command import option
from bakeoff.datasets import store


@dataclass(frozen=True)
class Options:
    """Time the same training several times, alone on the machine, on one device."""

    data: Path = option("the prepared data set (.npz)")
    model: str = option("resnet18 or resnet50")
    optimizer: str = option("sgd or adam")
    device: str = option("cpu or gpu")
    settings: dict[str, Any] = option("JSON: batch_size, learning_rate, epochs, precision, engine")
    output: Path = option("the record (.json)")
    repeats: int = option("trainings; each has its own seed, counted from 0", default=3)
    threads: int = option("CPU threads", default=1)


def main(options: Options) -> None:
    """Time and write the record."""
    hardware.require_device(options.device)
    from bakeoff.train import speed
    from bakeoff.train.backend import ResnetBackend

    train.set_threads(options.threads)
    dataset = store.load(options.data, "resized")
    what = (options.model, options.optimizer, options.device)
    backend = ResnetBackend(dataset, *what, [options.settings], range(options.repeats))
    speed.time_training(backend, options.output, options.threads, train.code())


if __name__ == "__main__":
    command.run(main, Options)
