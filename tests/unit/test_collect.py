"""The fan-in: checked, sorted, flat."""

import csv
import json

import pytest

import studies
from bakeoff.analysis import collect, study
from bakeoff.command import UserError


def test_collects_sorted_and_flat(tmp_path):
    paths = studies.save(tmp_path, studies.small())
    collect.write(collect.read_cells(reversed(paths)), tmp_path / "records.jsonl", tmp_path / "runs.csv")
    found = study.load(tmp_path / "records.jsonl")
    assert [cell.purpose for cell in found.records] == ["selection"] * 4 + ["speed"] * 2
    with (tmp_path / "runs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(cell.runs) for cell in found.records) == 22
    assert {"batch_size", "learning_rate", "C", "gamma", "degree"} < set(rows[0])
    assert {row["competitor"] for row in rows} == {"resnet18", "svm_rbf", "svm_poly"}
    [diverged] = [row for row in rows if row["status"] == "diverged"]
    assert diverged["test_accuracy"] == ""
    assert "NaN" in diverged["error"]


@pytest.mark.parametrize("place", [".", "digits", "together"])
def test_predictions_are_found_from_a_study_s_own_folder_too(tmp_path, place):
    paths = studies.save(tmp_path, studies.small())
    lines = tmp_path / place / "records.jsonl"
    collect.write(collect.read_cells(paths), lines, tmp_path / place / "runs.csv")
    found = study.load(lines)
    assert (found.folder / "digits").samefile(tmp_path / "digits")
    assert all(found.kept(record) for record in found.records)


def test_records_that_lie_nowhere_near_have_no_predictions(tmp_path):
    paths = studies.save(tmp_path / "there", studies.small())
    collect.write(collect.read_cells(paths), tmp_path / "here/records.jsonl", tmp_path / "here/runs.csv")
    found = study.load(tmp_path / "here/records.jsonl")
    assert [found.kept(record) for record in found.records if found.kept(record)] == []


def test_data_sets_stay_in_the_order_of_the_configuration(tmp_path):
    cells = [
        studies.cell(dataset, "svm", "rbf", "cpu", [studies.run(studies.small()[2]["runs"][0]["settings"])])
        for dataset in ("mnist", "fashion", "digits")
    ]
    found = collect.read_cells(studies.save(tmp_path, cells))
    assert [cell.dataset for cell in found] == ["mnist", "fashion", "digits"]


def test_a_folder_stands_for_its_cells(tmp_path):
    paths = studies.save(tmp_path, studies.small())
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "figures.json").write_text("[]")
    assert collect.read_cells([tmp_path]) == collect.read_cells(paths)


def test_refuses_what_is_no_record_and_says_which(tmp_path):
    broken = tmp_path / "digits" / "broken.json"
    broken.parent.mkdir()
    broken.write_text('{"purpose": "selection"}')
    with pytest.raises(UserError, match=r"broken\.json"):
        collect.read_cells([broken])
    with pytest.raises(UserError, match=r"absent\.json"):
        collect.read_cells([tmp_path / "absent.json"])


def test_refuses_a_cell_given_twice(tmp_path):
    [path] = studies.save(tmp_path, studies.small()[:1])
    copy = path.with_name("copy.json")
    copy.write_text(path.read_text())
    with pytest.raises(UserError, match="same cell"):
        collect.read_cells([path, copy])


def test_odd_line_ends_in_a_class_name_survive(tmp_path):
    cells = studies.small()[:1]
    cells[0]["data"]["classes"] = ["a\u2028b", *studies.DIGITS[1:]]
    studies.save(tmp_path, cells)
    collect.write(collect.read_cells([tmp_path]), tmp_path / "records.jsonl", tmp_path / "runs.csv")
    assert study.load(tmp_path / "records.jsonl").records[0].data.classes[0] == "a\u2028b"


def test_a_spoilt_line_is_named(tmp_path):
    lines = tmp_path / "records.jsonl"
    lines.write_text(json.dumps({"purpose": "selection"}) + "\n")
    with pytest.raises(UserError, match="line 1"):
        study.load(lines)
