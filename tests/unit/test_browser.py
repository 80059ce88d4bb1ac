"""The report in a real browser, opened from disk: what it asks for, sorting, filtering, widths, themes."""

import re

import pytest

from bakeoff.plots import style
from browser import Browser
from optional import needs
from rendered import TEMPLATES

pytestmark = needs("chromium")


@pytest.fixture(scope="module")
def browser():
    found = Browser()
    yield found
    found.close()


@pytest.fixture
def page(browser, fashion):
    browser.open(fashion.folder / "report.html")
    return browser


def _folded(caption: str) -> str:
    """Return a script for the table in the fold of this caption."""
    return f"[...document.querySelectorAll('details.fold')].find(d => d.innerText.includes('{caption}'))"


NETWORKS = _folded("the networks")


def _column(page, head: str) -> list[str]:
    """Return the shown cells under a head of the networks' table."""
    return page.run(
        f"(() => {{ const t = {NETWORKS}.querySelector('table');"
        f"const i = [...t.tHead.rows[0].cells].findIndex(c => c.innerText.trim().startsWith('{head}'));"
        "return [...t.tBodies[0].rows].filter(r => !r.hidden)"
        ".map(r => r.cells[i].dataset.value ?? r.cells[i].innerText.trim()); })()"
    )


def _head(name: str) -> str:
    return f"[...{NETWORKS}.querySelectorAll('thead button')].find(b => b.innerText.startsWith('{name}'))"


def test_it_opens_from_disk_and_asks_for_nothing(page):
    assert page.complaints == []
    asked = [url for url in page.requests if not url.startswith("data:")]
    assert [url.rsplit("/", 1)[-1] for url in asked] == ["report.html"]


def test_what_a_page_asks_for_and_complains_of_is_heard(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<script>console.error('said'); nothing.there</script><img src='absent.png'>")
    browser.open(path)
    assert [url.rsplit("/", 1)[-1] for url in browser.requests] == ["page.html", "absent.png"]
    heard = sorted(browser.complaints)
    assert [text.partition(":")[0] for text in heard] == [
        "Failed to load resource",
        "nothing is not defined",
        "said",
    ]


def test_a_click_sorts_a_column_both_ways(page):
    page.click(f"{NETWORKS}.querySelector('summary')")
    page.click(_head("Test"))
    values = [float(value) for value in _column(page, "Test")]
    assert len(values) > 12
    assert values == sorted(values)
    page.click(_head("Test"))
    assert [float(value) for value in _column(page, "Test")] == sorted(values, reverse=True)
    page.run(f"{_head('Model')}.focus()")
    page.press("Enter")
    names = _column(page, "Model")
    assert names == sorted(names)
    assert page.run(f"{_head('Model')}.closest('th').ariaSort") == "ascending"


def test_a_typed_filter_keeps_the_rows_that_hold_every_word(page):
    page.click(f"{NETWORKS}.querySelector('summary')")
    every = len(_column(page, "Model"))
    page.click(f"{NETWORKS}.querySelector('.filter input')")
    page.type("adam resnet-18")
    models = _column(page, "Model")
    assert set(models) == {"ResNet-18 Adam"}
    said = page.run(f"{NETWORKS}.querySelector('.filter output').innerText")
    assert said == f"{len(models)} of {every} rows"
    page.type(" no such run")
    assert _column(page, "Model") == []


def test_small_tables_have_no_filter(page):
    assert page.run("document.querySelector('#best table.sortable') !== null")
    assert page.run("document.querySelector('#best .filter') === null")


def test_a_run_s_number_opens_its_command(page):
    page.click(f"{NETWORKS}.querySelector('summary')")
    page.click(f"{NETWORKS}.querySelector('tbody a')")
    page.until("document.querySelector('.runs li:target')?.closest('details').open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_width_and_no_theme_scrolls_sideways(browser, fashion, width, scheme):
    browser.open(fashion.folder / "report.html", width, scheme)
    assert browser.run("document.documentElement.scrollWidth") <= width
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


POINTS = "document.querySelectorAll('#explorer-plot a')"


def _choose(page, name: str, value: str) -> None:
    page.run(
        "(() => { const form = document.getElementById('explorer-form');"
        f"const s = form.elements['{name}']; s.value = '{value}';"
        "s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def test_the_explorer_draws_every_finished_run_of_the_grid(page, fashion):
    finished = [run for cell in fashion.study.selection for run in cell.runs if run.finished]
    assert page.run(f"{POINTS}.length") == len(finished)
    assert page.run("document.getElementById('explorer-count').innerText") == f"{len(finished)} runs"
    inside = page.run(
        "(() => { const p = document.getElementById('explorer-plot').getBoundingClientRect();"
        f"return [...{POINTS}].every(a => {{ const r = a.getBoundingClientRect();"
        "return r.left >= p.left && r.right <= p.right && r.top >= p.top && r.bottom <= p.bottom; }); })()"
    )
    assert inside


def test_the_explorer_follows_the_choice_of_models_and_axes(page, fashion):
    every = page.run(f"{POINTS}.length")
    page.click("document.querySelector('#explorer-form [value=resnet50]')")
    kept = [cell for cell in fashion.study.selection if cell.competitor != "resnet50"]
    assert page.run(f"{POINTS}.length") == sum(len(cell.runs) for cell in kept) < every
    _choose(page, "x", "settings.learning_rate")
    words = page.run("document.getElementById('explorer-plot').textContent")
    assert "Learning rate" in words
    # An SVM has no learning rate: said, not drawn at zero.
    networks = sum(len(cell.runs) for cell in kept if cell.group == "networks")
    assert page.run(f"{POINTS}.length") == networks
    assert "without these values" in page.run("document.getElementById('explorer-count').innerText")


def test_the_explorer_draws_the_values_of_the_records(page, fashion):
    runs = [(cell, run) for cell in fashion.study.selection for run in cell.runs]
    drawn = page.run(f"[...{POINTS}].map(a => [a.getAttribute('href'), a.getAttribute('aria-label')])")
    for link, label in drawn:
        cell, run = runs[int(link.removeprefix("#run-")) - 1]
        assert cell.dataset == "fashion"
        assert f"Test accuracy {100 * run.test_accuracy:.5g} %" in label


def test_the_explorer_is_one_tab_stop_with_arrows_inside(page):
    assert page.run(f"[...{POINTS}].filter(a => a.getAttribute('tabindex') === '0').length") == 1
    page.run(f"{POINTS}[0].focus()")
    page.press("ArrowRight")
    assert page.run(f"[...{POINTS}].indexOf(document.activeElement)") == 1
    said = page.run("document.getElementById('explorer-said').innerText")
    assert re.match(r"Run \d+, .*Training time .* s, Test accuracy .* %", said)
    page.press("Enter")
    page.until("document.querySelector('.runs li:target')?.closest('details').open")


def test_the_explorer_and_the_figures_share_their_colours():
    css = (TEMPLATES / "screen.css").read_text(encoding="utf-8")
    found = re.findall(r"\.m(\d) \{ fill: (#\w+); stroke: (#\w+); \}", css)
    assert [(fill.upper(), stroke.upper()) for _, fill, stroke in found] == [(c, c) for c in style.COLOURS]
