"""Train what a cell chose again, alone on the machine, from seeds that had no part in the choice."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, latency, values
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families.network import speed
from bakeoff.families.svm import chosen, engines
from bakeoff.machine import threads
from bakeoff.records import record as records


@dataclass(frozen=True)
class Options:
    """Train what a cell chose again, alone, from seeds that had no part in the choice."""

    record: Path = option("the cell's record (.json)")
    data: Path = option("the prepared data set (.npz)")
    output: Path = option("record to write (.json); journal/ and others lie beside it", check=values.record)
    model: Path = option("the model that the cell saved, to be timed at predicting", default=None)
    times: int = option("trainings; of a network each has a seed of its own", default=3, least=1)
    threads: int = option("CPU threads", default=1, least=1, most=4096)
    engine: str = option("what fits an SVM", default="auto", choices=engines.NAMES)
    mem_mb: int = option("bound on the pairwise engine's kernel matrices, in MB", default=4000, least=1)


def main(options: Options) -> None:
    """Time and write."""
    record, times, output = records.read(options.record), options.times, options.output
    more = latency.beside(options.model, record)
    if record["family"] == "svm":
        means = engines.Means(options.engine, options.threads, options.mem_mb, record["device"])
        chosen.time_chosen(record, store.load(options.data, "images"), times, output, means, more)
        return
    threads.set_threads(options.threads)
    speed.time_chosen(record, store.load(options.data, "resized"), times, output, options.threads, more)


if __name__ == "__main__":
    command.run(main, Options)
