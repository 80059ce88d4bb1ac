"""Decode images of one's own, cut them into train, validation, holdout and test, and list which is where."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, values
from bakeoff.command import option
from bakeoff.data import leaks, own_parts, part_list, store
from bakeoff.data.rows import DATASETS
from bakeoff.data.split import Split


@dataclass(frozen=True)
class Options:
    """Decode images of one's own, cut them into parts, and list which image is in which part."""

    dataset: str = option("its row as JSON, of a kind of one's own images", check=DATASETS.named)
    split: dict[str, Any] = option("JSON: the keys of split in a configuration", check=Split.parse)
    input_size: int = option("rows and columns that networks see", **values.SIDE)
    output: Path = option("where to write the .npz", check=values.to_write)
    parts: Path = option("where to write which image is in which part (.csv)", check=values.to_write)
    decoded: Path = option("folder of decoded images, which a later call takes what it can from")
    limit_train: int | None = option("use only so many training images", default=None, least=1)
    limit_test: int | None = option("use only so many test images", default=None, least=1)
    threads: int = option("processes that decode at a time", default=1, least=1)
    on_leak: str = option("drop copies of held-back images, or report", default="drop", choices=leaks.CHOICES)


def main(options: Options) -> None:
    """Prepare, list and store."""
    limits = {"limit_train": options.limit_train, "limit_test": options.limit_test}
    how = Split.parse(options.split), options.input_size, limits, options.decoded, options.threads
    found = own_parts.prepare(DATASETS.named(options.dataset), *how, print, options.on_leak)
    part_list.write(options.parts, found.images)
    store.save_prepared(options.output, found.arrays, found.about)


if __name__ == "__main__":
    command.run(main, Options)
