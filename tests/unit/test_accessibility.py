"""The report under axe-core, the usual checker of accessibility, in a real browser."""

import subprocess
from contextlib import closing

import pytest

from browser import Browser
from optional import needs

AXE = "axe-core@4.14.1"
# npm fetches axe-core.
pytestmark = needs("chromium", "npm")
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}"


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Return axe-core's script, fetched by npm."""
    folder = tmp_path_factory.mktemp("axe")
    quick = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=30000"]
    line = ["npm", "install", *quick, "--prefix", str(folder), AXE]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm could not fetch {AXE}: {done.stderr.strip().splitlines()[-1]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("study", "width", "scheme"),
    [("small", 1280, "light"), ("small", 1280, "dark"), ("small", 390, "light"), ("fashion", 1280, "dark")],
)
def test_no_violation(axe, study, tmp_path, width, scheme, request):
    folder = request.getfixturevalue(study).folder
    with closing(Browser(tmp_path)) as browser:
        browser.open(folder / "report.html", width, scheme)
        browser.run("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        browser.run(f"{axe};0")
        found = browser.run(f"axe.run(document, {RULES})")
    assert len(found["passes"]) > 20
    complaints = [
        f"{each['impact']}: {each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    assert complaints == []
