"""Render the report of a study as one HTML file and as a PDF."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command
from bakeoff.command import option


@dataclass(frozen=True)
class Options:
    """Render HTML and PDF from the same templates; tables that are absent are computed."""

    records: Path = option("records.jsonl, made by collect_results.py")
    tables: Path = option("folder with best.csv, tests.csv, speedup.csv, classes.csv, published.csv")
    figures: Path = option("folder that plot_figures.py made")
    html: Path = option("HTML file to write")
    pdf: Path = option("PDF file to write")
    templates: Path = option("folder of templates and styles", default=Path("report"))
    missing: list[str] = option("records that the study lacks so far, for the first page", default=())
    config: dict = option("the configuration as run, as JSON", default=None)


def main(options: Options) -> None:
    """Render the report."""
    from bakeoff.report import render

    source = render.Source(options.records, options.tables, options.figures, options.config, options.missing)
    render.write(source, options.templates, options.html, options.pdf)


if __name__ == "__main__":
    command.run(main, Options)
