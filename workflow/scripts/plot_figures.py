"""Draw every figure of a study."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.analysis import derivation, study
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Draw SVG figures, each with a CSV of the numbers behind it, and list them in figures.json."""

    records: Path = option("records.jsonl, made by collect_results.py")
    output: Path = option("folder to make anew", check=values.figures)
    tables: Path | None = option("best.csv, speedup.csv, else made anew", default=None, check=values.folder)
    data: list[Path] = option("prepared data sets (.npz), to show their images", default=())
    audits: list[Path] = option("what audit_dataset.py found (.json), its pictures beside it", default=())
    processes: int = option("processes that draw at once", default=1, least=1, most=4096)


def main(options: Options) -> None:
    """Draw the figures."""
    found = study.load(options.records)
    # Only now: matplotlib takes a second to import, and --help needs none of it.
    from bakeoff.data import store
    from bakeoff.plots import copies, gallery, mistakes, thumbnails

    data = {each.digest: each for each in (store.load(path, "images") for path in options.data)}
    best, speedup = (of(found, options.tables) for of in (derivation.of_best, derivation.of_speedup))
    tested = {digest: each.parts["test"].images for digest, each in data.items()}
    samples = {digest: thumbnails.samples(each.parts["train"], each.classes) for digest, each in data.items()}
    shown = mistakes.shown(found, tested), samples, copies.load(options.audits)
    drawing = gallery.Drawing(found, best, speedup, *shown)
    gallery.draw(drawing, options.output, options.processes)


if __name__ == "__main__":
    command.run(main, Options)
