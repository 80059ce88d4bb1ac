"""Fetch one data set's original files, verify them and store their arrays."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.command import option
from bakeoff.data import sources, store
from bakeoff.data.rows import DATASETS


@dataclass(frozen=True)
class Options:
    """Fetch one data set's original files, verify their digests and store them as one .npz."""

    dataset: str = option("its row: a name from config/catalog.yaml, or JSON", check=DATASETS.named)
    output: Path = option("where to write the .npz", check=values.to_write)
    data_source: str = option("folder or URL with <data set>/*.gz, the only source then", default="")


def main(options: Options) -> None:
    """Fetch and store."""
    dataset = DATASETS.named(options.dataset)
    store.save_raw(options.output, sources.fetch(dataset, options.data_source or None, print))


if __name__ == "__main__":
    command.run(main, Options)
