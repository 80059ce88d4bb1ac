"""A study of many cells: figures per group, runs held once by the page, excerpts on paper."""

import filecmp
import json
import pickle
import re
from pathlib import Path

import pypdf
import pytest

import studies
from bakeoff.analysis import derivation, reproduce
from bakeoff.command import DamagedError
from bakeoff.plots import gallery, sheets, style
from bakeoff.report import commands, grid, parts, runs
from browser import Browser
from optional import needs
from rendered import Built, built

# Rows of each of twelve tables.
FEW = 25


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Built:
    """Two data sets, eleven competitors of three groups, six hundred runs."""
    return built(tmp_path_factory.mktemp("many"), studies.wide(2, 17))


@pytest.fixture(scope="module")
def tables(many):
    """The whole tables of the runs, as a smaller study has them."""
    groups = runs.groups(many.study, runs.numbered(many.study))
    return {table.name: table for table in grid.tables(many.study, groups, embedded=False)}


def _figures(many: Built) -> dict[str, dict]:
    listed = json.loads((many.folder / "figures/figures.json").read_text(encoding="utf-8"))
    return {each["file"].removesuffix(".svg"): each for each in listed}


def test_many_competitors_have_a_figure_per_group_and_what_is_not_drawn_is_said(many):
    found = _figures(many)
    for kind in ("grid",):
        groups = [each["title"] for name, each in found.items() if name.startswith(f"{kind}_set0")]
        assert [title.rsplit(", ")[1] for title in groups] == ["classifiers", "networks", "SVMs"]
    matrices = [each["caption"] for name, each in found.items() if name.startswith("confusion_set0")]
    assert len(matrices) == 3
    assert all(re.search(r"Drawn: the best of \d \w+ by validation accuracy\.$", each) for each in matrices)


def test_of_more_competitors_than_colours_the_best_are_drawn(many):
    cells = [cell for cell in many.study.of("set0") if cell.group == "networks"]
    others = [cell for cell in many.study.of("set0") if cell.group != "networks"]
    found = sheets.sheets(many.study, [*cells, *others], most=2)
    [networks] = [sheet for sheet in found if sheet.cells[0].group == "networks"]
    accuracy = {
        name: max(run.validation_accuracy for cell in mine for run in cell.runs)
        for name, mine in sheets.Sheet(cells).competitors.items()
    }
    best = sorted(accuracy, key=accuracy.__getitem__)[-2:]
    assert len(networks.competitors) == 2
    assert max(accuracy, key=accuracy.__getitem__) in networks.competitors
    assert networks.absent == " Drawn: the 2 best of 4 networks by validation accuracy."
    assert {*networks.competitors} & {*best}


def test_no_two_of_many_competitors_look_alike():
    names = [str(number) for number in range(36)]
    assert len({(style.colour(names, name), style.marker(names, name)) for name in names}) == 36


def test_several_processes_draw_the_same_files(small, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "PAYS", 1)
    best, speedup = (of(small.study, None) for of in (derivation.of_best, derivation.of_speedup))
    drawing = gallery.Drawing(small.study, best, speedup)
    for name, processes in (("one", 1), ("two", 2)):
        gallery.draw(drawing, tmp_path / name, processes)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "two").iterdir())
    same, *others = filecmp.cmpfiles(tmp_path / "one", tmp_path / "two", names, shallow=False)
    assert (same, others) == (names, [[], []])
    assert len(names) > 10


def test_what_another_process_finds_damaged_keeps_its_paths():
    error = DamagedError({Path("results/a.npz"): "damaged: cut"})
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.faults) == (str(error), error.faults)


def test_the_page_holds_every_run_once(many, tables):
    numbered = runs.numbered(many.study)
    [text] = re.findall(r'id="embedded-runs">(.*?)</script>', many.html)
    held = json.loads(text)
    numbers = [row[0] for cell in held["cells"] for row in cell["runs"]]
    assert sorted(numbers) == [item.number for item in numbered]
    assert 'id="run-' not in many.html
    rows = many.html.count("<tr>")
    assert rows < len(numbered)
    assert all((f'data-runs="{name}"' in many.html) == (len(tables[name].rows) > FEW) for name in tables)


