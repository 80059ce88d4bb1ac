"""Make numbers of every image, by a frozen network or a rule, once for all that is fitted on them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bakeoff import command, values
from bakeoff.command import option
from bakeoff.data import other_size, store
from bakeoff.data.rows import DATASETS
from bakeoff.features import extraction, rows
from bakeoff.machine import devices, hardware


@dataclass(frozen=True)
class Options:
    """Make numbers of every image, by a frozen network or a rule: parts, labels and folds stay."""

    data: Path = option("the prepared data set (.npz)")
    dataset: str = option("its row's name or the row as JSON", check=DATASETS.named)
    features: str = option("the features' row's name or the row as JSON", check=rows.extracted)
    output: Path = option("where to write the .npz", check=values.to_write)
    parts: Path | None = option("of one's own images: which is in which part (.csv)", default=None)
    decoded: Path | None = option("of these, the folder of decoded images", default=None)
    device: str = option("where the network computes", default="cpu", **devices.CHOICE)
    threads: int = option("CPU threads, and processes that decode at a time", default=1, least=1)


def main(options: Options) -> None:
    """Resize, or decode anew, extract, and store."""
    hardware.require_device(options.device)
    data, named = store.load(options.data, "images"), DATASETS.named(options.dataset)
    job = extraction.Job(rows.extracted(options.features), data, options.device, options.threads)
    own = options.parts, options.decoded, options.threads, print
    images = partial(other_size.images, data, named, job.asked.size, *own)
    print(extraction.said(job, images, options.output))


if __name__ == "__main__":
    command.run(main, Options)
