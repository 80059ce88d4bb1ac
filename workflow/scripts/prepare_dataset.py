"""Split one data set into train, validation, holdout and test, and resize its images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff import command, values
from bakeoff.command import option
from bakeoff.data import known, prepare, store
from bakeoff.data.rows import DATASETS
from bakeoff.data.split import Split


@dataclass(frozen=True)
class Options:
    """Split one data set into train, validation, holdout and test, and resize its images."""

    raw: Path = option("the fetched original (.npz)")
    dataset: str = option("its row: a name from config/catalog.yaml, or JSON", check=DATASETS.named)
    split: dict[str, Any] = option("JSON: the keys of split in a configuration", check=Split.parse)
    input_size: int = option("rows and columns that networks see", **values.SIDE)
    output: Path = option("where to write the .npz", check=values.to_write)
    limit_train: int | None = option("use only so many training images", default=None, least=1)
    limit_test: int | None = option("use only so many test images", default=None, least=1)


def main(options: Options) -> None:
    """Prepare and store, with what a record has to say about the data."""
    raw = store.load_raw(options.raw)
    name, row = DATASETS.named(options.dataset)
    limits = {"limit_train": options.limit_train, "limit_test": options.limit_test}
    arrays = prepare.prepare(raw, Split.parse(options.split), options.input_size, **limits)
    about = {"name": name, "title": row.title or name, "classes": raw.classes, "grey": raw.grey}
    shape = list(raw.train_images.shape[1:])
    source = {"licence": row.licence, "source": raw.source, "fingerprints": known.fingerprints(raw)}
    store.save_prepared(options.output, arrays, {**about, **source, **limits, "image_shape": shape})


if __name__ == "__main__":
    command.run(main, Options)
