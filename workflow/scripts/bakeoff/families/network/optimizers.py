"""Optimizers as rows, and what fast paths may rely on of one, whatever it is called.

It is stated by the exact type, as a subclass may do anything, and by the settings of its groups.
"""

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from bakeoff import plugins, typed
from bakeoff.command import UserError
from bakeoff.networks import freezing
from bakeoff.plugins import ImportPath
from bakeoff.rows import Built, Kind
from bakeoff.surroundings import reason
from bakeoff.typed import said

if TYPE_CHECKING:
    import torch
    from torch import nn

# Each weight is moved by its own gradients alone, and by zeros no further than weight decay says.
EACH_BY_ITSELF = ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adadelta")
# Of these, those whose state is tensors that begin as zeros; NAdam's begins with a product of 1.
FROM_ZEROS = ("SGD", "Adam", "AdamW", "Adamax", "RAdam", "RMSprop", "Adadelta")

# Of torch.optim, those that cannot train a network here, whatever their settings.
UNFIT = {
    "LBFGS": "is no optimizer for batches: within a step it asks for the loss of the same images again",
    "SparseAdam": "is for sparse gradients, which no network has here",
    "Muon": "is for matrices alone, and a network has other weights, too",
}


def _fit(path: str) -> str:
    module, _, name = path.rpartition(":")
    if f"{module}.".startswith("torch.optim.") and name in UNFIT:
        raise ValueError(f"{UNFIT[name]}; name another, such as torch.optim:AdamW")
    return path


@typed.settings
class Optimizer(Built):
    """An optimizer of a network: a class like torch.optim's, called with the weights, lr and its settings.

    A setting that is a list is an axis of the grid.
    """

    build: Annotated[ImportPath, AfterValidator(_fit)] = said(
        "What is called: package.module:name, installed or in the working directory."
    )


OPTIMIZERS = Kind("optimizers", lambda given: Optimizer, "Optimizers")


def build(row: Optimizer, keywords: Mapping[str, Any], model: "nn.Module", learning_rate: float) -> Any:
    """Return an optimizer of what is trained; torch's own fused, and on a GPU fit for a CUDA graph.

    UserError where it does not take these weights or keywords, or no step without the loss.
    """
    make = plugins.find(row.build)
    on_gpu = next(model.parameters()).is_cuda
    faster = {"fused": True, "capturable": on_gpu} if make.__module__.startswith("torch.optim.") else {}
    known = inspect.signature(make).parameters
    own = {name: value for name, value in faster.items() if name in known}
    try:
        found = make(freezing.trained(model), lr=learning_rate, **{**own, **keywords})
    except (TypeError, ValueError) as error:
        raise UserError(f"{row.build} could not be made: {reason(error)}; change its row") from error
    closure = inspect.signature(found.step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise UserError(f"{row.build} {UNFIT['LBFGS']}; name another")
    return found


def mixes(optimizer: "torch.optim.Optimizer") -> str | None:
    """Return why weights may not be cut in two or laid out anew, None where that changes no update."""
    if not _is_one_of(EACH_BY_ITSELF, optimizer):
        return f"{type(optimizer).__name__} is not known to move each weight by its own gradients alone"
    if any(group.get("eps") == 0 for group in optimizer.param_groups):
        return "with an eps of 0 a zero gradient is divided by zero"
    return None


def starts_elsewhere(optimizer: "torch.optim.Optimizer") -> str | None:
    """Return why zeros are not what the optimizer's state begins from, None where they are."""
    if not _is_one_of(FROM_ZEROS, optimizer):
        return f"{type(optimizer).__name__} is not known to start from zeros"
    if any(group.get("momentum") and group.get("dampening") for group in optimizer.param_groups):
        return "with dampening the first step is another than those from zeros"
    return None


def _is_one_of(names: tuple[str, ...], optimizer: "torch.optim.Optimizer") -> bool:
    import torch

    return type(optimizer) in [getattr(torch.optim, name) for name in names]


def hand_over(optimizer: "torch.optim.Optimizer", weight: "torch.Tensor", *heirs: "nn.Parameter") -> None:
    """Let an optimizer that has not stepped yet move others in a weight's place, under its settings."""
    for group in optimizer.param_groups:
        group["params"] = [each for one in group["params"] for each in (heirs if one is weight else (one,))]


def decays(optimizer: "torch.optim.Optimizer", weight: "nn.Parameter") -> bool:
    """Return whether a weight moves although its gradient is zero."""
    groups = [group for group in optimizer.param_groups if any(one is weight for one in group["params"])]
    return weight.requires_grad and any(group.get("weight_decay") for group in groups)


def numbers(optimizer: "torch.optim.Optimizer", device: "torch.device") -> list[dict[str, Any]]:
    """Return the settings of every group that a recorded step would keep: all but tensors on the device."""
    import torch

    def host(value: Any) -> Any:
        return value.tolist() if isinstance(value, torch.Tensor) else value

    return [
        {
            name: host(value)
            for name, value in group.items()
            if name != "params" and not (isinstance(value, torch.Tensor) and value.device.type == device.type)
        }
        for group in optimizer.param_groups
    ]


def way_back(optimizer: "torch.optim.Optimizer") -> Callable[[], None]:
    """Return what puts an optimizer back to where it is now.

    State that begins as zeros becomes zeros where it lies: a recorded graph needs it in that place.
    """
    if not optimizer.state and starts_elsewhere(optimizer) is None:
        return lambda: _zero(optimizer)
    kept = copy.deepcopy(optimizer.state_dict())
    # What is loaded becomes the optimizer's own and is changed by its steps.
    return lambda: optimizer.load_state_dict(copy.deepcopy(kept))


def _zero(optimizer: "torch.optim.Optimizer") -> None:
    for values in optimizer.state.values():
        for value in values.values():
            value.zero_()
