import pytest

from bakeoff.families.network import convolutions, products
from bakeoff.machine import threads

pytestmark = pytest.mark.numeric

CASES = [  # size, kernel, stride, padding, channels in and out
    ((1, 1), (1, 1), 1, 0, 6, 4),
    ((8, 8), (1, 1), 1, 0, 6, 4),
    ((4, 4), (1, 1), 2, 0, 6, 4),
    ((5, 5), (1, 1), 2, 0, 6, 4),
    ((2, 2), (3, 3), 1, 1, 6, 4),
    ((4, 4), (3, 3), 2, 1, 6, 4),
    ((3, 4), (3, 3), 2, 1, 6, 4),
    ((3, 3), (3, 3), 1, 1, 6, 4),
    ((6, 6), (3, 3), 2, 1, 6, 4),
    ((2, 2), (2, 2), 1, 0, 6, 4),
    ((2, 1), (3, 3), 1, 1, 6, 4),
    ((3, 3), (5, 3), 1, (1, 1), 6, 4),
    ((1, 1), (7, 7), 2, 3, 6, 4),
]


@pytest.fixture(autouse=True)
def _one_thread():
    threads.set_threads(1)


def replace(network, shape: tuple, grey: bool = True) -> list[str]:
    """Replace what is faster as a product, as in a network that SGD trains; return the names."""
    import torch

    seen, step = convolutions.seen(network, shape), torch.optim.SGD(network.parameters())
    chosen = products.choose(seen, grey)
    products.replace(network, seen, chosen, grey, step)
    assert {*step.param_groups[0]["params"]} == {*network.parameters()}
    return [*chosen]


def build(size, kernel, stride, padding, channels, outputs, **more):
    """Return a network of one convolution and its twin whose convolution is a product."""
    import copy

    from torch import nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.before = nn.ReLU()  # so that the layer sees no image
            self.layer = nn.Conv2d(channels, outputs, kernel, stride, padding, bias=False, **more)

        def forward(self, x):
            return self.layer(self.before(x))

    network = Network().double()
    twin = copy.deepcopy(network)
    return network, twin


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "channels", "outputs"), CASES)
def test_a_product_is_the_convolution_with_its_gradients(size, kernel, stride, padding, channels, outputs):
    import torch

    network, twin = build(size, kernel, stride, padding, channels, outputs)
    layer = twin.layer
    twin.layer = products._product(layer, products.Geometry.of(layer, torch.Size(size)), grey=False)
    results = []
    for one in (network, twin):
        generator = torch.Generator().manual_seed(0)
        seen = torch.randn(5, channels, *size, generator=generator, dtype=torch.float64)
        seen = seen.contiguous(memory_format=torch.channels_last).requires_grad_()
        out = one(seen)
        slope = torch.randn(out.shape, generator=generator, dtype=torch.float64)
        (out * slope).sum().backward()
        results.append((out, seen.grad, one.layer.weight.grad))
    (out, below, weight), (out2, below2, matrix) = results
    assert torch.allclose(out2, out, rtol=0, atol=1e-12)
    assert torch.allclose(below2, below, rtol=0, atol=1e-12)
    taps = matrix.view(*network.layer.kernel_size, channels, outputs).permute(3, 2, 0, 1)
    assert torch.allclose(taps, weight, rtol=0, atol=1e-12)
    assert torch.equal(twin.state_dict()["layer.weight"], network.state_dict()["layer.weight"])
    assert twin.state_dict()["layer.weight"].shape == network.layer.weight.shape


def test_the_first_layer_of_grey_images_computes_one_channel_with_the_gradients_of_three():
    import copy

    import torch
    from torch import nn

    network = nn.Sequential(nn.Conv2d(3, 4, 7, 2, 3, bias=False)).double()
    twin = copy.deepcopy(network)
    assert replace(twin, (3, 9, 9)) == ["0"]
    grey = torch.randn(5, 1, 9, 9, dtype=torch.float64).expand(-1, 3, -1, -1)
    assert torch.allclose(twin(grey), network(grey), rtol=0, atol=1e-12)
    for one in (network, twin):
        one(grey).square().sum().backward()
    taps = twin[0].weight.grad.view(7, 7, 3, 4).permute(3, 2, 0, 1)
    assert torch.allclose(taps, network[0].weight.grad, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("size", "kernel", "more", "replaced"),
    [
        ((2, 2), 3, {}, True),
        ((8, 8), 3, {}, False),  # oneDNN is as fast there
        ((8, 8), 1, {}, True),
        ((2, 2), 3, {"groups": 2}, False),
    ],
)
def test_which_convolutions_become_products(size, kernel, more, replaced):
    from torch import nn

    inner = nn.Conv2d(4, 6, kernel, 1, kernel // 2, bias=False, **more)
    network = nn.Sequential(nn.Conv2d(3, 4, 1), inner)
    assert replace(network, (3, *size)) == (["1"] if replaced else [])
    biased = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 6, 1))
    assert replace(biased, (3, 2, 2)) == []


def test_under_autocast_the_product_is_of_low_precision_and_the_gradient_of_full():
    import torch
    from torch import nn

    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 6, 3, 1, 1, bias=False))
    replace(network, (3, 2, 2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = network(torch.rand(5, 3, 2, 2))
    assert out.dtype == torch.bfloat16
    out.float().square().sum().backward()
    gradient = network[1].weight.grad
    assert gradient.dtype == torch.float32
    assert torch.isfinite(gradient).all()
    assert gradient.abs().sum() > 0
