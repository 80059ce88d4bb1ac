"""A folder of a person's own images, in colour, of three unequal classes: from the row to the report."""

import numpy as np
import pytest
import yaml
from PIL import Image

import studies
from checkout import copy_to, snakemake

pytestmark = pytest.mark.study

COUNTS = {"<script>rot & grün": 60, "blå himmel": 30, "gul": 15}
COLOURS = ((200, 60, 40), (40, 80, 210), (220, 200, 40))
STUDY = {
    "catalog": {
        "datasets": {
            "flowers": {
                "kind": "folder",
                "root": "my pictures",
                "title": "Flowers",
                "licence": "CC0",
                "input_size": 16,
                "max_unreadable": 1,
            }
        }
    },
    "datasets": "flowers",
    "split": {"train": 0.6, "validation": 0.2, "holdout": 0.2},
    "devices": "cpu",
    "gpu": "absent",
    "final_seeds": 1,
    "networks": {
        "models": "resnet18",
        "optimizers": "adam",
        "input_size": 16,
        "grid": [{"batch_size": 16, "learning_rate": 0.003, "epochs": 1}],
    },
    "svm": {"kernels": "linear", "grid": {"linear": [{"C": 1}]}},
    "classifiers": {"names": "knn"},
    "comparison": {"datasets": []},
}
CELLS = ("resnet18_adam_cpu", "svm_linear_cpu", "knn_cpu")


@pytest.fixture(scope="module")
def garden(tmp_path_factory):
    """Return the folder of the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("pictures") / "a garden")
    random = np.random.default_rng(0)
    for colour, (name, count) in zip(COLOURS, COUNTS.items(), strict=True):
        place = folder / "my pictures" / name
        place.mkdir(parents=True)
        for number in range(count):
            pixels = np.clip(random.normal(colour, 60, (40, 30, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{number} å.JPG", "JPEG")
    (folder / "my pictures/gul/cut.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "my pictures/gul/notes.txt").write_text("of 2024")
    (folder / "own.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, "--cores", "2", "--configfile", "own.yaml", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.mark.parametrize("cell", CELLS)
def test_every_family_learns_them(garden, cell):
    record = studies.read(garden / f"results/flowers/{cell}.json")
    data = record["data"]
    assert (data["title"], data["licence"], data["grey"]) == ("Flowers", "CC0", False)
    assert (data["classes"], data["image_shape"]) == (sorted(COUNTS), [16, 16, 3])
    assert (data["source"], sum(data["counts"].values())) == ("folder my pictures", sum(COUNTS.values()))
    assert [run["status"] for run in record["runs"]] == ["ok"] * len(record["runs"])
    if not cell.startswith("resnet"):
        assert record["best"]["test_accuracy"] > 0.9


def test_what_was_left_out_is_in_the_log(garden):
    log = (garden / "logs/prepare_images/flowers.log").read_text(encoding="utf-8")
    assert "left out: files that are no images: 1" in log
    assert "gul/cut.jpg: left out, unreadable: " in log


def test_the_report_shows_their_classes_as_texts(garden):
    html = (garden / "results/report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;rot &amp; grün" in html
    assert "<script>rot" not in html
    assert "blå himmel" in html
