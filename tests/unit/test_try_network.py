"""Networks tried before their cells start: who is skipped, what stays an error, what a skipped cell is."""

import json
from pathlib import Path

import numpy as np
import pytest

import arrays
import studies
import time_chosen
import time_training
import train_network
import try_network
from bakeoff import command, faults
from bakeoff.command import DamagedError, UnfitError, UserError
from bakeoff.data import store
from bakeoff.networks import builders
from own_networks import put

torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

BLOCK = {"batch_size": 16, "learning_rate": 0.01, "epochs": [1, 2]}
TIMED = {"batch_size": 16, "epochs": 1}
LARGE = "own_nets:Large: cannot take images of 3 x 8 x 8: RuntimeError: "
OTHERS = """

def greedy(num_classes):
    raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")


class Greedy(Small):
    def forward(self, images):
        raise MemoryError


def reading(num_classes):
    return open("gone.txt")


def lacking(num_classes):
    import no_such_package
"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A working directory with networks of one's own, and a data set of three classes of 8 x 8 pixels."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    put(tmp_path)
    with open("own_nets.py", "a", encoding="utf-8") as file:
        file.write(OTHERS)
    arrays.save(tmp_path / "tiny.npz")
    return tmp_path


def row(name: str = "r", **fields) -> str:
    return json.dumps({"name": name, **fields})


def tried(*, to: str = "tried.json", data: str = "tiny.npz", **fields) -> Path:
    """Try a row and return the file that says what came of it."""
    try_network.main(try_network.Options(Path(data), row(**fields), Path(to)))
    return Path(to)


def save(found: dict, path: str = "own.pth") -> None:
    torch.save(found, path)


# Who is skipped, and what stays an error.


def test_a_network_that_can_be_trained_is_not_skipped(here, capsys):
    assert studies.read(tried(build="own_nets:Small")) == {
        "network": "r",
        "input_shape": [3, 8, 8],
        "classes": 3,
        "skipped": None,
    }
    assert capsys.readouterr().out == "tiny/r: can be trained\n"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"build": "own_nets:Large"}, LARGE),
        ({"build": "own_nets:Two"}, "own_nets:Two: answers with a tuple while it trains"),
        ({"build": "own_nets:Wide"}, "own_nets:Wide: answers to 2 images with 2 x 7 numbers"),
        ({"build": "own_nets:Bare"}, "own_nets:Bare: has no parameters"),
        ({"build": "own_nets:Still"}, "own_nets:Still: none of its parameters takes a gradient"),
        ({"build": "own_nets:nothing"}, "own_nets:nothing: gives a NoneType"),
        ({"build": "own_nets:Absent"}, "own_nets:Absent: own_nets has no Absent"),
        ({"build": "own_nets:Small", "settings": {"depth": 1}}, "own_nets:Small: cannot be made for 3 class"),
        ({"build": "resnet19"}, "resnet19: no classifier of torchvision's; did you mean resnet18?"),
        ({"build": "vit_b_16", "settings": {"image_size": 8}}, "vit_b_16: cannot be made for 3 classes"),
        ({"build": "alexnet"}, "alexnet: cannot take images of 3 x 8 x 8"),
        ({"build": "own_nets:Small", "freeze": "body"}, "freeze: body begins no parameter's name"),
        ({"build": "own_nets:Straight", "stem": "small"}, "own_nets:Straight: stem: its first layer is no"),
        (
            {"build": "own_nets:Small", "weights": "own.pth"},
            "own.pth: its weights fit nothing of own_nets:Sm",
        ),
        ({"build": "resnet18", "weights": "IMAGENET1K_V3"}, "resnet18: weights: IMAGENET1K_V3 is unknown"),
        ({"build": "own_nets:Small", "weights": "DEFAULT"}, "own_nets:Small: weights: DEFAULT is a name"),
    ],
    ids=str,
)
def test_a_row_that_cannot_take_the_data_is_skipped_with_its_reason_in_one_line(here, fields, said, capsys):
    save({"other.weight": torch.ones(2)})
    reason = studies.read(tried(**fields))["skipped"]
    assert reason.startswith(said)
    assert "\n" not in reason
    assert capsys.readouterr().out == f"tiny/r: skipped: {reason}\n"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"build": "own_nets:Small", "weights": "gone.pth"}, "gone.pth: no such file"),
        ({"build": "own_nets:Small", "weights": "own.pth"}, "own.pth: no weights can be read from it"),
        (
            {"build": "own_nets:Small", "weights": "own.safetensors"},
            "own.safetensors: no weights can be read",
        ),
        ({"build": "resnet18", "weights": "DEFAULT"}, "resnet18: weights: DEFAULT is not in "),
        ({"build": "gone_nets:Small"}, "gone_nets:Small: no module gone_nets; install its package, or put"),
    ],
    ids=str,
)
def test_what_is_absent_or_damaged_stays_an_error_that_names_the_cure(here, fields, said):
    Path("own.pth").write_bytes(b"PK\x03\x04" + b"x" * 99)
    Path("own.safetensors").write_bytes(b"x" * 99)
    with pytest.raises(UserError) as caught:
        tried(**fields)
    assert str(caught.value).startswith(said)
    assert not isinstance(caught.value, UnfitError)
    assert not Path("tried.json").exists()


def test_weights_that_no_network_brings_stay_an_error(here, monkeypatch):
    def refused(*given, **more):
        raise OSError("<urlopen error no network>")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
    with pytest.raises(UserError, match=r"DEFAULT cannot be fetched here \(OSError") as caught:
        tried(build="resnet18", weights="DEFAULT", download=True)
    assert not isinstance(caught.value, UnfitError)


def test_a_library_that_is_not_installed_stays_an_error(here, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(builders.importlib, "import_module", absent)
    with pytest.raises(UserError, match="`pip install timm` installs what it needs") as caught:
        tried(build="timm:convnext_atto")
    assert not isinstance(caught.value, UnfitError)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ("greedy", "not enough memory: "),
        ("Greedy", "not enough memory: "),
        ("reading", "gone.txt: No such file or directory; "),
        ("lacking", "needs the package no_such_package, which is not installed here"),
    ],
)
def test_a_fault_of_the_machine_ends_the_command_in_its_one_line(here, monkeypatch, capsys, build, said):
    words = ["--data", "tiny.npz", "--model", row(build=f"own_nets:{build}"), "--output", "tried.json"]
    monkeypatch.setattr("sys.argv", ["try_network.py", *words])
    with pytest.raises(SystemExit) as caught:
        command.run(try_network.main, try_network.Options)
    assert caught.value.code == faults.FAULT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"try_network.py: {said}")
    assert not Path("tried.json").exists()


# What a cell of it leaves.


def trained(file: Path | None, to: str = "tiny/r_sgd_cpu.json", build: str = "Large", **more) -> dict:
    options = {"optimizer": "sgd", "device": "cpu", "grid": [BLOCK], "seeds": [0, 1], "pack": 2}
    options |= {"data": Path("tiny.npz"), "output": Path(to), "tried": file, **more}
    train_network.main(train_network.Options(model=row(build=f"own_nets:{build}"), **options))
    return studies.read(Path(to)) if not more.get("shard") else {}


def test_a_cell_of_a_skipped_row_says_so_of_all_its_runs_and_leaves_no_model(here, capsys):
    file = tried(build="own_nets:Large")
    capsys.readouterr()
    record = trained(file)
    reason = studies.read(file)["skipped"]
    assert {(run["status"], run["error"]) for run in record["runs"]} == {("skipped", reason)}
    assert len(record["runs"]) == 4
    assert [record["best"], record["saved"], record["compute"]["parameters"]] == [None] * 3
    assert capsys.readouterr().out == f"tiny/r_sgd_cpu: skipped: {reason}\n"
    assert Path("tiny/models/r_sgd_cpu.safetensors").read_bytes() == b""
    with np.load("tiny/predictions/r_sgd_cpu.npz") as answers:
        assert not {"test", "validation"} & {name for name in answers.files if len(answers[name])}


def test_by_hand_without_that_file_one_line_says_what_is_wrong(here):
    with pytest.raises(UserError, match="own_nets:Large: cannot take images of 3 x 8 x 8"):
        trained(None, pack=1)


def without_clocks(record: dict) -> list:
    return [(run["status"], run["settings"], run["seed"], run["test_accuracy"]) for run in record["runs"]]


def skipping(reason: str = "own_nets:Small: a reason") -> Path:
    """Return a file that says of a row that could be trained that it cannot."""
    said = studies.read(tried(build="own_nets:Small", to="able.json")) | {"skipped": reason}
    Path("unable.json").write_text(json.dumps(said))
    return Path("unable.json")


def test_skipped_runs_are_in_no_journal_and_none_is_taken_from_one(here, capsys):
    unable = skipping()
    assert {run["status"] for run in trained(unable, build="Small")["runs"]} == {"skipped"}
    able = trained(Path("able.json"), build="Small")
    assert {run["status"] for run in able["runs"]} == {"ok"}
    again = trained(unable, build="Small")
    assert {(run["status"], run["error"]) for run in again["runs"]} == {
        ("skipped", "own_nets:Small: a reason")
    }
    with np.load("tiny/predictions/r_sgd_cpu.npz") as answers:
        assert not {"test", "validation"} & {name for name in answers.files if len(answers[name])}
    capsys.readouterr()
    assert without_clocks(trained(Path("able.json"), build="Small")) == without_clocks(able)
    assert "4 of 4 runs are in the journal" in capsys.readouterr().out


def test_a_shard_of_a_skipped_row_fails_no_more_than_its_cell(here):
    file = tried(build="own_nets:Large")
    for number in (1, 2):
        trained(file, shard=f"{number}/2")
    said = Path("tiny/shards/r_sgd_cpu.1of2").read_text()
    assert said == "0 of 2 runs are in the journal\n"
    assert {run["status"] for run in trained(file)["runs"]} == {"skipped"}


def test_timed_alone_or_in_turns_it_is_skipped_too(here):
    file = tried(build="own_nets:Large")
    trained(file)
    alone = Path("tiny/alone/r_sgd_cpu.json")
    cell, model = Path("tiny/r_sgd_cpu.json"), Path("tiny/models/r_sgd_cpu.safetensors")
    time_chosen.main(time_chosen.Options(cell, Path("tiny.npz"), alone, model))
    assert studies.read(alone)["runs"] == []
    assert studies.read(alone)["compute"]["method"] == "not counted: what was skipped was not built"
    speed = Path("tiny/speed/r_sgd_cpu.json")
    what = {"model": row(build="own_nets:Large"), "optimizer": "sgd", "settings": TIMED, "tried": file}
    options = time_training.Options(**what, data=Path("tiny.npz"), devices=["cpu"], output=[speed])
    time_training.main(options)
    record = studies.read(speed)
    assert [run["status"] for run in record["runs"]] == ["skipped"] * 3
    assert [run["repeat"] for run in record["runs"]] == [0, 1, 2]
    assert record["peak_flops_per_s"] is None


# The file itself.


@pytest.mark.parametrize("other", [{"network": "s"}, {"input_shape": [3, 9, 8]}, {"classes": 4}], ids=str)
def test_a_file_of_another_network_or_of_other_data_is_refused(here, other):
    file = tried(build="own_nets:Small")
    file.write_text(json.dumps(studies.read(file) | other))
    with pytest.raises(UserError, match=r"^tried.json: is of .*; name what try_network.py wrote of these$"):
        trained(file, build="Small")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON: "),
        ("{}", "not what try_network.py writes: "),
        ("[1]", "not what try_network.py writes"),
    ],
)
def test_a_damaged_file_is_one_line_with_its_name(here, text, said):
    Path("tried.json").write_text(text)
    with pytest.raises(DamagedError) as caught:
        trained(Path("tried.json"), build="Small")
    assert str(caught.value).startswith(f"tried.json: {said}")


def test_what_a_file_says_follows_from_the_row_and_the_shape_of_the_data_alone(here):
    first = tried(build="own_nets:Small").read_bytes()
    arrays.save(here / "other.npz", seed=1)
    assert store.load(here / "other.npz", "resized").digest != store.load(here / "tiny.npz", "resized").digest
    assert tried(build="own_nets:Small", data="other.npz", to="other.json").read_bytes() == first
