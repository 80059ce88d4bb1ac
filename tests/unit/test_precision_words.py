"""The page names the precision that was used, and the wish beside it where that is another."""

import csv
import io
import re

import pytest

import rendered
import studies
from bakeoff.analysis import best, collect, derivation, effects, repeatability, speedup, study, wording
from bakeoff.analysis.derived import PublishedRow
from bakeoff.records import written
from bakeoff.report import context, embedded, grid, runs

WISHES = {
    ("fp32", None): "fp32",
    ("mixed", "float16"): "mixed",
    ("mixed", "bfloat16"): "mixed",
    ("mixed", None): "fp32 (asked for: mixed)",
    ("auto", None): "fp32 (asked for: auto)",
    ("auto", "float16"): "mixed (asked for: auto)",
}
FP32 = WISHES["mixed", None]


def network(precision: str, rate: float = 0.001, batch: int = 16) -> dict:
    return {"batch_size": batch, "learning_rate": rate, "epochs": 2, "precision": precision}


def run(precision: str, autocast: str | None, test: float = 0.9, rate: float = 0.001, **changes) -> dict:
    details = {"autocast": autocast}
    batch = changes.pop("batch", 16)
    return studies.run(network(precision, rate, batch), test, details=details, **changes)


def cell(*members: dict, device: str = "cpu", **changes) -> dict:
    return studies.cell("digits", "resnet18", "adam", device, list(members), **changes)


def words_of(*members: dict) -> str:
    return wording.used(wording.as_run(*studies.as_runs(members)))["precision"]


@pytest.mark.parametrize(("wish", "autocast"), WISHES)
def test_the_used_precision_is_named_and_another_wish_beside_it(wish, autocast):
    said = WISHES[wish, autocast]
    assert words_of(run(wish, autocast)) == said
    (made,) = studies.as_runs([run(wish, autocast)])
    assert wording.settings(wording.as_run(made), ["Adam"]) == (
        f"Adam, batch 16, learning rate 0.001, 2 epochs, {said}"
    )


def test_a_run_that_does_not_know_says_its_wish():
    given = network("mixed"), {"C": 1.0, "gamma": "scale", "degree": None}
    made, machine = studies.as_runs(map(studies.run, given))
    assert wording.settings(wording.as_run(made)).endswith(", mixed")
    assert wording.as_run(machine) == machine.settings


def test_runs_that_differ_name_each():
    assert (
        words_of(run("mixed", "float16"), run("mixed", "bfloat16")) == "mixed (float16) and mixed (bfloat16)"
    )
    assert words_of(run("auto", None), run("auto", "float16")) == "fp32 and mixed (float16) (asked for: auto)"


# Everything that people read of a study in which "mixed" was fp32.


def fp32_study(precision: str = "mixed") -> list[dict]:
    grid = [run(precision, None, 0.90 + rate, rate) for rate in (0.01, 0.02)]
    timed = [run(precision, None, seed=seed, repeat=seed) for seed in range(3)]
    return [cell(*grid), cell(*timed, purpose="speed")]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return rendered.built(tmp_path_factory.mktemp("fp32"), fp32_study())


def test_no_table_sentence_or_figure_of_the_page_says_a_precision_that_was_not_used(page):
    shown = re.sub(r"<(script|style)[ >].*?</\1>", "", page.html, flags=re.S)
    shown = re.sub(r"<(pre|code)[ >].*?</\1>", "", shown, flags=re.S)  # commands ask for what was asked for
    wrong = [shown[m.start() - 60 : m.end() + 30] for m in re.finditer(r"mixed", shown)]
    assert [each for each in wrong if "asked for: mixed" not in each] == []
    assert shown.count(FP32) >= 4
    assert FP32 in page.html[page.html.index("explorer") :]


def test_no_table_on_disk_says_so_either(page):
    texts = [path.read_text(encoding="utf-8") for path in page.folder.rglob("*.csv")]
    wrong = [
        line
        for text in texts
        for line in text.splitlines()
        if "mixed" in line and "asked for: mixed" not in line and "autocast" not in line
    ]
    # runs.csv has the wish and the type in columns of their own.
    (header, *lines) = (page.folder / "runs.csv").read_text(encoding="utf-8").splitlines()
    assert {"precision", "autocast"} <= set(header.split(","))
    assert set(wrong) <= set(lines)


def test_the_tables_that_sentences_are_made_from_carry_what_was_used(tmp_path):
    found = rendered.collected(tmp_path, fp32_study("auto"))
    for row in (*(each.chosen for each in best.rows(found)), *speedup.rows(found)):
        assert wording.settings(row.settings).endswith("fp32 (asked for: auto)")


