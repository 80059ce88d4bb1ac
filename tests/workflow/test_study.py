"""A whole study in miniature: real data, real training, the finished report; then what a change reruns."""

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

import studies
from bakeoff.records.run import ACCURACIES
from checkout import CORES, ROOT, copy_to, snakemake

STUDY = (*CORES, "--configfile", "config/demo.yaml", "tests/workflow/tiny.yaml")
CELLS = ("resnet18_adam_cpu", "resnet18_sgd_cpu", "svm_poly_cpu", "svm_rbf_cpu")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run the study once, in a folder whose path holds spaces."""
    folder = copy_to(tmp_path_factory.mktemp("a study") / "with spaces")
    result = snakemake(folder, *STUDY, CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 0, result.stdout
    return folder


@pytest.fixture(scope="module")
def cells(study):
    return {name: studies.read(study / f"results/digits/{name}.json") for name in CELLS}


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_chose_by_validation_accuracy(cells, name):
    record = cells[name]
    best = record["best"]
    groups = {}
    for run in record["runs"]:
        assert run["status"] == "ok"
        groups.setdefault(json.dumps(run["settings"]), []).append(run["validation_accuracy"])
    means = [sum(group) / len(group) for group in groups.values()]
    assert best["validation_accuracy"] == pytest.approx(max(means), rel=0, abs=1e-12)


def test_the_networks_record_every_setting_seed_and_epoch(cells):
    runs = cells["resnet18_adam_cpu"]["runs"]
    assert len(runs) == 8  # 2 learning rates x 2 epochs x 2 seeds
    for run in runs:
        assert [entry["epoch"] for entry in run["history"]] == list(range(1, run["settings"]["epochs"] + 1))
        assert 0 < run["train_s"] < run["time_to_result_s"]
    assert cells["resnet18_adam_cpu"]["data"]["counts"] == {
        "train": 140,
        "validation": 20,
        "holdout": 40,
        "test": 120,
    }


def test_the_svms_learn(cells):
    assert cells["svm_rbf_cpu"]["best"]["test_accuracy"] > 0.75


@pytest.mark.parametrize("name", CELLS)
def test_kept_predictions_belong_to_the_chosen_run(study, cells, name):
    best = cells[name]["best"]
    chosen = next(
        run
        for run in cells[name]["runs"]
        if run["settings"] == best["settings"] and run["seed"] == best["model_seed"]
    )
    with np.load(study / f"results/digits/predictions/{name}.npz") as file:
        assert (file["test"][0] == file["labels"]).mean() == pytest.approx(chosen["test_accuracy"])
        assert file["scores"].shape == (len(best["seeds"]), 120, 10)
        assert file["validation"].shape == (len(cells[name]["runs"]), 20)


@pytest.mark.parametrize("name", CELLS)
def test_what_was_chosen_is_trained_again_alone(study, cells, name):
    record = studies.read(study / f"results/digits/alone/{name}.json")
    network = name.startswith("resnet")
    assert [run["seed"] for run in record["runs"]] == ([2, 3] if network else [None, None])
    assert {json.dumps(run["settings"]) for run in record["runs"]} == {
        json.dumps(cells[name]["best"]["settings"])
    }
    assert not any(run["packed"] for run in record["runs"])
    assert record["environments"][0]["threads"] == int(CORES[1])  # all that the call has
    with np.load(study / f"results/digits/alone/predictions/{name}.npz") as file:
        right = (file["test"] == file["labels"]).mean(axis=1)
    assert list(right) == pytest.approx([run["test_accuracy"] for run in record["runs"]])


def test_the_comparison_says_what_it_could_not_measure(study):
    with open(study / "results/speedup.csv", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert "not measured" in " ".join(row.values()).lower()


class Tables(HTMLParser):
    """Collects the raw values behind the report's table cells, with what the cells show."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[tuple[str, str]] = []
        self._value: str | None = None

    def handle_starttag(self, tag, attributes):
        value = dict(attributes).get("data-value")
        self._value = value if tag in ("td", "th") else None

    def handle_data(self, data):
        if self._value is not None and data.strip():
            self.cells.append((self._value, data.strip()))
            self._value = None


def numbers_in(value) -> set[float]:
    """Return every number in nested JSON."""
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(numbers_in, value)) if value else set()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {float(value)}
    return set()


