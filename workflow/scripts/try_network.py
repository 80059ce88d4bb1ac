"""Try once whether a network can be trained on a data set: its cells are skipped where it cannot."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.command import option
from bakeoff.data import store
from bakeoff.families.network import trying
from bakeoff.machine import threads
from bakeoff.networks import models


@dataclass(frozen=True)
class Options:
    """Try once whether a network can be trained on a data set, and write that, or why it cannot."""

    data: Path = option("the prepared data set (.npz)")
    model: str = option("the network: its row's name or the row as JSON", check=models.NETWORKS.named)
    output: Path = option("what came of it (.json), which train_network.py is given", check=values.to_write)


def main(options: Options) -> None:
    """Try the network and write what came of it."""
    threads.set_threads(1)
    row = models.NETWORKS.named(options.model)
    data = store.load(options.data, "resized", row.row.input_size)
    found = trying.outcome(row, data)
    trying.write(options.output, found)
    said = "can be trained" if found.skipped is None else f"skipped: {found.skipped}"
    print(f"{data.name}/{row.name}: {said}", flush=True)


if __name__ == "__main__":
    command.run(main, Options)
