"""A folder of images in colour, of three unequal classes: to the report in one call; and another call."""

import re

import numpy as np
import pytest
import yaml
from PIL import Image

import studies
from bakeoff.analysis import collect, derivation, tables
from bakeoff.analysis.derived import BestRow
from bakeoff.records import written
from bakeoff.records.run import ACCURACIES, HOLDOUT
from checkout import CORES, copy_to, snakemake

pytestmark = pytest.mark.study

CLASSES = {
    "<script>rot": (30, (200, 60, 40)),
    "blå himmel": (20, (40, 80, 210)),
    "gul": (10, (220, 200, 40)),
}
CALL = (*CORES, "--configfile", "config/images.yaml", "--config")
GIVEN = ("images=../my Flowers", "minutes=1")
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": ""}
STUDY = "results/my-Flowers/study.yaml"


@pytest.fixture(scope="module")
def called(tmp_path_factory):
    """Return the folder of the finished study, and what the call printed."""
    above = tmp_path_factory.mktemp("one command")
    random = np.random.default_rng(0)
    for name, (count, colour) in CLASSES.items():
        place = above / "my Flowers" / name
        place.mkdir(parents=True)
        for number in range(count):
            pixels = np.clip(random.normal(colour, 60, (40, 30, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{number} å.JPG", "JPEG")
    (above / "my Flowers/gul/cut.jpg").write_bytes(b"\xff\xd8\xff")
    (above / "my Flowers/gul/notes.txt").write_text("of 2024")
    folder = copy_to(above / "a clone")
    studies.save(folder / "results", [studies.small()[0]])
    (folder / "results/report.html").write_text("the demo's")
    done = snakemake(folder, *CALL, *GIVEN, **WITHOUT_GPU)
    assert done.returncode == 0, done.stdout
    return folder, done.stdout


def test_what_it_will_do_is_said_first_and_once(called):
    _, said = called
    assert said.count("my Flowers: 61 images of 3 classes; ") == 1
    assert said.index("MB of disk") < said.index("Job stats:")


def test_the_report_lies_under_the_folder_s_name_and_the_demo_s_is_untouched(called):
    folder, _ = called
    html = (folder / "results/my-Flowers/report.html").read_text(encoding="utf-8")
    assert "my Flowers" in html
    assert "blå himmel" in html
    assert (folder / "results/my-Flowers/report.pdf").stat().st_size > 10_000
    assert (folder / "results/report.html").read_text() == "the demo's"
    assert not (folder / "results/records.jsonl").exists()


def test_the_report_finds_the_predictions_and_says_commands_that_are_right(called):
    folder, _ = called
    html = (folder / "results/my-Flowers/report.html").read_text(encoding="utf-8")
    assert "results/my-Flowers/svm_rbf_cpu.json" in html or "results/my-Flowers/rerun.json" in html
    assert "results/my-Flowers/my-Flowers" not in html
    assert list((folder / "results/my-Flowers/figures").glob("confusion*"))
    classes = (folder / "results/my-Flowers/classes.csv").read_text(encoding="utf-8")
    assert "himmel" in classes


def test_cells_are_those_of_the_study_s_file(called):
    folder, _ = called
    study = yaml.safe_load((folder / STUDY).read_text(encoding="utf-8"))
    for name in study["classifiers"]["names"]:
        record = studies.read(folder / f"results/my-Flowers/{name}_cpu.json")
        assert record["data"]["title"] == "my Flowers"
    assert (folder / "results/my-Flowers/resnet18_adam_cpu.json").is_file()


@pytest.fixture
def records(called):
    folder, _ = called
    found = [written.read(path) for path in sorted((folder / "results/my-Flowers").glob("*_cpu.json"))]
    assert {record.family for record in found} >= {"network", "svm", "estimator"}
    return found


def test_every_family_learns_them(records):
    for record in records:
        assert record.data.classes == tuple(sorted(CLASSES))
        assert record.data.grey is False
        assert vars(record.data.counts) == {"train": 36, "validation": 12, "holdout": 0, "test": 12}
        assert record.data.class_counts["train"] == (18, 12, 6)
        assert {run.status for run in record.runs} == {"ok"}


def test_what_was_left_out_is_in_record_and_report(called, records):
    folder, _ = called
    assert records[0].data.left_out == {"files that are no images": 1, "unreadable images": 1}
    html = (folder / "results/my-Flowers/report.html").read_text(encoding="utf-8")
    assert "gul/cut.jpg: left out, unreadable: " in html
    assert "files that are no images" in html
    assert "&lt;script&gt;rot" in html
    assert "<script>rot" not in html


# Of a study that keeps no second test set


def test_a_cell_learns_and_chooses_without_a_holdout(records):
    for record in records:
        assert {run.holdout_accuracy for run in record.runs} == {None}
        assert record.best.holdout_accuracy is None
        assert None not in [getattr(record.best, name) for name in ACCURACIES if name != HOLDOUT]


def test_no_table_has_a_column_of_it(called):
    results = called[0] / "results/my-Flowers"
    heads = [path.read_text(encoding="utf-8").splitlines()[0] for path in results.rglob("*.csv")]
    assert any("test_accuracy" in head for head in heads)
    assert [head for head in heads if "holdout" in head] == []
    rows = tables.read(results / "best.csv", BestRow)
    assert rows == derivation.every(collect.load(results / "records.jsonl"), None).best
    assert {row.measured.holdout for row in rows} == {None}


def test_no_word_of_the_report_is_about_it(called):
    html = (called[0] / "results/my-Flowers/report.html").read_text(encoding="utf-8")
    # The configuration as it was run says what was set: that there is none.
    said = html.replace("split.holdout", "")
    assert [said[match.start() - 60 : match.end() + 60] for match in re.finditer("(?i)hold-?out", said)] == []


# Another call


@pytest.mark.parametrize("given", [GIVEN, GIVEN[:1]])
def test_a_second_call_has_nothing_to_do_and_leaves_the_file_alone(called, given):
    folder, _ = called
    before = (folder / STUDY).read_bytes()
    done = snakemake(folder, *CALL, *given, **WITHOUT_GPU)
    assert done.returncode == 0, done.stdout
    assert "Nothing to be done" in done.stdout
    assert (folder / STUDY).read_bytes() == before


def test_the_file_alone_is_the_same_study(called):
    folder, _ = called
    done = snakemake(folder, *CORES, "--configfile", STUDY, **WITHOUT_GPU)
    assert "Nothing to be done" in done.stdout, done.stdout


def test_a_partial_report_is_of_the_study_that_its_file_names(called):
    folder, _ = called
    done = snakemake(folder, "-n", *CORES, "--configfile", STUDY, "--config", "partial=True", **WITHOUT_GPU)
    assert done.returncode == 0, done.stdout
    assert "train_" not in done.stdout
    (folder / "results/my-Flowers/knn_cpu.json").rename(folder / "away.json")
    made = snakemake(folder, *CORES, "--configfile", STUDY, "--config", "partial=True", **WITHOUT_GPU)
    assert made.returncode == 0, made.stdout
    html = (folder / "results/my-Flowers/report.html").read_text(encoding="utf-8")
    assert "Not the whole study." in html
    assert (folder / "results/report.html").read_text() == "the demo's"
