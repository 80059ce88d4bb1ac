"""The lock that a killed Snakemake leaves: removed where no call is at work, and only there."""

import subprocess
import sys
import threading

import pytest

from checkout import ROOT

PROGRAM = [sys.executable, str(ROOT / "workflow" / "drop_stale_lock.py")]
HOLD = """
import fcntl, sys
with open(sys.argv[1]) as file:
    fcntl.flock(file, fcntl.LOCK_SH)
    print("held", flush=True)
    input()
"""


@pytest.fixture
def folder(tmp_path):
    locks = tmp_path / "a study" / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.input.lock").write_text("results/report.html")
    (locks.parent / "at_work").touch()
    return tmp_path / "a study"


def drop(folder) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, str(folder)], capture_output=True, text=True, check=False)


def test_a_lock_of_a_call_that_is_gone_is_removed(folder):
    done = drop(folder)
    assert done.returncode == 0
    assert done.stdout.startswith("An earlier call was killed; its lock is removed")
    assert not (folder / ".snakemake/locks").exists()
    assert drop(folder).stdout == ""


def test_a_lock_of_a_call_at_work_stays_until_its_process_ends(folder):
    line = [sys.executable, "-c", HOLD, str(folder / ".snakemake/at_work")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        done = drop(folder)
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            f"Another call is at work in {folder}; wait until it has ended, or end it."
        ]
        assert (folder / ".snakemake/locks/0.input.lock").exists()
        other.kill()
    assert drop(folder).returncode == 0
    assert not (folder / ".snakemake/locks").exists()


def test_a_process_that_is_being_killed_is_waited_for(folder):
    line = [sys.executable, "-c", HOLD, str(folder / ".snakemake/at_work")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        threading.Timer(1, other.kill).start()
        assert drop(folder).returncode == 0
    assert not (folder / ".snakemake/locks").exists()


def test_a_folder_that_was_never_used_or_is_unlocked_is_left_alone(tmp_path, folder):
    assert drop(tmp_path).stdout == ""
    (folder / ".snakemake/locks/0.input.lock").unlink()
    assert drop(folder).stdout == ""
    assert (folder / ".snakemake/locks").exists()


def test_the_lock_of_a_snakemake_that_knows_nothing_of_ours_is_left_alone(folder):
    (folder / ".snakemake/at_work").unlink()
    assert drop(folder).returncode == 0
    assert (folder / ".snakemake/locks/0.input.lock").exists()
