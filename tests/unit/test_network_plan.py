"""Rows of networks in a configuration: planned with no framework, what they name found or one line."""

import json

import pytest

from bakeoff.command import UserError
from bakeoff.networks import builders
from bakeoff.plan import make, written
from checkout import ROOT

STUDY = written.overlay(
    written.read_file(ROOT / "config/config.yaml"), {"gpu": "absent", "comparison": {"datasets": []}}
)


def planned(models, **rows) -> dict:
    """Return the plan of a study of some networks, as Snakemake reads it."""
    own = {"catalog": {"networks": rows}, "networks": {"models": models}}
    return make.as_json(make.make(written.overlay(STUDY, own)))


def refused(models, **rows) -> str:
    with pytest.raises(UserError) as caught:
        planned(models, **rows)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WHERE", "mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/own.pth").write_bytes(b"weights")
    return tmp_path


@pytest.mark.parametrize("given", ["~/mine/own.pth", "$WHERE/own.pth", "mine/own.pth"])
def test_a_file_of_weights_is_expanded_where_the_study_is_planned_and_bound_in_containers(here, given):
    found = planned(["r"], r={"build": "resnet18", "weights": given})
    row = json.loads(found["rows"]["networks"]["r"])
    assert row["weights"] in (f"{here}/mine/own.pth", "mine/own.pth")
    assert found["places"] == [row["weights"]]
    assert len(row["weights_sha256"]) == 64


def test_with_other_weights_in_its_file_a_row_asks_for_other_runs(here):
    row = {"build": "resnet18", "weights": "mine/own.pth"}
    first = planned(["r"], r=row)["rows"]["networks"]["r"]
    (here / "mine/own.pth").write_bytes(b"others")
    assert planned(["r"], r=row)["rows"]["networks"]["r"] != first


def test_a_file_that_is_not_there_is_one_line_where_the_study_names_its_row(here):
    row = {"build": "resnet18", "weights": "mine/other.pth"}
    line = "config, catalog/networks/r/weights: mine/other.pth: no such file; name one that is there"
    assert refused(["r"], r=row) == line
    assert planned(["resnet18"], r=row)["places"] == []


def test_what_is_not_installed_is_one_line(here, monkeypatch):
    monkeypatch.setattr(builders, "find_spec", lambda name: None)
    line = "config, catalog/networks/r: timm:resnet18: timm is not installed; `pip install timm` installs it"
    assert refused(["r"], r={"build": "timm:resnet18"}) == line


def test_torchvisions_by_name_are_planned_without_torchvision(here):
    found = planned(["r", "mobilenet_v3_small"], r={"build": "vit_b_16", "settings": {"image_size": 32}})
    assert "results/mnist/mobilenet_v3_small_adam_cpu.json" in found["records"]["cells"]
    assert json.loads(found["rows"]["networks"]["r"])["settings"] == {"image_size": 32}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"build": "resnet18", "weight": "a.pth"}, "weight is unknown; did you mean weights?"),
        ({"build": "resnet18", "stem": "tiny"}, "stem: tiny is unknown; known are stock, small"),
        ({"weights": "a.pth"}, "build: missing; A classifier of torchvision's by its name"),
    ],
    ids=str,
)
def test_a_row_that_is_wrong_is_one_line(row, said):
    assert f"catalog/networks/r: {said}".replace(": stem", "/stem").replace(": build", "/build") in refused(
        ["r"], r=row
    )
