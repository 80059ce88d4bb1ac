import pytest

from bakeoff import grid

DEFAULTS = {"C": 1.0, "gamma": "scale"}


def test_a_block_is_multiplied_out_in_the_order_of_the_defaults():
    found = grid.expand([{"gamma": ["scale", 0.1], "C": [1, 10]}], DEFAULTS)
    assert found == [
        {"C": 1, "gamma": "scale"},
        {"C": 1, "gamma": 0.1},
        {"C": 10, "gamma": "scale"},
        {"C": 10, "gamma": 0.1},
    ]


def test_a_scalar_is_a_list_of_one_and_defaults_fill_in():
    assert grid.expand([{"C": 5}], DEFAULTS) == [{"C": 5, "gamma": "scale"}]
    assert grid.expand([{}], DEFAULTS) == [DEFAULTS]


def test_a_text_is_one_value_not_its_letters():
    assert grid.expand([{"gamma": "auto"}], DEFAULTS) == [{"C": 1.0, "gamma": "auto"}]


def test_a_default_may_be_a_list():
    assert len(grid.expand([{"C": 1}], {"C": 1, "seeds": [0, 1, 2]})) == 3


def test_blocks_follow_each_other_and_repeats_are_dropped():
    found = grid.expand([{"C": [1, 2]}, {"C": [2, 3, 3]}], DEFAULTS)
    assert [settings["C"] for settings in found] == [1, 2, 3]


def test_no_blocks_are_no_settings():
    assert grid.expand([], DEFAULTS) == []


def test_an_unknown_name_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown setting gama; known are C, gamma"):
        grid.expand([{"gama": 1}], DEFAULTS)


def test_an_empty_list_is_named():
    with pytest.raises(ValueError, match="setting gamma has an empty list"):
        grid.expand([{"gamma": []}], DEFAULTS)


def test_the_defaults_are_not_changed():
    defaults = dict(DEFAULTS)
    grid.expand([{"C": [3]}], defaults)[0]["gamma"] = "changed"
    assert defaults == DEFAULTS
