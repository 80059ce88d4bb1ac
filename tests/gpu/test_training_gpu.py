import pytest

import arrays
import fits
import studies
from bakeoff.cells import run as cell
from bakeoff.data import store
from bakeoff.families.network import engines
from bakeoff.families.network.family import NetworkFamily
from bakeoff.machine import hardware, threads
from bakeoff.networks import models
from bakeoff.records.run import Run

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is visible here"),
]

BLOCK = {"batch_size": 32, "learning_rate": 0.001, "epochs": 3}
COUNTS = {"train": 512, "validation": 200, "holdout": 200, "test": 400}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> store.Dataset:
    threads.set_threads(2)
    path = arrays.save(tmp_path_factory.mktemp("data") / "tiny.npz", 16, counts=COUNTS, noise=120)
    return store.load(path, "resized")


def fit_all(dataset, device: str, optimizer="adam", seeds=(0,), pack=1, **settings) -> list[Run]:
    family = NetworkFamily(
        dataset, *fits.rows("resnet18", optimizer), device, [{**BLOCK, **settings}], seeds, pack
    )
    return [fitted.run for fitted in fits.fit_all(family)]


def fit(dataset, device: str, **settings) -> Run:
    return fit_all(dataset, device, **settings)[0]


def losses(run: Run) -> list[float]:
    return [entry.train_loss for entry in run.history]


@pytest.fixture(scope="module")
def on_gpu(dataset) -> Run:
    return fit(dataset, "gpu")


def test_fp32_on_the_gpu_is_the_training_of_the_cpu(dataset, on_gpu):
    on_cpu = fit(dataset, "cpu")
    first, second = (run.history[0] for run in (on_cpu, on_gpu))
    assert second.train_loss == pytest.approx(first.train_loss, rel=0.05)
    assert on_gpu.test_accuracy == pytest.approx(on_cpu.test_accuracy, abs=0.03)
    assert on_gpu.details["autocast"] is None


def test_fp32_on_the_gpu_computes_no_tensorfloat32(on_gpu):
    assert not torch.backends.cudnn.allow_tf32
    assert torch.get_float32_matmul_precision() == "highest"


def test_both_engines_train_alike_on_the_gpu(dataset, on_gpu):
    loader = fit(dataset, "gpu", engine="dataloader", pin_memory=True)
    assert loader.test_accuracy == pytest.approx(on_gpu.test_accuracy, abs=0.03)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("precision", ["fp32", "mixed"])
@pytest.mark.parametrize("batch_size", [16, 32, 48])  # 512 images: 48 leaves a tail of 32
def test_a_replayed_graph_trains_as_single_steps_do(dataset, monkeypatch, optimizer, precision, batch_size):
    settings = {"optimizer": optimizer, "precision": precision, "batch_size": batch_size, "epochs": 2}
    graphed = fit(dataset, "gpu", **settings)
    assert graphed.details["execution"] == "graph"
    said = graphed.details["fast_paths"]
    assert (said["graph"], said["live_taps"], said["products"]) == (
        "taken",
        "taken",
        "declined: it is for CPUs",
    )
    monkeypatch.setattr(engines.Resident, "_record", lambda self: None)
    stepped = fit(dataset, "gpu", **settings)
    assert stepped.details["execution"] == "step by step"
    # Sums of floats in another order: the curves part slowly.
    assert losses(graphed)[0] == pytest.approx(losses(stepped)[0], rel=0.02)
    assert graphed.test_accuracy == pytest.approx(stepped.test_accuracy, abs=0.05)


def test_a_graph_that_holds_another_learning_rate_is_not_replayed(dataset, monkeypatch):
    def stopped(engine, number):
        (member,) = engine._members
        if number == 2:
            member.state.optimizer.param_groups[0]["lr"] = 0.0
        outcome = epoch(engine, number)
        sizes.append(member.state.weight_sum())
        return outcome

    epoch, sizes = engines.Resident.epoch, []
    monkeypatch.setattr(engines.Resident, "epoch", stopped)
    run = fit(dataset, "gpu", optimizer="sgd", epochs=3)
    assert "no longer those that were recorded" in run.details["fast_paths"]["graph"]
    assert sizes[0] == sizes[1] == sizes[2]


