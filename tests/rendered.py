"""Studies on disk with their figures and their report, as the tests of the report look at them."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import studies
from bakeoff.analysis import collect, derivation, published, repeatability, study, tables
from bakeoff.analysis.derived import PublishedRow
from bakeoff.data import known
from bakeoff.plots import gallery, mistakes
from bakeoff.plots.mistakes import Pictures
from bakeoff.report import render

SCRIPTS = studies.ROOT / "workflow" / "scripts"
TEMPLATES = SCRIPTS / "bakeoff" / "report" / "pages"
# Points in the 16 mm that the pages' style leaves to the left and to the right, less a rounding.
MARGIN = 16 / 25.4 * 72 - 1


@dataclass(frozen=True)
class Built:
    """A study on disk with its figures and its report."""

    folder: Path
    study: study.Study

    @property
    def html(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @property
    def pdf(self) -> Path:
        return self.folder / "report.pdf"


def collected(folder: Path, cells: list[dict]) -> study.Study:
    """Write and collect the cells of a study."""
    paths = studies.save(folder, cells)
    collect.write(collect.read_cells(paths), folder / "records.jsonl", folder / "runs.csv")
    return study.load(folder / "records.jsonl")


def published_rows(found: study.Study) -> list[PublishedRow]:
    """Return the published results beside a study's, as compare_published.py writes them."""
    return published.rows(found, repeatability.read(studies.REFERENCE), known.original)


def drawn(found: study.Study, folder: Path, pictures: Pictures | None = None) -> None:
    """Draw a study's figures from what its records say."""
    best, speedup = (of(found, None) for of in (derivation.of_best, derivation.of_speedup))
    gallery.draw(gallery.Drawing(found, best, speedup, mistakes.shown(found, pictures or {})), folder)


def built(folder: Path, cells: list[dict], config: dict | None = None) -> Built:
    """Collect a study, draw it and render its report."""
    found = collected(folder, cells)
    tables.write(folder / "published.csv", PublishedRow, published_rows(found))
    drawn(found, folder / "figures", studies.pictures(cells))
    source = render.Source(folder / "records.jsonl", folder, folder / "figures", config)
    render.write(source, TEMPLATES, folder / "report.html", folder / "report.pdf")
    return Built(folder, found)


class Word(NamedTuple):
    """A word of a PDF: its place in points from the top left corner, and the size of its page."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    width: float
    height: float


def words(pdf: Path) -> list[Word]:
    """Return every word of a PDF as pdftotext finds it."""
    line = ["pdftotext", "-bbox", str(pdf), "-"]
    pages = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split("<page ")[1:]
    found = []
    for page in pages:
        size = [float(side) for side in re.findall(r'(?:width|height)="([\d.]+)"', page)[:2]]
        box = r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*)</word>'
        found += [Word(*map(float, place), word, *size) for *place, word in re.findall(box, page)]
    return found


def outside(pdf: Path) -> list[str]:
    """Return the words that reach into a page's margins at the sides, or beyond its top or bottom."""
    return [
        word.text
        for word in words(pdf)
        if not (MARGIN <= word.left <= word.right <= word.width - MARGIN)
        or not (0 <= word.top <= word.bottom <= word.height)
    ]
