"""What holds for every test: the checkout's own state is out of reach, and skips can be forbidden."""

import os
import sys
import time

import pytest

from checkout import ROOT
from optional import skip_where_missing

# As checkout.CORES: before anything imports torch, and for the commands that tests call.
os.environ["OMP_NUM_THREADS"] = "1"

BEGAN = time.monotonic()
LATE = "not begun, for want of time"
OWN = tuple(f"{ROOT / name}{os.sep}" for name in ("results", "resources", "logs", ".snakemake"))
ON_PATHS = {"open", "os.listdir", "os.scandir", "os.mkdir", "os.rename", "os.remove", "shutil.rmtree"}
# Calls that may mean a path relative to an open folder, which the event does not name.
RELATIVE = {"os.mkdir", "os.rename", "os.remove"}


def keep_out(event: str, arguments: tuple) -> None:
    """Refuse to touch the checkout's own results, and to run its workflow where they lie.

    What a finished, damaged or missing study there holds must not decide a test.
    """
    if event in ON_PATHS and isinstance(arguments[0], str | os.PathLike):
        elsewhere = event in RELATIVE or (event == "open" and arguments[1] is None)
        if elsewhere and not os.path.isabs(arguments[0]):
            return
        path = os.path.abspath(arguments[0])
        assert not f"{path}{os.sep}".startswith(OWN), f"a test touches the checkout's own {path}"
    elif event == "subprocess.Popen":
        _, line, folder, _ = arguments
        words = line if isinstance(line, list | tuple) else [line]
        if any(os.path.basename(str(word)) == "snakemake" or "snakemake.cli" in str(word) for word in words):
            place = os.path.abspath(folder or os.getcwd())
            assert place != str(ROOT), "a test runs the workflow in the checkout itself: copy_to() a folder"


sys.addaudithook(keep_out)


def pytest_addoption(parser):
    words = "markers whose tests may be skipped, as gpu,program,extra; any other skip is a failure"
    parser.addoption("--may-skip", metavar="MARKERS", help=words)
    words = "begin no test later than so many minutes after the start: the rest is skipped, and said"
    parser.addoption("--minutes", metavar="N", type=float, default=float("inf"), help=words)


def pytest_collection_modifyitems(items):
    for item in items:
        skip_where_missing(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if time.monotonic() - BEGAN > 60 * item.config.getoption("--minutes"):
        pytest.skip(LATE)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    allowed = item.config.getoption("--may-skip")
    if not report.skipped or allowed is None or hasattr(report, "wasxfail"):
        return
    if LATE in report.longrepr[2]:
        return
    if not any(item.get_closest_marker(name) for name in allowed.split(",")):
        report.outcome = "failed"
        report.longrepr = f"skipped, where all that it needs was to be installed: {report.longrepr[2]}"
