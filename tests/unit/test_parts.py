"""Own images are cut into parts: as published, class by class, and so that later images move few of them."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from bakeoff.command import UserError
from bakeoff.data import parts
from bakeoff.data.parts import HOLDOUT, TEST, TRAIN, VALIDATION
from bakeoff.data.source import Item
from bakeoff.data.split import Split

SPLIT = Split(train=0.75, validation=0.25)
FOUR = Split(train=0.5, validation=0.25, holdout=0.25)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def flowers(*counts: int, start: int = 0, **said) -> list[Item]:
    """Return so many images of each class."""
    return [
        Item(f"{label}/{n}.png", label, **said)
        for label, count in enumerate(counts)
        for n in range(start, start + count)
    ]


def assigned(items: Sequence[Item], split: Split = SPLIT, digests: Sequence[str] | None = None):
    classes = [f"class {n}" for n in range(1 + max(item.label for item in items))]
    return parts.assign(items, digests or [sha256(item.path) for item in items], classes, split)


def by_class(items: Sequence[Item], found: Sequence[str]) -> list[dict[str, int]]:
    counts = defaultdict(Counter)
    for item, part in zip(items, found, strict=True):
        counts[item.label][part] += 1
    return [dict(counts[label]) for label in sorted(counts)]


def moved(items: Sequence[Item], more: Sequence[Item], split: Split = SPLIT) -> int:
    """Return how many of the images are elsewhere when there are more."""
    before, after = assigned(items, split).parts, assigned([*items, *more], split).parts
    return sum(one != other for one, other in zip(before, after, strict=False))


def test_without_parts_each_class_is_cut_into_60_20_and_20_percent():
    items = flowers(200, 50, 5)
    found = by_class(items, assigned(items).parts)
    assert found == [{TRAIN: 3 * n, VALIDATION: n, TEST: n} for n in (40, 10, 1)]


def test_with_a_holdout_there_is_a_fourth_part():
    items = flowers(100)
    assert by_class(items, assigned(items, FOUR).parts) == [
        {TRAIN: 40, VALIDATION: 20, HOLDOUT: 20, TEST: 20}
    ]


def test_the_order_of_the_images_says_nothing_and_the_seed_decides():
    items = flowers(40, 40)
    found = dict(zip(items, assigned(items).parts, strict=True))
    turned = items[::-1]
    assert dict(zip(turned, assigned(turned).parts, strict=True)) == found
    other = assigned(items, Split(train=0.75, validation=0.25, seed=1)).parts
    assert other != tuple(found.values())


@pytest.mark.parametrize("to", ["one class", "every class"])
def test_of_2_000_images_ten_more_move_no_more_than_lie_at_the_borders(to):
    items = flowers(*[200] * 10)
    more = flowers(10, start=200) if to == "one class" else flowers(*[1] * 10, start=200)
    # Two borders in a class, and no image more moves one by more than one.
    assert 0 < moved(items, more) <= 2 * len(more)
    # Each border of a class moves past a share of what came to it: on average fewer than half of the bound.
    each = [moved(items, flowers(10, start=200 + 10 * n)) for n in range(20)]
    assert sum(each) / len(each) < 5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(4, 40), min_size=1, max_size=4),
    st.lists(st.integers(0, 12), min_size=4, max_size=4),
    st.sampled_from([SPLIT, FOUR]),
)
def test_no_image_more_moves_more_than_one_at_each_border(counts, added, split):
    more = [
        item
        for label, count in enumerate(added[: len(counts)])
        for item in flowers(*[0] * label, count, start=100)
    ]
    borders = 3 if split.holdout else 2
    assert moved(flowers(*counts), more, split) <= borders * len(more)


def test_images_of_equal_content_are_in_one_part():
    items = flowers(60, 60)
    digests = [sha256(str(number // 3)) for number in range(len(items))]
    found = assigned(items, digests=digests)
    places = defaultdict(set)
    for digest, part in zip(digests, found.parts, strict=True):
        places[digest].add(part)
    assert {len(each) for each in places.values()} == {1}
    assert "80 images with the content of another, in the same part as that one" in found.notes


def test_equal_content_of_two_classes_is_in_one_part_and_said():
    items = flowers(10, 10)
    digests = [sha256(str(number % 10)) for number in range(20)]
    found = assigned(items, digests=digests)
    assert found.parts[:10] == found.parts[10:]
    assert "10 images with the content of another of another class" in found.notes


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_group_is_on_two_sides_and_every_class_is_on_each(data):
    sizes = data.draw(st.lists(st.integers(1, 8), min_size=12, max_size=30))
    split = data.draw(st.sampled_from([SPLIT, FOUR, Split(train=0.75, validation=0.25, folds=3, repeats=2)]))
    # Four groups at least of each class; the rest of a group is of any.
    items = [
        Item(f"{group}/{n}", group % 3 if n == 0 else data.draw(st.integers(0, 2)), None, f"patient {group}")
        for group, size in enumerate(sizes)
        for n in range(size)
    ]
    # Some images are in two groups: these are then one.
    digests = [sha256(item.path if data.draw(st.integers(0, 30)) else "same") for item in items]
    try:
        found = assigned(items, split, digests)
    except UserError:  # groups that became one may be too few
        reject()
    for side in (found.parts, found.folds or found.parts):
        for of in ([item.group for item in items], digests):
            sides = {*zip(of, side, strict=True)}
            assert len({each for each, _ in sides}) == len(sides)
    asked = {TRAIN, VALIDATION, TEST} | ({HOLDOUT} if split.holdout else set())
    assert [set(each) for each in by_class(items, found.parts)] == [asked] * 3


def of_groups(*groups: str) -> list[Item]:
    """Return images of groups by the classes of each, a letter an image."""
    return [
        Item(f"{group}/{n}", "abc".index(label), None, f"{group}")
        for group, labels in enumerate(groups)
        for n, label in enumerate(labels)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_a_class_that_is_nowhere_the_most_frequent_is_in_every_part_too(seed):
    items = of_groups(*["aaaa"] * 17, "aaab", "aaab", "aaab")
    found = assigned(items, Split(train=0.75, validation=0.25, seed=seed)).parts
    assert [set(each) for each in by_class(items, found)] == [{TRAIN, VALIDATION, TEST}] * 2


def test_groups_that_cannot_be_cut_are_one_line_that_names_a_class():
    with pytest.raises(UserError, match=r"^class class .: whole groups cannot be cut so that"):
        assigned(of_groups("abc", "ab", "ac", "bc"))


def patients(count: int, start: int = 0) -> list[Item]:
    """Return so many groups of 5 to 15 images, most of them of one class of four."""
    items = []
    for group in range(start, start + count):
        draw = hashlib.sha256(f"patient {group}".encode()).digest()
        labels = [draw[n] % 4 if draw[n + 16] < 64 else group % 4 for n in range(5 + draw[31] % 11)]
        items += [Item(f"{group}/{n}", label, None, f"{group}") for n, label in enumerate(labels)]
    return items


def test_whole_groups_leave_classes_balanced_and_stay():
    items = patients(200)
    for counts in by_class(items, assigned(items).parts):
        total = sum(counts.values())
        for part, share in ((TRAIN, 0.6), (VALIDATION, 0.2), (TEST, 0.2)):
            assert abs(counts[part] / total - share) < 0.05
    # A group more moves no more than a few others, each of 15 images at most.
    each = [moved(items, patients(1, start=200 + n)) for n in range(8)]
    assert sum(each) / len(each) < 30
    assert max(each) < 8 * 15


def test_a_publisher_s_parts_stand_and_what_lacks_is_cut_from_the_training_images():
    given = [*flowers(80, part=TRAIN), *flowers(20, start=80, part=TEST)]
    found = assigned(given).parts
    assert found[80:] == (TEST,) * 20
    assert Counter(found[:80]) == {TRAIN: 60, VALIDATION: 20}
    given = [*flowers(80, part=TRAIN), *flowers(20, start=80, part=VALIDATION)]
    found = assigned(given).parts
    assert found[80:] == (VALIDATION,) * 20
    # As many to one as 60 % to 20 %.
    assert Counter(found[:80]) == {TRAIN: 60, TEST: 20}
    given = [*given, *flowers(7, start=100, part=TEST)]
    assert assigned(given).parts == (TRAIN,) * 80 + (VALIDATION,) * 20 + (TEST,) * 7


def test_where_a_part_is_said_of_some_the_others_go_with_their_like_or_are_to_train_on():
    items = [*flowers(40), *flowers(10, start=40, part=TEST)]
    digests = [sha256(item.path) for item in items]
    digests[0] = digests[-1]
    found = assigned(items, digests=digests)
    assert found.parts[0] == TEST
    assert Counter(found.parts[1:40]) == {TRAIN: 29, VALIDATION: 10}
    assert "40 images without a part: where others of their group" in found.notes[0]


def test_what_a_publisher_has_on_two_sides_stays_there_and_is_said():
    items = [*flowers(20, part=TRAIN, group=None), *flowers(5, start=20, part=TEST)]
    digests = [sha256(item.path) for item in items]
    digests[0] = digests[-1]
    found = assigned(items, digests=digests)
    assert found.parts[-1] == TEST
    assert found.parts[0] != TEST
    assert "1 group of images that belong together in several parts, as published" in found.notes


def test_a_class_that_a_publisher_left_out_of_a_part_is_said():
    items = [*flowers(20, 20, part=TRAIN), *flowers(5, start=20, part=TEST)]
    assert assigned(items).notes == ("no image of class class 1 in test, as published",)


@pytest.mark.parametrize(
    ("items", "split", "said"),
    [
        (flowers(9, 2), SPLIT, "class class 1: 2 images, of 3 needed, one each for test, validation, train"),
        (flowers(9, 3), FOUR, "class class 1: 3 images, of 4 needed"),
        (flowers(2, 1, 9), SPLIT, "class class 0: 2 images, of 3 needed, .*; so have 1 more classes"),
        (flowers(9, 0, 9), SPLIT, "class class 1: 0 images, of 3 needed"),
        (
            flowers(9, part=TEST),
            SPLIT,
            "class class 0: 0 images, of 2 needed, one each for validation, train",
        ),
        (flowers(9, group="one"), SPLIT, "class class 0: 9 images in 1 group, of 3 needed"),
        (
            flowers(9, 4),
            Split(train=0.75, validation=0.25, folds=4),
            "class class 1: 3 images, of 4 needed, one each for fold 0",
        ),
    ],
)
def test_a_class_with_too_few_images_is_named_with_the_number_needed(items, split, said):
    with pytest.raises(UserError, match=f"^{said}") as caught:
        assigned(items, split)
    assert "\n" not in str(caught.value)


def test_no_image_at_all_is_a_class_with_too_few():
    with pytest.raises(UserError, match="class a: 0 images, of 3 needed"):
        parts.assign([], [], ["a", "b"], SPLIT)


def test_three_images_of_a_class_are_one_for_each_part():
    assert by_class(flowers(3, 3), assigned(flowers(3, 3)).parts) == [{TRAIN: 1, VALIDATION: 1, TEST: 1}] * 2


def test_folds_are_of_the_images_to_learn_from_and_as_many_of_a_class_in_each():
    items = flowers(100, 50)
    split = Split(train=0.75, validation=0.25, folds=4)
    found = assigned(items, split)
    assert found.parts == assigned(items).parts
    learnt = [part in (TRAIN, VALIDATION) for part in found.parts]
    assert [bool(own) for own in found.folds] == learnt
    counts = by_class(items, found.folds)
    assert [each[fold,] for each in counts for fold in range(4)] == [20] * 4 + [10] * 4
    more = assigned([*items, *flowers(4, start=100)], split).folds
    assert sum(a != b for a, b in zip(found.folds, more, strict=False)) <= 4 * 4


def test_folds_are_cut_again_by_the_next_seed_and_the_first_cut_stays():
    items = flowers(100, 50)
    once, twice = (
        assigned(items, Split(train=0.75, validation=0.25, folds=4, repeats=repeats)) for repeats in (1, 2)
    )
    assert twice.parts == once.parts
    assert [own[:1] for own in twice.folds] == [*once.folds]
    again = [own[1] - 100 if own else None for own in twice.folds]
    for each in by_class(items, again):
        assert len({each[fold] for fold in range(4)}) == 1
    # Of two cuts by chance one image in four is in the same place of both.
    alike = sum(own[0] == place for own, place in zip(twice.folds, again, strict=True) if own)
    assert 0 < alike < 60
