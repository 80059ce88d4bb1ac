"""What the audit of a data set found, in sentences, and what each means for the numbers of a study.

Owns these words. Must not know how anything was looked for, nor any page.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bakeoff.analysis import wording
from bakeoff.analysis.intervals import wilson
from bakeoff.records.audit import Audit, Shortcut
from bakeoff.values import plural

# Of copies made on purpose, how many have to be found for their kind to have been looked for.
LOOKED_FOR = 0.5
# The recall for which an interval is said, as an example.
EXAMPLE = 0.9
STORED = ("file size", "JPEG quantisation", "image size")


class Said(NamedTuple):
    """A finding and what it means, in a sentence or two each."""

    found: str
    means: str


def lines(audit: Audit) -> list[str]:
    """Return what was found as lines of text."""
    head = f"{audit.title}: {plural(audit.images, 'image')} of {len(audit.classes):,} classes"
    return [head, *(f"- {said.found} {said.means}".rstrip() for said in sentences(audit))]


def sentences(audit: Audit) -> list[Said]:
    """Return what was found, in the order of what it may do to an accuracy."""
    kinds = (_copies, _near, _looked_for, _smallest, _shortcuts, _grouping, _odd, _sizes, _modes)
    return [said for kind in kinds for said in kind(audit)]


def _said(number: int, one: str, several: str) -> str:
    """Return a count with a noun and its verb: 1 pair looks, 2 pairs look."""
    return f"{number:,} {one if number == 1 else several}"


def _copies(audit: Audit) -> Iterator[Said]:
    copies = audit.copies
    if not copies.groups:
        yield Said("No two images have equal pixels.", "No exact copy leaks from one part into another.")
        return
    found = (
        f"{plural(copies.images, 'image')} in {plural(copies.groups, 'group')} have the pixels of another."
    )
    if copies.across_parts:
        found += f" {_said(copies.across_parts, 'group lies', 'groups lie')} in several parts."
    means = (
        f"{plural(len(copies.leaked), 'test image')} can be known by heart: the table of accuracies without "
        "them says what that does."
        if copies.leaked
        else "Between training and test images none leaks."
    )
    yield Said(found, means if audit.parts else "")
    if copies.across_classes:
        yield Said(
            _said(copies.across_classes, "group of equal images has", "groups of equal images have")
            + " several labels.",
            "At least one label of each is wrong, or the classes overlap: no classifier can be right on all.",
        )


def _near(audit: Audit) -> Iterator[Said]:
    near = audit.near
    if not near.pairs:
        yield Said("No pair of images looks like a copy beside the exact ones.", "")
        return
    across = f", {near.across_parts:,} of them across parts" if audit.parts else ""
    labels = f", {near.across_classes:,} with two labels" if near.across_classes else ""
    pairs = _said(near.pairs, "pair of images looks", "pairs of images look")
    among = f" {_said(len(near.suspected), 'test image is', 'test images are')} among them."
    yield Said(
        f"{pairs} like copies (stored anew, shifted, mirrored, cropped){across}{labels}.",
        "These are suspects, to be looked at; none was left out for it." + (among if near.suspected else ""),
    )


def _looked_for(audit: Audit) -> Iterator[Said]:
    trials = audit.trials
    if not trials:
        yield Said("Near copies were not looked for.", "Images are too small, or too few have any contrast.")
        return
    made = next(iter(trials.values())).made
    rates = wording.listed([f"{each.found} {how}" for how, each in trials.items()])
    missed = [how for how, each in trials.items() if each.found < LOOKED_FOR * each.made]
    means = (
        f"Too small, or too alike: copies {wording.listed(missed)} were as good as not looked for."
        if missed
        else "So such copies were looked for, and most would have been found."
    )
    yield Said(f"Of {made} copies of its own images, made for a trial, were found: {rates}.", means)


def _smallest(audit: Audit) -> Iterator[Said]:
    if "test" not in audit.smallest:
        return
    name, count = audit.smallest["test"]
    found = f"The smallest class of the test images is {name}, with {plural(count, 'image')}."
    if not count:
        yield Said(found, "Nothing can be said of its recall.")
        return
    right = round(EXAMPLE * count)
    low, high = wilson(right / count, count)
    yield Said(
        found,
        f"With {right} of them right, its recall is {100 * right / count:.0f} %, and its 95 % interval "
        f"{100 * low:.0f} to {100 * high:.0f} %.",
    )


def _shortcuts(audit: Audit) -> Iterator[Said]:
    warned = [each for each in audit.shortcuts if each.warned]
    for each in warned:
        yield Said(
            f"By {each.by} alone a small decision tree tells classes with a mean recall of {_rate(each)}.",
            "The classes differ by how they were stored or taken: a classifier may have learnt that."
            if each.by in STORED
            else "If that is not what tells them in the world, a classifier may have learnt a shortcut.",
        )
    if audit.shortcuts and not warned:
        best = max(audit.shortcuts, key=lambda each: each.recall)
        tried = wording.listed([each.by for each in audit.shortcuts])
        yield Said(f"None of {tried} alone tells the classes: at best {best.by}, {_rate(best)}.", "")


def _rate(each: Shortcut) -> str:
    ends = f"{100 * each.low:.0f} to {100 * each.high:.0f} %"
    return f"{100 * each.recall:.0f} % (interval {ends}; chance {100 * each.chance:.0f} %)"


def _grouping(audit: Audit) -> Iterator[Said]:
    found = audit.grouping
    if found is None:
        return
    where = f", {found.crossing:,} of them in several parts" if found.crossing else ""
    yield Said(
        f"Names look as if images belonged together in {plural(found.groups, 'group')}{where} "
        f"(such as {found.example}).",
        f"If they do, set group: '{found.pattern}' in the row, or test images have siblings in training.",
    )


def _odd(audit: Audit) -> Iterator[Said]:
    for what, each in audit.odd.items():
        names = wording.listed([seen.path for seen in each.examples[:3]])
        yield Said(
            f"{plural(each.images, 'image')} {what}, such as {names}.", "Look whether they belong there."
        )
    if audit.unreadable:
        yield Said(f"{plural(audit.unreadable, 'image')} cannot be decoded.", "They are left out.")


def _sizes(audit: Audit) -> Iterator[Said]:
    sizes = audit.sizes
    if sizes.kinds == 1:
        yield Said(f"All images have {sizes.rows[0]} x {sizes.columns[0]} pixels.", "")
        return
    found = (
        f"Images have {sizes.kinds:,} sizes: {sizes.rows[0]} to {sizes.rows[1]} rows, "
        f"{sizes.columns[0]} to {sizes.columns[1]} columns."
    )
    means = (
        f"{_said(sizes.far, 'image is', 'images are')} more than half again as wide as high, or as high "
        "as wide: squashed to a square, what they show is out of shape; `resize: pad` keeps it."
        if sizes.far
        else "Brought to a square, none changes its shape by more than half."
    )
    yield Said(found, means)


def _modes(audit: Audit) -> Iterator[Said]:
    if audit.modes:
        said = wording.listed([f"{how}: {count:,}" for how, count in audit.modes.items()])
        yield Said(f"Stored in another way than most: {said}.", "")
