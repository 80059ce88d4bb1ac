"""What imports what: the package and its commands, read with ast, nothing executed."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import studies

ROOT = studies.ROOT
SCRIPTS = ROOT / "workflow" / "scripts"
PACKAGE = SCRIPTS / "bakeoff"


def name_of(path: Path) -> str:
    """Return the dotted name of a file under workflow/scripts."""
    parts = path.relative_to(SCRIPTS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
COMMANDS = {path.stem: path for path in sorted(SCRIPTS.glob("*.py"))}


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path, typing: bool = False) -> set[str]:
    """Return every dotted name that a file may import at run time, inside functions too.

    What stands under `if TYPE_CHECKING:` is not imported at run time; typing: it counts nevertheless.
    """
    found: set[str] = set()
    for node in ast.walk(tree(path)) if typing else _executed(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield from _executed(child)


def neighbours(path: Path, typing: bool = False) -> set[str]:
    """Return the package's own modules that a file imports, packages on the way included."""
    names = imported(path, typing)
    parents = {name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)}
    return {name for name in names | parents if name in MODULES and name != "bakeoff"}


def closure(path: Path, typing: bool = False) -> set[str]:
    """Return the package's own modules that a file imports, directly or not."""
    found: set[str] = set()
    todo = neighbours(path, typing)
    while todo:
        module = todo.pop()
        found.add(module)
        todo |= neighbours(MODULES[module], typing) - found
    return found
