import pytest

import arrays
from bakeoff import cell, hardware, models, records, train
from bakeoff.datasets import store
from bakeoff.progress import Progress
from bakeoff.train.backend import ResnetBackend

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is visible here"),
]

BLOCK = {"batch_size": 32, "learning_rate": 0.001, "epochs": 3}
COUNTS = {"train": 512, "validation": 200, "holdout": 200, "test": 400}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> store.Dataset:
    train.set_threads(2)
    path = arrays.save(tmp_path_factory.mktemp("data") / "tiny.npz", 16, counts=COUNTS, noise=120)
    return store.load(path, "resized")


def fit(dataset, device: str, **settings) -> dict:
    backend = ResnetBackend(dataset, "resnet18", "adam", device, [{**BLOCK, **settings}], [0])
    return next(backend.fit(backend.plans()[0], Progress("test", 1))).run


@pytest.fixture(scope="module")
def on_gpu(dataset) -> dict:
    return fit(dataset, "gpu")


def test_fp32_on_the_gpu_is_the_training_of_the_cpu(dataset, on_gpu):
    on_cpu = fit(dataset, "cpu")
    first, second = (run["history"][0] for run in (on_cpu, on_gpu))
    assert second["train_loss"] == pytest.approx(first["train_loss"], rel=0.05)
    assert on_gpu["test_accuracy"] == pytest.approx(on_cpu["test_accuracy"], abs=0.03)
    assert on_gpu["details"]["autocast"] is None


def test_fp32_on_the_gpu_computes_no_tensorfloat32(on_gpu):
    assert not torch.backends.cudnn.allow_tf32
    assert torch.get_float32_matmul_precision() == "highest"


def test_both_engines_train_alike_on_the_gpu(dataset, on_gpu):
    loader = fit(dataset, "gpu", engine="dataloader", pin_memory=True)
    assert loader["test_accuracy"] == pytest.approx(on_gpu["test_accuracy"], abs=0.03)


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
    assert run["details"]["autocast"] == "float16"
    assert run["status"] == "ok"
    assert run["test_accuracy"] == pytest.approx(on_gpu["test_accuracy"], abs=0.05)


def test_the_record_names_the_gpu_and_the_kept_weights_load_on_a_host(dataset, tmp_path):
    from safetensors.torch import load_file

    place = tmp_path / "tiny" / "resnet18_adam_gpu.json"
    backend = ResnetBackend(dataset, "resnet18", "adam", "gpu", [{**BLOCK, "epochs": 1}], [0])
    cell.run_cell(backend, place, 2, [])
    record = records.read(place)
    assert record["device"] == "gpu"
    assert record["environment"]["gpu"] == torch.cuda.get_device_name(0)
    assert record["environment"]["driver"] is not None
    assert record["environment"]["versions"]["cuda"] == torch.version.cuda
    weights = load_file(place.parent / "models" / "resnet18_adam_gpu.safetensors")
    models.build("resnet18", 3, 1).load_state_dict(weights, strict=True)


def test_a_gpu_cell_is_let_through():
    hardware.require_device("gpu")
