"""`engine: auto`: the images lie on the device where it holds them, and stream from the host otherwise."""

import pytest

import fits
from bakeoff.families.network import engines
from trainings import runs

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.numeric,
    pytest.mark.usefixtures("short_and_steady", "small_networks"),
]

AUTO = {"engine": "auto"}
FULL = "declined: the images need 0 MB, more than half of the GPU's 0 MB that are free"


def compared(run):
    """Return what does not depend on where batches come from."""
    return fits.without(run, (*fits.CLOCKS, "engine", "fast_paths", "packed", "side_by_side"))


@pytest.fixture
def gpu(monkeypatch):
    """Let the device have so many bytes that are free, as a GPU says it."""

    def has(free):
        monkeypatch.setattr(engines, "_free", lambda device: free)

    return has


def test_on_a_cpu_it_is_resident_and_the_same_training(dataset):
    (auto,), (resident,) = runs(dataset, AUTO), runs(dataset)
    assert compared(auto) == compared(resident)
    assert auto.settings["engine"] == "auto"
    said = auto.details["fast_paths"].pop("resident")
    assert said == "taken"
    assert auto.details["fast_paths"] == resident.details["fast_paths"]


@pytest.mark.parametrize(("share", "kind"), [(1, "resident"), (0.99, "dataloader")])
def test_images_may_take_half_of_a_gpus_free_memory(dataset, gpu, share, kind):
    train = dataset.parts["train"]
    gpu(int(2 * share * (train.images.nbytes + 8 * len(train.labels))))
    (auto,), (other,) = runs(dataset, AUTO), runs(dataset, {"engine": kind})
    assert compared(auto) == compared(other)
    assert auto.details["fast_paths"].pop("resident") == ("taken" if kind == "resident" else FULL)
    assert auto.details["fast_paths"] == other.details["fast_paths"]


def test_the_others_do_not_ask(dataset, gpu):
    gpu(0)
    for kind in ("resident", "dataloader"):
        (run,) = runs(dataset, {"engine": kind})
        assert "resident" not in run.details["fast_paths"]


def test_trainings_side_by_side_stream_one_after_another(dataset, gpu):
    gpu(0)
    block = {**AUTO, "learning_rate": [0.01, 0.02]}
    together, alone = runs(dataset, block, pack=2), runs(dataset, {**block, "engine": "dataloader"})
    assert [compared(run) for run in together] == [compared(run) for run in alone]
    assert {run.details["fast_paths"]["resident"] for run in together} == {FULL}
    assert not any(run.packed for run in together)


def test_trainings_side_by_side_stay_so_where_the_images_fit(dataset):
    together = runs(dataset, {**AUTO, "learning_rate": [0.01, 0.02]}, pack=2)
    assert all(run.packed for run in together)
