"""The devices' own counters of energy, with a made-up kernel and a made-up driver."""

import sys
from types import SimpleNamespace

import pytest

from bakeoff.machine import energy, timing
from bakeoff.machine.energy import Counter


@pytest.fixture
def powercap(tmp_path, monkeypatch):
    """A machine of two processors; the second part of a package is counted in the first."""
    zones = {"intel-rapl:0": "package-0", "intel-rapl:0:0": "core", "intel-rapl:1": "package-1"}
    for zone, name in {**zones, "intel-rapl:2": "psys"}.items():
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "name").write_text(f"{name}\n")
        (tmp_path / zone / "energy_uj").write_text("2500000\n")
        (tmp_path / zone / "max_energy_range_uj").write_text("4000000\n")
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    return tmp_path


def test_each_processor_package_is_counted_once(powercap):
    found = energy.counters("cpu")
    assert [(each.source, each.read(), each.span) for each in found] == [("cpu", 2.5, 4.0)] * 2


def test_a_counter_that_started_again(powercap):
    counter = energy.counters("cpu")[0]
    (powercap / "intel-rapl:0" / "energy_uj").write_text("1000000\n")
    assert counter.since(2.5) == pytest.approx(2.5)


def test_what_only_root_may_read_is_left_out(powercap):
    (powercap / "intel-rapl:0" / "energy_uj").unlink()
    (powercap / "intel-rapl:1" / "max_energy_range_uj").write_text("?\n")
    assert energy.counters("cpu") == []


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """A driver with one GPU, whose identity torch gives."""
    torch = pytest.importorskip("torch")
    asked = []

    class NVMLError(Exception):
        pass

    def handle(identity):
        asked.append(identity)
        return "handle"

    nvml = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=handle,
        nvmlDeviceGetTotalEnergyConsumption=lambda device: 7250,
        asked=asked,
    )
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    properties = SimpleNamespace(uuid="0123-abc")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: properties)
    return nvml


def test_the_gpu_that_torch_uses_is_counted(driver):
    [counter] = energy.counters("gpu")
    assert (counter.source, counter.read()) == ("gpu", 7.25)
    assert driver.asked == ["GPU-0123-abc"]
    assert energy.counters("cpu") == []


def test_a_gpu_that_does_not_count_is_left_out(driver, monkeypatch):
    def unsupported(device):
        raise driver.NVMLError

    monkeypatch.setattr(driver, "nvmlDeviceGetTotalEnergyConsumption", unsupported)
    assert energy.counters("gpu") == []


def test_without_nvidias_package_nothing_is_counted(driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert energy.counters("gpu") == []


def test_a_stopwatch_adds_up_the_joules_of_its_phases():
    reading = iter([10.0, 14.0, 14.0, 15.0, 2.0, 4.0])
    watch = timing.Stopwatch(counters=[Counter("gpu", lambda: next(reading))])
    for name in ("train", "validate", "train"):
        with watch.phase(name):
            pass
    assert watch.energy("train", "to_device") == {"gpu": 6.0}
    assert timing.Stopwatch().energy("train") == {}
