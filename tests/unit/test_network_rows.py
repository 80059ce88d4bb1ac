"""Rows of networks: by which names, from which weights, with which stem, and what of them is trained."""

import pickle
from pathlib import Path

import pytest

from bakeoff import rows
from bakeoff.command import UserError
from bakeoff.families.network import optimizers
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks import builders, freezing, models
from bakeoff.networks.models import NETWORKS
from bakeoff.records import signature
from own_networks import named, network, put

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A working directory with a module of networks of one's own."""
    monkeypatch.chdir(tmp_path)
    return put(tmp_path)


def complaint(call, *given, **more) -> str:
    with pytest.raises(UserError) as caught:
        call(*given, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# By which names.


@pytest.mark.parametrize(
    "build", ["resnet18", "torchvision.models:resnet18", "torchvision.models.resnet:resnet18"]
)
def test_a_classifier_of_torchvisions_goes_by_its_name_alone(build):
    torch.manual_seed(3)
    stock = builders.find("torchvision.models:resnet18")(num_classes=4).state_dict()
    found = models.build(network(build=build), 4, 3).state_dict()
    assert list(found) == list(stock)
    assert all(torch.equal(found[name], stock[name]) for name in stock)
    assert models.is_known(network(build=build))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            "res net",
            "networks/r/build: res net is no network; write the name of torchvision's, timm:NAME, or pack",
        ),
        ("timm:", "networks/r/build: timm: is no network; write"),
        (3, "networks/r/build: 3 is no text"),
    ],
)
def test_what_names_no_network_is_one_line(build, said):
    assert complaint(network, build=build).startswith(said)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"build": "resnet19"}, "resnet19: no classifier of torchvision's; did you mean resnet18?"),
        ({"build": "fcn_resnet50"}, "fcn_resnet50: no classifier of torchvision's"),
        (
            {"build": "own_nets:Small", "settings": {"depth": 3}},
            "own_nets:Small: cannot be made for 3 classes: Ty",
        ),
        (
            {"build": "own_nets:nothing"},
            "own_nets:nothing: gives a NoneType, and no torch.nn.Module; name a f",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_built_is_one_line(here, row, said):
    assert complaint(models.build, network(**row), 3, 0).startswith(said)


def test_without_timm_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(builders, "find_spec", lambda name: None)
    assert network(build="timm:convnext_atto").lacks() == (
        "timm:convnext_atto: timm is not installed; `pip install timm` installs it"
    )
    assert network(build="resnet18").lacks() is None


# What two rows have in common, and in which they differ.


def test_what_a_file_holds_is_in_the_content_and_whether_it_may_be_fetched_is_not(here):
    torch.save({"a": torch.ones(2)}, "own.pth")
    row = network(build="resnet18", weights="own.pth")
    first = rows.content(row)
    assert len(first["weights_sha256"]) == 64
    torch.save({"a": torch.zeros(2)}, "own.pth")
    assert rows.content(row) != first
    asked = named(build="resnet18", weights="DEFAULT", download=True)
    assert rows.content(asked.row) == {"build": "resnet18", "weights": "DEFAULT"}
    assert NETWORKS.named(str(asked)) == asked


@pytest.mark.parametrize(
    "row",
    [
        {"weights": "own.pth", "freeze": ["conv1", "layer1"]},
        {"stem": "small", "mean": 0.4, "std": [0.1, 0.2, 0.3]},
        {"freeze": "backbone", "label": "Mine"},
    ],
    ids=str,
)
def test_a_row_is_the_same_after_it_went_through_a_command_and_a_record(here, row):
    torch.save({"a": torch.ones(2)}, "own.pth")
    found = named(build="resnet18", **row)
    assert NETWORKS.named(str(found)) == found
    assert NETWORKS.said("r", rows.content(found.row), row.get("label")) == found


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"weights": "a b"},
            "weights: a b is neither a file (.safetensors, .pth, .pt) nor a name of weights, such",
        ),
        ({"weights": "{a}.pth"}, "weights: {a}.pth has a brace"),
        (
            {"freeze": "layer 1"},
            "freeze: layer 1 is neither none, backbone nor what parameters' names begin with",
        ),
        ({"freeze": []}, "freeze: [] is neither none"),
        ({"stem": "large"}, "stem: large is unknown; known are stock, small"),
        ({"mean": [0.5, 0.5]}, "mean: [0.5, 0.5] has 2 numbers; write one, or one for each of 3 channels"),
        ({"std": 0}, "std: 0 must be above 0"),
        ({"std": [1, 1, "x"]}, 'std: [1, 1, "x"] is not a number'),
        ({"download": "perhaps"}, "download: perhaps is neither true nor false"),
    ],
    ids=str,
)
def test_a_field_that_says_nothing_that_is_known_is_one_line(row, said):
    assert complaint(network, build="resnet18", **row).startswith(f"networks/r/{said}")


