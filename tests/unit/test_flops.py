import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

import arrays
import studies
from bakeoff.cells.family import Resources
from bakeoff.data import store
from bakeoff.families.network import convolutions, loop
from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.state import Training, build_state
from bakeoff.families.svm.family import SvmFamily
from bakeoff.networks import flops
from bakeoff.records.run import Run
from fits import build as build_stock
from fits import rows

pytestmark = pytest.mark.numeric

IMAGE = (3, 32, 32)
SMALL = (3, 8, 8)


def made(model: str, shape: tuple, kind: str):
    """Return a network as it is trained on grey images on a kind of device."""
    network, optimizer = (named.row for named in rows(model, "sgd"))
    training = Training(network, optimizer, {"momentum": 0.9}, 10, 16, 0.01, 1, "fp32", "resident", None, 0)
    return build_state(training, Pixels(grey=True), shape[1:], loop.torch_device("cpu"), kind).model


@pytest.fixture(scope="module", params=["resnet18", "resnet50"])
def counted(request):
    network = build_stock(request.param, 10, 0)
    executed = made(request.param, IMAGE, "cpu")
    return request.param, network, flops.count(network, executed, IMAGE)


KNOWN = {
    # parameters, multiply-accumulates forward, FLOPs forward and backward
    "resnet18": (11_181_642, 37.0e6, 217.3e6),
    "resnet50": (23_528_522, 83.4e6, 495.8e6),
}


def test_the_known_sizes_at_32_pixels(counted):
    name, _, found = counted
    parameters, macs, training = KNOWN[name]
    assert found.parameters == parameters
    assert found.macs_forward == pytest.approx(macs, rel=0.001)
    assert found.flops_train == pytest.approx(training, rel=0.001)


def test_two_counters_agree_that_one_mac_is_two_flops(counted):
    _, _, found = counted
    assert found.method == "torch.utils.flop_counter; fvcore counts the same"
    assert found.operators["conv"] + found.operators["linear"] == found.macs_forward
    assert found.flops_forward == 2 * found.macs_forward
    assert {"batch_norm", "adaptive_avg_pool2d"} <= set(found.operators)


class Through(nn.Module):
    """One function of an image's 8 x 8 pixels and three channels, and weights for it."""

    def __init__(self, call, *shapes) -> None:
        super().__init__()
        self.call = call
        self.weights = nn.ParameterList([torch.ones(shape) for shape in shapes])

    def forward(self, images):
        """Return what comes of the function, one row an image."""
        return self.call(images.flatten(1), *self.weights).flatten(1)


class Attending(nn.Module):
    """Attention between eight rows of 24 values, in four heads, and a linear layer on their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(24, 4, batch_first=True)
        self.last = nn.Linear(24, 10)

    def forward(self, images):
        """Return the logits (n, 10)."""
        rows = images.flatten(1).unflatten(1, (8, 24))
        return self.last(self.attention(rows, rows, rows, need_weights=False)[0].mean(1))


class Recurrent(nn.Module):
    """An LSTM of twelve cells over eight rows of 24 values, and a linear layer on what it ends with."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(24, 12, batch_first=True)
        self.last = nn.Linear(12, 10)

    def forward(self, images):
        """Return the logits (n, 10)."""
        return self.last(self.lstm(images.flatten(1).unflatten(1, (8, 24)))[0][:, -1])


def flat(*layers: nn.Module, values: int) -> nn.Sequential:
    """Return layers with a linear one on so many values of theirs."""
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(values, 10))


# Outputs x (input channels of the group x taps), layer by layer; then what is multiplied in the last.
ALIKE = {
    "plain": (flat(nn.Conv2d(3, 6, 3), values=216), 6 * 36 * 27 + 2160),
    "grouped": (flat(nn.Conv2d(3, 12, 3, groups=3), values=432), 12 * 36 * 9 + 4320),
    "depthwise": (
        flat(nn.Conv2d(3, 3, 3, groups=3), nn.Conv2d(3, 8, 1), values=288),
        36 * 27 + 8 * 36 * 3 + 2880,
    ),
    "dilated": (flat(nn.Conv2d(3, 6, 3, 2, dilation=2, bias=False), values=24), 6 * 4 * 27 + 240),
    "transposed": (flat(nn.ConvTranspose2d(3, 6, 2, 2), values=1536), 3 * 64 * 6 * 4 + 15360),
    "normed": (
        flat(
            nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.GroupNorm(2, 6), nn.GELU(), nn.MaxPool2d(2), values=54
        ),
        6 * 36 * 27 + 540,
    ),
    "matmul": (Through(lambda seen, weights: seen @ weights, (192, 10)), 1920),
    "einsum": (Through(lambda seen, weights: torch.einsum("bi,ij->bj", seen, weights), (192, 7)), 192 * 7),
    "bmm": (
        Through(lambda seen, weights: torch.bmm(seen.unflatten(1, (8, 24)), weights), (1, 24, 5)),
        8 * 24 * 5,
    ),
    "addmm": (Through(lambda seen, bias, weights: torch.addmm(bias, seen, weights), (10,), (192, 10)), 1920),
}
# fvcore knows neither scaled_dot_product_attention nor lstm; of these it counts the rest.
APART = {
    # Queries, keys, values and the output are projected; each row is held against each, and they are mixed.
    "attention": (Attending(), 4 * 8 * 24 * 24 + 240, 2 * 8 * 8 * 24),
    # Four gates of each cell, of the row and of what the cells said before.
    "lstm": (Recurrent(), 120, 8 * 4 * 12 * (24 + 12)),
}


