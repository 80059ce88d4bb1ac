"""From a folder of images to the report in one call, and what a second call does."""

import numpy as np
import pytest
import yaml
from PIL import Image

import studies
from checkout import copy_to, snakemake

pytestmark = pytest.mark.study

COLOURS = {"rot": (200, 60, 40), "blå himmel": (40, 80, 210), "gul": (220, 200, 40)}
CALL = ("--cores", "2", "--configfile", "config/images.yaml", "--config")
GIVEN = ("images=../my Flowers", "minutes=1")
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": ""}
STUDY = "results/my-Flowers/study.yaml"


@pytest.fixture(scope="module")
def called(tmp_path_factory):
    """Return the folder of the finished study, and what the call printed."""
    above = tmp_path_factory.mktemp("one command")
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        place = above / "my Flowers" / name
        place.mkdir(parents=True)
        for number in range(20):
            pixels = np.clip(random.normal(colour, 60, (40, 30, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.png")
    folder = copy_to(above / "a clone")
    studies.save(folder / "results", [studies.small()[0]])
    (folder / "results/report.html").write_text("the demo's")
    done = snakemake(folder, *CALL, *GIVEN, **WITHOUT_GPU)
    assert done.returncode == 0, done.stdout
    return folder, done.stdout


def test_what_it_will_do_is_said_first_and_once(called):
    _, said = called
    assert said.count("my Flowers: 60 images of 3 classes; ") == 1
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
    done = snakemake(folder, "--cores", "2", "--configfile", STUDY, **WITHOUT_GPU)
    assert "Nothing to be done" in done.stdout, done.stdout


def test_a_partial_report_is_of_the_study_that_its_file_names(called):
    folder, _ = called
    done = snakemake(
        folder, "-n", "--cores", "2", "--configfile", STUDY, "--config", "partial=True", **WITHOUT_GPU
    )
    assert done.returncode == 0, done.stdout
    assert "train_" not in done.stdout
    (folder / "results/my-Flowers/knn_cpu.json").rename(folder / "away.json")
    made = snakemake(folder, "--cores", "2", "--configfile", STUDY, "--config", "partial=True", **WITHOUT_GPU)
    assert made.returncode == 0, made.stdout
    html = (folder / "results/my-Flowers/report.html").read_text(encoding="utf-8")
    assert "Not the whole study." in html
    assert (folder / "results/report.html").read_text() == "the demo's"
