"""Reports over studies that are very large, very wide, or partly not a number."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pypdf
import pytest
from test_report import Page

import studies
from bakeoff.report import render
from optional import needs
from rendered import TEMPLATES, built


def rendered(folder: Path) -> tuple[Page, Path]:
    """Render a folder of cells; return the page and the PDF."""
    render.write(render.Source(folder), TEMPLATES, folder / "report.html", folder / "report.pdf")
    return Page((folder / "report.html").read_text(encoding="utf-8")), folder / "report.pdf"


@needs("pdftotext")
def test_two_thousand_runs_are_all_in_the_html_and_the_best_on_paper(tmp_path):
    cells = studies.large(2000)
    studies.save(tmp_path, cells)
    page, pdf = rendered(tmp_path)
    html = pdf.with_suffix(".html").read_text(encoding="utf-8")
    assert "All 2,000 runs finished." in page.text
    held = json.loads(re.findall(r'id="embedded-runs">(.*?)</script>', html)[0])
    assert {row[0] for cell in held["cells"] for row in cell["runs"]} == {*range(1, 2001)}

    line = ["pdftotext", "-layout", str(pdf), "-"]
    text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert text.count("\f") < 60  # pages
    part = text.split("\nMNIST: the SVMs")[1].split("The 30 best of 334 rows")[0]
    shown = re.findall(r"\n *\d+ SVM .*?([\d.]+) +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ \w+", part)
    runs = [run for c in cells if c["dataset"] == "mnist" and c["group"] == "SVMs" for run in c["runs"]]
    best = sorted((run["validation_accuracy"] for run in runs), reverse=True)[:30]
    assert shown == [f"{100 * accuracy:.2f}" for accuracy in best]


LONG = "a name of sixty characters, which no table has been made for"


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Three hundred classes with long names, more than a byte tells apart or a confusion matrix can show."""
    cells = studies.small()
    for cell in cells:
        cell["data"]["classes"] = [f"{LONG[: 57 - len(str(n))]} {n}" for n in range(300)]
    return built(tmp_path_factory.mktemp("wide"), cells)


def test_three_hundred_classes_with_long_names(wide):
    text = Page(wide.html).text
    assert f"{LONG[:56]} 0" in text
    assert "is the choice" in text
    assert "the classes most often confused" in text
    assert not list((wide.folder / "figures").glob("confusion_*"))
    named = {int(name.split()[-1]) for name in re.findall(rf"{LONG[:40]}[a-z ]* \d+", text)}
    assert max(named) > 255
    paper = " ".join(page.extract_text() for page in pypdf.PdfReader(wide.pdf).pages)
    assert "The 30 weakest of 300 classes by their lowest recall" in " ".join(paper.split())


def test_scores_that_are_no_number_leave_a_report(tmp_path):
    cells = studies.small()[:4]
    studies.save(tmp_path, cells)
    for path in (tmp_path / "digits" / "predictions").glob("*.npz"):
        with np.load(path) as file:
            arrays = dict(file)
        arrays["scores"] = np.full_like(arrays["scores"], np.nan)
        np.savez(path, **arrays)
    text = rendered(tmp_path)[0].text
    assert "is the choice" in text
    assert "nan" not in text.lower().replace("nan in epoch", "")
