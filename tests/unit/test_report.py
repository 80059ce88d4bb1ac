"""The report, opened as a reader would: HTML parsed, PDF read."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pypdf
import pytest

import studies
from bakeoff.report import drawing, render
from bakeoff.report.figures import inline
from optional import needs
from rendered import SCRIPTS, TEMPLATES, built, collected, outside, words

HOSTILE = [
    "<script>alert(1)</script>",
    '$x^2$ & "q"',
    "x" * 60,
    "日本語クラス",
    "naïve café",
    "-->",
    "{{ 7*7 }}",
    "a\u2028b",
    "</style>",
    "10",
]
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Collects what the tests ask for, and checks that tags close in order."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.external: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        for name in ("src", "href", "xlink:href"):
            link = values.get(name) or ""
            if link.startswith("#"):
                self.links.append(link[1:])
            elif link and not link.startswith("data:"):
                self.external.append(link)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _pdf_text(path) -> str:
    pages = pypdf.PdfReader(path).pages
    # Without HarfBuzz fonts are cut down by fontTools, and pypdf then reads two-byte letters byte by byte.
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\0", "").split())


@pytest.mark.parametrize("name", ["small", "fashion"])
def test_one_sound_file_that_asks_for_nothing(name, request):
    html = request.getfixturevalue(name).html
    page = Page(html)
    assert page.external == []
    assert not re.search(r"@import|url\((?!#|\"?data:)", html)
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= set(page.ids)
    assert page.tags.count("h1") == 1


def test_the_answer_comes_first(small):
    text = Page(small.html).text
    order = [
        "SVM (RBF) is the choice: 98.58 % of the test images right.",
        "no GPU was visible",
        "21 of 22 runs finished; 1 diverged.",
        "Digits: the best configuration of every model",
        "What was timed",
        "Digits: the same training on CPU and GPU",
        "Accuracy against training time on Digits",
        "The whole grid on Digits",
        "Learning curves on Digits",
        "Digits: paired tests, n = 360",
        "Cost of one image",
        "Configuration as run",
        "The whole cell",
    ]
    places = [text.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)


def test_what_was_not_measured_is_said_and_never_blank(small):
    text = Page(small.html).text
    assert "not measured" in text
    assert "nan" not in text.lower().replace("nan in epoch", "")
    assert "None" not in text


def test_every_run_has_its_command(small):
    page = Page(small.html)
    runs = sum(len(cell.runs) for cell in small.study.records)
    assert [f"run-{number}" in page.ids for number in range(1, runs + 1)] == [True] * runs
    assert page.text.count("results/digits/rerun.json") == 16


def test_ranks_over_few_data_sets_are_left_out_with_the_reason(small):
    assert "A critical-difference diagram needs 5 data sets and 3 models" in Page(small.html).text


@needs("pdftotext")
def test_a_run_has_the_same_number_in_the_table_and_at_its_command_on_paper(small):
    line = ["pdftotext", "-layout", str(small.pdf), "-"]
    text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    numbers = [int(number) for number in re.findall(r"^ *(\d+)\. (?:batch|C) ", text, re.M)]
    assert numbers == list(range(1, 23))


def test_published_values_stand_beside_ours(fashion):
    text = Page(fashion.html).text
    assert "Fashion-MNIST: 88 published results, 87 with ours beside" in text
    assert "Within their spread" in text


def test_unpublished_data_sets_have_no_such_section(small):
    assert "published" not in small.html


def test_a_study_without_a_holdout_has_no_word_about_one(small, tmp_path):
    def said(built) -> list[str]:
        tables = [path.read_text(encoding="utf-8") for path in built.folder.glob("*.csv")]
        return [text for text in (built.html, *tables) if "holdout" in text.lower()]

    without = built(tmp_path, studies.without_holdout(studies.small()))
    assert said(small)
    assert said(without) == []


def test_the_pdf_is_a_document(small):
    reader = pypdf.PdfReader(small.pdf)
    assert reader.metadata.title == "Bakeoff: Digits"
    assert reader.metadata.author == "Bakeoff"
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert reader.xmp_metadata is not None
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    assert titles[:3] == ["Verdict", "Data", "Best configurations"]
    assert [round(side) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            assert "DejaVu" in font.get_object()["/BaseFont"]


def test_the_pdf_says_what_the_html_says(small):
    text = _pdf_text(small.pdf)
    first = " ".join(pypdf.PdfReader(small.pdf).pages[0].extract_text().split())
    assert "SVM (RBF) is the choice: 98.58 % of the test images right." in first
    assert "21 of 22 runs finished; 1 diverged." in first
    assert "no GPU was visible" in text
    pages = len(pypdf.PdfReader(small.pdf).pages)
    assert f"{pages} / {pages}" in text


def test_cut_down_data_are_announced_on_the_first_page(tmp_path):
    cells = studies.small()[2:3]
    cells[0]["data"]["limit_train"] = 500
    report = built(tmp_path, cells)
    first = pypdf.PdfReader(report.pdf).pages[0].extract_text()
    assert "limit_train = 500" in " ".join(first.split())
    assert "limit_train = 500" in Page(report.html).text


def test_hostile_names_are_only_names(tmp_path):
    cells = studies.small(seeds=2)
    for cell in cells:
        cell["data"] |= {"classes": HOSTILE, "title": "<b>Bold</b> & co"}
    cells[0]["runs"][-1]["error"] = "<img src=http://example.invalid/x.png>"
    report = built(tmp_path, cells)
    page = Page(report.html)
    # The page's own script and the explorer's data.
    assert page.tags.count("script") == 2
    assert "b" not in page.tags
    assert "img" not in page.tags
    assert page.external == []
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "<b>Bold</b> & co" in _pdf_text(report.pdf)


def test_no_records_at_all(tmp_path):
    report = built(tmp_path, [])
    assert "No run has been made yet: there is nothing to compare." in Page(report.html).text
    assert len(pypdf.PdfReader(report.pdf).pages) == 1


def test_nothing_finished(tmp_path):
    settings = studies.small()[0]["runs"][0]["settings"]
    cells = [studies.cell("digits", "resnet18", "sgd", "cpu", [studies.run(settings, None)])]
    text = Page(built(tmp_path, cells).html).text
    assert "No run finished on Digits." in text
    assert "0 of 1 run finished; 1 diverged." in text
    assert "the loss became NaN in epoch 1" in text


def test_one_run(tmp_path):
    settings = studies.small()[0]["runs"][0]["settings"]
    cells = [studies.cell("digits", "resnet18", "sgd", "cpu", [studies.run(settings, 0.9)])]
    text = Page(built(tmp_path, cells).html).text
    assert "ResNet-18 is the only model that finished: 90.00 %" in text
    assert "The only run finished." in text


def test_without_tables_they_are_computed(tmp_path):
    collected(tmp_path, studies.small()[2:4])
    source = render.Source(tmp_path / "records.jsonl", tmp_path, tmp_path / "figures")
    render.write(source, TEMPLATES, tmp_path / "report.html", tmp_path / "report.pdf")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "SVM (RBF) is the choice" in page.text
    assert "figure" not in page.tags


def test_any_folder_of_records_is_rendered_by_hand(tmp_path):
    cells = studies.small()[2:4]
    studies.save(tmp_path / "kept", cells)
    flat = tmp_path / "no predictions"
    flat.mkdir()
    for number, cell in enumerate(cells):
        (flat / f"{number}.json").write_text(json.dumps(cell), encoding="utf-8")
    for folder, tested in ((tmp_path / "kept", True), (flat, False)):
        line = ["--records", str(folder), "--html", "out/report.html", "--pdf", "out/report.pdf"]
        subprocess.run(
            [sys.executable, SCRIPTS / "render_report.py", *line],
            cwd=tmp_path,
            check=True,
        )
        page = Page((tmp_path / "out/report.html").read_text(encoding="utf-8"))
        assert "SVM (RBF) is the choice" in page.text
        assert "Accuracy against training time on Digits" in page.text
        assert "figure" in page.tags
        assert ("Not tested: no predictions were kept" in page.text) != tested
        assert len(pypdf.PdfReader(tmp_path / "out/report.pdf").pages) > 2


def test_two_figures_share_no_names(tmp_path):
    (tmp_path / "a.svg").write_text(
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1"><path id="a" fill="#1c2430"/>'
        '<use xlink:href="#a" clip-path="url(#p)"/>'
        '<text fill="#d5dae1">href="#x" id="y" url(#z) #1c2430</text></svg>'
    )
    assert inline(drawing.read(tmp_path / "a.svg"), "one") == (
        '<svg viewBox="0 0 1 1" aria-hidden="true" focusable="false"><path id="one-a" fill="var(--ink)" />'
        '<use xlink:href="#one-a" clip-path="url(#one-p)" />'
        '<text fill="var(--line)">href="#x" id="y" url(#z) #1c2430</text></svg>'
    )


@needs("pdftotext")
@pytest.mark.parametrize("name", ["small", "fashion"])
def test_no_word_of_the_pdf_leaves_its_page(name, request):
    pdf = request.getfixturevalue(name).pdf
    found = words(pdf)
    assert len(found) > 1000
    assert not any("\N{REPLACEMENT CHARACTER}" in word.text for word in found)
    assert outside(pdf) == []
