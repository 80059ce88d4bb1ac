"""Rows of a person's own, and no edit anywhere: images in colour from a function, a network, an optimizer.

The network starts from a file of weights for a thousand classes and is frozen but for its head.
"""

import json
import subprocess
import sys

import pytest
import yaml

import fetch_dataset
import prepare_dataset
import studies
import train_network
import train_svm
from bakeoff import files
from bakeoff.networks import models
from checkout import CORES, copy_to, snakemake
from own_networks import network

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.study

LOADER = '''
"""Blots of a colour and a place per class, 20 x 30 pixels."""

import numpy as np


def load(counts):
    """Return so many images of each class."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(counts)), counts)
    images = random.integers(0, 60, (len(labels), 20, 30, 3), dtype=np.uint8)
    for image, label in zip(images, labels):
        row, column = divmod(int(label), 20)
        image[row : row + 6, column : column + 9, label % 3] += 180
    return {"images": images, "labels": labels, "classes": [f"kind {n}" for n in range(len(counts))]}
'''
STUDY = {
    "catalog": {
        "datasets": {
            "flowers": {"kind": "garden:load", "settings": {"counts": [60, 30, 15]}, "title": "Flowers"},
        },
        "networks": {
            "mobilenet": {"build": "mobilenet_v3_small", "weights": "$NETS/mobile.pth", "freeze": "backbone"}
        },
        "optimizers": {"adamw": {"build": "torch.optim:AdamW", "settings": {"weight_decay": 0.05}}},
    },
    "datasets": "flowers",
    "split": {"train": 0.6, "validation": 0.2, "holdout": 0.2},
    "devices": "cpu",
    "gpu": "absent",
    "final_seeds": 1,
    "networks": {
        "models": "mobilenet",
        "optimizers": "adamw",
        "input_size": 16,
        "grid": [{"batch_size": 16, "learning_rate": 0.003, "epochs": 1}],
    },
    "svm": {"kernels": "linear", "grid": {"linear": [{"C": 1}]}},
    "comparison": {"datasets": []},
}
OWN = {"networks": "mobilenet", "optimizers": "adamw"}
NETWORK = "results/{}/mobilenet_adamw_cpu.json"
ALONE = "results/flowers/alone/mobilenet_adamw_cpu.json"


