"""Draw every figure of a study."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import study
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Draw SVG figures, each with a CSV of the numbers behind it, and list them in figures.json."""

    records: Path = option("records.jsonl, made by collect_results.py")
    output: Path = option("folder to make anew", check=values.figures)
    data: list[Path] = option("prepared data sets (.npz): the images that models get wrong", default=())


def main(options: Options) -> None:
    """Draw the figures."""
    found = study.load(options.records)
    # Only now: matplotlib takes a second to import, and --help needs none of it.
    from bakeoff.data import store
    from bakeoff.plots import gallery

    data = [store.load(path, "images") for path in options.data]
    gallery.draw(found, options.output, {each.meta["digest"]: each.images["test"] for each in data})


if __name__ == "__main__":
    command.run(main, Options)
