"""Groups of packages (envs/*.in): which of them a target of make installs, and what conda gets of them."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest
from modules import ROOT

from checkout import copy_to

STAMPS = (".complete", ".importable", ".dev", ".bench", ".pretrained", ".pango")


@pytest.fixture
def project(tmp_path) -> Path:
    return copy_to(tmp_path / "with spaces")


def installed(project: Path, *targets: str) -> set[str]:
    """Return the groups that make would install there."""
    line = ["make", "--dry-run", *targets]
    done = subprocess.run(line, cwd=project, capture_output=True, text=True, check=True)
    words = [line for line in done.stdout.splitlines() if "uv pip install" in line]
    return {path.stem for path in (project / "envs").glob("*.in") if f"envs/{path.name}" in " ".join(words)}


@pytest.mark.parametrize(
    ("target", "groups"),
    [
        ("report", {"workflow", "bakeoff"}),
        ("study", {"workflow", "bakeoff"}),
        ("test", {"workflow", "bakeoff", "dev"}),
        ("gpu-evidence", {"workflow", "bakeoff", "dev"}),
        ("bench", {"workflow", "bakeoff", "dev", "bench", "pretrained"}),
    ],
)
def test_a_target_installs_what_it_needs(project, target, groups):
    assert installed(project, target) == groups


def test_a_new_lock_is_installed_by_whatever_is_called_next(project):
    for age, name in enumerate(("envs/lock.txt", *(f".venv/{stamp}" for stamp in STAMPS))):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).touch()
        os.utime(project / name, (2e9 + age, 2e9 + age))
    for group in (project / "envs").glob("*.in"):
        os.utime(group, (1e9, 1e9))
    assert installed(project, "bench", "report") == set()
    os.utime(project / "envs/lock.txt", (3e9, 3e9))
    assert installed(project, "report") == {"workflow", "bakeoff"}
    assert installed(project, "test") == {"workflow", "bakeoff", "dev"}


def conda_from_lock():
    """Return envs/conda_from_lock.py as a module."""
    spec = importlib.util.spec_from_file_location("conda_from_lock", ROOT / "envs" / "conda_from_lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_conda_environments_are_written_from_the_lock():
    module = conda_from_lock()
    written = sorted(file.stem for file in (ROOT / "envs").glob("*.yaml"))
    assert written == sorted(module.SYSTEM)
    for group in written:
        text = (ROOT / "envs" / f"{group}.yaml").read_text(encoding="utf-8")
        assert text == module.environment(group), f"envs/{group}.yaml: run `make lock`"


LOCK = """
array-kit==2.4 ; python_full_version < '3.12'
    # via trainer
array-kit==2.5 ; python_full_version >= '3.12'
    # via
    #   -r envs/own.in
    #   trainer
cuda-bits==13.0 ; sys_platform == 'linux'
    # via trainer
tester==9
    # via -r envs/other.in
trainer==1.0
    # via -r envs/own.in
under-bits==4
    # via cuda-bits
win-bits==1 ; sys_platform == 'win32'
    # via trainer
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    module = conda_from_lock()
    monkeypatch.setattr(module, "ENVS", tmp_path)
    (tmp_path / "lock.txt").write_text(LOCK, encoding="utf-8")
    (tmp_path / "own.in").write_text("# Ours.\nTrainer[fast]>=1,<2  # trains\nwin_bits; os_name == 'nt'\n")
    return module


def test_conda_gets_the_pin_of_all_that_a_group_needs_on_linux(small):
    assert small.closure("own") == ["array-kit==2.5", "cuda-bits==13.0", "trainer==1.0", "under-bits==4"]


def test_a_group_with_a_package_that_is_not_locked_says_how_to_lock_it(small, tmp_path):
    (tmp_path / "own.in").write_text("trainer\nnewcomer\n")
    with pytest.raises(SystemExit, match=r"no newcomer of envs/own\.in; run `make lock`"):
        small.closure("own")
