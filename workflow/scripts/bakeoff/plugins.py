"""Objects by import path, `package.module:name`: of an installed package, or of the working directory.

Owns where such a module is looked for, and which of its files are a person's own code. Must not know what it
is for.
"""

import importlib
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import AfterValidator

from bakeoff import files
from bakeoff.command import UnfitError, UserError

PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
EXAMPLE = "package.module:name"


def _import_path(text: str) -> str:
    if not PATH.fullmatch(text):
        raise ValueError(f"is no import path; write {EXAMPLE}")
    return text


ImportPath = Annotated[str, AfterValidator(_import_path)]


class _Here(MetaPathFinder):
    """Finds modules of the working directory, after all that are installed: none of these is shadowed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a top-level module there."""
        return PathFinder.find_spec(name, [str(Path.cwd())]) if path is None else None


HERE = _Here()


def find(path: str) -> Any:
    """Return the object at an import path; UserError says what is not there.

    UnfitError where its module is there, and has none of this name.
    """
    module, _, name = path.partition(":")
    if HERE not in sys.meta_path:
        sys.meta_path.append(HERE)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise UserError(f"{path}: its module needs {error.name}, which is not installed") from error
        raise UserError(f"{path}: {missing(path) or f'no module {error.name}'}") from error
    for step in name.split("."):
        if not hasattr(found, step):
            raise UnfitError(f"{path}: {getattr(found, '__name__', module)} has no {step}")
        found = getattr(found, step)
    return found


def own_code(path: str) -> list[Path] | None:
    """Return the files of an import path's package in the working directory, none where it is installed.

    None where it is neither. Nothing is imported.
    """
    top = path.partition(":")[0].split(".")[0]
    installed = top in sys.builtin_module_names or PathFinder.find_spec(top)
    if installed and not (isinstance(installed, ModuleSpec) and _lies_here(installed)):
        return []
    if Path(top).is_dir():
        return files.listed(Path(top), "**/*.py")
    return [Path(f"{top}.py")] if Path(f"{top}.py").is_file() else None


def _lies_here(spec: ModuleSpec) -> bool:
    """Tell whether a module that Python finds by itself is one of the working directory."""
    places = [spec.origin, *(spec.submodule_search_locations or ())]
    return any(Path(place).parent == Path.cwd() for place in places if place)


def missing(path: str) -> str | None:
    """Return what is to be done where an import path's package is neither installed nor here, else None."""
    if own_code(path) is not None:
        return None
    top = path.partition(":")[0].split(".")[0]
    return f"no module {top}; install its package, or put {top}.py into {Path.cwd()}"


def digest(path: str) -> str | None:
    """Return one digest over the own code of an import path, None where there is none."""
    return files.digest_of(sources) if (sources := own_code(path)) else None
