"""Text from elsewhere that would be code, a path or a formula: it stays text, or is refused in one line."""

import base64
import csv
import io
import itertools
import json
import os
import shutil
from dataclasses import dataclass, field

import pypdf
import pytest
from test_report import Page

import studies
from bakeoff.analysis import collect, derivation, study, tables
from bakeoff.analysis.derived import ClassRow
from bakeoff.command import DamagedError
from bakeoff.records import written
from bakeoff.report import drawing, figures, render
from rendered import TEMPLATES, collected, drawn

OPENED = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").decode()
SMUGGLED = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
DOCTYPE = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
LAUGHS = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
ELSEWHERE = '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.fixture
def folder(small, tmp_path):
    """A copy of a gallery."""
    return shutil.copytree(small.folder / "figures", tmp_path / "figures")


def refused(folder) -> str:
    """Return the one line that a gallery is refused with."""
    with pytest.raises(DamagedError) as caught:
        figures.load(folder)
    assert list(caught.value.faults) == [folder]
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def entries(folder) -> list[dict]:
    return json.loads((folder / "figures.json").read_text(encoding="utf-8"))


def list_first(folder, **changes) -> None:
    first, *others = entries(folder)
    (folder / "figures.json").write_text(json.dumps([first | changes, *others]), encoding="utf-8")


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<path onload="alert(1)"/>', "onload="),
        ("<foreignObject><p>a</p></foreignObject>", "<foreignObject>"),
        ("<style>* {fill: red}</style>", "<style>"),
        ('<path style="fill: url(http://example.invalid/)"/>', "style="),
        ('<use xlink:href="http://example.invalid/#a"/>', "xlink:href="),
        ('<use xlink:href="javascript:alert(1)"/>', "xlink:href="),
        ('<use href="#a"/>', "href="),
        ('<image xlink:href="file:///etc/hostname"/>', "xlink:href="),
        (f'<image xlink:href="data:image/svg+xml;base64,{SMUGGLED}"/>', "xlink:href="),
        (f'<image xlink:href="data:image/png;base64,{SMUGGLED}"/>', "xlink:href="),
        ('<path fill="url(http://example.invalid/#a)"/>', "fill="),
        ('<path fill="u\\72l(http://example.invalid/)"/>', "fill="),
        ('<path clip-path="url(#a) url(http://example.invalid/)"/>', "clip-path="),
        ('<path transform="url(#a)"/>', "transform="),
        ('<g xmlns="http://www.w3.org/1999/xhtml"/>', "xmlns="),
        ('<h:script xmlns:h="http://www.w3.org/1999/xhtml"/>', "<h:script>"),
        ('<animate attributeName="x"/>', "<animate>"),
        ('<set attributeName="x"/>', "<set>"),
        ('<a xlink:href="#a"/>', "<a>"),
        ("<svg/>", "<svg>"),
        ('<g id="a"><use xlink:href="#b"/></g>', "id="),
        ('<pattern id="a"><use xlink:href="#b"/></pattern>', "<use> in <pattern>"),
        ('<pattern id="a"><rect fill="url(#b)"/></pattern>', "fill="),
        ("<!--><script>alert(1)</script>-->", "a comment"),
        ("<?php echo 1 ?>", "a processing instruction"),
        ("loose words", "text in <svg>"),
        ("<g>" * 40 + "</g>" * 40, "a tree so deep"),
        ("<g>" * 100_000, "a tree so deep"),
        ("<text>&nbsp;</text>", "undefined entity"),
        ("<text>\x00</text>", "not well-formed"),
    ],
)
def test_a_figure_of_anything_but_what_ours_consist_of_is_refused(folder, inside, named):
    name = entries(folder)[0]["file"]
    (folder / name).write_text(f"{OPENED}{inside}</svg>", encoding="utf-8")
    said = refused(folder)
    assert f"{folder / name}: damaged: " in said
    assert named in said


@pytest.mark.parametrize("prologue", [LAUGHS, ELSEWHERE])
def test_a_figure_with_entities_of_its_own_is_refused(folder, prologue):
    name = entries(folder)[0]["file"]
    (folder / name).write_text(f"{prologue}{OPENED}<text>&a;</text></svg>", encoding="utf-8")
    assert "a document type of its own" in refused(folder)


