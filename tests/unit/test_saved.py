"""A saved model says what it takes, and one loader makes any of them ready to use."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest

import arrays
import fits
import rendered
import studies
from bakeoff import plugins, saved
from bakeoff.analysis import best, collect, derivation
from bakeoff.cells import predictor
from bakeoff.cells import run as cell
from bakeoff.cells.family import Resources
from bakeoff.command import DamagedError, UserError
from bakeoff.data import store
from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.svm.family import SvmFamily
from bakeoff.machine import hardware
from bakeoff.records import signature
from bakeoff.records.predictions import Predictions
from bakeoff.report import context, deployment
from checkout import ROOT

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

BLOCK = {"batch_size": 16, "learning_rate": 0.01, "epochs": 3}
CELLS = {"resnet18": "resnet18_sgd_cpu", "svm_rbf": "svm_rbf_cpu", "svm_poly": "svm_poly_cpu"}


def chosen_answers(place: Path, cell: str) -> Predictions:
    """Return what the chosen run of a cell answered."""
    with np.load(place / "predictions" / f"{cell}.npz") as file:
        return Predictions(file["labels"], file["test"][0], file["scores"][0])


@pytest.fixture(scope="module")
def study(tmp_path_factory, short_and_steady):
    """A finished cell of each family; images of 8 rows and, for the SVMs, of 6 columns."""
    folder = tmp_path_factory.mktemp("study")
    data = store.load(arrays.save(folder / "digits.npz", classes=4), "resized")
    cut = {name: store.Part(part.images[:, :, :6], part.labels) for name, part in data.parts.items()}
    narrow = store.Dataset(cut, data.meta)
    families = [
        NetworkFamily(data, *fits.rows("resnet18", "sgd"), "cpu", [BLOCK], (0,)),
        *(SvmFamily(narrow, name, [{"C": 2.0}], Resources("sklearn")) for name in ("rbf", "poly")),
    ]
    place = folder / "results" / "digits"
    for family in families:
        cell.run_cell(family, place / f"{family.competitor.cell}.json", 1, [])
    return place, {"resnet18": data, "svm_rbf": narrow, "svm_poly": narrow}


def file_of(place, model):
    return place / "models" / f"{CELLS[model]}.safetensors"


@pytest.mark.parametrize("model", CELLS)
def test_a_saved_model_answers_as_its_cell_recorded(study, model):
    place, data = study
    ready = saved.load(file_of(place, model))
    numbers, scores = ready(data[model].parts["test"].images)
    kept = chosen_answers(place, CELLS[model])
    assert np.array_equal(numbers, kept.predictions)
    assert np.allclose(scores, kept.scores, atol=1e-5)
    assert scores.shape == (20, 4)
    assert studies.read(place / f"{CELLS[model]}.json")["best"]["test_accuracy"] == np.mean(
        numbers == data[model].parts["test"].labels
    )


@pytest.mark.parametrize("model", CELLS)
def test_its_signature_says_all_that_is_needed_to_use_it(study, model):
    place, data = study
    found = signature.read(file_of(place, model))
    network = model == "resnet18"
    assert (found.model, found.family) == (model, "network" if network else "svm")
    assert found.size == ((8, 8) if network else (8, 6))
    assert found.channels == (3 if network else 1)
    assert found.range == ((-1.0, 1.0) if network else (0.0, 1.0))
    assert len(found.mean) == len(found.deviation) == found.channels
    assert found.classes == tuple(data[model].meta["classes"])
    assert found.data == data[model].digest
    if not network:
        assert found.parameters["C"] == 2.0
        assert found.parameters["name"] == model.removeprefix("svm_")


@pytest.mark.parametrize("model", CELLS)
def test_the_record_says_of_the_file_what_the_file_says(study, model):
    place, _ = study
    record = studies.read(place / f"{CELLS[model]}.json")
    about = dict(record["saved"])
    assert place / about.pop("file") == file_of(place, model)
    known = json.loads(json.dumps(dataclasses.asdict(signature.read(file_of(place, model)))))
    assert about.pop("format") == signature.FORMAT
    assert about == {name: known[name] for name in about}
    assert {*known} - {*about} == {"family", "model", "classes", "data", "features"}


def test_the_module_is_torchvisions_and_takes_the_stated_range(study):
    import torch
    from torchvision.models import ResNet

    place, data = study
    ready = saved.load(file_of(place, "resnet18"))
    assert type(ready.module) is ResNet
    assert not ready.module.training
    images = data["resnet18"].parts["test"].images
    pixels = ready.signature.normalise(images)
    low, high = ready.signature.range
    assert low <= pixels.min() < 0 < pixels.max() <= high
    with torch.inference_mode():
        logits = ready.module(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    assert np.array_equal(logits.argmax(1), ready(images)[0])


def test_the_pipeline_is_scikit_learns_and_takes_the_stated_range(study):
    from sklearn.pipeline import Pipeline

    place, data = study
    ready = saved.load(file_of(place, "svm_rbf"))
    assert type(ready.pipeline) is Pipeline
    images = data["svm_rbf"].parts["test"].images
    rows = images.reshape(len(images), -1) / 255
    assert np.array_equal(ready.pipeline.predict(rows.astype(np.float32)), ready(images)[0])


def test_pixels_are_normalised_as_in_training_to_the_last_bit(study):
    import torch

    place, data = study
    images = data["resnet18"].parts["test"].images
    trained = Pixels(grey=True).normalise(torch.from_numpy(images)).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(signature.read(file_of(place, "resnet18")).normalise(images), trained)
    narrow = data["svm_rbf"].parts["test"].images
    fitted = narrow.astype(np.float32) / 255
    assert np.array_equal(signature.read(file_of(place, "svm_rbf")).normalise(narrow)[..., 0], fitted)


@pytest.mark.parametrize("model", CELLS)
def test_grey_images_may_have_a_channel_and_a_networks_three(study, model):
    place, data = study
    ready, images = saved.load(file_of(place, model)), data[model].parts["test"].images
    forms = [images[..., None]] + ([np.repeat(images[..., None], 3, 3)] if model == "resnet18" else [])
    for form in forms:
        assert np.array_equal(ready(form)[1], ready(images)[1])
    numbers, scores = ready(images[:0])
    assert (numbers.shape, scores.shape) == ((0,), (0, 4))


@pytest.mark.parametrize("model", CELLS)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda images: images[:, :5], r"images must be \(n, 8, [86]\).*, not \(20, 5, [86]\)"),
        (lambda images: images[0], r"images must be \(n, 8, [86]\)"),
        (lambda images: np.repeat(images[..., None], 2, 3), r"images must be \(n, 8, [86]\)"),
        (lambda images: images / 255, "images must be uint8, 0 to 255, not float64"),
    ],
)
def test_other_images_are_refused_in_one_line(study, model, wrong, said):
    place, data = study
    ready = saved.load(file_of(place, model))
    with pytest.raises(UserError, match=f"^{said}") as refused:
        ready(wrong(data[model].parts["test"].images))
    assert "\n" not in str(refused.value)


def test_more_images_than_a_batch_are_answered_in_their_order(study, monkeypatch):
    place, data = study
    images = data["resnet18"].parts["test"].images
    ready = saved.load(file_of(place, "resnet18"))
    whole = ready(images)
    monkeypatch.setattr(predictor, "BATCH", 7)
    cut = ready(images)
    assert np.array_equal(whole[0], cut[0])
    assert np.allclose(whole[1], cut[1], atol=1e-5)


def test_loading_leaves_the_random_numbers_alone(study):
    import torch

    place, _ = study
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    saved.load(file_of(place, "resnet18"))
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (None, "does not say what images it takes, as an earlier version saved it: train it again"),
        ({"machine": "{}"}, "does not say what images it takes"),
        ({"bakeoff": '{"format": 2}'}, "saved in format 2; this version reads format 1"),
    ],
)
def test_a_file_without_a_signature_of_this_format_is_refused_in_one_line(tmp_path, metadata, said):
    from safetensors.numpy import save_file

    path = tmp_path / "old.safetensors"
    save_file({"weight": np.ones(3, np.float32)}, path, metadata)
    for read in (saved.load, signature.read):
        with pytest.raises(UserError, match=f"^{re.escape(str(path))}: {re.escape(said)}"):
            read(path)
    assert signature.find(path) is None


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"", UserError, "holds no model: no run of its cell finished"),
        (b"short", DamagedError, "damaged: not a safetensors file"),
        (b"\x02" + b"\x00" * 7 + b"{]", DamagedError, "damaged"),
        (b"\xff" * 40, DamagedError, "damaged: not a safetensors file"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path, content, error, said):
    path = tmp_path / "no.safetensors"
    path.write_bytes(content)
    with pytest.raises(error, match=said):
        saved.load(path)


@pytest.mark.parametrize("model", ["resnet18", "svm_rbf"])
@pytest.mark.parametrize("cut", [40, 3000])
def test_a_model_that_was_cut_is_damaged_and_named(study, tmp_path, model, cut):
    content = file_of(study[0], model).read_bytes()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(content[:-cut])
    with pytest.raises(DamagedError, match=re.escape(str(path))):
        saved.load(path)


def test_weights_of_another_network_are_refused(study, tmp_path):
    known = signature.read(file_of(study[0], "resnet18"))
    network = fits.build("resnet18", 4, 0)
    path = tmp_path / "other.safetensors"
    other = {"model": "resnet50", "parameters": {"build": "torchvision.models.resnet:resnet50"}}
    signature.save(path, network.state_dict(), dataclasses.replace(known, **other))
    with pytest.raises(DamagedError, match="not the weights of resnet50"):
        saved.load(path)


@pytest.mark.parametrize(
    "named",
    [
        {"build": "os:getcwd"},
        {"build": "torchvision.models._api:get_model"},
        {"build": "torchvision.models:resnet18", "settings": {"weights": "DEFAULT"}},
    ],
    ids=str,
)
def test_code_that_a_file_names_is_not_run_unasked(study, tmp_path, named, monkeypatch):
    known = signature.read(file_of(study[0], "resnet18"))
    path = tmp_path / "foreign.safetensors"
    network = fits.build("resnet18", len(known.classes), 0)
    signature.save(path, network.state_dict(), dataclasses.replace(known, parameters=named))
    monkeypatch.setattr(plugins, "find", lambda name: pytest.fail(f"{name} was imported"))
    with pytest.raises(UserError, match="names code to be run that is not torchvision's"):
        saved.load(path)


def test_own_code_is_run_where_it_is_asked_for(study, tmp_path, monkeypatch):
    known = signature.read(file_of(study[0], "resnet18"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_nets.py").write_text("from torchvision.models import resnet18 as net\n")
    network = fits.build("resnet18", len(known.classes), 0)
    own = dataclasses.replace(known, parameters={"build": "own_nets:net"})
    signature.save(tmp_path / "own.safetensors", network.state_dict(), own)
    assert saved.load(tmp_path / "own.safetensors", own_code=True).signature == own


def test_a_file_that_is_absent_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        saved.load(tmp_path / "absent.safetensors")


@pytest.fixture
def reported(study):
    place, _ = study
    found = collect.load(place.parent)
    return context.build(found, derivation.every(found, None), [])


def test_the_report_names_every_best_models_file_what_it_takes_and_the_loader(study, reported):
    section = next(section for section in reported.sections if section.name == "deployment")
    (table,) = (table for table in section.tables if table.name == "saved")
    rows = {row[2].text: [cell.text for cell in row] for row in table.rows}
    assert set(rows) == {f"digits/models/{name}.safetensors" for name in CELLS.values()}
    network = rows["digits/models/resnet18_sgd_cpu.safetensors"]
    assert network[0] == "ResNet-18"
    assert network[3:] == ["8 × 8 × 3", "\N{MINUS SIGN}1 to 1", "0.5, 0.5"]
    assert rows["digits/models/svm_rbf_cpu.safetensors"][3:] == ["8 × 6 × 1", "0 to 1", "0, 1"]
    assert "bakeoff.saved.load(file)" in table.note
    for file in rows:
        saved.load(study[0].parent / file)


def test_a_report_on_records_that_say_nothing_of_their_models_has_no_such_table(tmp_path):
    found = rendered.collected(tmp_path, studies.small())
    assert deployment.models(found, best.rows(found)) == []


def readme_lines() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(from bakeoff\.saved import load\n.*?)```", text, re.S)
    return block


@pytest.mark.parametrize("model", CELLS)
def test_readmes_lines_use_a_saved_model_of_any_family(study, model, monkeypatch):
    place, data = study
    lines = readme_lines()
    assert len([line for line in lines.splitlines() if line]) == 3
    given = re.search(r"results/digits/models/(\w+)\.safetensors", lines)
    monkeypatch.chdir(place.parents[1])
    known = {"images": data[model].parts["test"].images}
    exec(lines.replace(given[1], CELLS[model]), known)
    kept = chosen_answers(place, CELLS[model])
    assert np.array_equal(known["numbers"], kept.predictions)
    assert known["model"].signature.classes[known["numbers"][0]].startswith("class ")


@pytest.mark.parametrize("device", ["tpu", "", None])
def test_a_device_that_there_is_not_is_one_line(study, device):
    with pytest.raises(UserError, match="is unknown; known are cpu, gpu"):
        saved.load(file_of(study[0], "resnet18"), device)


def test_a_gpu_that_is_not_there_is_one_line(study, monkeypatch):
    monkeypatch.setattr(hardware, "best_device", lambda: "cpu")
    with pytest.raises(UserError, match="no CUDA device is visible here"):
        saved.load(file_of(study[0], "resnet18"), "gpu")