SIDES = {
    (None, "float16"): "fp32 on the CPU and mixed (float16) on the GPU (asked for: mixed)",
    ("bfloat16", "float16"): "mixed (bfloat16) on the CPU and mixed (float16) on the GPU",
    (None, None): FP32,
    ("float16", "float16"): "mixed",
}


@pytest.mark.parametrize("sides", SIDES, ids=str)
def test_devices_that_computed_in_different_numbers_are_told_apart(tmp_path, sides):
    cells = [
        cell(*(run("mixed", autocast, seed=n, repeat=n) for n in range(2)), device=device, purpose="speed")
        for device, autocast in zip(("cpu", "gpu"), sides, strict=True)
    ]
    (row,) = speedup.rows(rendered.collected(tmp_path, cells))
    assert wording.settings(row.settings).endswith(f", {SIDES[sides]}")


def test_where_one_device_failed_the_other_says_what_it_used(tmp_path):
    lost = studies.run(network("mixed"), None, status="failed", details={})
    cells = [cell(run("mixed", None), purpose="speed"), cell(lost, device="gpu", purpose="speed")]
    (row,) = speedup.rows(rendered.collected(tmp_path, cells))
    assert wording.settings(row.settings).endswith(f", {FP32}")


def test_an_effect_of_the_precision_compares_what_was_used():
    values = {("fp32", None): 0.90, ("mixed", None): 0.91, ("auto", "float16"): 0.92}
    members = [
        run(wish, autocast, test + rate, rate)
        for rate in (0.01, 0.02)
        for (wish, autocast), test in values.items()
    ]
    found = {effect.setting: effect for effect in effects.of([written.from_json(cell(*members))])}
    assert set(found["precision"].means) == {"fp32", FP32, "mixed (asked for: auto)"}
    assert found["precision"].groups == 2


def test_auto_that_chose_by_batch_size_leaves_the_other_effects_whole():
    members = [
        run("auto", autocast, 0.9 + rate, rate, batch=batch)
        for batch, autocast in ((16, None), (64, "float16"))
        for rate in (0.01, 0.02)
    ]
    found = {effect.setting: effect.groups for effect in effects.of([written.from_json(cell(*members))])}
    assert found == {"batch_size": 2, "learning_rate": 2}


def test_runs_their_table_and_the_explorer_have_the_used_precision(tmp_path):
    members = [run("mixed", None, 0.9), run("fp32", None, 0.91), run("auto", "float16", 0.92)]
    found = rendered.collected(tmp_path, [cell(*members)])
    groups = runs.groups(found, runs.numbered(found))
    (table,) = grid.tables(found, groups, embedded=False)
    column = [each.label for each in table.columns].index("Precision")
    assert [row[column].text for row in table.rows] == [FP32, "fp32", "mixed (asked for: auto)"]
    [held] = embedded.of(found, groups, whole=False)["cells"]
    said = [setting["words"] for setting in held["settings"]]
    assert said == [f"batch 16, learning rate 0.001, 2 epochs, {row[column].text}" for row in table.rows]
    texts = collect.rows(found.records)
    assert [(row["precision"], row["autocast"]) for row in texts] == [
        ("mixed", None),
        ("fp32", None),
        ("auto", "float16"),
    ]


def fashion(*members: dict) -> dict:
    return studies.cell("fashion", "resnet18", "adam", "gpu", list(members))


def beside_published(tmp_path, *members: dict) -> tuple[study.Study, list[PublishedRow]]:
    found = rendered.collected(tmp_path, [fashion(*members)])
    return found, rendered.published_rows(found)


def test_published_results_stand_beside_runs_whose_precision_is_named(tmp_path):
    lines = list(csv.DictReader(io.StringIO(studies.REFERENCE.read_text(encoding="utf-8"))))
    grid = [line for line in lines if line["table"] == repeatability.GRID and line["dataset"] == "fashion"]
    line = next(each for each in grid if (each["model"], each["optimizer"]) == ("resnet18", "adam"))
    settings = {
        "batch_size": int(line["batch_size"]),
        "learning_rate": float(line["learning_rate"]),
        "epochs": int(line["epochs"]),
    }
    # A wish is not what makes two trainings alike.
    wished = studies.run({**settings, "precision": "mixed"}, 0.90, details={"autocast": None})
    mixed = studies.run({**settings, "precision": "auto"}, 0.91, details={"autocast": "float16"})
    found, rows = beside_published(tmp_path, wished, mixed)
    ours = [row for row in rows if row.ours]
    assert {row.ours.test for row in ours} == {0.91}
    derived = derivation.every(found, None)
    tables = context.build(found, derived.__class__(**{**vars(derived), "published": rows}), []).sections
    table, *_ = next(section for section in tables if section.name == "published").tables
    assert table.note.startswith("Precision of our networks: mixed (asked for: auto).")
