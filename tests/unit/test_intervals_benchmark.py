"""The benchmark of intervals and tests, at a quick look: every rate near what is promised."""

import re
import subprocess
import sys

import pytest

import studies

PROGRAM = studies.ROOT / "benchmarks" / "intervals.py"
LINE = re.compile(r"(.+?)\s{2,}(.+?)\s+(\d+)  (covers|errs|instead)\s+([\d.]+)\s+([\d.]+)\s+(\d+|all)")


@pytest.fixture(scope="module")
def lines():
    """The printed lines: claim, case, n, kind, nominal, found."""
    environment = {"PYTHONPATH": str(studies.ROOT / "workflow/scripts"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, PROGRAM, "--quick"], env=environment, capture_output=True, text=True, check=True
    )
    head, *printed = done.stdout.splitlines()
    assert head.split() == ["claim", "case", "n", "nominal", "found", "draws"]
    return [LINE.fullmatch(line).groups() for line in printed]


def test_every_rate_is_near_what_is_promised(lines):
    far = {
        (claim, case, n): found
        for claim, case, n, kind, nominal, found, _ in lines
        if (kind == "covers" and float(found) < float(nominal) - 0.1)
        or (kind == "errs" and float(found) > float(nominal) + 0.1)
    }
    assert not far
    assert {kind for _, _, _, kind, *_ in lines} == {"covers", "errs", "instead"}


def test_every_interval_and_test_of_the_page_is_there(lines):
    assert {claim for claim, *_ in lines} == {
        "accuracy, Wilson",
        "intervals apart",
        "accuracy without copies",
        "ratio of times",
        "median time",
        "paired ratio",
        "shortest of four",
        "McNemar, mid-p",
        "McNemar of one seed each",
        "Holm, any of 6 pairs",
        "methods over seeds",
        "method against SVM",
        "accuracy of devices",
        "equivalence of devices",
        "published band",
        "critical difference",
    }
    times = {(case, int(n)) for claim, case, n, *_ in lines if claim == "ratio of times"}
    assert {n for _, n in times} == set(range(2, 11))
    assert sum("turns A B B A" in case for case, _ in times) == 18


def test_what_is_not_relied_on_fails_where_it_is_said_to(lines):
    instead = {
        (claim, case, n): float(found) for claim, case, n, kind, _, found, _ in lines if kind == "instead"
    }
    assert instead["McNemar of one seed each", "seeds 0.9 points apart", "10000"] > 0.4
    assert instead["ratio of times", "steady drift of 10 %, A after A", "10"] < 0.7