@pytest.mark.parametrize("name", ALIKE)
def test_both_counters_count_what_is_counted_by_hand(name):
    network, macs = ALIKE[name]
    found = flops.count(network, network, SMALL)
    assert (found.macs_forward, found.method) == (macs, "torch.utils.flop_counter; fvcore counts the same")


@pytest.mark.parametrize("name", APART)
def test_where_fvcore_leaves_something_out_both_counts_are_said(name):
    network, alike, left_out = APART[name]
    found = flops.count(network, network, SMALL)
    assert found.macs_forward == alike + left_out
    assert found.method == f"torch.utils.flop_counter; fvcore counts {alike:,} MACs"
    assert sum(found.operators.values()) == alike


def test_counting_raises_no_warning_of_ours(recwarn):
    flops.count(APART["lstm"][0], ALIKE["plain"][0], SMALL)
    assert [str(each.message) for each in recwarn] == []


def absent(folder, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "fvcore", None)
    monkeypatch.setitem(sys.modules, "fvcore.nn", None)


def broken(folder, monkeypatch) -> None:
    """Have it call on import what torch no longer has."""
    for name in [name for name in sys.modules if name.split(".")[0] == "fvcore"]:
        monkeypatch.delitem(sys.modules, name)
    (folder / "fvcore/nn").mkdir(parents=True)
    (folder / "fvcore/__init__.py").touch()
    (folder / "fvcore/nn/__init__.py").write_text("import torch\n\ntorch.jit.gone(None)\n")
    monkeypatch.syspath_prepend(folder)


def refusing(folder, monkeypatch) -> None:
    def refuse(self):
        raise RuntimeError("Only tensors\n  can be traced" + " at all" * 100)

    monkeypatch.setattr("fvcore.nn.FlopCountAnalysis.by_operator", refuse)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (absent, "ModuleNotFoundError: import of fvcore"),
        (broken, "AttributeError: module 'torch.jit' has no attribute 'gone'"),
        (refusing, "RuntimeError: Only tensors can be traced at all at all"),
    ],
)
def test_what_fvcore_cannot_count_is_said_and_changes_no_number(spoil, said, tmp_path, monkeypatch):
    network, macs = ALIKE["plain"]
    whole = flops.count(network, network, SMALL)
    spoil(tmp_path, monkeypatch)
    found = flops.count(network, network, SMALL)
    assert found.method.startswith(f"torch.utils.flop_counter; fvcore could not count: {said}")
    assert len(found.method.splitlines()) == 1
    assert len(found.method) < 300
    assert found.macs_forward == macs
    assert replace(found, operators=whole.operators, method=whole.method) == whole
    assert found.operators is None


def test_counting_leaves_no_gradients_behind(counted):
    _, network, _ = counted
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize(("pixels", "kind"), [(16, "cpu"), (16, "cuda"), (32, "cuda"), (64, "cuda")])
def test_what_is_executed_is_what_is_left_of_the_taps(pixels, kind):
    """Layer by layer by hand: outputs x taps that are left x channels, forward, and twice that backward."""
    shape = (3, pixels, pixels)
    executed = made("resnet18", shape, kind)
    stock = build_stock("resnet18", 10, 0)
    left = counted = 0
    for name, seen in convolutions.seen(stock, shape).items():
        layer, size = seen.layer, seen.size
        rows = (size[0] + 2 * layer.padding[0] - layer.kernel_size[0]) // layer.stride[0] + 1
        weights = executed.state_dict()[f"{name}.weight"]
        stem = name == "conv1"
        # The images ask for no gradient; three equal channels of a grey image are computed once on a CPU.
        passes = 2 if stem else 3
        counted += passes * rows**2 * layer.weight.numel()
        left += passes * rows**2 * weights.numel() / (3 if stem and kind == "cpu" else 1)
    linear = 3 * 512 * 10
    found = flops.count(stock, executed, shape)
    assert found.flops_train == 2 * (counted + linear)
    assert found.flops_train_executed == 2 * (left + linear)


def machines(folder, classes: int, size: int) -> SvmFamily:
    """Return a family of SVMs on images of so many rows and columns."""
    path = arrays.save(folder / "tiny.npz", classes=classes, size=size)
    return SvmFamily(store.load(path, "images"), "linear", [{}], Resources("sklearn"))


def chosen(support: int) -> Run:
    """Return a run that came to so many support vectors."""
    (run,) = studies.as_runs([studies.run({"C": 1.0}, 0.9, details={"support_vectors": support})])
    return run


def test_an_svm_by_hand(tmp_path):
    # 100 support vectors of 64 features, 10 classes: each has 9 coefficients; 45 pairs have an offset.
    found = machines(tmp_path, 10, 8).compute(chosen(100))
    assert found.macs_forward == 100 * 64 + 100 * 9
    assert found.flops_forward == 2 * 7300
    assert found.parameters == 7300 + 45
    assert found.flops_train is None


def test_an_svm_of_two_classes_has_one_coefficient_per_support_vector(tmp_path):
    assert machines(tmp_path, 2, 2).compute(chosen(10)).macs_forward == 10 * 4 + 10
