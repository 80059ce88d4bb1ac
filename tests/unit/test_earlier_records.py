"""Records of format 2 are read, and say what this version would have written."""

import copy
import json

import pytest

from bakeoff.analysis import collect
from bakeoff.command import DamagedError
from bakeoff.families.svm import axes
from bakeoff.records import selection, written
from bakeoff.records.record import to_json

DATA = {
    "digest": "0123456789abcdef" * 4,
    "title": "Digits",
    "classes": ["0", "1"],
    "counts": {"train": 10, "validation": 4, "holdout": 3, "test": 5},
    "image_shape": [8, 8],
    "grey": True,
    "limit_train": None,
    "limit_test": None,
    "fingerprints": {},
    "licence": "CC BY 4.0",
    "source": "scikit-learn 1.9.1",
}
ENVIRONMENT = {
    **{"cpu": "Example CPU", "cores": 2, "threads": 2, "memory_bytes": None, "gpu": None, "driver": None},
    **{"platform": "Linux x86_64", "versions": {"torch": "2.12.0"}, "image_digest": None, "git_commit": None},
}
ACCURACIES = {
    "validation_accuracy": 0.75,
    "test_accuracy": 0.8,
    "holdout_accuracy": 1.0,
    "train_accuracy": 0.9,
}
TIMES = {"train_s": 2.5, "time_to_result_s": 3.0, "phases_s": {"train": 2.5}}
NOTHING = dict.fromkeys((*ACCURACIES, "train_s", "time_to_result_s"))
EPOCH = {
    **{"epoch": 1, "train_loss": 0.5, "train_accuracy": 0.9, "validation_loss": 0.6},
    **{"validation_accuracy": 0.75, "train_s": 2.5},
}
REST = {
    "repeat": 0,
    "packed": False,
    "error": None,
    "environment": 0,
    "load": None,
    "details": {},
    "history": [],
}
COMPUTE = {
    **{"parameters": 11, "macs_forward": 10, "flops_forward": 20, "flops_train": None, "method": "by hand"},
}
NETWORK = {
    "batch_size": 16,
    "learning_rate": 0.001,
    "precision": "fp32",
    "engine": "resident",
    "pin_memory": None,
}
SVM = {"gamma": "scale", "degree": None, "scale": "standard"}


def run(settings: dict, seed: int | None, **more) -> dict:
    return {**REST, "settings": settings, "seed": seed, "status": "ok", **ACCURACIES, **TIMES, **more}


def lost(settings: dict, seed: int | None) -> dict:
    more = {"status": "diverged", "error": "the loss was not finite", "phases_s": {}}
    return run(settings, seed, **NOTHING, **more)


def best(settings: dict, seed: int | None) -> dict:
    return {"settings": settings, "seeds": [seed], "model_seed": seed, **ACCURACIES, "train_s": 2.5}


def of_format_2(what: dict, runs: list[dict], input_shape: list[int]) -> dict:
    """Return a record as the version before wrote it."""
    return {
        "format": 2,
        "purpose": "selection",
        "dataset": "digits",
        **what,
        "device": "cpu",
        "rows": {},
        "data": {**DATA, "input_shape": input_shape},
        "runs": runs,
        "best": best(runs[0]["settings"], runs[0]["seed"]),
        "compute": COMPUTE,
        "environments": [ENVIRONMENT],
        "allocation": None,
        "command": "python train.py",
    }


def network(optimizer: str = "adam") -> dict:
    what = {"family": "network", "model": "resnet18", "optimizer": optimizer, "kernel": None}
    runs = [run({**NETWORK, "epochs": 8}, 0, history=[EPOCH]), lost({**NETWORK, "epochs": 4}, 0)]
    return of_format_2(what, runs, [3, 16, 16])


def svm(kernel: str = "rbf") -> dict:
    what = {"family": "svm", "model": "svm", "optimizer": None, "kernel": kernel}
    details = {"support_vectors": 583, "engine": "sklearn"}
    runs = [run({**SVM, "C": 1.0}, None, details=details), lost({**SVM, "C": 9.0}, None)]
    return of_format_2(what, runs, [64])


