"""A network that cannot take the images, beside one that can, through the real DAG: skipped until mended."""

import json

import pytest
import yaml

import studies
from checkout import CORES, copy_to, snakemake

pytest.importorskip("torch")

pytestmark = pytest.mark.study

MODULE = '''
from torch import nn


class Flat(nn.Module):
    """Takes images of one size."""

    def __init__(self, num_classes, side=28):
        super().__init__()
        self.fc = nn.Linear(3 * side * side, num_classes)

    def forward(self, images):
        return self.fc(images.flatten(1))


class Any(nn.Module):
    """Takes images of any size."""

    def __init__(self, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, num_classes)

    def forward(self, images):
        return self.fc(self.conv(images).relu().mean((2, 3)))
'''
STUDY = {
    "catalog": {"networks": {"flat": {"build": "own_nets:Flat"}, "any": {"build": "own_nets:Any"}}},
    "datasets": "digits",
    "limit_train": 200,
    "limit_test": 120,
    "devices": "cpu",
    "gpu": "absent",
    "final_seeds": 1,
    "shards": 2,
    "networks": {
        "models": ["flat", "any"],
        "optimizers": "adam",
        "input_size": 8,
        "grid": [{"batch_size": 16, "learning_rate": 0.01, "epochs": [1, 2]}],
    },
    "svm": {"kernels": []},
    "comparison": {
        "datasets": "digits",
        "models": ["flat", "any"],
        "optimizers": "adam",
        "epochs": 1,
        "repeats": 2,
    },
}
FLAT, ANY = "results/digits/flat_adam_cpu.json", "results/digits/any_adam_cpu.json"
SPEED, ALONE = (f"results/digits/{kind}/flat_adam_cpu.json" for kind in ("speed", "alone"))
TRIED = "resources/digits/tried/flat.json"
WHY = "own_nets:Flat: cannot take images of 3 x 8 x 8: RuntimeError: "


def call(folder, *words: str) -> str:
    done = snakemake(folder, *CORES, "--configfile", "own.yaml", *words, CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return done.stdout


def write(folder, study: dict) -> None:
    (folder / "own.yaml").write_text(yaml.safe_dump(study))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the finished study."""
    found = copy_to(tmp_path_factory.mktemp("tried") / "a study")
    (found / "own_nets.py").write_text(MODULE)
    write(found, STUDY)
    call(found)
    return found


def states(folder, record: str) -> list[str]:
    return [run["status"] for run in studies.read(folder / record)["runs"]]


def test_one_is_skipped_with_its_reason_and_the_other_trained(folder):
    reason = studies.read(folder / TRIED)["skipped"]
    assert reason.startswith(WHY)
    assert [run["error"] for run in studies.read(folder / FLAT)["runs"]] == [reason] * 2
    assert states(folder, FLAT) == ["skipped"] * 2
    assert states(folder, SPEED) == ["skipped"] * 2
    assert states(folder, ALONE) == []
    assert states(folder, ANY) == ["ok"] * 2
    assert f"--tried {TRIED}" in studies.read(folder / FLAT)["command"]
    assert "skipped" not in (folder / "logs/train_network/digits/any_adam_cpu.log").read_text()


def test_the_report_says_so_in_one_sentence(folder):
    html = (folder / "results/report.html").read_text(encoding="utf-8")
    assert html.count(f"flat was skipped on Digits: {WHY}") == 1
    assert (folder / "results/report.pdf").stat().st_size > 1000


def test_a_second_call_has_nothing_to_do(folder):
    assert "Nothing to be done" in call(folder, "-n")


def test_of_a_corrected_row_the_cells_are_trained_and_of_no_other(folder):
    mended = json.loads(json.dumps(STUDY))
    mended["catalog"]["networks"]["flat"]["settings"] = {"side": 8}
    write(folder, mended)
    before = (folder / ANY).stat().st_mtime_ns
    said = call(folder)
    assert (folder / ANY).stat().st_mtime_ns == before
    assert {*states(folder, FLAT), *states(folder, SPEED), *states(folder, ALONE)} == {"ok"}
    assert "was skipped" not in (folder / "results/report.html").read_text(encoding="utf-8")
    assert "try_network" in said
    assert "Nothing to be done" in call(folder, "-n")