# Weights.


def saved(path: str, classes: int = 5, seed: int = 7, wrap=lambda state: state) -> dict:
    state = models.build(network(build="own_nets:Small"), classes, seed).state_dict()
    if path.endswith(".safetensors"):
        from safetensors.torch import save_file

        save_file(state, path)
    else:
        torch.save(wrap(state), path)
    return state


def wrapped(state: dict) -> dict:
    return {"epoch": 3, "state_dict": {f"module.{name}": each for name, each in state.items()}}


@pytest.mark.parametrize(
    ("path", "wrap"),
    [
        ("own.pth", lambda state: state),
        ("own.pt", wrapped),
        ("own.safetensors", None),
    ],
    ids=["pth", "a checkpoint in a wrapper", "safetensors"],
)
def test_what_fits_of_a_file_is_taken_and_the_head_of_another_size_is_drawn_and_said(here, path, wrap):
    state = saved(path, wrap=wrap)
    row = network(build="own_nets:Small", weights=path)
    found, fit = models.made(row, 3, 0)
    drawn = models.architecture(row, 3, 0).state_dict()
    for name, each in found.state_dict().items():
        assert torch.equal(each, (drawn if name.startswith("fc.") else state)[name]), name
    assert (fit.taken, fit.of, fit.unused) == (len(state) - 2, len(state), [])
    assert fit.drawn == {
        "fc.weight": "5 x 256 in the file, 3 x 256 here",
        "fc.bias": "5 in the file, 3 here",
    }
    assert str(fit) == (
        f"{fit.taken} of {fit.of} tensors are from {path}; drawn from the seed: "
        "fc.weight (5 x 256 in the file, 3 x 256 here); fc.bias (5 in the file, 3 here)"
    )


def test_a_file_of_as_many_classes_gives_the_head_too(here):
    state = saved("own.pth", classes=3)
    found, fit = models.made(network(build="own_nets:Small", weights="own.pth"), 3, 0)
    assert torch.equal(found.fc.weight, state["fc.weight"])
    assert fit.drawn == {}


def test_a_changed_file_is_read_anew(here):
    for seed in (1, 2):
        state = saved("own.pth", classes=3, seed=seed)
        found = models.build(network(build="own_nets:Small", weights="own.pth"), 3, 0)
        assert torch.equal(found.fc.weight, state["fc.weight"])


class Harm:
    """What a file may hold that runs code when it is read."""

    def __reduce__(self):
        return Path.touch, (Path("harmed"),)


def write_harm(path: Path) -> None:
    path.write_bytes(pickle.dumps(Harm(), protocol=2))


def write_whole(path: Path) -> None:
    torch.save(nn.Linear(2, 2), path)


