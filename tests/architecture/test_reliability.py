"""What docs/reliability.md promises is tested: each test that it names is there."""

import ast
import re

from modules import ROOT

from bakeoff import surroundings

NAMED = re.compile(r"`(\w+/test_\w+\.py)?(?:::(test_\w+))?`")


def named() -> list[tuple[str, str]]:
    """Return the tests that the table names, each with its file; a name alone is of the file before."""
    found, file = [], ""
    for path, name in NAMED.findall((ROOT / "docs/reliability.md").read_text(encoding="utf-8")):
        file = path or file
        found.append((file, name))
    return found


def test_every_variable_that_is_pinned_is_named():
    text = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    assert [name for name in surroundings.PINNED if f"`{name}`" not in text] == []


def test_every_test_that_the_table_names_is_there():
    assert len(named()) > 40
    for file, name in named():
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert not name or name in tests, f"{file} has no {name}"
