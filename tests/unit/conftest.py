"""Data and studies that several tests look at, made once per session."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import arrays
import studies
from bakeoff import train
from bakeoff.analysis import collect, published, study, tables
from bakeoff.datasets import store
from bakeoff.plots import gallery
from bakeoff.report import render
from bakeoff.train import engines

TEMPLATES = studies.ROOT / "report"


@pytest.fixture(scope="module")
def short_and_steady():
    """One warm-up step in place of twenty, and a fixed thread count."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "WARM_UP_STEPS", 1)
        train.set_threads(1)
        yield


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A prepared data set of three classes of tiny images, as a file."""
    return arrays.save(tmp_path_factory.mktemp("data") / "tiny.npz")


@pytest.fixture(scope="session")
def dataset(tiny) -> store.Dataset:
    """The same, read as a network sees it."""
    return store.load(tiny, "resized")


@dataclass(frozen=True)
class Built:
    """A study on disk with its figures and its report."""

    folder: Path
    study: study.Study

    @property
    def html(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @property
    def pdf(self) -> Path:
        return self.folder / "report.pdf"


def collected(folder: Path, cells: list[dict]) -> study.Study:
    """Write and collect the cells of a study."""
    paths = studies.save(folder, cells)
    collect.write(collect.read_cells(paths), folder / "records.jsonl", folder / "runs.csv")
    return study.load(folder / "records.jsonl")


def built(folder: Path, cells: list[dict], config: dict | None = None) -> Built:
    """Collect a study, draw it and render its report."""
    found = collected(folder, cells)
    rows = published.rows(found, published.read_reference(studies.REFERENCE))
    tables.write(folder / "published.csv", published.COLUMNS, rows)
    gallery.draw(found, folder / "figures", studies.pictures(cells))
    source = render.Source(folder / "records.jsonl", folder, folder / "figures", config)
    render.write(source, TEMPLATES, folder / "report.html", folder / "report.pdf")
    return Built(folder, found)


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Built:
    """The demo's like: digits, no GPU, one diverged run."""
    return built(tmp_path_factory.mktemp("small"), studies.small(), {"datasets": ["digits"]})


@pytest.fixture(scope="session")
def fashion(tmp_path_factory) -> Built:
    """Half of the published study: Fashion-MNIST with both devices."""
    cells = [cell for cell in studies.published() if cell["dataset"] == "fashion"]
    return built(tmp_path_factory.mktemp("fashion"), cells)
