"""Clocks for honest numbers: every phase is bracketed by a device synchronise."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Adds up the seconds of named phases; `synchronise` waits for the device before each read."""

    def __init__(self, synchronise: Callable[[], None] = lambda: None) -> None:
        self._synchronise = synchronise
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of the block to a phase, whether it ends well or not."""
        self._synchronise()
        start = perf_counter()
        try:
            yield
        finally:
            self._synchronise()
            self.seconds[name] += perf_counter() - start

    def total(self, *names: str) -> float:
        """Return the seconds of the named phases together."""
        return sum(self.seconds[name] for name in names if name in self.seconds)

    def snapshot(self) -> dict[str, float]:
        """Return the phases so far, to the microsecond."""
        return {name: round(value, 6) for name, value in self.seconds.items()}
