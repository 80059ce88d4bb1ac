"""Networks cut in two where what is frozen ends: both halves come to what the whole does."""

import pytest

from bakeoff.networks import freezing
from bakeoff.networks.boundary import boundaries

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")
from torch import nn  # noqa: E402
from torchvision.models.convnext import CNBlockConfig, ConvNeXt  # noqa: E402
from torchvision.models.vision_transformer import VisionTransformer  # noqa: E402

pytestmark = pytest.mark.numeric

CLASSES = 5
VIT = {
    **{"image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 2},
    **{"hidden_dim": 16, "mlp_dim": 32, "num_classes": CLASSES},
}


def known(name, **settings):
    return torchvision.models.get_model(name, num_classes=CLASSES, **settings)


def sequence():
    layers = nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * 13 * 13, CLASSES))


def convnext():
    blocks = [CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)]
    return ConvNeXt(blocks, num_classes=CLASSES)


@pytest.mark.parametrize(
    ("build", "freeze", "where"),
    [
        (lambda: known("resnet18"), "backbone", "avgpool"),
        (lambda: known("resnet18"), ["conv1", "bn1", "layer1", "layer2", "layer3"], "layer3"),
        # The stem's answer is asked for once more beside the frozen convolution.
        (lambda: known("resnet18"), ["conv1", "bn1", "layer1.0.conv1"], "maxpool"),
        (lambda: known("mobilenet_v3_small"), "backbone", "classifier.1"),
        (lambda: known("mobilenet_v3_small"), ["features.0", "features.1"], "features.1"),
        (lambda: known("efficientnet_b0"), "backbone", "avgpool"),
        (lambda: known("squeezenet1_1"), "backbone", "features"),
        (lambda: known("shufflenet_v2_x0_5"), "backbone", "conv5"),
        (convnext, "backbone", "classifier.1"),
        (convnext, ["features.0", "features.1"], "features.1"),
        (lambda: VisionTransformer(**VIT), "backbone", "encoder"),
        (sequence, "backbone", "4"),
        (sequence, ["0"], "0"),
    ],
)
def test_the_latest_boundary_gives_the_networks_own_answer_to_the_bit(build, freeze, where):
    torch.manual_seed(0)
    model = build()
    freezing.freeze(model, freeze, CLASSES)
    freezing.train(model)
    images = torch.rand(4, 3, 32, 32)
    found = next(each for each in boundaries(model, images) if not isinstance(each.part, nn.Dropout))
    assert found.name == where
    activation = found.before(images)
    assert not activation.requires_grad
    torch.manual_seed(1)
    whole = model(images)
    torch.manual_seed(1)
    apart = found.after(activation)
    assert torch.equal(apart, whole)
    gradients = [torch.autograd.grad(each.square().sum(), freezing.trained(model)) for each in (apart, whole)]
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_the_halves_leave_the_network_as_it_was():
    model = sequence()
    freezing.freeze(model, "backbone", CLASSES)
    images = torch.rand(4, 3, 32, 32)
    expected = model(images)
    model[2].forward = own = model[2].forward
    found = next(boundaries(model, images))
    found.after(found.before(images))
    assert model[2].forward is own
    assert all("forward" not in part.__dict__ for part in model.modules() if part is not model[2])
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert torch.equal(model(images), expected)


def test_before_the_boundary_nothing_is_computed():
    model = sequence()
    freezing.freeze(model, "backbone", CLASSES)
    images = torch.rand(4, 3, 32, 32)
    found = next(boundaries(model, images))
    activation = found.before(images)
    with torch.no_grad():
        for part in (model[0], model[3]):
            part.weight.fill_(torch.nan)
    assert found.after(activation).isfinite().all()


def test_where_the_first_parameter_is_trained_there_is_no_boundary():
    model = sequence()
    freezing.freeze(model, ["3", "5"], CLASSES)
    assert [*boundaries(model, torch.rand(4, 3, 32, 32))] == []
