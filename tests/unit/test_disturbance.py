"""What else ran on the machine while something was timed: told by counters, not by the repeats' spread."""

import pytest

import studies
from bakeoff.analysis import best, disturbance, speedup
from bakeoff.report import grid, results, runs, timings
from rendered import collected

QUIET = {"started": 1.0e9, "seconds": 10.0, "others_cores": 0.02, "stolen_cores": 0.0}
QUIET |= {"switches_per_s": 3.0, "load_before": 0.1, "cpu_mhz": 2400}


def timed(load: dict | None, seconds: tuple[float, ...] = (10.0, 10.1, 10.2)) -> dict:
    settings = studies._network(16, 0.001, 2, "fp32")
    repeats = [studies.run(settings, 0.93, seed=n, repeat=n, train_s=s) for n, s in enumerate(seconds)]
    made = [each | {"load": load} for each in repeats]
    return studies.cell("digits", "resnet18", "sgd", "cpu", made, purpose="speed")


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, False),
        ({"others_cores": 0.09}, False),
        ({"others_cores": 0.2}, True),
        ({"stolen_cores": 0.2}, True),
        ({"others_cores": 1.9, "seconds": 0.02}, False),  # four ticks of the kernel's clock
        ({"others_cores": 1.9, "seconds": 1.0}, True),
    ],
)
def test_a_share_of_the_machine_that_others_take_disturbs(changes, holds):
    loaded, unknown = studies.as_runs(timed(load)["runs"][0] for load in (QUIET | changes, None))
    assert disturbance.disturbed(loaded) == holds
    assert not disturbance.disturbed(unknown)


def test_a_steady_disturbance_is_said_and_marked_everywhere(tmp_path):
    # Four spinning processes all the while: the repeats agree, and all are too slow.
    found = collected(tmp_path, [timed(QUIET | {"others_cores": 1.3})])
    rows = speedup.rows(found)
    [_, said, *_] = timings.box(found)[1]
    assert said.endswith("3 runs of 3 disturbed: other processes kept at most 1.30 cores busy meanwhile.")
    [table] = timings.speedups(found, rows)
    assert any(cell.note.endswith("n = 3, 3 disturbed") for cell in table.rows[0])
    [every] = grid.tables(found, runs.groups(found, runs.numbered(found)), embedded=False)
    assert [row[-1].text for row in every.rows] == ["disturbed"] * 3


def test_a_quiet_machine_is_said_with_what_was_counted(tmp_path):
    found = collected(tmp_path, [timed(QUIET)])
    assert timings.box(found)[1][1].endswith("While they ran, other processes kept at most 0.02 cores busy.")


def test_where_nothing_was_counted_nothing_is_claimed(tmp_path):
    found = collected(tmp_path, [timed(None)])
    said = timings.box(found)[1][1]
    assert said.endswith("What else the machine did meanwhile was not measured.")
    assert "to itself" not in said


def test_a_disturbed_time_of_a_best_configuration_is_marked(tmp_path):
    cells = studies.alone(studies.small()[2:3])
    for run in cells[-1]["runs"]:
        run["load"] = QUIET | {"others_cores": 0.5}
    found = collected(tmp_path, cells)
    [table] = results.best(found, best.rows(found), [])
    assert any(cell.note == "CPU, n = 3, 3 disturbed" for cell in table.rows[0])
