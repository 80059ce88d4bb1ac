"""config/README.md says of every kind of data set what its dataclass says, with an example that holds."""

import dataclasses
import json
import re

import numpy as np
import pytest
import yaml

from bakeoff import fields
from bakeoff.data import rows
from bakeoff.data.own import Own
from bakeoff.rows import Named
from checkout import ROOT
from images import CELLS, Saved, lay, lay_idx, pixels, save_to_disk

README = (ROOT / "config/README.md").read_text(encoding="utf-8")
OWN = {name: kind for name, kind in rows.KINDS.items() if issubclass(kind, Own)}
SHARED = fields.names(Own)


def table(kind, left_out) -> str:
    lines = ["| field | what it says | default |", "| --- | --- | --- |"]
    for field in dataclasses.fields(kind):
        if field.name not in left_out:
            default = fields.default(field)
            shown = "required" if default is dataclasses.MISSING else f"`{json.dumps(default)}`"
            lines.append(f"| `{field.name}` | {fields.description(field)} | {shown} |")
    return "\n".join(lines)


def section(name: str) -> str:
    found = re.search(rf"^### `{name}`\n(.*?)(?=^##)", README, re.M | re.S)
    assert found, f"config/README.md has no section `{name}`"
    return found[1]


def test_the_fields_of_every_row_are_in_the_readme():
    assert table(Own, ()) in README, f"config/README.md should hold:\n\n{table(Own, ())}"


@pytest.mark.parametrize("name", OWN)
def test_the_fields_of_a_kind_are_in_its_section(name):
    expected = table(OWN[name], {*SHARED, "kind"})
    assert expected in section(name), f"its section should hold:\n\n{expected}"


def folders(folder):
    lay(folder / "flowers", "rose/1.png", "iris/1.png")


def labels(folder):
    lay(folder / "scans", "p1/a.png", "p2/b.png")
    (folder / "labels.csv").write_text("file,finding,patient\np1/a.png,none,1\np2/b.png,lesion,2\n")


def arrays(folder):
    images = np.stack([pixels(seed) for seed in range(2)])
    parts = {f"{part}_images": images for part in ("train", "val", "test")}
    np.savez(folder / "bloodmnist.npz", **parts, **{f"{name[:-7]}_labels": [[0], [1]] for name in parts})


def letters(folder):
    lay_idx(folder / "EMNIST/raw", prefix="emnist-letters-")


def characters(folder):
    lay_idx(folder / "torchvision/KMNIST/raw")


MADE = {"folder": folders, "csv": labels, "npz": arrays, "idx": letters, "torchvision": characters}


@pytest.mark.parametrize("name", OWN)
def test_the_example_of_a_kind_lists_images(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_to_disk(monkeypatch, {"train": Saved(CELLS, [0, 1, 1])})
    MADE.get(name, lambda folder: None)(tmp_path)
    text = re.search(r"((?:^    .*\n)+)", section(name), re.M)[1]
    (found,) = yaml.safe_load(text)["catalog"]["datasets"].items()
    row = rows.DATASETS.read(*found)
    assert type(row) is OWN[name]
    source = row.source()
    listed = source.list()
    assert source.image(listed.items[0]).image.size > (1, 1)


@pytest.mark.parametrize("name", OWN)
def test_a_row_is_the_same_after_it_went_through_a_command(name):
    text = re.search(r"((?:^    .*\n)+)", section(name), re.M)[1]
    (found,) = yaml.safe_load(text)["catalog"]["datasets"].items()
    row = rows.DATASETS.read(found[0], {**found[1], "grey": True, "limit": 5, "citation": "A. B., 2024"})
    assert rows.DATASETS.named(str(Named(found[0], row))) == (found[0], row)
