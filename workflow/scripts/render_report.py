"""Render the report of a study as one HTML file and as a PDF."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command


@dataclass(frozen=True)
class Options:
    """Render HTML and PDF from the same templates; tables that are absent are computed."""

    records: Path = command.option("records.jsonl, made by collect_results.py")
    tables: Path = command.option("folder with best.csv, tests.csv, speedup.csv, published.csv")
    figures: Path = command.option("folder that plot_figures.py made")
    html: Path = command.option("HTML file to write")
    pdf: Path = command.option("PDF file to write")
    templates: Path = command.option("folder of templates and styles", default=Path("report"))
    config: dict = command.option("the configuration as run, as JSON", default=None)


def main(options: Options) -> None:
    """Render the report."""
    from bakeoff.report import render

    source = render.Source(options.records, options.tables, options.figures, options.config)
    render.write(source, options.templates, options.html, options.pdf)


if __name__ == "__main__":
    command.run(main, Options)
