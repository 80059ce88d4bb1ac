"""Timed cells: what else went on on the machine meanwhile, and the turns that several take."""

import os
import subprocess
import sys
import time

import pytest
from test_cell import Fake, of_device

import arrays
import studies
from bakeoff.cells import timed
from bakeoff.cells.family import requests
from bakeoff.cells.timed import Timed
from bakeoff.data import store
from bakeoff.machine import load

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def stat(tmp_path, monkeypatch):
    """Replace the kernel's counters: seconds of user, nice, system, idle, iowait, irq, softirq, steal."""
    path = tmp_path / "stat"
    monkeypatch.setattr(load, "STAT", path)

    def write(*seconds: float) -> None:
        path.write_text(f"cpu  {' '.join(str(round(each * TICKS)) for each in seconds)} 0 0\ncpu0 1\n")

    return write


def test_what_others_did_is_all_that_was_done_less_our_own(stat, monkeypatch):
    clock = iter([100.0, 110.0])
    monkeypatch.setattr(load.time, "perf_counter", lambda: next(clock))
    own = iter([(1.0, 0.5, 0.0, 0.0, 0.0), (7.0, 1.5, 2.0, 0.0, 0.0)])
    monkeypatch.setattr(load.os, "times", lambda: next(own))
    stat(50, 0, 10, 500, 0, 0, 0, 1)
    meter = load.Meter()
    stat(70, 1, 13, 560, 5, 1, 0, 3)
    monkeypatch.setattr(load.Meter, "_begin", lambda self: None)
    found = meter.lap()
    # 25 s of all processors in 10 s, 9 s of them ours.
    assert found["others_cores"] == 1.6
    assert found["stolen_cores"] == 0.2
    assert found["seconds"] == 10


@pytest.mark.parametrize("content", [None, "", "cpu 1 2 3", "no numbers here at all of any kind"])
def test_where_the_kernel_does_not_count_nothing_is_said(tmp_path, monkeypatch, content):
    path = tmp_path / "stat"
    monkeypatch.setattr(load, "STAT", path)
    if content is not None:
        path.write_text(content)
    assert load.Meter().lap() is None


@pytest.mark.skipif(not load.STAT.exists(), reason="no /proc/stat here")
def test_a_steadily_busy_neighbour_is_seen():
    def lap(work) -> float:
        meter = load.Meter()
        until = time.perf_counter() + 2
        while time.perf_counter() < until:
            work()
        return meter.lap()["others_cores"]

    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())]
    try:
        beside = lap(lambda: time.sleep(0.05))
    finally:
        for process in busy:
            process.kill()
            process.wait()
    # Whatever else runs here, others take most of the machine.
    assert beside > 0.5 * len(busy)


class Clocked(Fake):
    """A family that notes when each of its fits took place."""

    order: list[str]

    def fit(self, plan, progress):
        self.order.append(self.competitor.device)
        yield from super().fit(plan, progress)


@pytest.fixture
def turns(tmp_path):
    dataset = store.load(arrays.save(tmp_path / "tiny.npz", counts={"test": 4}), "resized")
    order: list[str] = []

    def cell(device: str, times: int) -> Timed:
        family = Clocked(dataset, rates=(0.2,), epochs=(1,), seeds=range(times))
        family.competitor, family.order = of_device(device), order
        output = tmp_path / "speed" / f"resnet18_sgd_{device}.json"
        return Timed(family, requests(family), output, "speed", times, [])

    def run(*cells: Timed) -> list[str]:
        order.clear()
        timed.in_turns(cells, 1)
        return list(order)

    return cell, run


def test_devices_take_turns_and_each_has_its_record(turns, tmp_path, monkeypatch):
    monkeypatch.setattr("bakeoff.machine.hardware._gpu", lambda: "Example GPU")
    cell, run = turns
    assert run(cell("cpu", 3), cell("gpu", 3)) == ["cpu", "gpu", "gpu", "cpu", "cpu", "gpu"]
    for device in ("cpu", "gpu"):
        record = studies.read(tmp_path / "speed" / f"resnet18_sgd_{device}.json")
        assert [(each["seed"], each["repeat"]) for each in record["runs"]] == [(0, 0), (1, 1), (2, 2)]
        assert all(each["load"] is None or each["load"]["seconds"] >= 0 for each in record["runs"])
    # A second call takes all from the journal; a longer one fits what is new, in its turn.
    assert run(cell("cpu", 3), cell("gpu", 3)) == []
    assert run(cell("cpu", 4), cell("gpu", 4)) == ["gpu", "cpu"]
