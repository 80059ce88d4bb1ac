"""Studies on disk with their figures and their report, as the tests of the report look at them."""

from dataclasses import dataclass
from pathlib import Path

import studies
from bakeoff.analysis import collect, published, study, tables
from bakeoff.plots import gallery
from bakeoff.report import render

TEMPLATES = studies.ROOT / "report"


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


def built(folder: Path, cells: list[dict], config: dict | None = None) -> Built:
    """Collect a study, draw it and render its report."""
    found = collected(folder, cells)
    rows = published.rows(found, published.read_reference(studies.REFERENCE))
    tables.write(folder / "published.csv", published.COLUMNS, rows)
    gallery.draw(found, folder / "figures", studies.pictures(cells))
    source = render.Source(folder / "records.jsonl", folder, folder / "figures", config)
    render.write(source, TEMPLATES, folder / "report.html", folder / "report.pdf")
    return Built(folder, found)
