import math

import pytest

from bakeoff import typed
from bakeoff.command import UserError
from bakeoff.search import grid
from bakeoff.typed import said


@typed.settings
class Machine:
    """Settings of a made-up machine."""

    C: typed.Positive = said("Penalty.", 1.0)
    gamma: str = said("Coefficient.", "scale")
    depth: typed.Count | None = said("Depth.", None)


def of(*blocks, **more) -> list[tuple]:
    return [tuple(settings.values()) for settings in grid.expand(list(blocks), Machine, more)]


def test_a_block_is_multiplied_out_in_the_order_of_the_settings():
    assert of({"gamma": ["scale", "auto"], "C": [1, 10]}) == [
        (1, "scale", None),
        (1, "auto", None),
        (10, "scale", None),
        (10, "auto", None),
    ]


def test_a_scalar_is_a_list_of_one_and_defaults_fill_in():
    assert of({"C": 5}) == [(5, "scale", None)]
    assert of({}) == [(1.0, "scale", None)]
    assert of({"gamma": "auto", "depth": [None, 2]}) == [(1.0, "auto", None), (1.0, "auto", 2)]


def test_blocks_follow_each_other_and_repeats_are_dropped_however_they_are_written():
    assert [C for C, *_ in of({"C": [1, 2]}, {"C": [2.0, "2e0", 3, 3]})] == [1, 2, 3]


def test_axes_that_are_not_the_settings_own_come_last():
    assert of({"C": [1, 2]}, decay=[0.1, 0.2]) == [
        (1, "scale", None, 0.1),
        (1, "scale", None, 0.2),
        (2, "scale", None, 0.1),
        (2, "scale", None, 0.2),
    ]


@pytest.mark.parametrize("blocks", [[], None, 3, {"C": 1}, "rbf", True])
def test_what_is_no_list_of_blocks_is_refused_with_an_example(blocks):
    with pytest.raises(UserError, match=r'a grid is a list of blocks, such as \[{"C": 1}\], not '):
        grid.expand(blocks, Machine)


@pytest.mark.parametrize("block", [None, 3, "C", [], [{}]])
def test_the_block_that_is_none_is_named_by_its_number(block):
    with pytest.raises(UserError, match=r"^block/2: .*is no section; its keys are C, gamma, depth$"):
        of({}, block)


@pytest.mark.parametrize("wrong", [0, "x", True, [1], {"a": 1}, math.nan, math.inf, 10**400, -1, None])
def test_a_value_is_taken_or_refused_with_its_place_and_the_reason(wrong):
    with pytest.raises(UserError, match=r"^block/1/C/1: .* (above 0|not a number|not a finite number)$"):
        of({"C": [1, wrong]})
    if not isinstance(wrong, list):
        with pytest.raises(UserError, match=r"^block/1/C: "):
            of({"C": wrong})


def test_an_unknown_name_an_empty_list_and_too_many_settings_are_named():
    with pytest.raises(UserError, match=r"^block/1: gama is unknown; did you mean gamma\?$"):
        of({"gama": 1})
    with pytest.raises(UserError, match=r"^block/1/gamma: \[\] is empty; name at least one$"):
        of({"gamma": []})
    many = list(range(1, 1001))
    with pytest.raises(UserError, match="a block of 1000000 settings; 10000 are the most"):
        of({"C": many, "depth": many})
