"""A study of five data sets of a person's own, through the real rules: its report ranks the competitors."""

import csv
import json
import re

import pytest
import yaml

from checkout import CORES, copy_to, snakemake

pytestmark = pytest.mark.study

LOADER = '''
"""Blots at a place per class, 6 x 6 pixels, in noise: another seed is another data set."""

import numpy as np


def load(seed, noise):
    """Return 60 images of three classes."""
    random = np.random.default_rng(seed)
    labels = np.arange(60) % 3
    places = random.permutation(36)[:3]
    images = random.normal(90, noise, (60, 36))
    images[np.arange(60), places[labels]] += 90
    images = np.clip(images, 0, 255).astype(np.uint8).reshape(-1, 6, 6)
    return {"images": images, "labels": labels, "classes": ["left", "middle", "right"]}
'''
NAMES = ("asters", "bluebells", "cornflowers", "daisies", "edelweiss")
LABELS = {
    "knn": "Nearest neighbours",
    "logistic": "Logistic regression",
    "linear": "A linear machine, one class against the rest",
}
LINEAR = {"build": "sklearn.svm:LinearSVC", "label": LABELS["linear"]}
STUDY = {
    "catalog": {
        "datasets": {
            name: {
                "kind": "garden:load",
                "settings": {"seed": seed, "noise": 20 + 10 * seed},
                "title": name.title(),
            }
            for seed, name in enumerate(NAMES)
        },
        "classifiers": {"linear": LINEAR},
    },
    "datasets": list(NAMES),
    "devices": "cpu",
    "gpu": "absent",
    "final_seeds": 1,
    "networks": {"models": []},
    "svm": {"kernels": []},
    "classifiers": {"names": list(LABELS)},
    "comparison": {"datasets": []},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results of the finished study."""
    folder = copy_to(tmp_path_factory.mktemp("five") / "five gardens")
    (folder / "garden.py").write_text(LOADER)
    (folder / "own.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, *CORES, "--configfile", "own.yaml", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 0, done.stdout
    return folder / "results"


def mean_ranks(results) -> dict[str, float]:
    """Return each competitor's mean rank by hand: those that were better, and half of those as good."""
    found = {}
    for name in NAMES:
        for competitor in LABELS:
            record = json.loads((results / name / f"{competitor}_cpu.json").read_text())
            found[name, competitor] = record["best"]["test_accuracy"]

    def rank(name, own):
        others = [found[name, competitor] for competitor in LABELS if competitor != own]
        better, equal = (
            sum(test(other) for other in others)
            for test in (found[name, own].__lt__, found[name, own].__eq__)
        )
        return 1 + better + equal / 2

    return {own: sum(rank(name, own) for name in NAMES) / len(NAMES) for own in LABELS}


def test_its_report_shows_the_diagram_with_its_sentence(results):
    page = (results / "report.html").read_text(encoding="utf-8")
    (figure,) = re.findall(
        r"<figure\b[^>]*>(?:(?!</figure>).)*Mean ranks over 5 data sets.*?</figure>", page, re.DOTALL
    )
    text = " ".join(re.sub(r"<[^>]+>", " ", figure).split())
    assert "Both take the data sets for independent of each other." in text
    assert "Friedman's test: p" in text.replace("&#39;", "'")
    # Of three competitors on five data sets: 2.343 sqrt(3 * 4 / (6 * 5)) (Demsar 2006).
    assert "1.48, the critical difference" in text
    for label in LABELS.values():
        assert label in figure
    assert "A critical-difference diagram needs" not in page


def test_the_diagram_s_numbers_are_the_ranks_of_the_test_accuracies(results):
    with open(results / "figures/ranks.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["competitor"]: float(row["mean_rank"]) for row in rows} == pytest.approx(mean_ranks(results))
    assert {row["datasets"] for row in rows} == {"5"}
