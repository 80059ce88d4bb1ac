"""CUDA graphs: work recorded once and replayed without the host, on several streams side by side.

At batch 16 a training step is hundreds of kernels of a few microseconds: launched one by one, the device
waits for the host most of the time. On a CPU there are no streams, and the same work runs as it is called.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

Work = Callable[[], None]


def lanes(count: int, device: "torch.device") -> "list[torch.cuda.Stream]":
    """Return so many streams of a GPU; none on a CPU."""
    import torch

    return [torch.cuda.Stream(device) for _ in range(count)] if device.type == "cuda" else []


def side_by_side(works: Sequence[Work], streams: "Sequence[torch.cuda.Stream]") -> None:
    """Run each on its own stream, from where the present one is now; it goes on when all are done."""
    import torch

    if not streams:
        for work in works:
            work()
        return
    here = torch.cuda.current_stream()
    for stream, work in zip(streams, works, strict=True):
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            work()
    for stream in streams:
        here.wait_stream(stream)


def record(works: Sequence[Work]) -> list[Work]:
    """Record each as a graph, without running it; return what replays them.

    The graphs share memory, as they never run at the same time. RuntimeError where work cannot be recorded.
    """
    import torch

    pool: Any = torch.cuda.graph_pool_handle()
    replays: list[Work] = []
    for work in works:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            work()
        replays.append(graph.replay)
    return replays
