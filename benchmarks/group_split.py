"""How balanced is a split of whole groups, and how many images does one group more move?

By the ranks of bakeoff.data.parts, and by two greedy ways that put each group where its classes lack most:
in the order of the same hash, and the largest group first, which is how the best balance is sought.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff import command
from bakeoff.command import option
from bakeoff.data import parts
from bakeoff.data.parts import TEST, TRAIN, VALIDATION
from bakeoff.data.source import Item
from bakeoff.data.split import Split
from bakeoff.data.units import units

SPLIT = Split(train=0.75, validation=0.25)
SHARES = {TEST: 0.2, VALIDATION: 0.2, TRAIN: 0.6}
Way = Callable[[Sequence[Item], int], Sequence[str]]


@dataclass(frozen=True)
class Options:
    """Measure the split of whole groups."""

    repeats: int = option("data sets drawn of each kind", default=20, least=2)


def main(options: Options) -> None:
    """Print balance and stability of each way."""
    for groups, classes, mixed in ((200, 10, 0.0), (200, 10, 0.3), (1000, 10, 0.3)):
        print(f"{groups} groups of 10 images on average, {classes} classes, {mixed:.0%} of images of any")
        for name, way in WAYS.items():
            found = np.array([_measure(way, groups, classes, mixed, seed) for seed in range(options.repeats)])
            worst, mean, moved = (100 * found).mean(0)
            most = 100 * found[:, 2].max()
            print(
                f"  {name:<22} a class's share of a part is off by {mean:.1f} points, "
                f"the worst by {worst:.1f}; one more moves {moved:.1f} % of the images, {most:.1f} % at most"
            )


def _drawn(groups: int, classes: int, mixed: float, seed: int) -> list[Item]:
    random = np.random.default_rng(seed)
    weights = random.dirichlet(np.full(classes, classes))
    items = []
    for group in range(groups):
        mine = random.choice(classes, p=weights)
        for image in range(random.geometric(0.1)):
            label = random.choice(classes, p=weights) if random.random() < mixed else mine
            items.append(Item(f"{group}/{image}", int(label), None, str(group)))
    return items


def _measure(way: Way, groups: int, classes: int, mixed: float, seed: int) -> tuple[float, float, float]:
    """Return how far shares of classes are off, at worst and on average, and the share that moves."""
    more = _drawn(groups + 1, classes, mixed, seed)
    items = [item for item in more if item.group != str(groups)]
    before, after = way(items, classes), way(more, classes)
    counts = np.zeros((classes, len(SHARES)))
    places = {name: place for place, name in enumerate(SHARES)}
    np.add.at(counts, ([item.label for item in items], [places[part] for part in before]), 1)
    off = np.abs(counts / counts.sum(1, keepdims=True) - list(SHARES.values()))
    return off.max(), off.mean(), np.mean([a != b for a, b in zip(before, after, strict=False)])


def _ranks(items: Sequence[Item], classes: int) -> Sequence[str]:
    return parts.assign(items, [item.path for item in items], list(map(str, range(classes))), SPLIT).parts


def _greedy(items: Sequence[Item], classes: int, largest: bool) -> Sequence[str]:
    found = units(items, [item.path for item in items], classes, SPLIT.seed)
    counts = np.zeros((len(found), classes))
    np.add.at(counts, (found.of, found.labels), 1)
    wanted = np.outer(list(SHARES.values()), counts.sum(0))
    lacking, place = wanted.copy(), np.empty(len(found), int)
    for unit in np.argsort(-counts.sum(1), kind="stable") if largest else range(len(found)):
        place[unit] = (counts[unit] * lacking / wanted).sum(1).argmax()
        lacking[place[unit]] -= counts[unit]
    return [list(SHARES)[part] for part in place[found.of]]


WAYS: dict[str, Way] = {
    "ranks": _ranks,
    "greedy, by hash": lambda items, classes: _greedy(items, classes, False),
    "greedy, largest first": lambda items, classes: _greedy(items, classes, True),
}

if __name__ == "__main__":
    command.run(main, Options)
