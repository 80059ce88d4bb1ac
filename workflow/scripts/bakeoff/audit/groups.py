"""Names of files that look as if images belonged together: a patient, a session, a video, a burst.

A suspicion, not a finding: that a name repeats says nothing of what it means.
"""

import re
from collections import defaultdict

from bakeoff.audit.images import Images
from bakeoff.records.audit import Grouping

# From the surest on: a word for what belongs together, with its number; a folder below the class; what stands
# before the last number of a name.
PATTERNS = (
    r"(?i)((?:patient|subject|person|session|video|scene|seq|case|slide|burst|clip|pat|sub|vid)[-_ ]?[0-9]+)",
    r"([^/]+)/[^/]+$",
    r"([^/]*[0-9][^/]*)[-_. (][^/0-9]*[0-9]+[^/0-9]*$",
    r"([0-9]+[a-z]?)[-_][^/]*$",
)
# Of all images, how many a pattern has to match, and how many images a group has on average.
MATCHED, LEAST = 0.95, 2.0


def grouping(images: Images) -> Grouping | None:
    """Return the first pattern that splits every class's images into groups, None where none does."""
    if images.groups is not None or not images.files:
        return None
    for pattern in PATTERNS:
        found = _groups(images, pattern)
        if found is not None:
            parts = {name: {images.parts[number] for number in group} for name, group in found.items()}
            crossing = [name for name, several in parts.items() if len(several) > 1]
            if crossing or not any(images.parts):
                example = crossing[0] if crossing else next(iter(found))
                return Grouping(pattern=pattern, groups=len(found), crossing=len(crossing), example=example)
    return None


def _groups(images: Images, pattern: str) -> dict[str, list[int]] | None:
    """Return the images of each group, None where the pattern is not about groups."""
    finder, found = re.compile(pattern), defaultdict(list)
    for number, path in enumerate(images.paths):
        if match := finder.search(path):
            found[match.group(1)].append(number)
    matched = sum(map(len, found.values()))
    if matched < MATCHED * len(images) or not LEAST * len(found) <= matched:
        return None
    # What is one for a whole class is the class's name, or its folder.
    per_class: dict[int, set[str]] = defaultdict(set)
    for name, group in found.items():
        for number in group:
            per_class[int(images.labels[number])].add(name)
    return dict(found) if all(len(names) > 1 for names in per_class.values()) else None
