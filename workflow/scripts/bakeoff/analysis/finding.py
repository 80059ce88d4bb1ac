"""One sentence of the verdict. Must not know what it is about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One sentence, the numbers that it rests on, and its data set (None: all of them)."""

    topic: str
    text: str
    evidence: str
    dataset: str | None = None