def test_paper_has_excerpts_and_says_so(many):
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(many.pdf).pages)
    text = " ".join(text.split())
    assert f"The {FEW} best of 68 rows by validation accuracy; the HTML report has them all." in text
    assert f"The first {parts.SHORT} of" in text
    assert "the HTML report has the line of each of the 600 runs" in text


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize(
    "line", ["--grid '[]' --seeds 0 1 --output a/b.json", "--output 'a b/c.json' --grid x"]
)
def test_a_pattern_filled_is_the_run_s_command(many, seed, line):
    cell = many.study.selection[0]
    run = cell.runs[0]
    pattern = reproduce.pattern(f"python it.py {line} --threads 2")
    filled = pattern.filled(type(run)(**{**vars(run), "seed": seed}))
    assert reproduce.grid(run) in filled
    assert "rerun.json" in filled
    assert ("--seeds 3" in filled) == ("--seeds" in line and seed == 3)
    assert ("--seeds 0 1" in filled) == ("--seeds" in line and seed is None)


@pytest.fixture(scope="module")
def browser(many):
    found = Browser()
    yield found
    found.close()


@pytest.fixture
def page(browser, many):
    browser.open(many.folder / "report.html")
    return browser


def _open(page, caption: str) -> str:
    """Open the fold of a table by its caption, and return a script for the table."""
    fold = f"[...document.querySelectorAll('details.fold')].find(d => d.innerText.startsWith('{caption}'))"
    page.click(f"{fold}.querySelector('summary')")
    page.until(f"!{fold}.querySelector('[data-runs]')")
    return f"{fold}.querySelector('table')"


@needs("chromium")
def test_an_opened_table_has_every_run_as_a_smaller_report_writes_it(page, tables):
    for name in ("grid-set1-1", "grid-set1-2", "grid-set1-3"):
        table = tables[name]
        opened = _open(page, table.caption)
        shown = page.run(f"[...{opened}.tBodies[0].rows].map(r => [...r.cells].map(c => c.innerText.trim()))")
        assert shown == [[entry.text for entry in row] for row in table.rows]
        looks = page.run(f"[...{opened}.tBodies[0].rows].map(r => r.cells[r.cells.length - 1].className)")
        assert looks == [row[-1].look for row in table.rows]
    assert page.complaints == []


@needs("chromium")
def test_an_opened_table_can_be_sorted_and_filtered(page, tables):
    table = tables["grid-set1-2"]
    opened = _open(page, table.caption)
    page.click(f"[...{opened}.querySelectorAll('thead button')].find(b => b.innerText.startsWith('Test'))")
    place = [column.label for column in table.columns].index("Test")
    shown = page.run(f"[...{opened}.tBodies[0].rows].map(r => r.cells[{place}].innerText)")
    assert shown == sorted(shown, key=float)
    page.click(f"{opened}.closest('details').querySelector('.filter input')")
    page.type("resnet-50 sgd")
    kept = page.run(f"[...{opened}.tBodies[0].rows].filter(r => !r.hidden).map(r => r.cells[1].innerText)")
    assert set(kept) == {"ResNet-50 SGD"}
    assert len(kept) == 17


@needs("chromium")
def test_a_run_s_number_leads_to_its_command_in_a_list_made_for_it(page, many, tables):
    numbered = runs.numbered(many.study)
    [cell] = [each for each in commands.by_cell(numbered) if each[0].number <= 100 <= each[-1].number]
    _open(page, next(table.caption for table in tables.values() if table.name == "grid-set0-2"))
    page.run("location.hash = '#run-100'")
    page.until("document.querySelector('.runs li:target')?.closest('details').open")
    lines = page.run(
        "[...document.querySelector('.runs li:target').parentNode.children].map(li => "
        "[li.value, li.querySelector('p').innerText, li.querySelector('code').innerText])"
    )
    assert lines == [
        [item.number, commands.words(item), reproduce.command(item.cell, item.run)] for item in cell
    ]


@needs("chromium")
def test_without_scripts_the_excerpts_stand_and_say_what_they_are(browser, many, tables):
    browser.open(many.folder / "report.html", scripts=False)
    text = (many.folder / "report.html").read_text(encoding="utf-8")
    words = f"The {FEW} best of 136 rows by validation accuracy"
    assert f"{words}; the others are in this page, for its script." in text
    assert browser.complaints == []
