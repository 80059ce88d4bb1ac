"""Progress of long work: a bar on a terminal, plain lines in a log."""

import sys
from time import monotonic


class Progress:
    """Counts work units under a label and says how far it is and how long it has left.

    apart_s: seconds between two lines in a log, but for the last.
    """

    def __init__(self, label: str, total: float, apart_s: float = 0.0) -> None:
        self._label = label
        self._total = total
        self._start = self._said = monotonic()
        self._apart_s = apart_s
        self._done = 0.0
        self._bar = None
        if sys.stdout.isatty():
            from tqdm import tqdm

            layout = "{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining} {postfix}"
            self._bar = tqdm(total=total, desc=label, bar_format=layout, file=sys.stdout)

    def advance(self, units: float, text: str) -> None:
        """Add done units and tell what was reached."""
        self._done += units
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(units)
            return
        now = monotonic()
        if now - self._said < self._apart_s and self._done < self._total:
            return
        self._said, elapsed = now, now - self._start
        left = elapsed / self._done * (self._total - self._done) if self._done else 0.0
        share = self._done / self._total if self._total else 1.0
        self.say(f"{share:4.0%}  {text}  elapsed {clock(elapsed)}, left about {clock(left)}")

    def say(self, text: str) -> None:
        """Print one line, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(f"{self._label}: {text}", file=sys.stdout)
        else:
            print(f"{self._label}: {text}", flush=True)

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()


def clock(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
