import pytest

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
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    _, network, found = counted
    network.eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *IMAGE))
    assert found.flops_forward == 2 * found.macs_forward == counter.get_total_flops()


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
