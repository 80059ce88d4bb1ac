"""Give the images of a prepared data set once more, at another size: parts, labels and folds stay."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.command import option
from bakeoff.data import other_size, store
from bakeoff.data.rows import DATASETS


@dataclass(frozen=True)
class Options:
    """Give the images of a prepared data set once more, at another size: parts, labels and folds stay."""

    data: Path = option("the prepared data set (.npz)")
    dataset: str = option("its row: a name from config/catalog.yaml, or JSON", check=DATASETS.named)
    input_size: int = option("rows and columns that a network sees", **values.SIDE)
    output: Path = option("where to write the .npz", check=values.to_write)
    parts: Path | None = option("of one's own images: which is in which part (.csv)", default=None)
    decoded: Path | None = option("of these, the folder of decoded images", default=None)
    threads: int = option("processes that decode at a time", default=1, least=1)


def main(options: Options) -> None:
    """Resize, or decode anew, and store."""
    data, named = store.load(options.data, "images"), DATASETS.named(options.dataset)
    own = options.parts, options.decoded, options.threads
    images = other_size.images(data, named, options.input_size, *own, print)
    store.save_view(options.output, data, images)


if __name__ == "__main__":
    command.run(main, Options)
