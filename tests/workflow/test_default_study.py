"""The published study on few images: every cell of the default configuration, to the finished report."""

import csv
import json
import os

import pytest
from pypdf import PdfReader

import studies
from checkout import CORES, copy_to, snakemake

pytestmark = [
    pytest.mark.study,
    pytest.mark.skipif(
        "BAKEOFF_DATA" not in os.environ, reason="BAKEOFF_DATA names no folder of MNIST files"
    ),
]

OVERLAY = (*CORES, "--configfile", "tests/workflow/cut_down.yaml")
NETWORKS = [f"{model}_{optimizer}_cpu" for model in ("resnet18", "resnet50") for optimizer in ("sgd", "adam")]
SVMS = ["svm_rbf_cpu", "svm_poly_cpu"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = copy_to(tmp_path_factory.mktemp("default study") / "with spaces")
    result = snakemake(folder, *OVERLAY)
    assert result.returncode == 0, result.stdout[-20_000:]
    return folder


def table(study, name):
    with open(study / f"results/{name}.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("dataset", ["mnist", "fashion"])
@pytest.mark.parametrize("cell", NETWORKS + SVMS)
def test_every_cell_has_its_whole_grid(study, dataset, cell):
    record = studies.read(study / f"results/{dataset}/{cell}.json")
    assert len(record["runs"]) == (8 if cell in NETWORKS else 6)
    # 14 steps leave the running variances of ResNet-50 so unfinished that its validation loss may overflow:
    # on so few images rounding decides what a network reaches, as a seed does. An SVM is the same everywhere.
    allowed = {"ok"} if cell in SVMS else {"ok", "diverged"}
    assert {run["status"] for run in record["runs"]} <= allowed
    assert record["best"] is not None
    assert record["data"]["counts"] == {"train": 420, "validation": 60, "holdout": 120, "test": 600}
    if cell in SVMS:
        assert record["best"]["test_accuracy"] > 0.65


def test_every_published_result_stands_beside_ours(study):
    rows = [row for row in table(study, "published") if row["table"] != "headline"]
    assert len(rows) == 160
    timed = [row for row in rows if row["table"] == "cpu_vs_gpu"]
    assert {row["verdict"] for row in timed} == {"not run"}  # one epoch here, ten there
    joined = [row for row in rows if row not in timed]
    with_result = [row for row in joined if row["verdict"] != "did not finish"]
    assert len(with_result) > len(joined) / 2
    assert all(row["our_cell"] and row["our_test"] and row["difference"] for row in with_result)
    assert {row["verdict"] for row in with_result} == {"not judged: cut-down data"}


def test_the_comparison_says_why_there_is_no_speedup(study):
    rows = table(study, "speedup")
    assert len(rows) == 4
    for row in rows:
        assert row["verdict"] == "not measured"
        assert float(row["cpu_train_s_median"]) > 0


def test_the_report_is_complete(study):
    pages = [page.extract_text() for page in PdfReader(study / "results/report.pdf").pages]
    first = " ".join(pages[0].split())
    assert "limit_train = 600" in first
    assert "limit_test = 600" in first
    text = "\n".join(pages)
    for words in ("MNIST", "Fashion-MNIST", "ResNet-18", "ResNet-50", "SVM (RBF)", "SVM (polynomial)"):
        assert words in text
    html = (study / "results/report.html").read_text(encoding="utf-8")
    lines = (study / "results/records.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 * (8 + 4) + 4  # the grid, what it chose again, the comparison
    cells = [json.loads(line) for line in lines]
    counts = dict.fromkeys(("selection", "alone", "speed"), 0)
    for cell in cells:
        counts[cell["purpose"]] += len(cell["runs"])
    # What chose nothing, since nothing finished, is not trained again.
    chose = sum(cell["purpose"] == "selection" and cell["best"] is not None for cell in cells)
    assert counts == {"selection": 8 * 8 + 4 * 6, "alone": chose, "speed": 4 * 2}
    runs = sum(counts.values())
    assert all(f'id="run-{number}"' in html for number in range(1, runs + 1))
