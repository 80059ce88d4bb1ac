"""Reports on studies in which a network was skipped: who, where and why in a sentence, ranked nowhere."""

import csv

import pytest

import studies
from bakeoff.analysis import coverage, published, speedup, study
from bakeoff.report import runs
from rendered import Built, built, collected, drawn, published_rows

WHY = (
    "vit_b_16: cannot take images of 3 x 32 x 32: AssertionError: Wrong image height!; give it images of 224"
)
SENTENCE = f"ResNet-50 was skipped on Digits: {WHY}"
SETTINGS = studies._network(16, 0.001, 2, "fp32")


def skipped(settings: dict, **changes) -> dict:
    return studies.run(settings, None, status="skipped", error=WHY, **changes)


def of_the_skipped() -> list[dict]:
    """Return the cells that a skipped row leaves: two grids, what they chose alone, the comparison."""
    grid = [skipped({**SETTINGS, "epochs": epochs}) for epochs in (1, 2)]
    turns = [skipped(SETTINGS, repeat=number, seed=number) for number in range(3)]
    cells = []
    for optimizer in ("sgd", "adam"):
        what = "digits", "resnet50", optimizer, "cpu"
        alone = studies.cell(*what, [], purpose="alone")
        found = [studies.cell(*what, list(grid)), alone, studies.cell(*what, list(turns), purpose="speed")]
        cells += [each | {"saved": None} for each in found]
    return cells


def without_runs(cells: list[dict]) -> list[dict]:
    """Return the cells, of those that carried nothing out no environment."""
    return [each if each["runs"] else each | {"environments": []} for each in cells]


@pytest.fixture(scope="module")
def some(tmp_path_factory) -> Built:
    """Return the demo's like with a network that was skipped everywhere."""
    cells = without_runs([*studies.alone(studies.small()), *of_the_skipped()])
    return built(tmp_path_factory.mktemp("some"), cells)


@pytest.fixture(scope="module")
def none(tmp_path_factory) -> Built:
    """Return a study of which all is skipped."""
    return built(tmp_path_factory.mktemp("none"), without_runs(of_the_skipped()))


def shown(found: Built) -> str:
    """Return what the page says before its tables and scripts."""
    return found.html.partition('<section class="verdict"')[2].partition("</section>")[0]


def table(found: Built, name: str) -> list[dict[str, str]]:
    with open(found.folder / f"{name}.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_one_sentence_names_the_row_the_data_set_and_the_reason(some):
    assert coverage.skipped(some.study) == [SENTENCE]
    assert shown(some).count("was skipped on") == 1
    assert SENTENCE in shown(some)


def test_what_was_skipped_is_counted_apart_from_what_did_not_finish(some):
    counted = coverage.of(some.study)
    assert counted.sentence == "33 of 34 runs finished; 1 diverged; 10 more were skipped."
    assert len(counted.unfinished) == 1
    assert "failed" not in shown(some)
    assert "No record yet" not in shown(some)


def test_it_is_ranked_nowhere_and_said_to_be_skipped(some):
    from bakeoff.analysis import best, contrasts, methods, ranks

    rows = best.rows(some.study)
    assert [(row.competitor, row.status, row.chosen) for row in rows if row.competitor == "resnet50"] == [
        ("resnet50", "skipped", None)
    ]
    tests = contrasts.rows(some.study)
    assert not [test for test in tests if "resnet50" in (test.a, test.b, test.within)]
    found = methods.summary(some.study, rows, tests)
    assert "resnet50" not in {each.competitor for each in found}
    assert ranks.of(some.study, rows) is None
    assert "resnet50" not in {row.competitor for row in speedup.rows(some.study)}
    assert "ResNet-50" not in shown(some).replace(SENTENCE, "")


def test_tables_of_runs_list_it_without_an_alarm(some):
    listed = [run for run in table(some, "runs") if run["status"] == "skipped"]
    assert [run["competitor"] for run in listed] == ["resnet50"] * 10
    (cell,) = [each for each in some.study.of("digits") if each.cell == "resnet50_sgd_cpu"]
    state = runs.state(cell.runs[0], best=False)
    assert (state.text, state.look) == ("skipped", "hint")


def test_figures_leave_it_out(some):
    texts = [path.read_text(encoding="utf-8") for path in (some.folder / "figures").glob("*.csv")]
    assert texts
    assert not [text for text in texts if "resnet50" in text]


def test_published_results_beside_it_were_not_run(tmp_path):
    cells = [each for each in studies.published(gpu=False) if each["dataset"] == "mnist"]
    for each in cells:
        if each["competitor"] == "resnet50":
            each["runs"] = [
                skipped(run["settings"], seed=run["seed"], repeat=run["repeat"]) for run in each["runs"]
            ]
            each["saved"] = None
    rows = published_rows(collected(tmp_path, cells))
    theirs = {row.verdict for row in rows if row.competitor == "resnet50"}
    assert theirs == {"not run"}
    assert any(published.is_judged(row) for row in rows)


def test_a_study_of_which_all_is_skipped_is_a_report(none):
    assert coverage.of(none.study).sentence == "No run was begun: 10 runs were skipped."
    assert "All models were skipped on Digits." in shown(none)
    assert SENTENCE in shown(none)
    assert none.pdf.stat().st_size > 1000


def test_a_data_set_of_which_all_is_skipped_stands_beside_others(tmp_path):
    others = [each | {"dataset": "fashion"} for each in studies.small()]
    cells = without_runs([*others, *of_the_skipped()])
    for each in others:
        each["data"] = each["data"] | {"title": "Fashion-MNIST"}
    found = collected(tmp_path, cells)
    drawn(found, tmp_path / "figures")
    assert coverage.skipped(found) == [SENTENCE]
    assert study.unique(cell.dataset for cell in found.records) == ["fashion", "digits"]
