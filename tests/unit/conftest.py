"""Data and studies that several tests look at, made once per session."""

import sys
from pathlib import Path

import pytest

import arrays
import originals
import studies
import trainings
from bakeoff.data import store
from bakeoff.families.network import engines
from bakeoff.machine import threads
from bakeoff.networks import models
from rendered import Built, built


@pytest.fixture(autouse=True)
def no_module_stays(tmp_path_factory):
    """Forget modules of a test's own folders: another test's of the same name is another."""
    yield
    folder = str(tmp_path_factory.getbasetemp())
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(folder):
            del sys.modules[name]


@pytest.fixture(scope="module")
def short_and_steady():
    """One warm-up step in place of twenty, and a fixed thread count."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "WARM_UP_STEPS", 1)
        threads.set_threads(1)
        yield


@pytest.fixture
def small_networks(monkeypatch):
    """Let every row of a network build a small one."""
    monkeypatch.setattr(models, "build", trainings.small)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A prepared data set of three classes of tiny images, as a file."""
    return arrays.save(tmp_path_factory.mktemp("data") / "tiny.npz")


@pytest.fixture(scope="session")
def dataset(tiny) -> store.Dataset:
    """The same, read as a network sees it."""
    return store.load(tiny, "resized")


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Built:
    """The demo's like: digits, no GPU, one diverged run."""
    return built(tmp_path_factory.mktemp("small"), studies.small(), {"datasets": ["digits"]})


@pytest.fixture(scope="session")
def fashion(tmp_path_factory) -> Built:
    """Half of the published study: Fashion-MNIST with both devices."""
    cells = [cell for cell in studies.published() if cell["dataset"] == "fashion"]
    return built(tmp_path_factory.mktemp("fashion"), cells)


@pytest.fixture
def contents(monkeypatch) -> dict[str, bytes]:
    """The decompressed files of a tiny MNIST, whose digests the catalog knows; nothing is elsewhere."""
    return originals.tiny_mnist(monkeypatch)
