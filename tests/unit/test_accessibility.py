"""The report under axe-core, the usual checker of accessibility, in a real browser."""

from contextlib import closing

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser import Browser
from optional import needs

pytestmark = needs("chromium")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


@pytest.mark.parametrize(
    ("study", "width", "scheme"),
    [("small", 1280, "light"), ("small", 1280, "dark"), ("small", 390, "light"), ("fashion", 1280, "dark")],
)
def test_no_violation(study, width, scheme, request):
    folder = request.getfixturevalue(study).folder
    with closing(Browser()) as browser:
        browser.open(folder / "report.html", width, scheme)
        browser.run("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        found = Axe().run(browser.page, options=RULES).response
    assert len(found["passes"]) > 20
    complaints = [
        f"{each['impact']}: {each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    assert complaints == []