def as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def test_every_number_in_the_report_is_in_a_record_or_a_table_made_of_them(study):
    known = set()
    for line in (study / "results/records.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        known |= numbers_in(record)
        # Images of a class in all parts, and their share of all images.
        totals = np.array([*record["data"]["class_counts"].values()]).sum(axis=0)
        known |= {*totals.tolist(), *(totals / totals.sum()).tolist()}
    for table in ("best", "speedup", "tests", "classes", "published"):
        with open(study / f"results/{table}.csv", encoding="utf-8") as file:
            values = [as_number(value) for row in csv.DictReader(file) for value in row.values()]
        known |= {value for value in values if value is not None}
    parser = Tables()
    parser.feed((study / "results/report.html").read_text(encoding="utf-8"))
    shown = [(as_number(value), text) for value, text in parser.cells]
    traced = [(value, text) for value, text in shown if value is not None]
    assert len(traced) > 100
    ordered = np.array(sorted(known))
    for value, text in traced:
        nearest = ordered[np.abs(ordered - value).argmin()]
        assert math.isclose(value, nearest, rel_tol=1e-9, abs_tol=1e-12), f"{text} ({value}) is in no record"


def test_the_report_is_one_file_that_asks_for_nothing(study):
    html = (study / "results/report.html").read_text(encoding="utf-8")
    asked = re.findall(r"""(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)|url\(["']?(https?:[^)"']+)""", html)
    assert asked == []
    assert "limit_train" in html or "200" in html


def test_the_pdf_has_its_parts_and_its_fonts(study):
    pdf = PdfReader(study / "results/report.pdf")
    text = "\n".join(page.extract_text() for page in pdf.pages)
    for heading in ("Best configurations", "CPU against GPU", "Learning curves", "Commands"):
        assert heading in text
    assert "\N{REPLACEMENT CHARACTER}" not in text


def test_snakemake_s_own_report_holds_what_is_marked(study, tmp_path):
    target = tmp_path / "report.zip"
    result = snakemake(study, "--report", str(target), *STUDY, CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 0, result.stdout
    with zipfile.ZipFile(target) as archive:
        names = {name.rsplit("/", 1)[-1] for name in archive.namelist()}
    tables = {f"{table}.csv" for table in ("runs", "best", "speedup", "tests", "classes", "published")}
    assert {"report.html", "report.pdf", "grid_digits.svg", "confused_digits.svg"} | tables <= names


def rerun(study, *arguments) -> str:
    result = snakemake(study, "-n", *arguments, *STUDY, CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_a_second_call_has_nothing_to_do(study):
    assert "Nothing to be done" in rerun(study)


def test_without_snakemake_s_own_notes_there_is_nothing_to_do_either(study, tmp_path):
    (study / ".snakemake").rename(tmp_path / "notes")
    said = rerun(study)
    shutil.rmtree(study / ".snakemake")
    (tmp_path / "notes").rename(study / ".snakemake")
    assert "Nothing to be done" in said


def test_sources_that_a_checkout_dates_anew_rerun_nothing(study):
    for file in (study / "workflow/scripts/bakeoff").rglob("*.py"):
        file.touch()
    assert "Nothing to be done" in rerun(study)


def test_a_changed_plot_redraws_and_retrains_nothing(study):
    plot = study / "workflow/scripts/bakeoff/plots/style.py"
    before = plot.read_text(encoding="utf-8")
    plot.write_text(before + "\n# changed\n", encoding="utf-8")
    listed = rerun(study)
    plot.write_text(before, encoding="utf-8")
    assert "plot_figures" in listed
    assert "train_" not in listed.split("Job stats:")[1].split("total")[0]


def test_a_changed_trainer_retrains_the_networks_alone(study):
    loop = study / "workflow/scripts/bakeoff/families/network/loop.py"
    before = loop.read_text(encoding="utf-8")
    loop.write_text(before + "\n# changed\n", encoding="utf-8")
    table = rerun(study).split("Job stats:")[1].split("total")[0]
    loop.write_text(before, encoding="utf-8")
    assert "train_network" in table
    assert "train_svm" not in table


def test_the_command_in_a_record_makes_it_again(study, cells):
    record = cells["svm_rbf_cpu"]
    path = study / "results/digits/svm_rbf_cpu.json"
    path_with_python = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path_with_python}
    subprocess.run(["bash", "-c", record["command"]], cwd=study, check=True, env=environment)
    again = studies.read(path)
    assert again["best"]["settings"] == record["best"]["settings"]
    assert again["best"]["test_accuracy"] == record["best"]["test_accuracy"]


def results(record: dict) -> list[dict]:
    names = ("settings", "seed", "status", "packed", *ACCURACIES)
    runs = [{name: run[name] for name in names} for run in record["runs"]]
    return [*runs, {name: value for name, value in record["best"].items() if name != "train_s"}]


def test_cells_cut_into_shards_come_to_the_same_records(cells, tmp_path):
    names = ("resnet18_sgd_cpu", "svm_rbf_cpu")
    folder = copy_to(tmp_path / "in shards")
    targets = [f"results/digits/{name}.json" for name in names]
    done = snakemake(folder, *targets, *STUDY, "--config", "shards=2", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    for name in names:
        assert results(studies.read(folder / f"results/digits/{name}.json")) == results(cells[name])
        assert len(list((folder / "results/digits/shards").glob(f"{name}.?of2"))) == 2
    assert "8 of 8 runs are in the journal" in done.stdout
    assert "2 of 2 runs are in the journal" in done.stdout


def test_the_root_snakefile_and_the_catalog_s_place_agree():
    assert 'include: "workflow/Snakefile"' in (ROOT / "Snakefile").read_text(encoding="utf-8")