def test_a_network_with_dropout_is_stepped_and_goes_alone(dataset, monkeypatch):
    build = models.build

    def with_dropout(*args):
        network = build(*args)
        network.fc = torch.nn.Sequential(torch.nn.Dropout(0.5), network.fc)
        return network

    monkeypatch.setattr(models, "build", with_dropout)
    first, second = (fit_all(dataset, "gpu", seeds=(0, 1), pack=2, epochs=1) for _ in range(2))
    for run in first:
        assert run.details["fast_paths"]["graph"] == "declined: the network draws random numbers"
        assert run.details["fast_paths"]["side_by_side"].startswith("declined: the network draws")
    assert losses(first[0]) == pytest.approx(losses(second[0]), rel=0.02)


def test_a_graph_takes_the_first_steps_exactly_as_single_steps_do(dataset, monkeypatch):
    few = store.Dataset({name: part.select(slice(80)) for name, part in dataset.parts.items()}, dataset.meta)
    graphed = fit(few, "gpu", epochs=1)
    monkeypatch.setattr(engines.Resident, "_record", lambda self: None)
    assert losses(fit(few, "gpu", epochs=1)) == pytest.approx(losses(graphed), rel=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_trainings_side_by_side_train_as_each_alone(dataset, optimizer):
    grid = {"optimizer": optimizer, "seeds": (0, 1), "learning_rate": [0.001, 0.003], "epochs": 2}
    alone = fit_all(dataset, "gpu", **grid)
    together = fit_all(dataset, "gpu", pack=4, **grid)
    assert [run.details["execution"] for run in together] == ["graph"] * 4
    assert all(run.packed and run.details["side_by_side"] == 4 for run in together)
    for run in together:
        (other,) = (each for each in alone if (each.settings, each.seed) == (run.settings, run.seed))
        assert losses(run)[0] == pytest.approx(losses(other)[0], rel=0.02)
        assert run.test_accuracy == pytest.approx(other.test_accuracy, abs=0.05)


def test_what_does_not_fit_the_memory_together_is_trained_in_halves(dataset, capsys):
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    fit_all(dataset, "gpu", pack=2, seeds=(0, 1), epochs=1)
    enough_for_two = 1.3 * torch.cuda.max_memory_reserved()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(enough_for_two / total)
    try:
        runs = fit_all(dataset, "gpu", pack=8, seeds=range(8), epochs=1)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "do not fit the GPU's memory; trying 4" in capsys.readouterr().out
    assert [run.status for run in runs] == ["ok"] * 8


def test_mixed_precision_computes_in_float16(dataset, on_gpu, monkeypatch):
    seen = set()
    build = models.build

    def watched(*args):
        network = build(*args)
        network.layer3.register_forward_hook(
            lambda layer, inputs, output: seen.add((layer.training, output.dtype))
        )
        return network

    monkeypatch.setattr(models, "build", watched)
    run = fit(dataset, "gpu", precision="mixed")
    assert (True, torch.float16) in seen
    assert (True, torch.float32) not in seen
    assert run.details["autocast"] == "float16"
    assert run.status == "ok"
    assert run.test_accuracy == pytest.approx(on_gpu.test_accuracy, abs=0.05)


def test_the_record_names_the_gpu_and_the_kept_weights_load_on_a_host(dataset, tmp_path):
    from safetensors.torch import load_file

    place = tmp_path / "tiny" / "resnet18_adam_gpu.json"
    family = NetworkFamily(dataset, *fits.rows("resnet18", "adam"), "gpu", [{**BLOCK, "epochs": 1}], [0])
    cell.run_cell(family, place, 2, [])
    record = studies.read(place)
    assert record["device"] == "gpu"
    assert record["environments"][0]["gpu"] == torch.cuda.get_device_name(0)
    assert record["environments"][0]["driver"] is not None
    assert record["environments"][0]["versions"]["cuda"] == torch.version.cuda
    weights = load_file(place.parent / "models" / "resnet18_adam_gpu.safetensors")
    fits.build("resnet18", 3, 1).load_state_dict(weights, strict=True)


def test_a_gpu_cell_is_let_through():
    hardware.require_device("gpu")
