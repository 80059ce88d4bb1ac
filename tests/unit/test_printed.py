"""The HTML report printed from a real browser, on A4 and Letter: nothing cut off, left alone or left out."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

import studies
from bakeoff.report import render
from browser import Browser
from optional import needs
from rendered import TEMPLATES, Built, collected, outside

pytestmark = needs("chromium", "pdftotext")
# Millimetres, and what print.css leaves free at both sides together.
PAPERS = {"A4": (210, 297), "Letter": (215.9, 279.4)}
SIDES = 32
STUDIES = ("small", "fashion", "wide")
CLASSES = [
    *(f"A class whose name has many words, as the folders of some people have: {n}" for n in range(5)),
    *(f"OneWordWithoutAnyPlaceToBreakItThatIsLongerThanItsColumn{n}" for n in range(5)),
]
ERROR = "RuntimeError: /a/folder/in_a_folder/that/goes/on_and_on_and_on/weights_of_the_model.pt is damaged"


@pytest.fixture(scope="module")
def browser():
    found = Browser()
    yield found
    found.close()


@pytest.fixture(scope="module")
def wide(tmp_path_factory) -> Built:
    """Two hundred runs with long names of classes, models, settings and their values, and long errors."""
    cells = studies.large(216)
    for cell in cells:
        title = f"Images with a name that fills its line: {cell['dataset']}"
        cell["data"] |= {"classes": CLASSES, "title": title}
        if cell["competitor"] == "resnet50":
            cell |= dict.fromkeys(("competitor", "label"), "wide_residual_network_of_fifty_layers")
        if cell["group"] == "networks":
            for number, run in enumerate(cell["runs"]):
                run["settings"] |= _odd(number)
        cell["runs"][-1] |= studies.run(cell["runs"][-1]["settings"], None, error=ERROR)
    folder = tmp_path_factory.mktemp("wide")
    found = collected(folder, cells)
    source = render.Source(folder / "records.jsonl", folder, folder / "figures")
    render.write(source, TEMPLATES, folder / "report.html", folder / "report.pdf")
    return Built(folder, found)


def _odd(number: int) -> dict:
    return {
        "precision": ("fp32", "mixed")[number % 2],
        "engine": ("resident", "streaming")[number % 2],
        "pin_memory": number % 3 == 0,
        "warmup_fraction_of_all_steps": 0.125 * (number % 3),
        "augmentation": ("none", "a_long_name_of_a_way_to_augment_images")[number % 2],
    }


@pytest.fixture(scope="module")
def printed(browser, tmp_path_factory, request):
    """Return a function that prints a study's report, as it opens or without its scripts."""

    @cache
    def print_once(study: str, paper: str, scripts: bool = True) -> Path:
        path = tmp_path_factory.mktemp("printed") / f"{study}.pdf"
        browser.open(request.getfixturevalue(study).folder / "report.html", scripts=scripts)
        browser.print(path, *PAPERS[paper])
        return path

    return print_once


def _pages(pdf: Path, order: str) -> list[str]:
    """Return the text of every page, in the order of `-layout` or of `-raw`, without the page's number."""
    line = ["pdftotext", order, str(pdf), "-"]
    pages = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split("\f")[:-1]
    # What lies in the margins was drawn first.
    return [re.sub(r"^\d+ / \d+\n|\s*\b\d+ / \d+\s*$", "", page) for page in pages]


def _solid(text: str) -> str:
    """Return a text without what breaking it into lines adds."""
    return re.sub(r"[\s\u00ad\u2010-]", "", text)


def _texts(browser: Browser, report: Built, elements: str) -> list[str]:
    """Return the texts of elements as they stand in the HTML, folded or not."""
    browser.open(report.folder / "report.html")
    return browser.run(f"[...document.querySelectorAll('{elements}')].map(e => e.textContent)")


on_papers = pytest.mark.parametrize("paper", PAPERS)
of_studies = pytest.mark.parametrize("study", STUDIES)


@of_studies
@on_papers
def test_no_box_is_wider_than_the_paper(browser, study, paper, request):
    browser.open(request.getfixturevalue(study).folder / "report.html")
    browser.as_paper(PAPERS[paper][0] - SIDES)
    # Code is a box of its line; the spaces at a line's end, where nothing is drawn, hang out of it.
    wider = (
        "[...document.querySelectorAll('body *:not(svg *, code)')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)"
        ".map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`)"
    )
    assert browser.run(wider) == []


