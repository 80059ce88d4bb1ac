import pytest

from bakeoff import flops, models

pytestmark = pytest.mark.numeric

IMAGE = (3, 32, 32)


@pytest.fixture(scope="module", params=["resnet18", "resnet50"])
def counted(request):
    network = models.build(request.param, 10, 0)
    return request.param, network, flops.count_network(network, IMAGE)


KNOWN = {
    # parameters, multiply-accumulates forward, FLOPs forward and backward
    "resnet18": (11_181_642, 37.0e6, 217.3e6),
    "resnet50": (23_528_522, 83.4e6, 495.8e6),
}


def test_the_known_sizes_at_32_pixels(counted):
    name, _, found = counted
    parameters, macs, training = KNOWN[name]
    assert found["parameters"] == parameters
    assert found["macs_forward"] == pytest.approx(macs, rel=0.001)
    assert found["flops_train"] == pytest.approx(training, rel=0.001)


def test_two_counters_agree_that_one_mac_is_two_flops(counted):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    _, network, found = counted
    network.eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *IMAGE))
    assert found["flops_forward"] == 2 * found["macs_forward"] == counter.get_total_flops()


def test_counting_leaves_no_gradients_behind(counted):
    _, network, _ = counted
    assert all(parameter.grad is None for parameter in network.parameters())


def test_an_svm_by_hand():
    # 100 support vectors of 64 features, 10 classes: each has 9 coefficients; 45 pairs have an offset.
    found = flops.count_svm(100, 64, 10)
    assert found["macs_forward"] == 100 * 64 + 100 * 9
    assert found["flops_forward"] == 2 * 7300
    assert found["parameters"] == 7300 + 45
    assert found["flops_train"] is None


def test_an_svm_of_two_classes_has_one_coefficient_per_support_vector():
    assert flops.count_svm(10, 4, 2)["macs_forward"] == 10 * 4 + 10
