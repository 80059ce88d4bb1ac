"""What belongs together in a split: images of one group, and images of equal content, in the order of a hash.

Must not know parts, nor any file.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.source import Item

Whole = NDArray[np.int64]
# A group or a content, told apart.
Node = tuple[bool, str]


@dataclass(frozen=True)
class Units:
    """Whole units of images, numbered in the order of their hash.

    of: (n,) the unit of each image; labels: (n,) its class; classes: how many there are.
    """

    of: Whole
    labels: Whole
    classes: int

    def __len__(self) -> int:
        return int(self.of.max(initial=-1)) + 1

    def per_class(self, images: NDArray[np.bool_]) -> Whole:
        """Return in how many units (classes,) each class has some of these images."""
        return np.bincount(self.pairs(images)[0][1], minlength=self.classes)

    def strata(self, images: NDArray[np.bool_]) -> Iterable[tuple[Whole, Whole]]:
        """Yield, class by class, the units that are ranked in it and how many of its images each has.

        A unit is ranked in the class that most of its images are of; of equals, in the first.
        """
        pairs, counts = self.pairs(images)
        order = np.lexsort((pairs[1], -counts, pairs[0]))
        known, first = np.unique(pairs[0][order], return_index=True)
        labels, sizes = pairs[1][order][first], counts[order][first]
        for label in np.unique(labels):
            yield known[labels == label], sizes[labels == label]

    def pairs(self, images: NDArray[np.bool_]) -> tuple[Whole, Whole]:
        """Return units and their classes (2, k), and how many of the images are of each pair (k,)."""
        keys = self.of[images] * self.classes + self.labels[images]
        found, counts = np.unique(keys, return_counts=True)
        return np.stack(np.divmod(found, self.classes)), counts


def units(items: Sequence[Item], digests: Sequence[str], classes: int, seed: int) -> Units:
    """Return the units of images, given the sha256 of each one's content."""
    together = _Together()
    for item, digest in zip(items, digests, strict=True):
        together.join((False, digest), (False, digest) if item.group is None else (True, item.group))
    names: dict[Node, Node] = {}
    for node in together.nodes():
        root = together.root(node)
        # A group's name comes first: content that is added to it leaves it where it is.
        names[root] = min(names.get(root, node), node, key=lambda each: (not each[0], each[1]))
    ranked = sorted(names, key=lambda root: _hash(seed, names[root]))
    rank = {root: number for number, root in enumerate(ranked)}
    of = [rank[together.root((False, digest))] for digest in digests]
    labels = [item.label for item in items]
    return Units(np.array(of, np.int64), np.array(labels, np.int64), classes)


def _hash(seed: int, name: Node) -> bytes:
    said = f"{seed} {'group' if name[0] else 'content'} {name[1]}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()


class _Together:
    """Sets of groups and contents that images join."""

    def __init__(self) -> None:
        self._parents: dict[Node, Node] = {}

    def nodes(self) -> Iterable[Node]:
        return list(self._parents)

    def root(self, node: Node) -> Node:
        while (parent := self._parents.setdefault(node, node)) != node:
            # Half the way is left for the next who asks.
            self._parents[node] = node = self._parents[parent]
        return node

    def join(self, one: Node, other: Node) -> None:
        self._parents[self.root(one)] = self.root(other)
