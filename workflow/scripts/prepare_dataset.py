"""Split one data set into train, validation, holdout and test, and resize its images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command
from bakeoff.command import option
from bakeoff.datasets import catalog, prepare, store


@dataclass(frozen=True)
class Options:
    """Split one data set into train, validation, holdout and test, and resize its images."""

    raw: Path = option("the fetched original (.npz)")
    dataset: str = option("its name")
    split: dict[str, Any] = option("JSON: train, validation, holdout, seed, test")
    input_size: int = option("rows and columns that networks see")
    output: Path = option("where to write the .npz")
    limit_train: int | None = option("use only so many training images", default=None)
    limit_test: int | None = option("use only so many test images", default=None)


def main(options: Options) -> None:
    """Prepare and store, with what a record has to say about the data."""
    raw = store.load_raw(options.raw)
    entry = catalog.CATALOG[options.dataset]
    limits = {"limit_train": options.limit_train, "limit_test": options.limit_test}
    arrays = prepare.prepare(raw, prepare.Split(**options.split), options.input_size, **limits)
    about = {"name": options.dataset, "title": entry.title, "classes": entry.classes}
    shape = list(raw.train_images.shape[1:])
    source = {"licence": entry.licence, "source": raw.source, "image_shape": shape}
    store.save_prepared(options.output, arrays, {**about, **source, **limits})


if __name__ == "__main__":
    command.run(main, Options)
