"""Time the same training several times, alone on the machine, on one device or on several in turns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, values
from bakeoff.command import option
from bakeoff.families.network import axes, speed
from bakeoff.families.network.options import NetworkOptions
from bakeoff.machine import devices, threads


@dataclass(frozen=True, kw_only=True)
class Options(NetworkOptions):
    """Time the same training several times, alone on the machine, devices in turns."""

    data: Path = option("the prepared data set (.npz)")
    devices: list[str] = option("two take turns, repeat by repeat", **devices.CHOICE, once=True)
    settings: dict[str, Any] = option("JSON: batch_size, learning_rate, epochs, ...", check=axes.check_one)
    output: list[Path] = option("the record (.json) of each device", check=values.record, once=True)
    repeats: int = option("trainings per device; each has its own seed, counted from 0", default=3, least=1)
    threads: int = option("CPU threads", default=1, least=1, most=4096)


def main(options: Options) -> None:
    """Time and write the records."""
    if len(options.devices) != len(options.output):
        raise command.UserError("--output: name one record per device")
    threads.set_threads(options.threads)
    data, outputs = options.dataset(options.data), zip(options.devices, options.output, strict=True)
    what = (options.settings, options.repeats, outputs, options.threads, options.skipped(data))
    speed.compare_devices(data, *options.rows, *what)


if __name__ == "__main__":
    command.run(main, Options)
