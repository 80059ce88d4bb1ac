"""What a call of the tests does not come to in its minutes is skipped, and said; other skips are failures."""

import os
import subprocess
import sys

import pytest

from checkout import ROOT

TESTS = """
import pytest


def test_one():
    pass


@pytest.mark.skipif(True, reason="of another reason")
def test_other():
    pass
"""


@pytest.mark.parametrize(
    ("minutes", "status", "said"), [("5", 1, "1 passed, 1 error"), ("0", 0, "2 skipped")]
)
def test_late_tests_are_skipped_and_other_skips_still_fail(tmp_path, minutes, status, said):
    file = tmp_path / "test_some.py"
    file.write_text(TESTS)
    where = ("-p", "no:cacheprovider", "-p", "conftest", "--rootdir", tmp_path, "-c", os.devnull)
    asked = ("--may-skip", "gpu", "--minutes", minutes, file)
    call = [sys.executable, "-m", "pytest", "-ra", *map(str, (*where, *asked))]
    places = os.pathsep.join(map(str, (ROOT / "tests", ROOT / "workflow/scripts")))
    environment = {**os.environ, "PYTHONPATH": places, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout
    assert ("not begun, for want of time" in done.stdout) == (minutes == "0")
