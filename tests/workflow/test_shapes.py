"""Data of every shape through the whole DAG: few and many classes, grey and colour, names of any kind."""

import csv
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from bakeoff.records import written
from bakeoff.records.parts import PARTS
from checkout import CORES, copy_to, snakemake
from optional import needs
from rendered import outside

pytestmark = [pytest.mark.study, needs("pdftotext")]

LONG = "a name of a class that is as long as sixty letters, not less"
ODD = (
    *("with several spaces", "grün und blå", "\N{CJK UNIFIED IDEOGRAPH-82B1}", LONG, f"{LONG[:-4]}more"),
    *(
        "<script>alert(1)</script>",
        "a, comma",
        'a "quote"',
        "it's",
        "=1+1",
        "$x^2$",
        "{{ brace }}",
        "Ä/Ü",
    ),
)
CELLS = ("resnet18_adam_cpu", "svm_linear_cpu", "knn_cpu")


@dataclass(frozen=True)
class Shape:
    """Images to be made: how many of each class, and of how many channels."""

    classes: Mapping[str, int]
    channels: int = 3

    @property
    def images(self) -> int:
        return sum(self.classes.values())


SHAPES = {
    "two-grey": Shape({"no": 30, "yes": 20}, channels=1),
    "odd": Shape({name: 6 + number for number, name in enumerate(ODD)}),
    "thousand": Shape({f"{LONG if n < 60 else 'species'} {n}": 3 + n % 2 for n in range(1000)}),
}


def lay(folder: Path, shape: Shape) -> None:
    """Write images of noise around a colour of each class, and a table of their classes."""
    random = np.random.default_rng(0)
    rows = []
    for name, count in shape.classes.items():
        colour = random.integers(40, 216, shape.channels)
        for _ in range(count):
            pixels = np.clip(random.normal(colour, 25, (10, 10, shape.channels)), 0, 255).astype(np.uint8)
            file = f"{len(rows)}.png"
            Image.fromarray(pixels.squeeze()).save(folder / file)
            rows.append((file, name))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows([("path", "label"), *rows])


def study(name: str, **more) -> dict:
    row = {"kind": "csv", "file": "images/labels.csv", "title": name, "citation": "A. Author, 2024"}
    return {
        "catalog": {"datasets": {name: {**row, "input_size": 16}}},
        "datasets": name,
        "split": {"train": 0.75, "validation": 0.25, "holdout": 0, "test": 0.2},
        "devices": "cpu",
        "gpu": "absent",
        "final_seeds": 1,
        "networks": {
            "models": "resnet18",
            "optimizers": "adam",
            "input_size": 16,
            "grid": [{"batch_size": 64, "learning_rate": 0.003, "epochs": 1}],
        },
        "svm": {"kernels": "linear", "grid": {"linear": [{"C": 1}]}},
        "classifiers": {"names": "knn"},
        "comparison": {"datasets": []},
        **more,
    }


@dataclass(frozen=True)
class Done:
    """A finished study of one shape of data."""

    name: str
    shape: Shape
    folder: Path

    @property
    def html(self) -> str:
        return (self.folder / "results/report.html").read_text(encoding="utf-8")

    @property
    def text(self) -> str:
        line = ["pdftotext", "-layout", str(self.folder / "results/report.pdf"), "-"]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout

    @property
    def figures(self) -> list[str]:
        listed = json.loads((self.folder / "results/figures/figures.json").read_text(encoding="utf-8"))
        return [each["file"].removesuffix(".svg") for each in listed]


@pytest.fixture(scope="module", params=SHAPES)
def done(request, tmp_path_factory) -> Done:
    name, shape = request.param, SHAPES[request.param]
    folder = copy_to(tmp_path_factory.mktemp("shapes") / name)
    (folder / "images").mkdir()
    lay(folder / "images", shape)
    (folder / "own.yaml").write_text(yaml.safe_dump(study(name)))
    found = snakemake(folder, *CORES, "--configfile", "own.yaml", CUDA_VISIBLE_DEVICES="")
    assert found.returncode == 0, found.stdout
    return Done(name, shape, folder)


@pytest.mark.parametrize("cell", CELLS)
def test_every_family_learns_them(done, cell):
    record = written.read(done.folder / f"results/{done.name}/{cell}.json")
    assert {run.status for run in record.runs} == {"ok"}
    assert set(record.data.classes) == set(done.shape.classes)
    assert record.data.grey == (done.shape.channels == 1)
    counts = np.array([record.data.class_counts[part] for part in PARTS]).sum(axis=0)
    assert dict(zip(record.data.classes, counts.tolist(), strict=True)) == dict(done.shape.classes)


def test_the_report_says_how_the_images_are_spread(done):
    names = list(done.shape.classes)
    many = len(names) >= 20
    assert f"{done.name}: images by class" in done.html
    assert ("the median" in done.html) == many
    assert "A. Author, 2024" in done.html
    unequal = len(set(done.shape.classes.values())) > 1
    assert (f"balance_{done.name}" in done.figures) == (many and unequal)


def test_the_report_shows_samples(done):
    assert f"samples_{done.name}" in done.figures
    some = f"Shown: 24 of {len(done.shape.classes):,} classes"
    assert (some in done.html) == (len(done.shape.classes) > 24)


def test_many_classes_have_a_table_of_pairs_in_the_place_of_matrices(done):
    many = len(done.shape.classes) > 20
    matrices = [name for name in done.figures if name.startswith("confusion_")]
    assert bool(matrices) != many
    assert (f'id="confused-{done.name}"' in done.html) == many
    assert ("the classes most often confused" in done.text) == many


def test_the_page_stays_small_and_paper_within_its_margins(done):
    size = {path.suffix: path.stat().st_size for path in (done.folder / "results").glob("report.*")}
    assert max(size.values()) < 4_000_000
    assert done.text.count("\f") < 40
    assert outside(done.folder / "results/report.pdf") == []


def test_names_are_texts_and_no_formula_and_no_markup(done):
    html = re.sub(r"<script type.*?</script>", "", done.html, flags=re.S)
    assert "<script>alert(1)" not in html
    cells = [
        cell
        for path in (done.folder / "results").glob("**/*.csv")
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines())
        for cell in row
    ]
    assert [cell for cell in cells if cell.startswith("=")] == []


@pytest.mark.parametrize("done", ["two-grey"], indirect=True)
def test_pictures_are_left_out_on_request(done):
    (done.folder / "own.yaml").write_text(yaml.safe_dump(study(done.name, show_images=False)))
    found = snakemake(done.folder, *CORES, "--configfile", "own.yaml", CUDA_VISIBLE_DEVICES="")
    assert found.returncode == 0, found.stdout
    assert not re.search(r"rule (prepare|train|time)_", found.stdout)
    assert not {"samples_two-grey", "confused_two-grey", "missed_two-grey"} & {*done.figures}
    assert "left out on request" in done.html
    assert "left out on request" in " ".join(done.text.split())
    assert "data:image/png" not in done.html
