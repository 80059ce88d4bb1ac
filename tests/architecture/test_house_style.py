import ast
import re

import pytest
from modules import COMMANDS, MODULES, ROOT, tree

from checkout import files

WORKFLOW = ROOT / "workflow"
RULES = sorted((WORKFLOW / "rules").glob("*.smk"))
SNAKEFILES = [ROOT / "Snakefile", WORKFLOW / "Snakefile"]


def lines(path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", [*MODULES.values(), *COMMANDS.values()], ids=lambda path: path.name)
def test_functions_have_at_most_40_lines(path):
    functions = [
        node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f"{f.name}: {f.end_lineno - f.lineno + 1}" for f in functions if f.end_lineno - f.lineno >= 40]
    assert not long


@pytest.mark.parametrize(
    ("paths", "limit"),
    [(list(MODULES.values()), 250), (list(COMMANDS.values()), 40), (RULES, 110), (SNAKEFILES, 50)],
    ids=["modules", "commands", "rules", "Snakefile"],
)
def test_files_are_short(paths, limit):
    assert paths
    assert {str(path): lines(path) for path in paths if lines(path) > limit} == {}


def test_no_module_is_a_drawer_for_everything():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert not {module for module in MODULES if module.rsplit(".", 1)[-1] in drawers}


def test_a_rule_its_command_and_its_log_have_one_name():
    text = "\n".join(path.read_text(encoding="utf-8") for path in RULES)
    found = re.findall(r"^(?:rule|use rule \w+ as) (\w+)(?: with)?:\n(.*?)(?=^\S|\Z)", text, re.M | re.S)
    named = [(rule, body) for rule, body in found if "script(" in body]
    assert {rule for rule, _ in named} == set(COMMANDS) - {"plan_study"}  # which says what rules there are
    for rule, body in named:
        assert f'script("{rule}")' in body
        assert re.search(rf'"logs/{rule}(/|\.log)', body), f"{rule} logs elsewhere"


def test_no_two_test_files_have_one_name():
    # pytest takes them for one module.
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def workflow_texts() -> dict[str, str]:
    paths = [*MODULES.values(), *COMMANDS.values(), *RULES, *SNAKEFILES]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def test_nothing_edits_the_module_search_path():
    # The rules take a caller's PYTHONPATH away, and so may name it.
    edit = re.compile(r"sys\.path|PYTHONPATH\W*[=:]|site\.addsitedir")
    assert [name for name, text in workflow_texts().items() if edit.search(text)] == []


# Put together from halves, so that this file does not hold what it forbids.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "pytorch" + ".org/whl",
    "anaconda" + ".org",
    "anaconda" + ".com/pkgs",
    "prefix" + ".dev",
    "npmjs" + ".org",
]
MACHINE_PATHS = [
    "/work" + "/main",
    "/work" + "/shared",
    "/tmp" + "/env",
    "/ro" + "ot/",
    "/ho" + "me/",
    "/Us" + "ers/",
]


def test_no_file_names_a_package_index_or_a_path_of_one_machine():
    found = []
    for name in files():
        path = ROOT / name
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            found += [f"{name}: {word}" for word in HOSTS + MACHINE_PATHS if word in text]
    assert found == []
