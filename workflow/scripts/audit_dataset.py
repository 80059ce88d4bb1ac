"""Audit a data set: copies, balance, odd images, shortcuts and groups that cross the parts."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, faults, values
from bakeoff.analysis import audited
from bakeoff.audit import sources, thumbnails, whole
from bakeoff.command import option
from bakeoff.data.rows import DATASETS
from bakeoff.records import audit


@dataclass(frozen=True)
class Options:
    """Say whether images are fit to be judged on: what was found, and what it means for accuracies."""

    source: Path = option("a folder of classes, or of parts of these; or a prepared .npz", first=True)
    dataset: str = option("its row, to read originals of one's own", default="", check=DATASETS.named)
    parts: Path | None = option("which image is in which part (.csv)", default=None)
    output: Path | None = option("file to write (.json)", default=None, check=values.to_write)
    thumbnails: Path | None = option("folder, made anew, of pairs that look like copies", default=None)
    threads: int = option("processes and threads at a time", default=1, least=1)
    strict: bool = option("status 1 where parts leak exact copies; suspects do not count", default=False)


def main(options: Options) -> None:
    """Audit, print and write."""
    given = sources.read(options.source, options.dataset, options.parts, options.threads)
    found, pairs = whole.audit(given, options.threads, print)
    print("\n".join(audited.lines(found)), flush=True)
    if options.output:
        audit.write(options.output, found)
    thumbnails.write(options.thumbnails, given.images, pairs)
    if options.strict and found.copies.across_parts:
        faults.leave([f"{options.source}: exact copies lie in several parts"])


if __name__ == "__main__":
    command.run(main, Options)
