"""Train what a cell chose again, alone on the machine, from seeds that had no part in the choice."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, latency, values
from bakeoff.cells import family, timed
from bakeoff.command import option
from bakeoff.families import rooms
from bakeoff.machine import hardware
from bakeoff.records import written


@dataclass(frozen=True)
class Options:
    """Train what a cell chose again, alone, from seeds that had no part in the choice."""

    record: Path = option("the cell's record (.json)")
    data: Path = option("the prepared data set (.npz)")
    output: Path = option("record to write (.json); journal/ and others lie beside it", check=values.record)
    model: Path = option("the model that the cell saved, to be timed at predicting", default=None)
    times: int = option("trainings; of a network each has a seed of its own", default=3, least=1)
    threads: int = option("CPU threads", default=1, least=1, most=4096)
    engine: str = option("which of the family's engines", default="auto")
    mem_mb: int = option("bound on what an engine keeps in memory, in MB", default=4000, least=1)


def main(options: Options) -> None:
    """Time and write."""
    record = written.read(options.record)
    more = latency.beside(options.model, record)
    hardware.require_device(record.device)
    resources = family.Resources(options.engine, options.threads, options.mem_mb, record.device)
    fits, code = rooms.again(record, options.data, resources), rooms.named(record.family).code()
    timed.time_chosen(fits, record, options.times, options.output, code, options.threads, more)


if __name__ == "__main__":
    command.run(main, Options)
