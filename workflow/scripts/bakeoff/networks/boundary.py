"""Where the frozen beginning of a network ends, and the two halves called apart.

Nothing is known of the network: what a call shows is believed and nothing else. Autograd tells what a trained
parameter had part in. That the rest needs one activation alone is seen by running it on that and on images of
which there are shapes only: whatever is computed from these is `Absent`, and so would be the answer.
"""

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn

Answer = Callable[..., Any]


class _Reached(BaseException):
    """An activation, on its way past whatever else the network would do."""

    def __init__(self, activation: Any) -> None:
        super().__init__()
        self.activation = activation


class NotCalled(RuntimeError):
    """A part that a network does not call for an answer."""


def reached(model: "nn.Module", part: "nn.Module", images: "torch.Tensor", ahead: bool = False) -> Any:
    """Return what a part of a network answers, or is given ahead of that; what follows is not computed.

    NotCalled where the answer comes about without it.
    """

    def given(part: Any, inputs: Any) -> None:
        raise _Reached(inputs[0])

    def answered(part: Any, inputs: Any, output: Any) -> None:
        raise _Reached(output)

    hook = part.register_forward_pre_hook(given) if ahead else part.register_forward_hook(answered)
    try:
        model(images)
    except _Reached as found:
        return found.activation
    finally:
        hook.remove()
    raise NotCalled


@dataclass(frozen=True)
class Call:
    """A call of a part while a network answered: what it gave, and how many calls had ended as it began."""

    name: str
    part: "nn.Module"
    begun: int
    outputs: "tuple[torch.Tensor, ...]"
    plain: bool  # whether one tensor is all that it gave


@dataclass
class Boundary:
    """A part of a network up to which nothing is trained, on whose answer alone all after it depends.

    shape: of an image, (channels, rows, columns); skipped: the parts that were called before it, and the
    shape of what each gave of an image.
    """

    model: "nn.Module"
    name: str
    part: "nn.Module"
    shape: tuple[int, ...]
    skipped: "list[tuple[nn.Module, tuple[int, ...]]]"
    _absent: dict[Any, "torch.Tensor"] = field(default_factory=dict)

    def before(self, images: "torch.Tensor") -> "torch.Tensor":
        """Return what images (n, channels, rows, columns) come to, in the network's own modes."""
        try:
            return reached(self.model, self.part, images)
        except NotCalled as error:
            raise NotCalled(f"{self.name} was not called") from error

    def after(self, activation: "torch.Tensor") -> "torch.Tensor":
        """Return the answer to images that came to this."""
        count = len(activation)
        answers: list[tuple[nn.Module, Answer]] = [
            (part, _giving(self._without_content((count, *each)))) for part, each in self.skipped
        ]
        with _answering([*answers, (self.part, _giving(activation))]):
            return self.model(self._without_content((count, *self.shape)))

    def _without_content(self, shape: tuple[int, ...]) -> "torch.Tensor":
        if shape not in self._absent:
            self._absent[shape] = _absent()(shape)
        return self._absent[shape]


def boundaries(model: "nn.Module", images: "torch.Tensor") -> Iterator[Boundary]:
    """Yield where a network may be cut in two, the latest first, as it answers images in its present modes.

    Whatever the network raises; what its answer changes of itself, such as running statistics, is changed.
    """
    calls, known = _calls(model, images), dict(model.named_modules())
    times = Counter(call.name for call in calls)
    still = _untrained(calls)
    for last in reversed(range(len(still))):
        call = still[last]
        if not call.plain or times[call.name] > 1 or len(call.outputs[0]) != len(images):
            continue
        skipped = [
            (known[each.name], tuple(each.outputs[0].shape[1:]))
            for each in _outermost(still[: call.begun])
            if each.plain and times[each.name] == 1 and len(each.outputs[0]) == len(images)
        ]
        found = Boundary(model, call.name, call.part, tuple(images.shape[1:]), skipped)
        if _whole(found, call.outputs[0], images):
            yield found


def _calls(model: "nn.Module", images: "torch.Tensor") -> list[Call]:
    """Return the calls of a network's parts, in the order in which they ended."""
    import torch

    ended: list[Call] = []
    begun: list[int] = []

    def end(name: str, part: "nn.Module", output: Any) -> None:
        outputs: list[torch.Tensor] = []
        torch.utils._pytree.tree_map_only(torch.Tensor, outputs.append, output)
        ended.append(Call(name, part, begun.pop(), tuple(outputs), type(output) is torch.Tensor))

    hooks = []
    for name, part in model.named_modules():
        hooks.append(part.register_forward_pre_hook(lambda *_: begun.append(len(ended))))
        hooks.append(part.register_forward_hook(lambda part, _, out, name=name: end(name, part, out)))
    try:
        model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return ended


def _untrained(calls: list[Call]) -> list[Call]:
    """Return the calls before the first one that had to do with what is trained."""
    for number, call in enumerate(calls):
        moved = any(parameter.requires_grad for parameter in call.part.parameters())
        if moved or any(output.requires_grad for output in call.outputs):
            return calls[:number]
    return calls


def _outermost(calls: list[Call]) -> list[Call]:
    """Return of calls those that no other one of them made."""
    found, last = [], len(calls) - 1
    while last >= 0:
        found.append(calls[last])
        last = calls[last].begun - 1
    return found


def _whole(found: Boundary, activation: "torch.Tensor", images: "torch.Tensor") -> bool:
    """Return whether a network answers from the activation at a boundary alone."""
    import torch

    try:
        answer = found.after(activation)
    except Exception:  # whatever a network does that asks for what is absent
        return False
    return type(answer) is torch.Tensor and answer.device == images.device


@functools.cache
def _absent() -> "Callable[[tuple[int, ...]], torch.Tensor]":
    """Return what makes tensors of a shape whose content is absent, as is that of all computed from them."""
    import torch
    from torch.utils import _pytree

    class Absent(torch.Tensor):
        """A tensor on the meta device, with which tensors of any other may be computed."""

        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            changed = args and isinstance(args[0], torch.Tensor) and not isinstance(args[0], cls)
            if (changed and _changes(func.__name__)) or "out" in (kwargs or {}):
                raise RuntimeError("what is there would be overwritten by what is absent")
            with torch._C.DisableTorchFunctionSubclass():
                arguments = _pytree.tree_map_only(torch.Tensor, without_content, (args, kwargs or {}))
                found = func(*arguments[0], **arguments[1])
                return _pytree.tree_map_only(torch.Tensor, lambda each: each.as_subclass(cls), found)

    def without_content(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.as_subclass(torch.Tensor) if tensor.is_meta else tensor.detach().to("meta")

    return lambda shape: torch.empty(shape, device="meta").as_subclass(Absent)


def _changes(function: str) -> bool:
    """Return whether a function of torch, by its name, changes its first argument in place."""
    inside = function.startswith("__")
    return function == "__setitem__" or function.startswith("__i") if inside else function.endswith("_")


def _giving(value: Any) -> Answer:
    return lambda *_, **__: value


@contextmanager
def _answering(answers: "list[tuple[nn.Module, Answer]]") -> Iterator[None]:
    """Let parts answer so meanwhile; a part's own `forward`, where one was set on it, comes back."""
    before = [part.__dict__.get("forward") for part, _ in answers]
    for part, answer in answers:
        part.__dict__["forward"] = answer
    try:
        yield
    finally:
        for (part, _), own in zip(answers, before, strict=True):
            if own is None:
                del part.__dict__["forward"]
            else:
                part.__dict__["forward"] = own
