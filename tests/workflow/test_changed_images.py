"""A folder of one's own images that changes: what is new is prepared, and nothing where nothing is."""

import csv
import json
import os
import shutil

import pytest
import yaml

from checkout import CORES, copy_to, snakemake
from images import lay

STUDY = {
    "catalog": {"datasets": {"flowers": {"kind": "folder", "root": "my pictures", "input_size": 8}}},
    "datasets": "flowers",
    "split": {"train": 0.75, "validation": 0.25, "holdout": 0},
    "gpu": "absent",
    "networks": {"models": "resnet18", "input_size": 8},
    "comparison": {"datasets": []},
}
PATHS = [f"my pictures/{name}/{number}.png" for name in ("a b", "c") for number in range(8)]
LINE = (*CORES, "--configfile", "own.yaml", "--", "resources/flowers.npz")


@pytest.fixture(scope="module")
def garden(tmp_path_factory):
    folder = copy_to(tmp_path_factory.mktemp("pictures") / "a garden")
    lay(folder, *PATHS)
    (folder / "own.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, *LINE)
    assert done.returncode == 0, done.stdout
    return folder


def parts(folder):
    with open(folder / "resources/flowers/parts.csv", newline="") as file:
        return {row["path"]: row["part"] for row in csv.DictReader(file)}


def test_the_parts_are_listed_beside_the_data(garden):
    assert sorted(parts(garden)) == sorted(path.removeprefix("my pictures/") for path in PATHS)


def test_another_call_prepares_nothing(garden):
    done = snakemake(garden, *LINE)
    assert "Nothing to be done" in done.stdout


def test_an_image_more_is_decoded_alone(garden):
    before = parts(garden)
    shutil.copytree(garden / "my pictures", garden / "kept")
    (garden / "my pictures/c/new.png").write_bytes((garden / "my pictures/c/0.png").read_bytes())
    done = snakemake(garden, *LINE)
    assert done.returncode == 0, done.stdout
    assert "1 of 1 image" in (garden / "logs/prepare_images/flowers.log").read_text()
    after = parts(garden)
    assert after.keys() - before.keys() == {"c/new.png"}
    assert after["c/new.png"] == after["c/0.png"]


def test_images_that_are_moved_away_when_all_is_prepared_are_not_missed(garden):
    done = snakemake(garden, *LINE)
    assert "Nothing to be done" in done.stdout
    os.rename(garden / "my pictures", garden / "moved")
    try:
        done = snakemake(garden, *LINE)
    finally:
        os.rename(garden / "moved", garden / "my pictures")
    assert "Nothing to be done" in done.stdout


def test_a_folder_that_is_not_there_is_one_line_with_its_cure(garden):
    own = json.dumps({"datasets": {"other": {"kind": "folder", "root": "no such", "input_size": 8}}})
    done = snakemake(
        garden,
        *CORES,
        "--configfile",
        "own.yaml",
        "--config",
        f"catalog={own}",
        "datasets=other",
        "--",
        "resources/other.npz",
    )
    assert done.returncode
    assert "no such: no such folder; name the folder that holds the images" in done.stdout
