"""Every optimizer of torch.optim trains a tiny study, or is refused with the reason before one starts."""

import pytest

import fits
import studies
from bakeoff.cells import run as cell
from bakeoff.command import UserError
from bakeoff.families.network import engines, loop
from bakeoff.families.network.family import NetworkFamily
from bakeoff.families.network.optimizers import OPTIMIZERS
from bakeoff.networks import models
from bakeoff.networks.models import NETWORKS
from bakeoff.records.request import Request
from bakeoff.rows import Named

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from small_networks import Small  # noqa: E402

pytestmark = [pytest.mark.numeric, pytest.mark.usefixtures("short_and_steady")]

BLOCK = {"batch_size": 16, "learning_rate": 0.01, "epochs": 2}
REFUSED = {
    "LBFGS": "is no optimizer for batches: within a step it asks for the loss of the same images",
    "SparseAdam": "is for sparse gradients, which no network has here",
    "Muon": "is for matrices alone, and a network has other weights, too",
}
ALL = [
    name
    for name, each in vars(torch.optim).items()
    if isinstance(each, type)
    and issubclass(each, torch.optim.Optimizer)
    and each is not torch.optim.Optimizer
]
TAKEN = [name for name in ALL if name not in REFUSED]


class Wide(Small):
    """Computes in float64, whatever images it is given."""

    def __init__(self):
        super().__init__(nn.AdaptiveAvgPool2d(1))

    def forward(self, images):
        return super().forward(images.double())


def wide(network, classes: int, seed: int):
    torch.manual_seed(seed)
    return Wide().double()


def row(name: str, **settings) -> Named:
    content = {"build": f"torch.optim:{name}", "settings": settings}
    return Named(name.lower(), OPTIMIZERS.read(name.lower(), content))


def family(dataset, optimizer: Named) -> NetworkFamily:
    return NetworkFamily(dataset, NETWORKS.named("resnet18"), optimizer, "cpu", [BLOCK], [0])


def test_all_of_torch_are_looked_at():
    assert {"SGD", "Adam", "AdamW", "Adafactor", "Rprop", *REFUSED} <= set(ALL)


@pytest.mark.parametrize("name", TAKEN)
def test_it_trains_a_tiny_study_whose_record_says_which_it_was(name, dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "build", wide)
    place = tmp_path / f"resnet18_{name.lower()}_cpu.json"
    cell.run_cell(family(dataset, row(name)), place, 1, [])
    record = studies.read(place)
    (run,) = record["runs"]
    assert run["status"] == "ok"
    assert run["history"][1]["train_loss"] != run["history"][0]["train_loss"]
    assert record["rows"]["optimizer"] == {"build": f"torch.optim:{name}"}
    assert record["best"]["settings"] == run["settings"]


@pytest.mark.parametrize("name", TAKEN)
def test_a_warm_up_leaves_no_trace_in_float64(name, dataset, monkeypatch):
    """Of the weights and of the optimizer's state, after two epochs of three steps."""
    monkeypatch.setattr(models, "build", wide)
    monkeypatch.setattr(engines, "WARM_UP_STEPS", 3)
    weights, state = after_two_epochs(family(dataset, row(name)))
    monkeypatch.setattr(engines.Resident, "warm_up", lambda engine: None)
    others, other = after_two_epochs(family(dataset, row(name)))
    assert all(weight.dtype == torch.float64 for weight in weights.values())
    assert same(weights, others)
    assert same(state, other)


def after_two_epochs(found: NetworkFamily):
    """Return the weights and the optimizer's state that a training ends with."""
    training = found._training((Request(found.settings[0], 0),))
    part, _ = found._fold(None)
    device = torch.device("cpu")
    *_, (epoch,) = loop.train([training], part, device, loop.stopwatch(device))
    return epoch.state.weights(), epoch.state.optimizer.state_dict()


def same(one, other) -> bool:
    """Return whether two states are equal to the last bit, whatever they are made of."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(each, other[name]) for name, each in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_where_its_row_is_read(name):
    for module in ("torch.optim", f"torch.optim.{name.lower()}"):
        with pytest.raises(UserError) as caught:
            OPTIMIZERS.read("mine", {"build": f"{module}:{name}"})
        said = f"optimizers/mine/build: {module}:{name} {REFUSED[name]}"
        assert str(caught.value).startswith(said)
        assert "name another, such as torch.optim:AdamW" in str(caught.value)


class Closed(torch.optim.Optimizer):
    """Takes no step without being able to compute the loss."""

    def __init__(self, weights, lr):
        super().__init__(weights, {"lr": lr})

    def step(self, closure):
        return closure()


def test_an_own_optimizer_that_needs_the_loss_is_one_line(dataset):
    closed = OPTIMIZERS.read("closed", {"build": "test_every_optimizer:Closed"})
    with pytest.raises(UserError, match="test_every_optimizer:Closed is no optimizer for batches"):
        list(fits_of(dataset, Named("closed", closed)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"momentun": 0.9}, "TypeError.*momentun"), ({"momentum": -1}, "ValueError")],
)
def test_keywords_that_it_does_not_take_are_one_line(dataset, settings, said):
    with pytest.raises(UserError, match=f"torch.optim:SGD could not be made: {said}.*; change its row"):
        list(fits_of(dataset, row("SGD", **settings)))


def fits_of(dataset, optimizer: Named):
    return fits.fit_all(family(dataset, optimizer))
