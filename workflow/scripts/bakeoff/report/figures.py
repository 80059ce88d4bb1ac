"""Figures for the page: drawn into the HTML in the page's own colours, as pictures into the PDF.

Owns the change of a folder's files into parts of a page; a folder from elsewhere brings nothing else into it.
Must not know what a figure shows.
"""

import base64
import copy
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from bakeoff import formulas
from bakeoff.analysis import tables
from bakeoff.command import DamagedError, UserError
from bakeoff.files import reading
from bakeoff.report import drawing

# The greys of bakeoff.plots.style, as the SVG writes them, become the theme's own.
THEME = {"#1c2430": "var(--ink)", "#5b6675": "var(--hint)", "#d5dae1": "var(--line)"}
# Bytes of a table that a page with hundreds of figures leaves in its file.
LONG = 16_000
WORDS = ("title", "caption", "alt", "section")


@dataclass(frozen=True)
class Drawn:
    """One figure of the gallery with its words: the SVG's root as it was checked, the bytes of its table.

    table: None where the page leaves it in its file.
    """

    name: str
    title: str
    caption: str
    alt: str
    section: str
    dataset: str | None
    root: ElementTree.Element
    table: bytes | None

    @property
    def uri(self) -> str:
        """Return the picture for the PDF as a link that needs no file: nothing but what was checked."""
        return _link("image/svg+xml", ElementTree.tostring(self.root))

    @property
    def numbers(self) -> str | None:
        """Return the numbers behind the figure as a link that needs no file, None where the page has none."""
        return None if self.table is None else _link("text/csv", self.table)

    def lightened(self) -> "Drawn":
        """Return the figure without its table, if that is long."""
        return replace(self, table=None) if self.table and len(self.table) > LONG else self

    @cached_property
    def svg(self) -> Markup:
        """Return the SVG for the HTML: names of its own, colours of the theme."""
        return Markup(inline(self.root, self.name))


def _link(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def load(folder: Path) -> list[Drawn]:
    """Read a gallery; a folder without one has no figures, one that is not whole raises DamagedError."""
    listing = Path(folder) / "figures.json"
    if not listing.is_file():
        return []
    try:
        with reading(listing):
            return [_drawn(listing.parent, entry) for entry in _entries(listing.read_bytes())]
    except UserError as error:
        # The folder is made as a whole.
        raise DamagedError({Path(folder): str(error)}) from error


def _entries(listing: bytes) -> list[Any]:
    entries = json.loads(listing)
    if not isinstance(entries, list):
        raise ValueError("no list of figures")
    return entries


def _drawn(folder: Path, entry: Any) -> Drawn:
    if not isinstance(entry, dict):
        raise ValueError(f"no figure: {entry!r:.60}")
    words = {key: entry[key] for key in WORDS} | {"dataset": entry["dataset"] or ""}
    for key, word in words.items():
        # Half a character is text to Python, and to nothing that a page is written with.
        if not isinstance(word, str) or word != word.encode(errors="replace").decode():
            raise ValueError(f"{key} is no text: {word!r:.60}")
    path, data = _inside(folder, entry["file"], ".svg"), _inside(folder, entry["data"], ".csv")
    with reading(path):
        root = drawing.read(path)
    with reading(data):
        table = data.read_bytes()
        _check(table.decode("utf-8"))
    return Drawn(**words | {"dataset": entry["dataset"]}, name=path.stem, root=root, table=table)


def _inside(folder: Path, name: Any, suffix: str) -> Path:
    """Return the path of a file that lies in the folder itself; ValueError where it names another."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w-]*\.(svg|csv)", name, re.A):
        raise ValueError(f"{name!r:.60} is no {suffix} file of the folder")
    path = folder / name
    elsewhere = path.resolve().parent != folder.resolve() or (path.exists() and not path.is_file())
    if path.suffix != suffix or elsewhere:
        raise ValueError(f"{name!r:.60} is no {suffix} file of the folder")
    return path


def _check(table: str) -> None:
    for value in (value for line in tables.values(table) for value in line):
        if formulas.is_formula(value):
            raise ValueError(f"a formula: {value!r:.60}")


def inline(root: ElementTree.Element, name: str) -> str:
    """Return a checked SVG as it can stand in an HTML page beside others.

    Identifiers get the figure's name in front: two figures may use the same glyph.
    """
    root = copy.deepcopy(root)
    size = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib |= {"viewBox": size, "aria-hidden": "true", "focusable": "false"}
    for node in root.iter():
        for key, value in node.items():
            if key == "id":
                node.set(key, f"{name}-{value}")
            elif value.startswith("#") and key == "xlink:href":
                node.set(key, f"#{name}-{value[1:]}")
            elif value.startswith("url(#"):
                node.set(key, f"url(#{name}-{value[5:]}")
            elif value in THEME:
                node.set(key, THEME[value])
    return ElementTree.tostring(root, encoding="unicode").strip()
