"""Networks of a few hundred weights with dead taps, trained in float64 with and without fast paths."""

import copy

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bakeoff.families.network.batches import Pixels
from bakeoff.families.network.fast_paths import FastPaths
from bakeoff.families.network.precision import scaler
from bakeoff.families.network.state import State, take_fast_paths, take_step

SIZE, CLASSES, STEPS = 4, 3, 4
GREY = Pixels(grey=True)


class Small(nn.Module):
    """Three convolutions, onto maps of 2 x 2, 1 x 1 and 1 x 1, then `last` on what they leave."""

    def __init__(self, last: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 2, 1, bias=False)
        self.conv2 = nn.Conv2d(4, 5, 3, 2, 1, bias=False)
        self.conv3 = nn.Conv2d(5, 5, 3, 1, 1, bias=False)
        self.last = last or nn.Identity()
        self.fc = nn.Linear(5, CLASSES)

    def forward(self, images):
        """Return the logits (n, classes)."""
        maps = torch.tanh(self.conv2(torch.tanh(self.conv1(images))))
        return self.fc(torch.tanh(self.last(self.conv3(maps))).flatten(1))


def drawn(build, seed: int = 0) -> nn.Module:
    """Return a network in float64, its weights from a seed."""
    torch.manual_seed(seed)
    return build().double()


def pictures(count: int = 8, channels: int | None = None) -> torch.Tensor:
    """Return random uint8 images, with so many channels or grey."""
    shape = (count, SIZE, SIZE, *([channels] if channels else []))
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def fast(network: nn.Module, make, pixels: Pixels = GREY, kind: str = "cpu") -> State:
    """Return a network's state with the fast paths that it may take; `make` gives an optimizer of weights."""
    network = copy.deepcopy(network)
    optimizer, paths = make(network.parameters()), FastPaths()
    cuts = take_fast_paths(network, optimizer, (3, SIZE, SIZE), pixels, kind, paths)
    return State(network, cuts, optimizer, scaler(None), paths)


def plain(network: nn.Module, make, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the weights after some steps of a loop as torch's tutorials have it."""
    network = copy.deepcopy(network).train()
    optimizer = make(network.parameters())
    for _ in range(STEPS):
        optimizer.zero_grad()
        cross_entropy(network(images), torch.arange(len(images)) % CLASSES).backward()
        optimizer.step()
    return network.state_dict()


def trained(state: State, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the weights, in the stock network's shapes, after as many steps of ours."""
    state.model.train()
    for _ in range(STEPS):
        take_step(state, images, torch.arange(len(images)) % CLASSES, None, torch.device("cpu"))
    return state.weights()


def apart(network: nn.Module, make, pixels: Pixels = GREY, images: torch.Tensor | None = None) -> tuple:
    """Return how far the weights of both trainings are from each other, and what is said of fast paths."""
    seen = pixels.normalise(pictures() if images is None else images).double()
    state = fast(network, make, pixels)
    expected, found = plain(network, make, seen), trained(state, seen)
    assert list(found) == list(expected)
    return max(
        float((found[name] - each).abs().max()) for name, each in expected.items()
    ), state.fast_paths.said
