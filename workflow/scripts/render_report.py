"""Render the report of a study as one HTML file and as a PDF."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff import command, values
from bakeoff.command import option

TEMPLATES = Path(__file__).resolve().parent / "bakeoff" / "report" / "pages"


@dataclass(frozen=True)
class Options:
    """Render HTML and PDF from the same templates; what is absent but the records is made from them."""

    records: Path = option("records.jsonl, made by collect_results.py, or a folder of cell records")
    html: Path = option("HTML file to write", check=values.to_write)
    pdf: Path = option("PDF file to write", check=values.to_write)
    tables: Path = option(
        "folder with best.csv, tests.csv, speedup.csv, ...", default=None, check=values.folder
    )
    figures: Path = option("folder that plot_figures.py made", default=None, check=values.folder)
    templates: Path = option("folder of templates and styles", default=TEMPLATES, check=values.folder)
    audits: list[Path] = option("what audit_dataset.py found (.json), a file a data set", default=())
    missing: list[str] = option("records that the study lacks so far, for the first page", default=())
    without_gpu: str = option("why no GPU took part, for the first page", default="")
    config: dict = option("the configuration as run, as JSON", default=None)


def main(options: Options) -> None:
    """Render the report."""
    from bakeoff.report import render

    given = (options.records, options.tables, options.figures, options.config, options.missing)
    source = render.Source(*given, options.without_gpu, options.audits)
    render.write(source, options.templates, options.html, options.pdf)


if __name__ == "__main__":
    command.run(main, Options)
