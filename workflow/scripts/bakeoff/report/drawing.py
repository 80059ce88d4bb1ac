"""What an SVG may consist of: what our own figures do, so that one from elsewhere brings nothing into a page.

Owns the list of elements and attributes. Must not know what a figure shows, nor what becomes of it.
"""

import re
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

SPACES = {"xmlns": "http://www.w3.org/2000/svg", "xmlns:xlink": "http://www.w3.org/1999/xlink"}
ELEMENTS = frozenset(("svg", "g", "defs", "path", "use", "text", "clipPath", "rect", "image", "pattern"))
# What others may name, and what is repeated by its name: flat, so that none repeats what repeats another.
REPEATED = frozenset(("path", "image", "clipPath", "pattern"))
FLAT, SHAPES = frozenset(("clipPath", "pattern")), frozenset(("path", "rect"))
# No brackets, colons or backslashes: a value without them is neither an address nor a function of CSS.
PLAIN = re.compile(r"[\w\s#.,+%'-]*", re.A)
NAME, NAMED = re.compile(r"[\w.-]+", re.A), r"#[\w.-]+"
PAINT = re.compile(rf"{PLAIN.pattern}|url\({NAMED}\)", re.A)
MOVES = re.compile(r"(?:(?:matrix|translate|scale|rotate|skewX|skewY)\([-+.,\s\de]*\)\s*)*", re.A)
# With the signature in base64: a reader of pictures may take what only claims to be a PNG for another SVG.
PICTURE = re.compile(r"data:image/png;base64,\s*iVBORw0KGgo[A-Za-z0-9+/=\s]*", re.A)
WORDS = (
    "d x y width height viewBox version stroke-width stroke-opacity stroke-linecap stroke-linejoin "
    "stroke-dasharray stroke-dashoffset fill-opacity fill-rule opacity font-family font-size font-style "
    "font-weight text-anchor image-rendering patternUnits"
)
ATTRIBUTES = {
    **dict.fromkeys(WORDS.split(), PLAIN),
    **dict.fromkeys(("fill", "stroke", "clip-path"), PAINT),
    "id": NAME,
    "transform": MOVES,
    "xlink:href": re.compile(NAMED, re.A),
}
# Ours are five deep; what walks over a tree of thousands of floors falls.
DEEPEST = 32


def read(path: Path) -> ElementTree.Element:
    """Return an SVG's root, names as they are written; ValueError says what no figure of ours holds."""
    built = _Built()
    try:
        built.parser.Parse(path.read_bytes().decode("utf-8"), True)
    except expat.ExpatError as error:
        raise ValueError(f"no whole SVG: {error}") from error
    return built.builder.close()


class _Built:
    """A tree that grows while a parser without documents of its own reads, and stops at the first fault."""

    def __init__(self) -> None:
        self.builder = ElementTree.TreeBuilder()
        self.open: list[str] = []
        self.spaces: set[str] = set()
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.StartDoctypeDeclHandler = self.declaration
        # Text is written as XML, read as HTML: each sees another end of a comment.
        parser.CommentHandler = lambda _: self.refuse("a comment")
        parser.ProcessingInstructionHandler = lambda *_: self.refuse("a processing instruction")
        parser.SkippedEntityHandler = lambda *_: self.refuse("an entity")

    def refuse(self, what: str) -> None:
        raise ValueError(f"line {self.parser.CurrentLineNumber}: {what} is no part of a figure")

    def declaration(self, name: str, system: str | None, public: str | None, entities: bool) -> None:
        # Matplotlib names a document type, which is not fetched.
        if entities:
            self.refuse("a document type of its own")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in ELEMENTS or (name == "svg") == bool(self.open):
            self.refuse(f"<{name[:40]}>")
        if FLAT & {*self.open} and name not in SHAPES:
            self.refuse(f"<{name}> in <{self.open[-1]}>")
        if len(self.open) == DEEPEST:
            self.refuse("a tree so deep")
        self.spaces |= SPACES.keys() & attributes.keys()
        for key, value in attributes.items():
            if not self._may(name, key, value):
                self.refuse(f"<{name} {key[:40]}={value[:60]!r}>")
        if name == "svg" and not {"xmlns", "viewBox"} <= attributes.keys():
            self.refuse("<svg> without xmlns or viewBox")
        self.open.append(name)
        self.builder.start(name, attributes)

    def _may(self, name: str, key: str, value: str) -> bool:
        if name == "svg" and key in SPACES:
            return value == SPACES[key]
        if (key == "id" and name not in REPEATED) or (
            key == "xlink:href" and "xmlns:xlink" not in self.spaces
        ):
            return False
        pattern = PICTURE if (name, key) == ("image", "xlink:href") else ATTRIBUTES.get(key)
        if pattern is PAINT and FLAT & {*self.open}:
            pattern = PLAIN
        return pattern is not None and pattern.fullmatch(value) is not None

    def end(self, name: str) -> None:
        self.open.pop()
        self.builder.end(name)

    def data(self, text: str) -> None:
        if self.open[-1] != "text" and text.strip():
            self.refuse(f"text in <{self.open[-1]}>")
        self.builder.data(text)
