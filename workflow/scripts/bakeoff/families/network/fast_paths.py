"""Which fast paths a training takes, and why not the others: each is an allow-list of conditions.

Slow and right is what happens where a condition does not hold.
"""

from dataclasses import dataclass, field

TAKEN = "taken"


@dataclass
class FastPaths:
    """What is said of every fast path by its name: that it is taken, or why it is declined."""

    said: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, *reasons: str | None) -> bool:
        """Note whether a path is taken; it is where no condition has a reason against it."""
        against = next((reason for reason in reasons if reason), None)
        self.said[name] = f"declined: {against}" if against else TAKEN
        return against is None

    def __or__(self, other: "FastPaths") -> "FastPaths":
        """Return what is said of either."""
        return FastPaths(self.said | other.said)