def as_now(given: dict, what: dict, costs: list[float]) -> dict:
    """Return what this version would have written in place of a record of format 2."""
    rest = {
        name: each for name, each in given.items() if name not in ("family", "model", "optimizer", "kernel")
    }
    runs = [{**each, "cost": cost} for each, cost in zip(given["runs"], costs, strict=True)]
    return {**rest, "format": 3, **what, "runs": runs}


ADAM = {
    **{"family": "network", "competitor": "resnet18", "label": "ResNet-18", "group": "networks"},
    **{"factors": {"optimizer": {"name": "adam", "label": "Adam"}}, "scores": "probabilities"},
}
RBF = {
    **{"family": "svm", "competitor": "svm_rbf", "label": "SVM (RBF)", "group": "SVMs"},
    **{"factors": {}, "scores": "decisions"},
}


@pytest.mark.parametrize(
    ("given", "what", "costs", "cell"),
    [
        (network(), ADAM, [8 / 16, 4 / 16], "resnet18_adam_cpu"),
        (svm(), RBF, [583.0, 0.0], "svm_rbf_cpu"),
    ],
    ids=["network", "svm"],
)
def test_a_record_of_format_2_says_what_this_version_would_have_written(tmp_path, given, what, costs, cell):
    path = tmp_path / "cell.json"
    path.write_text(json.dumps(given))
    found = written.read(path)
    assert found == written.from_json(as_now(given, what, costs))
    assert found.cell == cell
    assert selection.summarise(selection.choose(found.runs)) == found.best
    written.write(path, found)
    assert json.loads(path.read_text())["format"] == 3
    assert written.read(path) == found


def test_a_record_of_format_3_from_before_operators_were_counted_is_read():
    given = to_json(written.from_json(network()))
    del given["compute"]["operators"]
    assert written.from_json(given).compute.operators is None


@pytest.mark.parametrize("kernel", axes.KERNELS)
def test_kernels_are_called_as_they_are_now(kernel):
    assert written.from_json(svm(kernel)).label == axes.LABELS[kernel]


def test_a_row_that_is_none_of_the_shipped_is_called_by_its_name():
    given = {**network("lamb"), "model": "own_net"}
    found = written.from_json(given)
    assert (found.label, found.factors["optimizer"].label) == ("own_net", "lamb")
    assert found.cell == "own_net_lamb_cpu"


def test_what_is_given_stays_as_it_was():
    given = network()
    before = copy.deepcopy(given)
    written.from_json(given)
    assert given == before


def test_a_study_of_both_formats_is_collected(tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(network()))
    new.write_text(json.dumps(to_json(written.from_json(svm()))))
    assert [record.competitor for record in collect.read_cells([old, new])] == ["resnet18", "svm_rbf"]


SPOIL = {
    "no model": lambda given: given.pop("model"),
    "no runs": lambda given: given.pop("runs"),
    "runs of no list": lambda given: given.update(runs=3),
    "a run that is none": lambda given: given.update(runs=[None]),
    "batches of none": lambda given: given["runs"][0]["settings"].update(epochs=1, batch_size=0),
    "epochs of none": lambda given: given["runs"][0]["settings"].update(epochs="8"),
    "another family's word": lambda given: given.update(model=7),
}


@pytest.mark.parametrize("spoil", SPOIL)
@pytest.mark.parametrize("make", [network, svm])
def test_a_damaged_one_is_one_line_with_its_name(tmp_path, spoil, make):
    given = make()
    SPOIL[spoil](given)
    path = tmp_path / "cell.json"
    path.write_text(json.dumps(given))
    with pytest.raises(DamagedError) as caught:
        written.read(path)
    assert str(caught.value).startswith(f"{path}: not a cell record")
    assert len(str(caught.value).splitlines()) == 1
