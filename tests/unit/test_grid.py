import math

import pytest

from bakeoff import grid, values
from bakeoff.command import UserError

DEFAULTS = {"C": 1.0, "gamma": "scale"}


def test_a_block_is_multiplied_out_in_the_order_of_the_defaults():
    found = grid.expand([{"gamma": ["scale", 0.1], "C": [1, 10]}], DEFAULTS, {})
    assert found == [
        {"C": 1, "gamma": "scale"},
        {"C": 1, "gamma": 0.1},
        {"C": 10, "gamma": "scale"},
        {"C": 10, "gamma": 0.1},
    ]


def test_a_scalar_is_a_list_of_one_and_defaults_fill_in():
    assert grid.expand([{"C": 5}], DEFAULTS, {}) == [{"C": 5, "gamma": "scale"}]
    assert grid.expand([{}], DEFAULTS, {}) == [DEFAULTS]


def test_a_text_is_one_value_not_its_letters():
    assert grid.expand([{"gamma": "auto"}], DEFAULTS, {}) == [{"C": 1.0, "gamma": "auto"}]


def test_a_default_may_be_a_list():
    assert len(grid.expand([{"C": 1}], {"C": 1, "seeds": [0, 1, 2]}, {})) == 3


def test_blocks_follow_each_other_and_repeats_are_dropped():
    found = grid.expand([{"C": [1, 2]}, {"C": [2, 3, 3]}], DEFAULTS, {})
    assert [settings["C"] for settings in found] == [1, 2, 3]


@pytest.mark.parametrize("blocks", [[], None, 3, {"C": 1}, "rbf", True])
def test_what_is_no_list_of_blocks_is_refused_with_an_example(blocks):
    said = r'a grid is a list of blocks, such as \[{"C": 1.0}\], not '
    with pytest.raises(UserError, match=said):
        grid.expand(blocks, DEFAULTS, {})


@pytest.mark.parametrize("block", [None, 3, "C", [], [{}]])
def test_the_block_that_is_none_is_named_by_its_number(block):
    with pytest.raises(UserError, match="block 2: settings are an object, such as "):
        grid.expand([{}, block], DEFAULTS, {})


def test_a_value_is_taken_or_refused_with_its_setting_and_the_reason():
    takes = {"C": values.whole(1)}
    assert grid.expand([{"C": [2.0, 2, 3]}], DEFAULTS, takes)[0] == {"C": 2, "gamma": "scale"}
    assert isinstance(grid.expand([{"C": 2.0}], DEFAULTS, takes)[0]["C"], int)
    for wrong in (0, "2", True, None, [1], {"a": 1}, 1.5, math.nan, math.inf, 10**400):
        with pytest.raises(UserError, match=r"^C .* must be a whole number of at (least 1|most 2147483647)$"):
            grid.expand([{"C": [1, wrong]}], DEFAULTS, takes)


def test_what_says_nothing_by_default_may_be_told_to():
    takes = {"C": values.whole(1)}
    assert grid.expand([{"C": [None, 1]}], {"C": None}, takes) == [{"C": None}, {"C": 1}]


def test_an_unknown_name_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown setting gama; known are C, gamma"):
        grid.expand([{"gama": 1}], DEFAULTS, {})


def test_an_empty_list_is_named():
    with pytest.raises(ValueError, match="setting gamma has an empty list"):
        grid.expand([{"gamma": []}], DEFAULTS, {})


def test_the_defaults_are_not_changed():
    defaults = dict(DEFAULTS)
    grid.expand([{"C": [3]}], defaults, {})[0]["gamma"] = "changed"
    assert defaults == DEFAULTS
