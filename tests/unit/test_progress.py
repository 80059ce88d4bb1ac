import re
import sys

import pytest

from bakeoff import progress
from bakeoff.progress import Progress, clock


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01"), (90000, "25:00:00")],
)
def test_times_read_like_a_clock(seconds, shown):
    assert clock(seconds) == shown


def test_a_log_gets_one_plain_line_per_step_with_share_and_time_left(capsys, monkeypatch):
    ticks = iter([0.0, 30.0, 120.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(ticks))
    shown = Progress("digits/svm_rbf_cpu", 4)
    shown.advance(1, "C 1")
    shown.advance(3, "C 10")
    shown.say("done")
    shown.close()
    assert capsys.readouterr().out.splitlines() == [
        "digits/svm_rbf_cpu:  25%  C 1  elapsed 0:30, left about 1:30",
        "digits/svm_rbf_cpu: 100%  C 10  elapsed 2:00, left about 0:00",
        "digits/svm_rbf_cpu: done",
    ]


def test_nothing_to_do_is_no_division_by_zero(capsys):
    Progress("x", 0).advance(0, "nothing")
    assert "100%  nothing" in capsys.readouterr().out


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = Progress("digits/svm_rbf_cpu", 2)
    shown.advance(1, "C 1")
    shown.say("a line above")
    shown.advance(1, "C 10")
    shown.close()
    out = capsys.readouterr().out
    assert "\r" in out
    assert re.search(r"digits/svm_rbf_cpu 100% \|.*C 10", out)
    assert "digits/svm_rbf_cpu: a line above\n" in out
