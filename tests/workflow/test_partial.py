"""A report over half a study: made without training, and honest about what is missing."""

import pytest
from pypdf import PdfReader

import studies
from checkout import CORES, copy_to, snakemake

DEMO = ("--configfile", "config/demo.yaml", "--config", "gpu=absent")
PARTIAL = (*CORES, *DEMO, "partial=True")
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": ""}
# As the demo lists them: the first two networks and one SVM are there.
THERE = (0, 2)
MISSING = (
    "results/digits/resnet18_sgd_cpu.json",
    "results/digits/svm_poly_cpu.json",
    "results/digits/speed/resnet18_sgd_cpu.json",
)


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    folder = copy_to(tmp_path_factory.mktemp("half a study") / "with spaces")
    studies.save(folder / "results", [studies.small()[number] for number in THERE])
    result = snakemake(folder, *PARTIAL, **WITHOUT_GPU)
    assert result.returncode == 0, result.stdout
    assert "train_" not in result.stdout
    return folder


def test_the_first_page_says_what_is_missing(half):
    text = " ".join(PdfReader(half / "results/report.pdf").pages[0].extract_text().split())
    assert "Not the whole study. 7 of its 9 cells have no record yet" in text
    assert "No GPU took part: the configuration says gpu: absent." in text
    assert [file for file in MISSING if file not in text] == []
    html = (half / "results/report.html").read_text(encoding="utf-8")
    assert "Not the whole study." in html
    assert "No GPU took part: the configuration says gpu: absent." in html
    assert "SVM (RBF) is the choice" in html
    assert "results/digits/svm_poly_cpu.json" in html


def test_the_whole_study_afterwards_makes_the_missing_cells_and_the_report_anew(half):
    result = snakemake(half, "-n", *CORES, *DEMO, **WITHOUT_GPU)
    assert result.returncode == 0, result.stdout
    jobs = result.stdout.split("Job stats:")[1]
    for rule in ("train_network", "train_svm", "time_training", "collect_results", "render_report"):
        assert rule in jobs


def test_nothing_at_all_is_one_line(tmp_path):
    folder = copy_to(tmp_path / "empty")
    result = snakemake(folder, *PARTIAL, **WITHOUT_GPU)
    assert result.returncode != 0
    assert result.stdout.splitlines()[-1] == "config, partial: no cell has a record yet; run the study first"