def call(folder, *words: str):
    own = {"CUDA_VISIBLE_DEVICES": "", "NETS": str(folder / "nets")}
    done = snakemake(folder, *CORES, "--configfile", "own.yaml", *words, **own)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def garden(tmp_path_factory):
    """Return the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("own") / "a garden")
    (folder / "garden.py").write_text(LOADER)
    (folder / "own.yaml").write_text(yaml.safe_dump(STUDY))
    save_weights(folder / "nets/mobile.pth", 0)
    call(folder)
    return folder


def save_weights(place, seed: int) -> None:
    place.parent.mkdir(exist_ok=True)
    torch.save(models.build(network(build="mobilenet_v3_small"), 1000, seed).state_dict(), place)


def check_data(record: dict, title: str, classes: int) -> None:
    data, network = record["data"], record["family"] == "network"
    assert (data["title"], len(data["classes"]), data["grey"]) == (title, classes, False)
    assert data["image_shape"] == [20, 30, 3]
    assert data["input_shape"] == ([3, 16, 16] if network else [20 * 30 * 3])
    assert [run["status"] for run in record["runs"]] == ["ok"]


def test_images_in_colour_are_learnt_from_a_person_s_own_function(garden):
    check_data(studies.read(garden / NETWORK.format("flowers")), "Flowers", 3)
    svm = studies.read(garden / "results/flowers/svm_linear_cpu.json")
    check_data(svm, "Flowers", 3)
    assert svm["best"]["test_accuracy"] > 0.9


def test_so_are_three_hundred_classes_of_them(garden, tmp_path, monkeypatch):
    monkeypatch.chdir(garden)
    monkeypatch.setenv("NETS", str(garden / "nets"))
    row = {"name": "weeds", "kind": "garden:load", "settings": {"counts": [3] * 300}}
    raw, data = tmp_path / "raw.npz", tmp_path / "weeds.npz"
    fetch_dataset.main(fetch_dataset.Options(json.dumps(row), raw))
    prepare_dataset.main(prepare_dataset.Options(raw, json.dumps(row), STUDY["split"], 16, data))
    svm, network = tmp_path / "svm_linear_cpu.json", tmp_path / "mobilenet_adamw_cpu.json"
    train_svm.main(train_svm.Options(data=data, kernel="linear", grid=[{"C": 1}], output=svm))
    blocks = STUDY["networks"]["grid"]
    catalog = STUDY["catalog"]
    rows = [json.dumps({"name": "own", **catalog[kind][name]}) for kind, name in OWN.items()]
    what = dict(zip(("model", "optimizer"), rows, strict=True))
    options = train_network.Options(data=data, **what, device="cpu", grid=blocks, output=network)
    train_network.main(options)
    for place in (svm, network):
        check_data(studies.read(place), "weeds", 300)


def test_what_rows_say_is_in_the_record_and_the_command(garden):
    record = studies.read(garden / NETWORK.format("flowers"))
    weights = garden / "nets/mobile.pth"
    own = {"weights": str(weights), "weights_sha256": files.digest(weights)}
    assert record["rows"] == {
        "network": STUDY["catalog"]["networks"]["mobilenet"] | own,
        "optimizer": STUDY["catalog"]["optimizers"]["adamw"],
    }
    start = record["runs"][0]["details"]["start"]
    assert start["drawn"] == [
        "classifier.3.weight: 1000 x 1024 in the file, 3 x 1024 here",
        "classifier.3.bias: 1000 in the file, 3 here",
    ]
    assert studies.read(garden / ALONE)["runs"][0]["details"]["start"] == start
    assert '"weight_decay": 0.05' in record["command"]
    assert record["runs"][0]["details"]["fast_paths"]["grey_stem"].startswith("declined: the data do not say")
    saved = garden / "results/flowers/models/mobilenet_adamw_cpu.safetensors"
    probe = f"from bakeoff import saved; import numpy as np; model = saved.load({str(saved)!r})\n"
    probe += "print(model(np.zeros((2, 16, 16, 3), np.uint8))[0].shape)"
    own = {"PYTHONPATH": str(garden / "workflow/scripts")}
    line = [sys.executable, "-c", probe]
    assert subprocess.run(line, capture_output=True, text=True, env=own, check=True).stdout == "(2,)\n"


def test_the_report_shows_them(garden):
    html = (garden / "results/report.html").read_text(encoding="utf-8")
    for name in ("Flowers", "kind 2", "mobilenet", "adamw"):
        assert name in html


def jobs(folder) -> set[str]:
    """Return the rules that a call would run."""
    listed = call(folder, "-n").split("Job stats:")
    return set() if len(listed) == 1 else {line.split()[0] for line in listed[1].splitlines()[3:] if line}


def test_a_changed_row_is_another_run_and_changed_code_another_data_set(garden):
    assert jobs(garden) == set()
    other = json.loads(json.dumps(STUDY))
    other["catalog"]["optimizers"]["adamw"]["settings"]["weight_decay"] = 0.01
    (garden / "own.yaml").write_text(yaml.safe_dump(other))
    assert {"train_network", "time_chosen"} <= jobs(garden)
    assert not {"train_svm", "fetch_dataset"} & jobs(garden)
    (garden / "own.yaml").write_text(yaml.safe_dump(STUDY))
    assert jobs(garden) == set()
    save_weights(garden / "nets/mobile.pth", 1)
    assert {"train_network", "time_chosen"} <= jobs(garden)
    assert not {"train_svm", "fetch_dataset"} & jobs(garden)
    save_weights(garden / "nets/mobile.pth", 0)
    with open(garden / "garden.py", "a") as file:
        file.write("# Another garden.\n")
    assert "fetch_dataset" in jobs(garden)
