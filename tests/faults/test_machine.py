"""A finished demo on a machine that refuses: its disk, its limits, its owner, its clock, another call."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from test_faults import (
    CALL,
    NETWORK,
    QUIET,
    RECORD,
    SVM,
    call,
    check_whole,
    heal,
    lines_of,
    results,
    start_over,
    wait_for,
)

from optional import needs

pytestmark = pytest.mark.faults
by_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that to a machine")


def under(folder: Path, *launcher: str) -> subprocess.CompletedProcess[str]:
    """Make a plain call by another program that sets its circumstances."""
    return subprocess.run(
        [*launcher, *CALL],
        cwd=folder,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@needs("setpriv")
@by_root
def test_a_study_of_another_user_is_one_line(study):
    everything = [study, *study.rglob("*")]
    for path in everything:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    done = under(study, "setpriv", "--bounding-set", "-all", "--inh-caps", "-all")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    said = "cannot be written: Permission denied; make room or allow it, or name another folder"
    assert done.stdout.splitlines()[-1] == f"{study}: {said} with --directory"
    for path in everything:
        os.chown(path, os.geteuid(), os.getegid(), follow_symlinks=False)
    assert "Nothing to be done" in call(study).stdout


def test_a_clock_that_was_set_back_costs_nothing(study):
    before = results(study)
    ahead = time.time() + 86400
    for path in [path for path in study.rglob("*") if path.is_file()]:
        os.utime(path, (ahead, ahead))
    (study / RECORD[SVM]).unlink()
    assert "files were dated in the future; they are dated now." in heal(study, before)


@pytest.fixture
def small_disk(study, tmp_path):
    """A finished demo on a disk of its own with little room, and what takes that."""
    place = tmp_path / "disk"
    place.mkdir()
    used = sum(path.stat().st_size // 4096 + 1 for path in study.rglob("*") if path.is_file())
    size = f"size={used * 4096 + (8 << 20)}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], check=True)
    yield Path(shutil.copytree(study, place / "study", symlinks=True)), place / "filler"
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(filler: Path, left: int) -> None:
    """Fill a disk up to so many bytes."""
    there = os.statvfs(filler.parent)
    with open(filler, "ab") as file:
        file.write(bytes(max(0, there.f_bavail * there.f_frsize - left)))


@by_root
def test_a_full_disk_is_named_and_the_next_call_goes_on(small_disk):
    study, filler = small_disk
    before = results(study)
    (study / "results/report.html").unlink()
    fill(filler, 0)
    done = call(study)
    assert done.returncode != 0
    assert f"{study}: cannot be written: No space left on device; make room" in done.stdout.splitlines()[-1]
    filler.unlink()
    fill(filler, 256 << 10)
    done = call(study)
    assert done.returncode != 0
    assert "render_report.py: results/report." in done.stdout
    assert "No space left on device; make room there, or name another place; call again" in done.stdout
    filler.unlink()
    heal(study, before)


@needs("prlimit")
def test_under_a_limit_a_call_ends_well_or_says_so_and_the_next_plain_one_does(study):
    before = results(study)
    for limit in ("--nofile=64", "--as=2000000000", "--fsize=300000"):
        for name in (RECORD[SVM], "results/report.html"):
            (study / name).unlink(missing_ok=True)
        done = under(study, "prlimit", limit)
        own = [line for line in done.stdout.splitlines() if line.split(":")[0].endswith(".py")]
        assert done.returncode == 0 or own, done.stdout
        assert "Traceback" not in done.stdout
    heal(study, before)


def test_two_calls_at_once(study, tmp_path):
    """In one folder the second is told of the first; in two that share a cache each does its work."""
    before = results(study)
    other = Path(shutil.copytree(study, tmp_path / "another", symlinks=True))
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    start_over(study, NETWORK)  # long enough for another call to meet it
    start_over(other)
    both = [subprocess.Popen(CALL, cwd=each, env=environment, **QUIET) for each in (study, other)]
    wait_for(lambda: lines_of(study, NETWORK).count(b"\n") >= 1)
    second = call(study)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stdout
    assert [each.wait() for each in both] == [0, 0]
    check_whole(study, results(study))
    check_whole(other, before)


def test_a_copied_and_a_linked_study_are_as_finished_as_the_first(study, tmp_path):
    copied = Path(shutil.copytree(study, tmp_path / "copied", symlinks=True))
    linked = tmp_path / "linked"
    linked.symlink_to(study)
    for folder in (copied, linked):
        assert "Nothing to be done" in call(folder).stdout