@pytest.mark.parametrize(
    ("root", "named"),
    [
        ('<svg viewBox="0 0 9 9"/>', "without xmlns or viewBox"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "without xmlns or viewBox"),
        ('<svg xmlns="http://www.w3.org/1999/xhtml" viewBox="0 0 9 9"/>', "xmlns="),
        ('<g xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>', "<g>"),
        (f"{OPENED.replace(' xmlns:xlink', ' viewbox')}<use/></svg>", "viewbox="),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><use xlink:href="#a"/></svg>',
            "xlink:href=",
        ),
    ],
)
def test_a_figure_that_is_no_svg_is_refused(tmp_path, root, named):
    (tmp_path / "a.svg").write_text(root)
    with pytest.raises(ValueError, match=named):
        drawing.read(tmp_path / "a.svg")


def test_an_entity_of_a_document_type_that_is_not_read_is_refused(tmp_path):
    (tmp_path / "a.svg").write_text(f"{DOCTYPE}{OPENED}<text>&a;</text></svg>")
    with pytest.raises(ValueError, match="an entity is no part of a figure"):
        drawing.read(tmp_path / "a.svg")


@pytest.mark.parametrize(
    "prologue", ["", '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n' + DOCTYPE]
)
def test_what_figures_consist_of_passes(tmp_path, prologue):
    inside = (
        f'<image id="i" xlink:href="data:image/png;base64,\n{PNG}" transform="matrix(1 0 0 -1 2.5 1e3)"/>'
        "<text font-family=\"'A', sans-serif\">&lt;script&gt; &#x65e5;</text>"
        '<g clip-path="url(#p)"><path d="M 0 0 L 1 -2e-3 z" fill="none"/></g>'
    )
    (tmp_path / "a.svg").write_text(f"{prologue}{OPENED}{inside}</svg>", encoding="utf-8")
    root = drawing.read(tmp_path / "a.svg")
    assert [node.tag for node in root.iter()] == ["svg", "image", "text", "g", "path"]
    assert root.find("text").text == "<script> 日"
    assert "&lt;script&gt; 日" in figures.inline(root, "a")


def test_every_figure_of_a_large_study_passes(fashion):
    drawn = figures.load(fashion.folder / "figures")
    assert len(drawn) == len(entries(fashion.folder / "figures")) > 10
    assert {"image", "clipPath", "use"} <= {node.tag for each in drawn for node in each.root.iter()}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "../outside.svg"),
        ("file", "/etc/hostname"),
        ("file", "sub/outside.svg"),
        ("file", ".hidden.svg"),
        ("file", ".."),
        ("file", ""),
        ("file", "a\0.svg"),
        ("file", "outside.svg\n"),
        ("file", "linked.svg"),
        ("file", "pipe.svg"),
        ("file", "numbers.csv"),
        ("file", 7),
        ("file", None),
        ("data", "../outside.csv"),
        ("data", "/etc/hostname"),
        ("data", "linked.csv"),
        ("data", "drawn.svg"),
        ("data", ["a.csv"]),
    ],
)
def test_a_gallery_that_names_a_file_outside_itself_is_refused(folder, key, value):
    (folder / "sub").mkdir()
    for suffix, content in ((".svg", f"{OPENED}</svg>"), (".csv", "a\n1\n")):
        for place in (folder.parent, folder / "sub"):
            (place / f"outside{suffix}").write_text(content)
        (folder / f"linked{suffix}").symlink_to(folder.parent / f"outside{suffix}")
    (folder / "drawn.svg").write_text(f"{OPENED}</svg>")
    (folder / "numbers.csv").write_text("a\n1\n")
    os.mkfifo(folder / "pipe.svg")
    list_first(folder, **{key: value})
    assert "file of the folder" in refused(folder)


@pytest.mark.parametrize("listing", ["{}", "[7]", "[" * 100_000])
def test_a_list_of_figures_that_is_none_is_refused(folder, listing):
    (folder / "figures.json").write_text(listing)
    assert "figures.json: damaged: " in refused(folder)


@pytest.mark.parametrize("key", ["title", "caption", "alt", "section", "dataset"])
@pytest.mark.parametrize("value", [7, ["a"], {"__html__": "<b>"}, "half a character: \ud800"])
def test_words_of_a_figure_that_are_no_text_are_refused(folder, key, value):
    list_first(folder, **{key: value})
    assert f"{key} is no text" in refused(folder)


