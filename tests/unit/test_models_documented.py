"""Every configuration of docs/models.md is planned, and trains, as it stands there."""

from pathlib import Path

import pytest

import arrays
import fits
import models_page
from bakeoff.data import store
from bakeoff.families.network import axes
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks.models import NETWORKS
from bakeoff.plan import make, written
from bakeoff.rows import Named
from checkout import ROOT
from models_page import ROWS

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("short_and_steady")

STUDY = written.overlay(
    written.read_file(ROOT / "config/config.yaml"),
    {"datasets": ["digits"], "gpu": "absent", "svm": {"kernels": []}, "comparison": {"datasets": []}},
)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A working directory with what the page has a person put there."""
    monkeypatch.chdir(tmp_path)
    models_page.put(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def small_images(tmp_path_factory) -> store.Dataset:
    """Three classes of images of 32 x 32."""
    return store.load(arrays.save(tmp_path_factory.mktemp("data") / "small.npz", 32), "resized")


def planned(configuration: dict) -> list[str]:
    """Return the cells of a study that a configuration is laid over."""
    return make.as_json(make.make(written.overlay(STUDY, configuration)))["records"]["cells"]


def trained(name: str, dataset: store.Dataset) -> list:
    """Return the runs of a row's own grid, each cut down to an epoch."""
    said = ROWS[name]["networks"]
    row = Named(name, NETWORKS.read(name, ROWS[name]["catalog"]["networks"][name]))
    blocks = [{**block, "epochs": 1} for block in said["grid"]]
    (optimizer,) = said["optimizers"]
    return fits.fit_all(NetworkFamily(dataset, row, OPTIMIZERS.named(optimizer), "cpu", blocks, (0,)))


def test_the_page_has_the_five_rows_that_people_look_for():
    rows = {name: page["catalog"]["networks"][name] for name, page in ROWS.items()}
    assert list(rows) == ["scratch", "tuned", "atto", "own", "linear"]
    assert [name for name, row in rows.items() if row.get("freeze")] == ["linear"]
    assert [name for name, row in rows.items() if not row.get("weights")] == ["scratch", "own"]
    assert all(page["networks"]["models"] == [name] for name, page in ROWS.items())


@pytest.mark.parametrize("name", models_page.parameters())
def test_each_row_is_planned_as_it_stands(here, name):
    assert planned(ROWS[name]) == [f"results/digits/{name}_adam_cpu.json"]


@pytest.mark.parametrize("name", models_page.parameters())
def test_each_row_trains_as_it_stands(here, monkeypatch, small_images, name):
    row = ROWS[name]["catalog"]["networks"][name]
    if row["build"].startswith("timm:"):
        models_page.put_in_hub(here / "hub", row["build"])
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    runs = [fitted.run for fitted in trained(name, small_images)]
    assert [run.status for run in runs] == ["ok"] * len(runs)
    assert len(runs) == len(axes.expand(ROWS[name]["networks"]["grid"], "cpu"))
    start = runs[0].details.get("start")
    assert (start is None) == (row.get("weights") is None)
    if start:  # all but the head, for other classes
        assert len(start["drawn"]) == 2
        assert start["taken"] == start["of"] - 2
    assert ("frozen" in runs[0].details) == ("freeze" in row)


def test_the_recipe_is_a_study_of_four_trainings_with_every_word_of_it_meant(here):
    (recipe,) = models_page.configurations("How to train")
    tuned = ROWS["tuned"]["catalog"] | recipe["catalog"]
    cells = planned({"catalog": tuned, "networks": {"models": ["tuned"], **recipe["networks"]}})
    assert cells == ["results/digits/tuned_adamw_cpu.json"]
    trainings = axes.expand(recipe["networks"]["grid"], "cpu")
    assert len(trainings) == 4
    (block,) = recipe["networks"]["grid"]
    assert set(block) == {name for each in trainings for name in each} - {"precision", "engine", "pin_memory"}
