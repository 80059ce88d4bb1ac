"""Objects by import path: found where they are, own code known without being run, faults in one line."""

import math

import pytest

from bakeoff import plugins
from bakeoff.command import UserError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder with modules of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_function_of_an_installed_package_and_of_the_working_directory_is_found(here):
    assert plugins.find("math:sqrt") is math.sqrt
    (here / "own_module.py").write_text("import own_beside\n\nclass Inner:\n    value = own_beside.value\n")
    (here / "own_beside.py").write_text("value = 5\n")
    assert plugins.find("own_module:Inner.value") == 5
    (here / "own_package" / "deep").mkdir(parents=True)
    (here / "own_package" / "__init__.py").touch()
    (here / "own_package" / "deep" / "__init__.py").write_text("from own_package.other import three\n")
    (here / "own_package" / "other.py").write_text("def three():\n    return 3\n")
    assert plugins.find("own_package.deep:three")() == 3


def test_a_module_here_shadows_none_that_is_installed(here):
    (here / "json.py").write_text("loads = None\n")
    assert plugins.find("json:loads") is not None
    assert plugins.own_code("json:loads") == []


def test_what_is_not_there_is_one_line(here):
    said = rf"^own_module:load: no module own_module; install its package, or put own_module\.py into {here}$"
    with pytest.raises(UserError, match=said):
        plugins.find("own_module:load")
    (here / "own_module.py").write_text("import absent_thing\n")
    with pytest.raises(
        UserError, match=r"^own_module:load: its module needs absent_thing, which is not inst"
    ):
        plugins.find("own_module:load")
    (here / "own_module.py").write_text("value = 1\n")
    with pytest.raises(UserError, match=r"^own_module:load: own_module has no load$"):
        plugins.find("own_module:load")
    with pytest.raises(UserError, match=r"^math\.deep:load: no module math\.deep$"):
        plugins.find("math.deep:load")


def test_own_code_is_known_by_its_content_and_never_run(here):
    assert plugins.digest("math:sqrt") is None
    assert plugins.digest("own_module:load") is None
    (here / "own_module.py").write_text("raise SystemExit\n")
    first = plugins.digest("own_module:load")
    (here / "own_module.py").write_text("raise SystemExit  # again\n")
    assert first != plugins.digest("own_module:load")
    (here / "own_package").mkdir()
    (here / "own_package" / "__init__.py").touch()
    whole = plugins.digest("own_package.deep:load")
    (here / "own_package" / "deep.py").write_text("raise SystemExit\n")
    assert whole != plugins.digest("own_package.deep:load")
