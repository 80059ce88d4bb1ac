import copy

import pytest

from bakeoff.families.network import convolutions, live_taps
from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.fast_paths import FastPaths
from bakeoff.families.network.state import take_fast_paths
from bakeoff.machine import threads
from fits import build as build_stock

pytestmark = pytest.mark.numeric

RESNETS = [("resnet18", 32), ("resnet18", 28), ("resnet18", 16), ("resnet50", 32), ("resnet50", 16)]


@pytest.fixture(autouse=True)
def _one_thread():
    """Small float64 tensors: two threads would wait for each other longer than they compute."""
    threads.set_threads(1)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "expected"),
    [
        (8, 3, 1, 1, slice(0, 3)),  # every tap meets a pixel
        (2, 3, 1, 1, slice(0, 3)),
        (1, 3, 1, 1, slice(1, 2)),  # one pixel: the middle tap alone
        (2, 3, 2, 1, slice(1, 3)),  # one output; the first tap sees the left padding
        (1, 3, 2, 1, slice(1, 2)),
        (32, 7, 2, 3, slice(0, 7)),
        (1, 1, 1, 0, slice(0, 1)),
        (1, 7, 2, 3, slice(3, 4)),
        (1, 1, 2, 1, None),  # both outputs see padding alone
    ],
)
def test_the_taps_that_meet_a_pixel(size, kernel, stride, padding, expected):
    assert live_taps.live_span(size, kernel, stride, padding) == expected


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [(s, k, t, k // 2) for s in (1, 2, 3, 4, 7) for k in (1, 3, 5, 7) for t in (1, 2)],
)
def test_a_convolution_of_the_live_taps_is_the_convolution(size, kernel, stride, padding):
    import torch
    from torch.nn.functional import conv1d

    span = live_taps.live_span(size, kernel, stride, padding)
    assert span is not None
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(2, 3, size, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, kernel, generator=generator, dtype=torch.float64)
    whole = conv1d(image, weight, stride=stride, padding=padding)
    live = conv1d(image, weight[:, :, span], stride=stride, padding=padding - span.start)
    assert torch.allclose(whole, live, rtol=0, atol=1e-12)


def trim(network, size: int) -> tuple:
    """Cut a network's dead taps, as one that SGD trains; return what was cut, and SGD."""
    import torch

    step, seen = torch.optim.SGD(network.parameters()), convolutions.seen(network, (3, size, size))
    return live_taps.trim(seen, live_taps.spans(seen), step), step


def pair(name: str, size: int, optimizer: str = "sgd", rate: float = 0.1):
    """Return a stock network and the twin that a CPU trains, in float64, its optimizer, and what was cut."""
    import torch

    stock = build_stock(name, 5, seed=3).double()
    twin = copy.deepcopy(stock)
    step, paths = OPTIMIZERS[optimizer](torch, twin.parameters(), rate), FastPaths()
    cuts = take_fast_paths(twin, step, (3, size, size), Pixels(grey=True), "cpu", paths)
    assert paths.said == dict.fromkeys(("live_taps", "grey_stem", "products"), "taken")
    assert list(twin.state_dict()) == list(stock.state_dict())
    return stock, twin, step, cuts


def images(count: int, size: int):
    import torch

    generator = torch.Generator().manual_seed(1)
    grey = torch.randn(count, 1, size, size, generator=generator, dtype=torch.float64)
    return grey.expand(-1, 3, -1, -1), torch.arange(count) % 5


@pytest.mark.parametrize(("name", "size"), RESNETS)
def test_a_trimmed_network_computes_the_same(name, size):
    import torch

    stock, twin, _, cuts = pair(name, size)
    assert cuts
    pixels, _ = images(2, size)
    with torch.no_grad():
        assert torch.allclose(stock.eval()(pixels), twin.eval()(pixels), rtol=0, atol=1e-12)


OPTIMIZERS = {
    "sgd": lambda torch, weights, rate: torch.optim.SGD(weights, lr=rate, momentum=0.9),
    "adam": lambda torch, weights, rate: torch.optim.Adam(weights, lr=rate),
}


# How far rounding errors are carried depends on the processor, the optimizer and the network (ResNet-50 under
# SGD multiplies them tenfold per step): a stock network on images that differ in the last bits says how far
# here. A fault moves losses by 1e-4 and more.
ROUNDING, LEEWAY, FAULT = 2**-50, 1000, 1e-6


@pytest.mark.parametrize(
    ("name", "size", "optimizer", "rate"),
    [("resnet18", 32, "adam", 1e-3), ("resnet18", 16, "sgd", 1e-2), ("resnet50", 32, "adam", 1e-4)],
)
def test_a_trimmed_network_trains_the_same_and_fits_back_into_the_stock_class(name, size, optimizer, rate):
    import torch
    from torch.nn.functional import cross_entropy

    stock, twin, ours, cuts = pair(name, size, optimizer, rate)
    pixels, labels = images(8, size)
    losses = []
    for network, seen in ((stock, pixels), (twin, pixels), (copy.deepcopy(stock), pixels * (1 + ROUNDING))):
        network.train()
        step = ours if network is twin else OPTIMIZERS[optimizer](torch, network.parameters(), rate)
        losses.append([])
        for _ in range(3):
            step.zero_grad()
            loss = cross_entropy(network(seen), labels)
            loss.backward()
            step.step()
            losses[-1].append(loss.item())
    carried = max(abs(nudged - plain) for plain, _, nudged in zip(*losses, strict=True))
    assert losses[1] == pytest.approx(losses[0], rel=0, abs=min(FAULT, LEEWAY * max(carried, ROUNDING)))
    assert losses[0][-1] != pytest.approx(losses[0][0], rel=1e-3)

    fresh = build_stock(name, 5, seed=99).double()
    fresh.load_state_dict(live_taps.expand(twin.state_dict(), cuts), strict=True)
    with torch.no_grad():
        assert torch.allclose(fresh.eval()(pixels), twin.eval()(pixels), rtol=0, atol=1e-12)
    for cut, weight in ((cut, fresh.state_dict()[key]) for key, cut in cuts.items()):
        changed = weight != cut.stock
        assert changed[:, :, cut.rows, cut.columns].any()
        changed[:, :, cut.rows, cut.columns] = False
        assert not changed.any()


def test_at_32_pixels_resnet18_has_62_percent_fewer_weights():
    network = build_stock("resnet18", 10, 0)
    before = sum(parameter.numel() for parameter in network.parameters())
    _, step = trim(network, 32)
    after = sum(parameter.numel() for parameter in network.parameters())
    assert 1 - after / before == pytest.approx(0.62, abs=0.005)
    assert {*step.param_groups[0]["params"]} == {*network.parameters()}


def test_large_images_leave_nothing_to_cut():
    network = build_stock("resnet18", 10, 0)
    assert trim(network, 128)[0] == {}


def test_trimming_leaves_batch_statistics_and_mode_alone():
    network = build_stock("resnet18", 10, 0).train()
    trim(network, 32)
    assert network.training
    assert network.bn1.num_batches_tracked == 0
    assert network.bn1.running_mean.abs().sum() == 0
