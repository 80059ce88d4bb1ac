"""Fonts that the report brings along: matplotlib's own DejaVu files, so that no machine needs any.

Owns the @font-face rules. Must not know what is written with them.
"""

import base64
import io
from pathlib import Path

# Family, file, weight, style. "DejaVu Sans" is what the figures' SVG asks for.
FACES = (
    ("DejaVu Sans", "DejaVuSans.ttf", "normal", "normal"),
    ("DejaVu Sans", "DejaVuSans-Bold.ttf", "bold", "normal"),
    ("DejaVu Sans", "DejaVuSans-Oblique.ttf", "normal", "italic"),
    ("DejaVu Sans Mono", "DejaVuSansMono.ttf", "normal", "normal"),
)
IN_FIGURES = FACES[:3]


def linked() -> str:
    """Return the rules that name the whole font files, for the PDF (WeasyPrint embeds a subset)."""
    return "\n".join(_rule(face, (_folder() / face[1]).as_uri()) for face in FACES)


def embedded(letters: str) -> str:
    """Return the rules with the faces inside, cut down to the letters, for the one-file HTML."""
    wanted = {ord(letter) for letter in letters}
    return "\n".join(
        _rule(face, f"data:font/woff;base64,{base64.b64encode(_subset(face[1], wanted)).decode()}")
        for face in (IN_FIGURES if wanted else ())
    )


def _folder() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _rule(face: tuple[str, str, str, str], source: str) -> str:
    family, _, weight, style = face
    return (
        f'@font-face {{ font-family: "{family}"; src: url("{source}"); '
        f"font-weight: {weight}; font-style: {style} }}"
    )


def _subset(file: str, letters: set[int]) -> bytes:
    from fontTools import subset  # type: ignore[import-untyped]

    options = subset.Options(flavor="woff", layout_features=[], hinting=False, notdef_outline=True)
    # FontForge's time stamp, which the subsetter does not know and warns about.
    options.drop_tables += ["FFTM"]
    font = subset.load_font(str(_folder() / file), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=letters)
    cutter.subset(font)
    buffer = io.BytesIO()
    subset.save_font(font, buffer, options)
    return buffer.getvalue()
