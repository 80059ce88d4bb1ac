"""Clocks for honest numbers: every phase is bracketed by a device synchronise. Energy likewise."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter

from bakeoff.machine.energy import Counter
from bakeoff.surroundings import known


class Stopwatch:
    """Adds up seconds and joules of named phases; `synchronise` waits for the device before each read."""

    def __init__(
        self, synchronise: Callable[[], None] = lambda: None, counters: Sequence[Counter] = ()
    ) -> None:
        self._synchronise, self._counters = synchronise, counters
        self.seconds: dict[str, float] = defaultdict(float)
        self._joules: dict[tuple[str, str], float] = defaultdict(float)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time and the energy of the block to a phase, whether it ends well or not."""
        self._synchronise()
        before = [known(counter.read) for counter in self._counters]
        start = perf_counter()
        try:
            yield
        finally:
            self._synchronise()
            self.seconds[name] += perf_counter() - start
            for counter, joules in zip(self._counters, before, strict=True):
                taken = None if joules is None else known(partial(counter.since, joules))
                self._joules[name, counter.source] += math.nan if taken is None else taken

    def total(self, *names: str) -> float:
        """Return the seconds of the named phases together."""
        return sum(self.seconds[name] for name in names if name in self.seconds)

    def energy(self, *names: str) -> dict[str, float]:
        """Return the joules of the named phases together, by source, without those that ceased to count."""
        sources = sorted({counter.source for counter in self._counters})
        found = {source: sum(self._joules[name, source] for name in names) for source in sources}
        return {source: joules for source, joules in found.items() if math.isfinite(joules)}

    def snapshot(self) -> dict[str, float]:
        """Return the phases so far, to the microsecond."""
        return {name: round(value, 6) for name, value in self.seconds.items()}
