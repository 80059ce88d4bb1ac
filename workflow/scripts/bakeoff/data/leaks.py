"""Images to learn or choose from whose content is held back as well: what a publisher's own parts may hold.

Parts that are cut here have none: images of equal content are one unit. Must not know any file.
"""

from collections.abc import Sequence
from typing import Literal, get_args

from bakeoff.command import UserError
from bakeoff.data.parts import HOLDOUT, TEST, TRAIN, VALIDATION
from bakeoff.values import shown

OnLeak = Literal["report", "drop"]
CHOICES = get_args(OnLeak)
DROPPED = "copies, to learn from, of images that are held back (on_leak: drop)"
# What is held back from a part's images.
HELD_BACK = {TRAIN: {VALIDATION, HOLDOUT, TEST}, VALIDATION: {HOLDOUT, TEST}}


def staying(
    strata: Sequence[tuple[str, int]], digests: Sequence[str], classes: Sequence[str], on_leak: OnLeak
) -> list[bool]:
    """Return whether each image stays in a study; strata: its part and class, digests: of its content.

    UserError where a class would lose the last of its images in a part.
    """
    leaking = _leaking([part for part, _ in strata], digests)
    if on_leak == "report":
        return [True] * len(strata)
    left = {stratum for stratum, leaks in zip(strata, leaking, strict=True) if not leaks}
    if lost := sorted(set(strata) - left):
        part, label = lost[0]
        raise UserError(
            f"class {shown(classes[label])}: all its images in {part} are copies of held-back ones; "
            "mend the parts, or set on_leak: report"
        )
    return [not leaks for leaks in leaking]


def _leaking(parts: Sequence[str], digests: Sequence[str]) -> list[bool]:
    """Return whether each image has the content of one that is held back from its part."""
    where: dict[str, set[str]] = {}
    for part, digest in zip(parts, digests, strict=True):
        where.setdefault(digest, set()).add(part)
    return [
        bool(where[digest] & HELD_BACK.get(part, set())) for part, digest in zip(parts, digests, strict=True)
    ]
