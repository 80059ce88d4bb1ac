"""A finished demo that is moved, and one whose terminal is closed while it is made."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from functools import partial
from pathlib import Path

import pytest
from test_faults import CALL, QUIET, call, lines_of, start_over, wait_for
from test_faults import NETWORK as CELL

pytestmark = pytest.mark.faults


def read(terminal: int) -> None:
    """Take what was written to a terminal, so that nobody waits for room there."""
    with contextlib.suppress(BlockingIOError):
        while os.read(terminal, 65536):
            pass


def test_a_closed_terminal_leaves_no_lock(study):
    start_over(study, CELL)
    terminal, end = os.openpty()
    os.set_blocking(terminal, False)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    # Whatever runs the tests may itself be one that ignores the closing of a terminal.
    heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), end)
    closed = subprocess.Popen(
        CALL, cwd=study, env=environment, start_new_session=True, preexec_fn=heard, **streams
    )
    os.close(end)
    wait_for(lambda: read(terminal) or lines_of(study, CELL).count(b"\n") >= 1)
    os.close(terminal)
    os.killpg(closed.pid, signal.SIGHUP)  # as a shell does that is closed
    assert closed.wait(timeout=120) != 0
    assert not list((study / ".snakemake").glob("locks/*"))
    done = call(study, f"results/digits/{CELL}.json")
    assert done.returncode == 0, done.stdout
    assert "runs are in the journal" in done.stdout


def test_who_ignores_the_closing_of_a_terminal_goes_on(study):
    start_over(study, CELL)
    # Before the rest: --configfile takes all that follows.
    line = ["nohup", *CALL[:3], f"results/digits/{CELL}.json", *CALL[3:]]
    going = subprocess.Popen(line, cwd=study, start_new_session=True, **QUIET)
    wait_for(lambda: lines_of(study, CELL).count(b"\n") >= 1)
    os.killpg(going.pid, signal.SIGHUP)
    assert going.wait(timeout=240) == 0
    assert (study / f"results/digits/{CELL}.json").exists()


@pytest.mark.skipif(
    not Path(sys.prefix, ".pango").exists(), reason="not in the environment that make sets up"
)
def test_a_moved_project_goes_on_as_it_was(study, tmp_path):
    """Its environment is a small one here, which takes the packages of the one that runs the tests."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", study / ".venv"], check=True)
    (packages,) = (study / ".venv").glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (study / ".venv/.complete").touch()
    moved = Path(shutil.move(study, tmp_path / "moved" / "to here"))
    hostile = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(tmp_path), "HOME": os.devnull}
    environment = {**os.environ, **hostile, "CUDA_VISIBLE_DEVICES": ""}

    def run(*line: str) -> str:
        done = subprocess.run(line, cwd=moved, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    said = run("make", "report")
    assert "Nothing to be done" in said
    assert f"{moved}/results/report.pdf" in said
    # The way that README shows: a script without its own folder on the path, and the package from anywhere.
    assert "usage: train_svm.py" in run(".venv/bin/python", "-P", "workflow/scripts/train_svm.py", "--help")
    found = run(".venv/bin/python", "-c", "import bakeoff; print(bakeoff.__file__)")
    assert found == f"{moved}/workflow/scripts/bakeoff/__init__.py\n"
