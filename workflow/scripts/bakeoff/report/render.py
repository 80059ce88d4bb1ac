"""From files to files: reads records, tables and figures, writes the HTML and the PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bakeoff.analysis import collect, derivation
from bakeoff.command import UserError
from bakeoff.files import write_text, writing
from bakeoff.records import audit
from bakeoff.report import context, faces, figures
from bakeoff.report.context import Report

SCRIPTS = ("runs.js", "tables.js", "explorer.js")
PDF_STYLES = ("theme.css", "print.css", "pdf.css")
PAGES = SCREEN, PRINT = "report.html.j2", "print.html.j2"
PARTS = (*PDF_STYLES, "screen.css", *(f"templates/{name}" for name in (*PAGES, *SCRIPTS)))


@dataclass(frozen=True)
class Source:
    """Where the report's contents lie, the configuration as run, what is missing, and why no GPU took part.

    The records are records.jsonl or a folder of cells; tables and figures that are None are made from them.
    """

    records: Path
    tables: Path | None = None
    figures: Path | None = None
    config: dict[str, Any] | None = None
    missing: Sequence[str] = ()
    without_gpu: str = ""
    audits: Sequence[Path] = ()


def write(source: Source, templates: Path, html: Path, pdf: Path) -> None:
    """Render both forms from the same templates."""
    if lacking := [name for name in PARTS if not (templates / name).is_file()]:
        raise UserError(f"{templates}: holds no {lacking[0]}; name the folder of the report's templates")
    found = collect.load(source.records)
    tables = derivation.every(found, source.tables)
    with TemporaryDirectory() as scratch:
        drawn = source.figures
        if drawn is None:
            # Only now: matplotlib takes two seconds to import.
            from bakeoff.plots import gallery

            drawn = Path(scratch) / "figures"
            gallery.draw(gallery.Drawing(found, tables.best, tables.speedup), drawn)
        given = source.config, source.missing, source.without_gpu, audit.by_digest(source.audits)
        report = context.build(found, tables, figures.load(drawn), *given)
        write_text(html, page(report, templates))
        write_pdf(report, templates, pdf)


def page(report: Report, templates: Path) -> str:
    """Return the HTML page: one file, nothing fetched."""
    letters = "".join(figure.svg for section in report.sections for figure in section.figures)
    return (
        _environment(templates)
        .get_template(SCREEN)
        .render(
            report=report,
            medium="screen",
            theme=_verbatim(templates / "theme.css") + Markup(faces.embedded(letters)),
            screen=_verbatim(templates / "screen.css"),
            paper=_verbatim(templates / "print.css"),
            script=Markup("\n").join(_verbatim(templates / "templates" / name) for name in SCRIPTS),
        )
    )


def write_pdf(report: Report, templates: Path, path: Path) -> None:
    """Write the PDF, tagged for accessibility (PDF/UA-1)."""
    # Only now: WeasyPrint loads Pango, which the HTML does not need.
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    text = _environment(templates).get_template(PRINT).render(report=report, medium="print")
    fonts = FontConfiguration()
    # The report needs files, and the pictures inside figures; whatever a hostile name smuggles in
    # must not reach the network.
    fetcher = URLFetcher(allowed_protocols=["file", "data"])
    styles = [
        CSS(string=faces.linked(), font_config=fonts, url_fetcher=fetcher),
        *(CSS(filename=templates / name, font_config=fonts, url_fetcher=fetcher) for name in PDF_STYLES),
    ]
    document = HTML(string=text, url_fetcher=fetcher)
    content = document.write_pdf(stylesheets=styles, font_config=fonts, pdf_variant="pdf/ua-1")
    with writing(path) as place:
        place.write_bytes(content)


def _environment(templates: Path) -> Environment:
    found = Environment(
        loader=FileSystemLoader(templates / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return found


def _verbatim(path: Path) -> Markup:
    return Markup(path.read_text(encoding="utf-8"))