@pytest.mark.parametrize(
    ("path", "write", "said"),
    [
        (
            "a.pth",
            write_whole,
            "a.pth: holds more than weights, which would be run as code; save the network's",
        ),
        ("a.pth", write_harm, "a.pth: "),
        ("a.pth", lambda path: None, "a.pth: no such file; name a file of weights that is there"),
        ("a.pth", lambda path: path.write_bytes(b"x" * 99), "a.pth: "),
        (
            "a.safetensors",
            lambda path: path.write_bytes(b"x" * 99),
            "a.safetensors: no weights can be read from it",
        ),
        (
            "a.pth",
            lambda path: torch.save([1, 2], path),
            "a.pth: no weights can be read from it: ValueError: it ho",
        ),
        (
            "a.pth",
            lambda path: torch.save({"other.weight": torch.ones(2)}, path),
            "a.pth: its weights fit nothing of own_nets:Small, whose first is conv.weight and theirs other.w",
        ),
        (
            "a.pth",
            lambda path: torch.save({"bn.num_batches_tracked": torch.tensor(3)}, path),
            "a.pth: its weights fit nothing of own_nets:Small",
        ),
    ],
)
def test_a_file_that_gives_no_weights_is_one_line_and_no_code_is_run(here, path, write, said):
    write(here / path)
    assert complaint(models.build, network(build="own_nets:Small", weights=path), 3, 0).startswith(said)
    assert not (here / "harmed").exists()


# Weights that have a name.


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """The folder where torch keeps what it fetched, empty; nothing can be fetched."""

    def refused(*given, **more):
        raise OSError("<urlopen error no network>")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
    return tmp_path / "torch/hub/checkpoints"


def test_named_weights_are_fetched_only_where_that_is_asked_for(cache):
    said = complaint(models.build, network(build="resnet18", weights="DEFAULT"), 3, 0)
    assert said == (
        f"resnet18: weights: DEFAULT is not in {cache}; say `download: true` in its row, or name a file"
    )


def test_without_a_network_one_line_says_where_they_may_be_put(cache):
    row = network(build="resnet18", weights="IMAGENET1K_V1", download=True)
    assert complaint(models.build, row, 3, 0) == (
        "resnet18: weights: IMAGENET1K_V1 cannot be fetched here (OSError: <urlopen error no network>); "
        f"fetch them where there is a network, or name a file; or put resnet18-f37072fd.pth into {cache}"
    )


def test_what_was_fetched_once_is_read_where_it_lies(cache):
    cache.mkdir(parents=True)
    state = models.build(network(build="resnet18"), 1000, 5).state_dict()
    torch.save(state, cache / "resnet18-f37072fd.pth")
    found, fit = models.made(network(build="resnet18", weights="DEFAULT"), 3, 0)
    assert torch.equal(found.conv1.weight, state["conv1.weight"])
    assert list(fit.drawn) == ["fc.weight", "fc.bias"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"build": "resnet18", "weights": "IMAGENET1K_V3"},
            "resnet18: weights: IMAGENET1K_V3 is unknown; did you mean IMAGENET1K_V1?",
        ),
        (
            {"build": "own_nets:Small", "weights": "DEFAULT"},
            "own_nets:Small: weights: DEFAULT is a name, which torchvision's and timm's have; name a file",
        ),
    ],
)
def test_a_name_that_no_weights_have_is_one_line(here, cache, row, said):
    assert complaint(models.build, network(**row), 3, 0) == said


# What images are normalised by.


def test_the_mean_and_the_deviation_are_the_rows_else_the_weights_else_the_published_studys(here):
    assert models.scaling(network(build="resnet18")) == ((0.5,) * 3, (0.5,) * 3)
    assert models.scaling(network(build="resnet18", weights="DEFAULT")) == IMAGENET
    own = network(build="resnet18", weights="DEFAULT", mean=0.4)
    assert models.scaling(own) == ((0.4,) * 3, IMAGENET[1])
    assert models.scaling(network(build="resnet18", std=["0.1", 0.2, 3e-1])) == ((0.5,) * 3, (0.1, 0.2, 0.3))
    saved("plain.safetensors")
    assert models.scaling(network(build="own_nets:Small", weights="plain.safetensors")) == (
        (0.5,) * 3,
        (0.5,) * 3,
    )
    about = {
        "family": "network",
        "model": "r",
        "parameters": {},
        "size": (8, 8),
        "channels": 3,
        "range": (0, 1),
    }
    known = signature.Signature(
        **about, mean=IMAGENET[0], deviation=IMAGENET[1], classes=("a", "b"), data="d"
    )
    signature.save(here / "cell.safetensors", {"a": torch.ones(1)}, known)
    assert models.scaling(network(build="own_nets:Small", weights="cell.safetensors")) == IMAGENET


