"""Work shared by processes: in order, as one process does it, and no more of it than is wanted."""

import importlib.util
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from bakeoff import processes as module
from bakeoff.command import UserError
from bakeoff.data import decoding
from bakeoff.plots import gallery
from bakeoff.processes import shared

TASKS = range(40)
LIBRARIES = ("json",)


def noted(folder, number):
    time.sleep(0.05)
    (folder / str(number)).touch()
    return number, os.getpid()


def ended(number):
    os._exit(1)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_work_makes_of_tasks_comes_in_their_order(tmp_path, processes):
    with shared(partial(noted, tmp_path), TASKS[:6], processes, LIBRARIES, "--fewer") as found:
        numbers, by = zip(*found, strict=True)
    assert numbers == tuple(TASKS[:6])
    assert (os.getpid() in by) == (processes == 1)


def leave(folder, processes):
    with shared(partial(noted, folder), TASKS, processes, LIBRARIES, "--fewer") as found:
        next(found)
        raise UserError("enough")


@pytest.mark.parametrize("processes", [1, 2])
def test_whoever_leaves_has_no_more_of_it_done(tmp_path, processes):
    with pytest.raises(UserError, match="enough"):
        leave(tmp_path, processes)
    assert len(list(tmp_path.iterdir())) < len(TASKS) / 2


def test_a_process_that_the_system_ends_is_one_line_with_its_cure():
    with (
        pytest.raises(UserError, match=r"^a process was ended by the system; take fewer: --fewer 1$"),
        shared(ended, TASKS[:4], 2, LIBRARIES, "--fewer 1") as found,
    ):
        list(found)


def test_processes_have_these_sources_in_an_environment_that_names_another_checkout_s(tmp_path):
    (tmp_path / "bakeoff").mkdir()
    (tmp_path / "bakeoff" / "__init__.py").touch()
    own = str(Path(module.__file__).parents[1])
    probe = (
        f"import os, sys; sys.path.insert(0, {own!r})\n"
        "from importlib.util import find_spec\n"
        "from bakeoff.data.decoding import LIBRARIES\n"
        "from bakeoff.processes import shared\n"
        "with shared(find_spec, ['bakeoff'] * 2, 2, LIBRARIES, '') as found:\n"
        "    print(*{spec.origin for spec in found}, sep='\\n')\n"
    )
    line, environment = [sys.executable, "-c", probe], {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines() == [f"{own}/bakeoff/__init__.py"]


def test_what_the_server_imports_is_none_of_these_modules():
    named = [*decoding.LIBRARIES, *gallery.LIBRARIES]
    assert [name for name in named if name.split(".")[0] == "bakeoff"] == []
    assert all(importlib.util.find_spec(name) for name in named)
