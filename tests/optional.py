"""What a machine may have or not: a program is there when it answers, and a test says what it misses."""

import shutil
import subprocess
from functools import cache
from importlib.util import find_spec

import pytest

# A program by the names that it goes by, and how it is asked whether it works.
NAMES = {"chromium": ("chromium", "chromium-browser", "google-chrome")}
ASKED = {"pdftotext": "-v"}
# Packages of an extra that `make test` does not install, and modules of theirs.
EXTRAS = {
    "bench": ("sklearnex",),
    "pretrained": ("timm", "foolbox"),
}


@cache
def program(name: str) -> str | None:
    """Return the path of a program that works here, or None."""
    for found in filter(None, map(shutil.which, NAMES.get(name, (name,)))):
        try:
            done = subprocess.run(
                [found, ASKED.get(name, "--version")], capture_output=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return found
    return None


def needs(*names: str) -> pytest.MarkDecorator:
    """Return the mark of tests that need programs, which are skipped where one is missing."""
    return pytest.mark.program(*names)


def needs_extra(*names: str) -> pytest.MarkDecorator:
    """Return the mark of tests that need extras (envs/<name>.in), which are skipped where one is missing."""
    return pytest.mark.extra(*names)


def skip_where_missing(item: pytest.Item) -> None:
    """Skip a test whose programs and extras are not all here, and say which are missing."""
    if missing := [name for name in _named(item, "program") if program(name) is None]:
        item.add_marker(pytest.mark.skip(reason=f"not on this machine: {', '.join(missing)}"))
    for name in _named(item, "extra"):
        if missing := [module for module in EXTRAS[name] if find_spec(module) is None]:
            reason = f"not installed: {', '.join(missing)}; `make .venv/.{name}` installs envs/{name}.in"
            item.add_marker(pytest.mark.skip(reason=reason))


def _named(item: pytest.Item, marker: str) -> list[str]:
    return [name for mark in item.iter_markers(marker) for name in mark.args]
