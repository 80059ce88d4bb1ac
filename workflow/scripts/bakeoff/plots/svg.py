"""Lean SVG: the picture that matplotlib writes in about half the nodes, which a PDF takes half the time for.

Places are rounded to a hundredth of a point.

Must not know what is drawn.
"""

import re
from xml.etree import ElementTree

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
GROUP, TEXT, METADATA, DEFINITIONS, STYLE = (
    f"{{{SVG}}}{name}" for name in ("g", "text", "metadata", "defs", "style")
)
# A setting may hold what XML has no sign for.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TURNED_BY_NOTHING = re.compile(r"\s*rotate\(-?0(?: [-\d.]+){0,2}\)$")
PLACES = ("d", "x", "y", "width", "height", "transform")
FRACTION = re.compile(r"-?\d*\.\d{3,}(?:e-?\d+)?")
STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
# Matplotlib sets these by a style sheet, which an attribute could not overrule.
INHERITED = {"stroke-linejoin": "round", "stroke-linecap": "butt"}


def lean(text: str, family: str) -> str:
    """Return an SVG without groups that only have a name and paths that draw nothing.

    Styles become attributes, which need no parser of style sheets; the family of every text stands once.
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(UNWRITABLE.sub(" ", text))
    for node in root.iter():
        for name, value in _declarations(node.attrib.pop("style", "")):
            node.set(name, value)
        if node.get("font-family") == family:
            del node.attrib["font-family"]
        if "transform" in node.attrib:
            node.set("transform", TURNED_BY_NOTHING.sub("", node.attrib["transform"]))
            if not node.attrib["transform"]:
                del node.attrib["transform"]
        for name in node.attrib.keys() & {*PLACES}:
            node.set(name, FRACTION.sub(_rounded, node.attrib[name]))
        if "d" in node.attrib:
            node.set("d", _path(node.attrib["d"]))
    _flatten(root)
    # In a group, not at the root, which a page replaces by its own.
    whole = ElementTree.Element(GROUP, {**INHERITED, "font-family": family})
    whole[:], root[:] = list(root), [whole]
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _rounded(number: "re.Match[str]") -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _path(drawn: str) -> str:
    """Return a path without gaps, a line along an axis by its only new coordinate."""
    found, last = [], ("", "")
    for kind, rest in STEP.findall(drawn):
        numbers = rest.split()
        if kind == "L" and numbers[0] == last[0]:
            found.append(f"V{numbers[1]}")
        elif kind == "L" and numbers[1] == last[1]:
            found.append(f"H{numbers[0]}")
        else:
            found.append(f"{kind}{' '.join(numbers)}")
        last = (numbers[-2], numbers[-1]) if numbers else ("", "")
    return "".join(found)


def _declarations(style: str) -> list[tuple[str, str]]:
    pairs = (part.partition(":") for part in style.split(";") if part.strip())
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _flatten(node: ElementTree.Element) -> None:
    kept: list[ElementTree.Element] = []
    for child in node:
        _flatten(child)
        if child.tag == GROUP and set(child.attrib) <= {"id"}:
            kept += child
        elif not _empty(child):
            kept.append(child)
    node[:] = kept
    if node.tag != TEXT:
        node.text = None
        for child in kept:
            child.tail = None


def _empty(node: ElementTree.Element) -> bool:
    if node.tag in (METADATA, STYLE):
        return True
    if node.tag == DEFINITIONS:
        return len(node) == 0
    return node.get("fill") == "none" and "stroke" not in node.attrib and node.tag.endswith("path")
