"""The whole audit: from images to what was found."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from bakeoff.audit import control, copies, groups, odd, shortcuts
from bakeoff.audit.copies import Pair
from bakeoff.audit.images import Images
from bakeoff.audit.sources import Audited
from bakeoff.records.audit import Audit, Copies, Near, Suspect
from bakeoff.values import plural

# Groups of equal images, and suspected pairs, that are listed.
LISTED = 200
TEST, LEARNT = "test", ("train", "validation")
Log = Callable[[str], None]


def audit(given: Audited, workers: int, log: Log) -> tuple[Audit, Sequence[Pair]]:
    """Return what was found, and the pairs that look like copies, by the numbers of the images."""
    images = given.images
    equal = copies.exact(images)
    fields = copies.fields(images, workers)
    log(f"{plural(len(images), 'image')} read, {plural(len(equal), 'group')} of equal ones; now near copies")
    pairs = copies.near(fields)
    log(f"{plural(len(pairs), 'pair')} found that may be copies; now copies made for a trial, and shortcuts")
    parts = Counter(part for part in images.parts if part)
    return Audit(
        dataset=given.dataset,
        title=given.title,
        digest=given.digest,
        classes=tuple(images.classes),
        images=len(images),
        parts=dict(parts),
        smallest={part: _smallest(images, part) for part in parts},
        unreadable=images.unreadable,
        copies=_copies(images, equal),
        near=_near(images, pairs, equal, sum(len(field.numbers) for field in fields)),
        trials=control.trials(fields),
        sizes=odd.sizes(images),
        modes=odd.modes(images),
        odd=odd.odd(images),
        shortcuts=shortcuts.shortcuts(images),
        grouping=groups.grouping(images),
    ), pairs


def _smallest(images: Images, part: str) -> tuple[str, int]:
    here = np.array([each == part for each in images.parts])
    counts = np.bincount(images.labels[here], minlength=len(images.classes))
    least = int(counts.argmin())
    return images.classes[least], int(counts[least])


def _copies(images: Images, equal: Sequence[Sequence[int]]) -> Copies:
    classes = [len({int(images.labels[n]) for n in group}) > 1 for group in equal]
    parts = [len({images.parts[n] for n in group}) > 1 for group in equal]
    order = sorted(range(len(equal)), key=lambda g: (not parts[g], not classes[g]))
    return Copies(
        groups=len(equal),
        images=sum(map(len, equal)),
        across_classes=sum(classes),
        across_parts=sum(parts),
        listed=tuple(tuple(odd.seen(images, n) for n in equal[g]) for g in order[:LISTED]),
        leaked=_held(images, equal),
    )


def _held(images: Images, together: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the rows of the test images that stand in one set with images that are learnt from."""
    found = {
        images.rows[number]
        for group in together
        if any(images.parts[n] in LEARNT for n in group)
        for number in group
        if images.parts[number] == TEST
    }
    return tuple(sorted(found))


def _near(images: Images, pairs: Sequence[Pair], equal: Sequence[Sequence[int]], looked_at: int) -> Near:
    def differ(pair: Pair, of: Sequence[object]) -> bool:
        return bool(of[pair.first] != of[pair.second])

    # Of equal images one was looked for; what it looks like, all of them do.
    same = {group[0]: list(group) for group in equal}
    sets = [[*same.get(p.first, [p.first]), *same.get(p.second, [p.second])] for p in pairs]
    labels = images.labels.tolist()
    order = sorted(pairs, key=lambda pair: not differ(pair, images.parts))
    listed = tuple(
        Suspect(
            first=odd.seen(images, pair.first),
            second=odd.seen(images, pair.second),
            likeness=min(1.0, 1 - pair.unlike),
            mirrored=pair.mirrored,
        )
        for pair in order[:LISTED]
    )
    return Near(
        pairs=len(pairs),
        across_classes=sum(differ(pair, labels) for pair in pairs),
        across_parts=sum(differ(pair, images.parts) for pair in pairs),
        listed=listed,
        suspected=_held(images, sets),
        looked_at=looked_at,
    )
