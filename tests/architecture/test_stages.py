import ast

import pytest
from modules import COMMANDS, MODULES, PACKAGE, ROOT, closure

RULES = ROOT / "workflow" / "rules"
# No rule runs it: it says which rules there are.
PLANS = "plan_study"
STAGES = {
    "fetch_dataset": "data",
    "prepare_dataset": "data",
    "prepare_images": "data",
    "prepare_view": "data",
    "extract_features": "features",
    "audit_dataset": "audit",
    "try_network": "networks",
    "train_network": "networks",
    "time_training": "networks",
    "train_svm": "svm",
    "train_classifier": "classifiers",
    "time_chosen": "alone",
    "collect_results": "analysis",
    "select_best": "analysis",
    "compare_devices": "analysis",
    "compare_models": "analysis",
    "compare_classes": "analysis",
    "compare_published": "analysis",
    "plot_figures": "figures",
    "render_report": "report",
}


def stage_entries() -> dict[str, list[str]]:
    """Return CODE of common.smk: the package entries of each stage."""
    text = (RULES / "common.smk").read_text(encoding="utf-8")
    source = text[text.index("\nCALLED = ") : text.index("\n\n\n", text.index("\nCODE = "))]
    assert all(isinstance(node, ast.Assign) for node in ast.parse(source).body)
    found: dict = {}
    exec(compile(source, "common.smk", "exec"), found)
    return {stage: entries.split() for stage, entries in found["CODE"].items()}


ENTRIES = stage_entries()


def covered(stage: str) -> set[str]:
    """Return the modules whose change reruns a stage, as code_of finds their files."""
    paths = [PACKAGE / entry for entry in ENTRIES[stage]]
    # A package's own __init__ is imported on the way to a module in it.
    packages = {
        parent / "__init__.py" for path in paths for parent in path.parents if PACKAGE in parent.parents
    }
    files = packages | {
        file
        for path in paths
        for file in (path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")])
    }
    assert all(file.is_file() for file in files), f"{stage} names a file that is not there"
    return {name for name, path in MODULES.items() if path in files}


def test_every_command_has_a_stage():
    assert {*STAGES, PLANS} == set(COMMANDS)
    assert set(STAGES.values()) == set(ENTRIES)


@pytest.mark.parametrize(("command", "stage"), STAGES.items())
def test_a_change_of_what_a_command_imports_reruns_its_rule(command, stage):
    missing = closure(COMMANDS[command]) - covered(stage)
    assert not missing, f"CODE[{stage!r}] in common.smk lacks {', '.join(sorted(missing))}"


@pytest.mark.parametrize("stage", ["networks", "svm", "classifiers", "alone", "data"])
def test_a_touched_plot_or_table_retrains_nothing(stage):
    assert not [name for name in covered(stage) if name.split(".")[1] in ("analysis", "plots", "report")]


def test_families_do_not_rerun_each_other():
    for stage, own in {"networks": "network", "svm": "svm", "classifiers": "estimator"}.items():
        rooms = {name.split(".")[2] for name in covered(stage) if name.startswith("bakeoff.families.")}
        assert rooms == {own}


def test_what_is_made_of_records_is_made_where_the_call_is():
    # `use rule` inherits all but this.
    for name in ("compare", "report"):
        blocks = (RULES / f"{name}.smk").read_text(encoding="utf-8").split("\n\n\n")
        rules = [block for block in blocks if 'script("' in block]
        assert rules
        assert [block.split(":")[0] for block in rules if "    localrule: True\n" not in block] == []


@pytest.mark.parametrize(("command", "stage"), STAGES.items())
def test_the_rule_of_a_command_lists_the_code_of_its_stage(command, stage):
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*.smk")))
    rules = [block for block in text.split("\n\n\n") if f'script("{command}")' in block]
    assert rules, f"no rule runs {command}"
    for rule in rules:
        assert f'code=code_of("{stage}")' in rule