def test_numbers_of_a_figure_that_a_spreadsheet_would_calculate_are_refused(folder):
    name = entries(folder)[0]["data"]
    (folder / name).write_text("competitor,link\n'=1,-0.5\nresnet18,=1+1\n")
    assert f"{folder / name}: damaged: a formula: '=1+1'" in refused(folder)
    (folder / name).write_text("competitor,link\n'=1,-0.5\nresnet18,-inf\n")
    assert figures.load(folder)


def test_words_of_a_figure_are_only_words(small, folder, tmp_path):
    words = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }}"
    list_first(folder, title=words, caption=words, alt=words)
    source = render.Source(small.folder / "records.jsonl", small.folder, folder)
    render.write(source, TEMPLATES, tmp_path / "report.html", tmp_path / "report.pdf")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    # The page's own script and the explorer's data.
    assert page.tags.count("script") == 2
    assert "img" not in page.tags
    assert page.text.count("{{ 7*7 }}") == 2
    text = " ".join(each.extract_text() for each in pypdf.PdfReader(tmp_path / "report.pdf").pages)
    assert "<script>alert(1)</script>" in text.replace("\n", "")


def test_the_pdf_gets_the_picture_that_was_checked(folder):
    before = figures.load(folder)
    for file in folder.iterdir():
        file.write_text("<svg><script/></svg>")
    pictures = [base64.b64decode(each.uri.partition("base64,")[2]) for each in before]
    assert {picture[:4] for picture in pictures} == {b"<svg"}
    assert not any(b"<script" in picture for picture in pictures)
    assert all(each.numbers.startswith("data:text/csv;base64,") for each in before)


STARTS = ["", "'", "''", "'''", " ", "\t", "\r", "\n", "\N{NO-BREAK SPACE}", "\ufeff", "\0"]
SIGNS = ["", "=", "+", "-", "@", "＝", "＋", "－", "＠", "a", "'", ","]
ENDS = ["", "1", "0.5", "1e-3", ".5", "1+1", 'HYPERLINK("http://example.invalid")', "inf", "'", "\r=1", ";=1"]
TEXTS = ["".join(parts) for parts in itertools.product(STARTS, SIGNS, ENDS)]


@dataclass(frozen=True)
class Line:
    """A row of a table."""

    text: str | None
    number: float


@dataclass(frozen=True)
class Part:
    """A part of a row."""

    a: str


@dataclass(frozen=True)
class Named:
    """A row with a column that a spreadsheet would calculate."""

    part: Part = field(metadata={tables.PREFIX: "=1+"})
    b: int


def starts_a_formula(value: str) -> bool:
    """Tell what a spreadsheet would do, written otherwise than in bakeoff.analysis.tables."""
    try:
        float(value)
    except ValueError:
        return value[:1] in ("\t", "\r", "\n") or value.lstrip(" \t\r\n\xa0\ufeff\0")[:1] in [*"=+-@＝＋－＠"]
    return value[:1] in ("\t", "\r", "\n")


def test_no_text_of_a_table_is_a_formula_and_every_text_is_read_back(tmp_path):
    path = tmp_path / "a.csv"
    tables.write(path, Line, [Line(text, -0.5) for text in TEXTS])
    with path.open(encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file))
    assert [value for row in cells for value in row if starts_a_formula(value)] == []
    found = tables.read(path, Line)
    assert [row.text for row in found] == [text or None for text in TEXTS]
    assert {row.number for row in found} == {-0.5}


def test_two_texts_are_never_written_alike():
    lines = tables.text(["text"], [{"text": text} for text in dict.fromkeys(TEXTS)])
    values = [row[0] for row in csv.reader(io.StringIO(lines, newline=""))]
    assert len(values) == len(set(values)) == len(set(TEXTS)) + 1


@pytest.mark.parametrize("number", ["-0.5", "1e-3", "+7", "-.5", "-2.", "-1E+5", -0.5, -3, float("-inf")])
def test_numbers_stay_as_they_are(number):
    assert tables.text(["a"], [{"a": number}]) == f"a\n{number}\n"


def test_the_name_of_a_column_is_no_formula_either(tmp_path):
    tables.write(tmp_path / "a.csv", Named, [Named(Part("x"), 2)])
    assert (tmp_path / "a.csv").read_text() == "'=1+a,b\nx,2\n"
    assert tables.read(tmp_path / "a.csv", Named) == [Named(Part("x"), 2)]


def test_a_value_of_any_length_is_read_back(tmp_path):
    tables.write(tmp_path / "a.csv", Part, [Part("x" * 200_000)])
    assert tables.read(tmp_path / "a.csv", Part) == [Part("x" * 200_000)]


