import subprocess
import sys

import pytest
from modules import COMMANDS, MODULES, PACKAGE, SCRIPTS, closure, imported, neighbours

import arrays
from bakeoff import families

BASE = {
    *("surroundings", "values", "faults", "command", "files", "archive", "processes", "progress"),
    *("fields", "formulas", "typed", "plugins", "rows"),
}
# Each may import itself and what stands before it: the layers of bakeoff/__init__.py, one way only.
TRAINING = (
    "machine",
    "records",
    "data",
    "audit",
    "search",
    "networks",
    "cells",
    "features",
    "families",
    "saved",
    "latency",
    "plan",
)
SHOWING = ("records", "analysis", "plots", "report")
MAY_IMPORT = {
    **dict.fromkeys(BASE, BASE),
    **{part: BASE | {*TRAINING[:place]} for place, part in enumerate(TRAINING)},
    **{part: BASE | {*SHOWING[:place]} for place, part in enumerate(SHOWING) if place},
}
# Neither needs the other.
APART = {
    **{"records": {"machine"}, "networks": {"search"}, "search": {"data", "audit"}},
    **{"families": {"features"}},
}
FREE_OF_TORCH = {"audit", "analysis", "plots", "report"}


def part(module: str) -> str:
    """Return the module or sub-package directly under bakeoff."""
    return module.split(".")[1]


def test_every_part_of_the_package_has_its_place():
    assert {part(module) for module in MODULES if module != "bakeoff"} <= set(MAY_IMPORT)


def test_every_room_of_a_family_is_listed_and_says_what_it_plans():
    rooms = {path.parent.name for path in (PACKAGE / "families").glob("*/__init__.py")}
    assert rooms == set(families.ALL)
    assert {f"bakeoff.families.{room}.section" for room in rooms} <= set(MODULES)


def test_no_family_knows_another():
    def family(module: str) -> str:
        room = module.split(".")[2] if module.startswith("bakeoff.families.") else ""
        return room if room in families.ALL else ""

    for module, path in MODULES.items():
        if family(module):
            assert {family(name) for name in neighbours(path, typing=True)} <= {family(module), ""}


@pytest.mark.parametrize("module", [module for module in MODULES if module != "bakeoff"])
def test_imports_never_run_up_the_layers(module):
    allowed = {*MAY_IMPORT[part(module)], part(module)} - APART.get(part(module), set())
    up = {name for name in neighbours(MODULES[module], typing=True) if part(name) not in allowed}
    assert not up, f"{module} imports {', '.join(sorted(up))}"


def test_no_two_modules_import_each_other():
    cycles = [
        module
        for module in MODULES
        if module != "bakeoff" and module in closure(MODULES[module], typing=True)
    ]
    # A package's __init__ that is empty stands on the way to its modules, not in a cycle.
    assert [module for module in cycles if MODULES[module].stem != "__init__"] == []


def test_the_package_itself_imports_nothing():
    assert imported(MODULES["bakeoff"]) == set()


@pytest.mark.parametrize(
    "module", [name for name in MODULES if name.count(".") and part(name) in FREE_OF_TORCH]
)
def test_analysis_plots_and_report_do_not_name_torch(module):
    roots = {name.split(".")[0] for name in imported(MODULES[module])}
    assert not roots & {"torch", "torchvision", "fvcore"}


@pytest.mark.parametrize("path", [*MODULES.values(), *COMMANDS.values()], ids=str)
def test_nothing_imports_snakemake(path):
    assert not {name for name in imported(path) if name.split(".")[0] == "snakemake"}


def loaded(modules: list[str]) -> set[str]:
    """Return what is in sys.modules after importing these, in a process of its own."""
    probe = f"import sys, {', '.join(modules)}; print(' '.join(sys.modules))"
    line = [sys.executable, "-c", probe]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(SCRIPTS)})
    return set(done.stdout.split())


def test_importing_analysis_plots_and_report_leaves_torch_out():
    names = [name for name in MODULES if name.count(".") and part(name) in FREE_OF_TORCH]
    found = loaded(names)
    assert set(names) <= found
    assert not found & {"torch", "torchvision", "snakemake"}


def test_backends_import_their_frameworks_only_when_they_work():
    names = [name for name in MODULES if name.count(".") and part(name) in ("networks", "families", "saved")]
    assert not loaded(names) & {"torch", "torchvision", "sklearn", "fvcore", "snakemake"}


# What a cell never uses, or only after its last run.
LATER = {"pandas", "seaborn", "matplotlib", "fvcore"}
# Ends a command where its first run would begin.
START = """
import runpy, sys
from bakeoff.cells.run import Work

def stop(*_):
    print(*sys.modules)
    sys.exit()

Work.settle = stop
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
SETTINGS = '{"batch_size": 16, "learning_rate": 0.01, "epochs": 1}'
NETWORK = ("--model", "resnet18", "--optimizer", "sgd")
CELLS = {
    "train_network": (*NETWORK, "--device", "cpu", "--grid", f"[{SETTINGS}]"),
    "train_svm": ("--kernel", "rbf", "--grid", "[{}]"),
    "train_classifier": ("--classifier", "knn", "--grid", '[{"n_neighbors": 1}]'),
    "time_training": (*NETWORK, "--devices", "cpu", "--settings", SETTINGS),
    "time_chosen": (),
}


def test_every_command_of_a_cell_is_started_below():
    runs = {name for name, path in COMMANDS.items() if "bakeoff.cells.run" in closure(path)}
    assert runs == set(CELLS)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_starts_without_what_only_others_use(name, tmp_path):
    data, record = arrays.save(tmp_path / "tiny.npz"), tmp_path / "svm_rbf_cpu.json"
    words = ["--data", str(data), *CELLS[name], "--output", str(tmp_path / "cell.json")]
    if name == "time_chosen":
        grid = ["--kernel", "linear", "--grid", "[{}]"]
        line = [sys.executable, COMMANDS["train_svm"], "--data", data, *grid, "--output", record]
        subprocess.run(line, check=True, capture_output=True)
        words += ["--record", str(record)]
    line = [sys.executable, "-c", START, str(COMMANDS[name]), *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(SCRIPTS)})
    assert done.returncode == 0, done.stderr
    started = set(done.stdout.splitlines()[-1].split())
    assert "bakeoff.cells.run" in started
    # scikit-learn imports pandas by itself, wherever that is installed.
    theirs = loaded(["sklearn.utils.fixes"]) if "sklearn" in started else set()
    assert not started & LATER - theirs


def test_what_trains_and_plans_knows_no_data_frame_and_no_figure():
    names = [name for name in MODULES if name.count(".") and part(name) in {*BASE, *TRAINING}]
    assert not loaded(names) & {"pandas", "seaborn", "matplotlib"}
    everything = {root for name in names for root in imported(MODULES[name])}
    assert not {name.split(".")[0] for name in everything} & {"pandas", "seaborn", "matplotlib"}
