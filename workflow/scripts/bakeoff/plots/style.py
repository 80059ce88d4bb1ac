"""The one look of every figure: colours, markers, type sizes, and how a figure becomes a file.

Must not know what is drawn. The three greys below are looked for by the report, which gives them
the colours of its light or dark theme; no other grey may be used for ink, hints or lines.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from bakeoff.plots import svg
from bakeoff.plots.library import seaborn

FONTS = ("DejaVu Sans", "Verdana", "Arial")
FAMILY = ", ".join(f"'{name}'" for name in FONTS) + ", sans-serif"  # as an SVG says it
INK = "#1c2430"
HINT = "#5b6675"
LINE = "#d5dae1"
WIDTH = 7.2

# Okabe and Ito's colours that keep a contrast of 3:1 on white and on the dark page come first;
# their yellow is left out: a thin yellow line cannot be seen on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
SHADE = COLOURS[0]
# So many faint lines or points of a kind become one picture: a PDF takes seconds for each thousand.
DRAWN = 150
DEVICES = {"cpu": COLOURS[4], "gpu": COLOURS[0]}
CUT = "\N{HORIZONTAL ELLIPSIS}"
# Inches of a legend: a letter of a label, and the line and the gap beside it.
LETTER, KEY = 0.066, 0.55


@dataclass
class Plot:
    """A drawn figure with its words and the numbers behind it."""

    name: str
    figure: Figure
    title: str
    caption: str
    alt: str
    section: str
    dataset: str | None
    columns: tuple[str, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def used() -> Iterator[None]:
    """Draw in the shared style, from the library's own defaults, whatever the caller has set."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.use("svg")
        seaborn.set_theme(style="ticks", rc=_rc())
        yield


def _rc() -> dict[str, Any]:
    return {
        "font.size": 8.5,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 8.5,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.linewidth": 0.6,
        "axes.linewidth": 0.8,
        "lines.linewidth": 1.8,
        "lines.markersize": 5,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor"), INK),
        **dict.fromkeys(("xtick.labelcolor", "ytick.labelcolor"), INK),
        **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), HINT),
        "grid.color": LINE,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "figure.constrained_layout.use": True,
        # Text, not outlines: it can be found and read aloud. The report brings the font along;
        # elsewhere the next families are as wide or narrower, so nothing runs over.
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": list(FONTS),
        "svg.hashsalt": "bakeoff",
        # A class may be called "$x$".
        "text.parse_math": False,
    }


def colour(names: list[str], name: str) -> str:
    """Return the colour of one of the names; the same place in the list, the same colour."""
    return COLOURS[names.index(name) % len(COLOURS)]


def marker(names: list[str], name: str) -> str:
    """Return the marker of one of the names; who shares a colour has another one, up to 36 names."""
    place = names.index(name)
    return MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]


def legend(figure: Figure, handles: Sequence[Artist]) -> None:
    """Set a legend beneath a figure, on as many lines as its labels need."""
    widths = [LETTER * len(str(handle.get_label())) + KEY for handle in handles]
    columns = len(handles)
    while columns > 1 and sum(max(each) for each in np.array_split(widths, columns)) > WIDTH:
        columns -= 1
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def on_shade(strength: float) -> str:
    """Return the ink that can be read on the shade at this opacity (0..1)."""
    return "#ffffff" if strength > 0.55 else INK


def labels(names: Sequence[str], longest: int = 16) -> list[str]:
    """Return names of classes that fit a tick, can be drawn and told apart; for any other its number.

    Of long names that begin alike, the ends are kept too.
    """
    known = FT2Font(font_manager.findfont("DejaVu Sans")).get_charmap()
    short = [n if len(n) <= longest else f"{n[: longest - 1]}{CUT}" for n in names]
    alike = Counter(short)
    end = longest // 2
    ends = (f"{name[: longest - 1 - end]}{CUT}{name[-end:]}" for name in names)
    short = [both if alike[text] > 1 else text for text, both in zip(short, ends, strict=True)]
    counts = Counter(short)
    return [
        text
        if text.strip() and counts[text] == 1 and all(ord(letter) in known for letter in text)
        else f"class {index}"
        for index, text in enumerate(short)
    ]


def save(figure: Figure, path: Path) -> None:
    """Write an SVG that is the same, byte for byte, whenever the data are the same."""
    drawn = StringIO()
    # Not savefig: it draws every figure twice, once only to measure it.
    FigureCanvasSVG(figure).print_svg(drawn, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    path.write_text(svg.lean(drawn.getvalue(), FAMILY), encoding="utf-8")