@of_studies
@on_papers
def test_no_printed_word_leaves_the_paper(printed, study, paper):
    pdf = printed(study, paper)
    assert len("".join(_pages(pdf, "-raw"))) > 10_000
    assert outside(pdf) == []


def test_no_word_of_the_widest_pdf_leaves_its_page(wide):
    assert outside(wide.pdf) == []


@of_studies
@on_papers
def test_no_page_ends_with_a_heading(browser, printed, study, paper, request):
    report = request.getfixturevalue(study)
    headings = [_solid(text) for text in _texts(browser, report, "h2, h3, summary, .whole")]
    heads = [set(text.split()) for text in _texts(browser, report, "thead")]
    last = [page.rstrip().rsplit("\n", 1)[-1] for page in _pages(printed(study, paper), "-layout")]
    # A heading may fill two lines; it begins at the margin, as the last line of a cell seldom does.
    ends = [line for line in last if any(heading.endswith(_solid(line)) for heading in headings)]
    assert [line for line in ends if not line.startswith(" ")] == []
    rows = [set(line.split()) for line in last if len(line.split()) > 2]
    assert [row for row in rows if any(row <= head for head in heads)] == []


def _left_out(browser: Browser, report: Built, pdf: Path) -> list[str]:
    """Return the rows, heads, headings and commands of a report that are not whole in its print."""
    text = _solid("\n".join(_pages(pdf, "-raw")))
    parts = _texts(browser, report, "summary, thead tr, tbody tr, .whole, pre, .runs p")
    assert len(parts) > 100
    return [part for part in parts if _solid(part) not in text]


@of_studies
@on_papers
def test_every_row_is_printed_with_all_its_columns(browser, printed, study, paper, request):
    assert _left_out(browser, request.getfixturevalue(study), printed(study, paper)) == []


def test_what_is_folded_is_printed_without_the_page_s_scripts(browser, fashion, printed):
    assert _left_out(browser, fashion, printed("fashion", "A4", scripts=False)) == []


def test_every_page_of_a_table_has_its_heads(browser, fashion, printed):
    [head] = _texts(browser, fashion, "[aria-label*=published\\\\ results] thead tr")
    with_rows = [page for page in _pages(printed("fashion", "A4"), "-raw") if page.count("Within their") > 1]
    assert len(with_rows) > 2
    assert all(_solid(head) in _solid(page) for page in with_rows)


def test_what_a_reader_works_with_stays_on_the_screen(browser, fashion):
    browser.open(fashion.folder / "report.html")
    browser.as_paper(PAPERS["A4"][0] - SIDES)
    tools = "nav, form, input, .skip, [download]"
    shown = f"[...document.querySelectorAll('{tools}')].filter(e => e.checkVisibility())"
    assert browser.run(f"{shown}.length") == 0


def test_paper_says_that_a_table_is_filtered(browser, fashion):
    browser.open(fashion.folder / "report.html")
    browser.click("document.querySelector('.fold summary')")
    browser.click("document.querySelector('.filter input')")
    browser.type("adam resnet-18")
    browser.as_paper(PAPERS["A4"][0] - SIDES)
    shown = "[...document.querySelectorAll('.filter')].filter(e => e.checkVisibility()).map(e => e.innerText)"
    [words] = browser.run(shown)
    assert re.fullmatch(r"Show rows with\s+\d+ of 88 rows", words)


def test_paper_is_light_where_the_screen_is_dark(browser, fashion):
    browser.open(fashion.folder / "report.html", scheme="dark")
    browser.as_paper(PAPERS["A4"][0] - SIDES)
    assert browser.run("matchMedia('print and (prefers-color-scheme: dark)').matches")
    style = "getComputedStyle(document.documentElement)"
    assert browser.run(f"{style}.colorScheme") == "light only"
    # The figures' own greys are the variables.
    theme = (TEMPLATES / "theme.css").read_text(encoding="utf-8")
    for name in ("--ink", "--hint", "--line"):
        assert f"{name}: {browser.run(f'{style}.getPropertyValue({name!r})')};" in theme
    darkest = browser.run(
        "Math.min(...[...document.querySelectorAll('html, body, body *:not(svg *)')]"
        ".map(e => getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number))"
        ".filter(c => c.length === 3).flat())"
    )
    assert darkest > 200


def test_folds_open_for_paper_are_folded_again(browser, fashion):
    browser.open(fashion.folder / "report.html")
    browser.click("document.querySelector('summary')")
    states = "[...document.querySelectorAll('details')].map(d => d.open)"
    before = browser.run(states)
    assert before == [True] + [False] * (len(before) - 1)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert all(browser.run(states))
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(states) == before