def test_a_table_of_others_is_read_as_before(tmp_path):
    (tmp_path / "a.csv").write_text("'more,a\n'-5,'tis\n")
    assert tables.read(tmp_path / "a.csv", Part) == [Part("'tis")]


FORMULA = '=HYPERLINK("http://example.invalid","x")'


def test_no_csv_of_a_study_holds_a_formula(tmp_path):
    cells = studies.small()
    for cell in cells:
        cell["data"] |= {"classes": [f"{FORMULA}{n}" for n in range(10)], "title": FORMULA}
        for run in cell["runs"]:
            run["settings"] = run["settings"] | {"precision": FORMULA, "@a": "-b"}
            run["error"] = FORMULA if run["status"] != "ok" else None
    found = collected(tmp_path, cells)
    drawn(found, tmp_path / "figures")
    tables.write(tmp_path / "classes.csv", ClassRow, derivation.every(found, None).classes)
    files = sorted(tmp_path.rglob("*.csv"))
    assert len(files) > 8
    hidden = 0
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            values = [value for row in csv.reader(file) for value in row]
        assert [value for value in values if starts_a_formula(value)] == []
        hidden += sum(value.startswith("'=") for value in values)
    assert hidden > 20
    assert figures.load(tmp_path / "figures")
    assert study.load(tmp_path / "records.jsonl").records[0].data.title == FORMULA


NAMES = ["a/b", "..", ".", "", "/etc", "a\n", "a\0b", "\x1b[31m", "-a", "_a", "a b", "ä", "x" * 300, "a" * 65]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["dataset", "family", "competitor", "factors/optimizer/name"])
def test_a_record_whose_name_is_no_file_s_is_refused(tmp_path, key, name):
    path = tmp_path / "cell.json"
    changed = {"factors": {"optimizer": {"name": name, "label": "Adam"}}} if "/" in key else {key: name}
    path.write_text(json.dumps(studies.small()[0] | changed))
    for read in (lambda: collect.read_cells([path]), lambda: study.load(path)):
        with pytest.raises(DamagedError) as caught:
            read()
        assert list(caught.value.faults) == [path]
        assert len(str(caught.value).splitlines()) == 1
        path.write_text(json.dumps(studies.small()[0] | changed) + "\n")
    assert f"{key}: " in str(caught.value)
    assert "is no name; one has letters, digits, _ and -, 64 at most" in str(caught.value)


def test_names_as_rows_have_them_are_records():
    for name in ("a", "7", "a" * 64, "resnet18", "my-set_2"):
        whose = {"dataset": name, "competitor": name, "factors": {name: {"name": name, "label": name}}}
        assert written.from_json(studies.small()[0] | whose).cell == f"{name}_{name}_cpu"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"seed": 0', '"seed": NaN'),
        ('"train_s": 8.4', '"train_s": 1e999'),
        ('"MIT"', '"\\ud800"'),
        ('"phases_s": {}', f'"phases_s": {"[" * 100_000}'),
    ],
)
def test_a_record_that_could_not_be_written_again_is_refused(tmp_path, old, new):
    text = json.dumps(studies.small()[0])
    assert old in text
    path = tmp_path / "cell.json"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DamagedError) as caught:
        written.read(path)
    assert str(caught.value).startswith(f"{path}: not JSON: ")


@pytest.mark.parametrize("key", ["a\nb", "\r\n", "x" * 5000])
def test_a_fault_at_a_strange_key_is_one_short_line(key):
    cell = studies.small()[0]
    cell["runs"][0]["settings"] = {key: {}}
    with pytest.raises(ValueError, match="runs/0/settings/") as caught:
        written.from_json(cell)
    said = str(caught.value)
    assert said.startswith("not a cell record: runs/0/settings/")
    assert len(said.splitlines()) == 1
    assert len(said) < 400


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("letter", ["\0", "\x07", "\x1b[31m", "\uffff"])
def test_a_setting_that_xml_has_no_sign_for_is_drawn_without_it(tmp_path, letter):
    cells = studies.small()[2:3]
    for run in cells[0]["runs"]:
        if run["settings"]["gamma"] == "scale":
            run["settings"] = run["settings"] | {"gamma": f"a{letter}b"}
    drawn(collected(tmp_path, cells), tmp_path / "figures")
    assert figures.load(tmp_path / "figures")