# The stem.


@pytest.mark.parametrize(
    ("build", "first", "pool"),
    [
        ("resnet18", "conv1", "maxpool"),
        ("densenet121", "features.conv0", "features.pool0"),
        ("mobilenet_v3_small", "features.0.0", None),
        ("squeezenet1_1", "features.0", "features.2"),
    ],
)
def test_a_small_stem_keeps_every_pixel(build, first, pool):
    stock, found = (models.build(network(build=build, stem=stem), 3, 0) for stem in ("stock", "small"))
    conv = found.get_submodule(first)
    assert (conv.kernel_size, conv.stride, conv.padding) == ((3, 3), (1, 1), (1, 1))
    assert (conv.bias is None) == (stock.get_submodule(first).bias is None)
    if pool:
        assert type(stock.get_submodule(pool)) is nn.MaxPool2d
        assert type(found.get_submodule(pool)) is nn.Identity
    seen = []
    conv.register_forward_hook(lambda layer, given, answer: seen.append(answer.shape[2:]))
    with torch.no_grad():
        assert found.eval()(torch.zeros(1, 3, 28, 28)).shape == (1, 3)
    assert seen == [(28, 28)]


def test_a_network_that_begins_otherwise_has_no_small_stem(here):
    said = complaint(models.build, network(build="own_nets:Straight", stem="small"), 3, 0)
    assert said == "own_nets:Straight: stem: its first layer is no convolution of images; leave small out"


# What is trained.


def frozen(found: nn.Module) -> list[str]:
    return [name for name, each in found.named_parameters() if not each.requires_grad]


def test_a_step_of_a_name_is_frozen_and_no_longer_step_that_begins_like_it(here):
    found = models.build(network(build="own_nets:Deep", freeze="layer1"), 3, 0)
    assert frozen(found) == ["layer1.weight", "layer1.bias"]
    found = models.build(network(build="own_nets:Deep", freeze=["layer1", "layer10.bias"]), 3, 0)
    assert frozen(found) == ["layer1.weight", "layer1.bias", "layer10.bias"]


@pytest.mark.parametrize("build", ["resnet18", "mobilenet_v3_small", "squeezenet1_1", "vit_b_16"])
def test_the_backbone_is_all_but_the_last_layer(build):
    found = models.build(network(build=build, freeze="backbone"), 3, 0)
    moved = freezing.trained(found)
    assert [len(each) for each in moved] == [3, 3]
    assert freezing.count(found)[0] == freezing.count(found)[1] - sum(each.numel() for each in moved)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"build": "resnet18", "freeze": "layer9"},
            "freeze: layer9 begins no parameter's name; did you mean layer",
        ),
        (
            {"build": "own_nets:Small", "freeze": ["conv", "bn", "fc"]},
            "freeze: leaves no parameter to train; freeze",
        ),
        (
            {"build": "own_nets:Wide", "freeze": "backbone"},
            "freeze: backbone needs a last layer of 3 outputs, and th",
        ),
    ],
)
def test_what_cannot_be_frozen_is_one_line(here, row, said):
    assert complaint(models.build, network(**row), 3, 0).startswith(said)


def test_frozen_parts_stay_in_evaluation_mode_and_out_of_the_optimizer(here):
    found = models.build(network(build="efficientnet_b0", freeze="backbone"), 3, 0)
    freezing.train(found)
    assert {part.training for part in found.features.modules()} == {False}
    assert [part.training for part in (found, found.classifier, *found.classifier)] == [True] * 4
    row = OPTIMIZERS.named("adam").row
    (group,) = optimizers.build(row, row.keywords({}), found, 0.1).param_groups
    assert [each.shape for each in group["params"]] == [(3, 1280), (3,)]


def test_a_network_of_which_nothing_is_frozen_trains_as_ever(here):
    found = models.build(network(build="resnet18"), 3, 0)
    freezing.train(found)
    assert all(part.training for part in found.modules())
