"""Random numbers that a network may draw while it trains (dropout, random depth): put back, and noticed."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bakeoff.networks import freezing

if TYPE_CHECKING:
    import torch
    from torch import nn

Stream = tuple[Callable[[], Any], Callable[[Any], Any]]  # how its state is read and set


def _streams(device: "torch.device") -> list[Stream]:
    import torch

    streams: list[Stream] = [
        (torch.get_rng_state, torch.set_rng_state),
        (random.getstate, random.setstate),
        (np.random.get_state, np.random.set_state),
    ]
    if device.type == "cuda":
        streams.append((torch.cuda.get_rng_state, torch.cuda.set_rng_state))
    return streams


class Kept:
    """The random numbers of now, on the host and on a device."""

    def __init__(self, device: "torch.device") -> None:
        self._streams = _streams(device)
        self._states = [get() for get, _ in self._streams]

    def put_back(self) -> None:
        """Let the same numbers be drawn again."""
        for (_, put), state in zip(self._streams, self._states, strict=True):
            put(state)

    @property
    def drawn(self) -> bool:
        """Whether any have been drawn since."""
        return [_plain(get()) for get, _ in self._streams] != [*map(_plain, self._states)]


def _plain(state: Any) -> Any:
    """Return a stream's state, with arrays and tensors as lists, to compare it by."""
    if isinstance(state, tuple):
        return [*map(_plain, state)]
    return state.tolist() if hasattr(state, "tolist") else state


def draws(model: "nn.Module", input_shape: tuple[int, ...]) -> bool:
    """Return whether a network on the CPU draws random numbers as it trains; it is of no use after that."""
    import torch

    kept = Kept(torch.device("cpu"))
    with torch.no_grad():
        freezing.train(model)
        model(torch.zeros(2, *input_shape))
    return kept.drawn
