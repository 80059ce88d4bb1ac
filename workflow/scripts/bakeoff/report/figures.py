"""Figures for the page: drawn into the HTML in the page's own colours, linked from the PDF.

Owns the change of an SVG file into a part of a page. Must not know what a figure shows.
"""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bakeoff.command import DamagedError, UserError
from bakeoff.files import reading

# The greys of bakeoff.plots.style, as the SVG writes them, become the theme's own.
THEME = {"#1c2430": "var(--ink)", "#5b6675": "var(--hint)", "#d5dae1": "var(--line)"}
HEAD = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", re.S)
SIZE = re.compile(r'<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')


@dataclass(frozen=True)
class Drawn:
    """One figure of the gallery with its words."""

    name: str
    title: str
    caption: str
    alt: str
    section: str
    dataset: str | None
    path: Path
    data: Path

    @property
    def uri(self) -> str:
        """Return where the file lies, for the PDF."""
        return self.path.resolve().as_uri()

    @property
    def numbers(self) -> str:
        """Return the numbers behind the figure as a link that needs no file."""
        return f"data:text/csv;base64,{base64.b64encode(self.data.read_bytes()).decode()}"

    @property
    def svg(self) -> Markup:
        """Return the SVG for the HTML: no prologue, names of its own, colours of the theme."""
        return Markup(inline(self.path.read_text(encoding="utf-8"), self.name))


def load(folder: Path) -> list[Drawn]:
    """Read a gallery; a folder without one has no figures, one that is not whole raises DamagedError."""
    listing = Path(folder) / "figures.json"
    if not listing.is_file():
        return []
    try:
        with reading(listing):
            drawn = [_drawn(listing.parent, entry) for entry in json.loads(listing.read_bytes())]
    except UserError as error:
        # The folder is made as a whole.
        raise DamagedError({Path(folder): str(error)}) from error
    return drawn


def _drawn(folder: Path, entry: dict[str, Any]) -> Drawn:
    path, data = folder / entry["file"], folder / entry["data"]
    for file, end in ((path, b"</svg>"), (data, b"")):
        with reading(file):
            if not file.read_bytes().rstrip().endswith(end):
                raise ValueError("it ends too early")
    words = {key: entry[key] for key in ("title", "caption", "alt", "section", "dataset")}
    return Drawn(name=path.stem, path=path, data=data, **words)


def inline(svg: str, name: str) -> str:
    """Return an SVG that can stand in an HTML page beside others.

    Identifiers get the figure's name in front: two figures may use the same glyph.
    """
    prefix = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    svg = HEAD.sub("", svg)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}-", svg)
    for grey, variable in THEME.items():
        svg = svg.replace(grey, variable)
    return SIZE.sub(r'<svg viewBox="0 0 \1 \2" aria-hidden="true" focusable="false">', svg, count=1).strip()
