"""Arithmetic of one image: multiply-accumulates, FLOPs (two per multiply-accumulate), training FLOPs."""

import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bakeoff.records.parts import Compute

if TYPE_CHECKING:
    from torch import nn

COUNTED_OPERATORS = ("conv", "linear")


def count(model: "nn.Module", executed: "nn.Module", input_shape: Sequence[int]) -> Compute:
    """Return the `compute` entry of a network's record for one image of (channels, rows, columns).

    fvcore counts the multiply-accumulates of convolutions and linear layers; the training FLOPs come
    from torch.utils.flop_counter over a real forward and backward pass, those of `executed` from the network
    as an engine makes it.
    """
    macs = forward_macs(model, input_shape)
    return Compute(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        macs_forward=macs,
        flops_forward=2 * macs,
        flops_train=train_flops(model, input_shape),
        flops_train_executed=train_flops(executed, input_shape),
        method="fvcore (convolutions and linear layers), torch.utils.flop_counter (forward and backward)",
    )


def forward_macs(model: "nn.Module", input_shape: Sequence[int]) -> int:
    """Count with fvcore the multiply-accumulates of one image's forward pass."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # it calls torch.jit.script on import
        from fvcore.nn import FlopCountAnalysis

    # It logs every operator that it does not count (additions, pooling): not news.
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    model.eval()
    analysis = FlopCountAnalysis(model, torch.zeros(1, *input_shape))
    analysis.tracer_warnings("none")
    counts = analysis.by_operator()
    return int(sum(counts.get(name, 0) for name in COUNTED_OPERATORS))


def train_flops(model: "nn.Module", input_shape: Sequence[int]) -> int:
    """Count with torch the FLOPs of one image's forward and backward pass."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # Batch normalisation in evaluation mode takes a batch of one; it adds no counted FLOPs either way.
    model.eval()
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, *input_shape)).sum().backward()
    model.zero_grad(set_to_none=True)
    return int(counter.get_total_flops())
