"""Work that several processes share, each piece of it done as one process would do it."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from bakeoff.command import UserError

Task = TypeVar("Task")
Found = TypeVar("Found")


@contextmanager
def shared(
    work: Callable[[Task], Found], tasks: Sequence[Task], processes: int, libraries: Sequence[str], fewer: str
) -> Iterator[Iterator[Found]]:
    """Give what work makes of every task, in order; whoever leaves before the end has no more of it begun.

    libraries: what work needs, imported once for all processes; fewer: how to ask for fewer of these, which
    UserError names where the system ends one.
    """
    if processes == 1:
        yield map(work, tasks)
        return
    # A server that has the libraries forks the processes, before any thread of theirs runs. None of these
    # modules: it may find those of another checkout, which its environment names.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(libraries))
    pool = ProcessPoolExecutor(min(processes, len(tasks)), context, _begin, (work,))
    try:
        yield pool.map(_next, tasks)
    except BrokenProcessPool as error:
        raise UserError(f"a process was ended by the system; take fewer: {fewer}") from error
    finally:
        pool.shutdown(cancel_futures=True)


# Of a process: its part of the work is handed over once, not with every task.
_given: list[Callable[[Any], Any]] = []


def _begin(work: Callable[[Any], Any]) -> None:
    _given.append(work)


def _next(task: Any) -> Any:
    return _given[0](task)
