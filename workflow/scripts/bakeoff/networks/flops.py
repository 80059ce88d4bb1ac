"""Arithmetic of one image: multiply-accumulates, FLOPs (two per multiply-accumulate), training FLOPs."""

import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bakeoff.records.parts import Compute
from bakeoff.surroundings import reason

if TYPE_CHECKING:
    from torch import nn

COUNTER = "torch.utils.flop_counter"
# Of what fvcore counts, that which is multiply-accumulates; of the others it counts single operations.
MULTIPLYING = ("conv", "linear", "addmm", "mm", "bmm", "matmul", "einsum")


def count(model: "nn.Module", executed: "nn.Module", input_shape: Sequence[int]) -> Compute:
    """Return the `compute` entry of a network's record for one image of (channels, rows, columns).

    torch counts a real forward and backward pass; `executed` is the network as an engine makes it. fvcore
    counts the forward pass once more, and by operator: `method` says whether it agrees, or why it could not.
    """
    forward, both = passes(model, input_shape)
    macs = forward // 2
    try:
        operators = by_operator(model, input_shape)
        theirs = sum(operators.get(name, 0) for name in MULTIPLYING)
        said = "the same" if theirs == macs else f"{theirs:,} MACs"
        method = f"{COUNTER}; fvcore counts {said}"
    except Exception as error:  # it is not maintained, and traces what it can: a cross-check costs no record
        operators, method = None, f"{COUNTER}; fvcore could not count: {reason(error)}"
    return Compute(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        macs_forward=macs,
        flops_forward=forward,
        flops_train=both,
        flops_train_executed=train_flops(executed, input_shape),
        operators=operators,
        method=method,
    )


def passes(model: "nn.Module", input_shape: Sequence[int]) -> tuple[int, int]:
    """Count with torch the FLOPs of one image's forward pass, and of that with its backward pass."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # Batch normalisation in evaluation mode takes a batch of one; it adds no counted FLOPs either way.
    model.eval()
    # oneDNN's LSTM is one operator, which is not counted; without oneDNN it is matrix products.
    plain = any(isinstance(layer, torch.nn.LSTM) for layer in model.modules())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of switching oneDNN; a network's own were heard when it was trained
        with torch.backends.mkldnn.flags(enabled=not plain), FlopCounterMode(display=False) as counter:
            answer = model(torch.zeros(1, *input_shape))
            forward = int(counter.get_total_flops())
            answer.sum().backward()
    model.zero_grad(set_to_none=True)
    return forward, int(counter.get_total_flops())


def train_flops(model: "nn.Module", input_shape: Sequence[int]) -> int:
    """Count with torch the FLOPs of one image's forward and backward pass."""
    return passes(model, input_shape)[1]


def by_operator(model: "nn.Module", input_shape: Sequence[int]) -> dict[str, int]:
    """Count with fvcore one image's forward pass by operator, as it names them; whatever it raises."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls on import what torch has deprecated
        from fvcore.nn import FlopCountAnalysis

        # It logs every operator that it does not count (additions, pooling): not news.
        logging.getLogger("fvcore").setLevel(logging.ERROR)
        model.eval()
        analysis = FlopCountAnalysis(model, torch.zeros(1, *input_shape))
        analysis.tracer_warnings("none")
        return {name: round(number) for name, number in analysis.by_operator().items()}
