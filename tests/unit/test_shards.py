"""Cells whose grid is cut into jobs: every run is somebody's, and the record is that of the whole."""

import itertools

import pytest
from test_cell import Fake, code, comparable, dataset, kept, place, run  # noqa: F401

from bakeoff.cells import run as cell
from bakeoff.cells.family import Plan
from bakeoff.cells.shards import Shard
from bakeoff.command import UserError
from bakeoff.records.request import Request

pytestmark = pytest.mark.numeric

GRID = {"rates": (0.1, 0.3, 0.2), "seeds": (0, 1)}


def plans(*sizes: int) -> list[Plan]:
    numbers = itertools.count()
    return [Plan(tuple(Request({"C": next(numbers)}, None) for _ in range(size)), size) for size in sizes]


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1, 1), (6,), (2, 1), (3, 3, 3), ()])
@pytest.mark.parametrize("total", [1, 2, 3, 8])
def test_every_run_is_in_exactly_one_shard_and_the_work_is_shared_out(sizes, total):
    whole = plans(*sizes)
    parts = [Shard(number + 1, total).cut(whole) for number in range(total)]
    shared_out = [pair for part in parts for plan in part for pair in plan.requests]
    wanted = [pair for plan in whole for pair in plan.requests]
    assert sorted(shared_out, key=str) == sorted(wanted, key=str)
    assert sum(plan.work for part in parts for plan in part) == pytest.approx(sum(sizes))


def test_runs_of_one_fit_stay_together_where_there_are_fits_enough():
    whole = plans(2, 2, 2)
    assert [plan for number in (1, 2) for plan in Shard(number, 2).cut(whole)] == [
        whole[0],
        whole[2],
        whole[1],
    ]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "a/b", "-1/2"])
def test_a_shard_that_is_none_is_refused(text):
    with pytest.raises(UserError, match="name one of so many parts"):
        Shard.parse(text)


@pytest.mark.parametrize("total", [2, 3, 4, 7, 13])
def test_a_cell_takes_over_what_its_shards_fitted(dataset, place, code, tmp_path, total):  # noqa: F811
    whole = run(Fake(dataset, **GRID), tmp_path / "whole" / place.name, code)
    fitted = []
    for number in range(1, total + 1):
        family = Fake(dataset, **GRID)
        cell.run_cell(family, place, 1, code, f"{number}/{total}")
        fitted += family.fitted
        said = (place.parent / "shards" / f"{place.stem}.{number}of{total}").read_text()
        assert said == f"{len(family.fitted)} of {len(family.fitted)} runs are in the journal\n"
        assert not place.exists()
    assert len(set(fitted)) == len(fitted) == len(whole["runs"])
    family = Fake(dataset, **GRID)
    assert comparable(run(family, place, code)) == comparable(whole)
    assert family.fitted == []
    assert kept(place)[0] == kept(tmp_path / "whole" / place.name)[0] == "0.2 2 0"


def test_a_finished_cell_that_is_cut_later_fits_nothing_again(dataset, place, code):  # noqa: F811
    run(Fake(dataset), place, code)
    family = Fake(dataset)
    for shard in ("1/2", "2/2", ""):
        cell.run_cell(family, place, 1, code, shard)
    assert family.fitted == []


def test_a_killed_shard_goes_on_where_it_stopped(dataset, place, code):  # noqa: F811
    family = Fake(dataset, **GRID)
    family.stop_after = 3
    with pytest.raises(KeyboardInterrupt):
        cell.run_cell(family, place, 1, code, "1/2")
    again = Fake(dataset, **GRID)
    cell.run_cell(again, place, 1, code, "1/2")
    assert len(family.fitted) == 3
    assert not set(family.fitted) & set(again.fitted)


def test_a_run_that_failed_in_its_shard_is_tried_again_by_the_cell(dataset, place, code):  # noqa: F811
    for shard in ("1/2", "2/2"):
        family = Fake(dataset)
        family.failing = {(0.1, 1)}
        cell.run_cell(family, place, 1, code, shard)
    family = Fake(dataset)
    record = run(family, place, code)
    assert {entry["status"] for entry in record["runs"]} == {"ok"}
    assert family.fitted == [(0.1, 1, 0), (0.1, 2, 0)]
