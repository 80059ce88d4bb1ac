# What the rules share: folders, the lists of cells, the code that each stage depends on.
import json
import os
import shlex
import sys
from pathlib import Path

RULES = Path(workflow.current_basedir)
SCRIPTS = Path(os.path.relpath(RULES.parent / "scripts"))
REPORT = Path(os.path.relpath(RULES.parents[1] / "report"))
REFERENCE = os.path.relpath(RULES.parents[1] / "config/reference/published_results.csv")
TABLES = ("best", "speedup", "tests", "classes", "published")

# Rules call `python`: the one that runs Snakemake, unless a container or conda brings its own.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH", "")]))

# What a stage's results depend on; a touched plot retrains nothing.
BASE = "records grid selection journal command fitting shards cell timing hardware flops progress datasets"
CODE = {
    "data": "command records datasets",
    "resnet": f"{BASE} models train",
    "svm": f"{BASE} svm",
    "analysis": "command records grid selection analysis",
    "figures": "command records selection datasets analysis plots",
    "report": "command records selection analysis report",
}


def code_of(stage):
    """Return the package files that a stage's results depend on."""
    found = [SCRIPTS / "bakeoff" / name for name in CODE[stage].split()]
    files = [sorted(p.rglob("*.py")) if p.is_dir() else [p.with_suffix(".py")] for p in found]
    return [str(file) for group in files for file in group]


def script(name):
    """Return a command of workflow/scripts; as an input, its change reruns what it makes."""
    return str(SCRIPTS / f"{name}.py")


def report_sources():
    """Return the templates and styles of the report."""
    return [str(file) for file in sorted(REPORT.rglob("*")) if file.is_file()]


def cells():
    """Return the records of the study's grid."""
    resnet, svm = config["resnet"], config["svm"]
    network = "results/{dataset}/{model}_{optimizer}_{device}.json"
    axes = dict(model=resnet["models"], optimizer=resnet["optimizers"])
    return expand(
        network, dataset=config["datasets"], device=devices(config["devices"]), **axes
    ) + expand(
        "results/{dataset}/svm_{kernel}_cpu.json",
        dataset=config["datasets"],
        kernel=svm["kernels"],
    )


def shard_of(cell):
    """Return where a shard of a cell says that its part of the grid is in the journal."""
    return f"results/{{dataset}}/shards/{cell}.{{shard}}of{config['shards']}"


def shards_of(cell):
    """Return what a cell waits for: its shards where the grid is cut, and nothing for a shard itself."""
    numbers = range(1, config["shards"] + 1)
    return lambda wildcards: (
        []
        if len(numbers) == 1 or "shard" in wildcards.keys()
        else expand(shard_of(cell), shard=numbers, **wildcards)
    )


def resnet_grid(device):
    """Return the blocks of the networks' grid that are meant for a device."""
    blocks = [dict(block) for block in config["resnet"]["grid"]]
    return [block for block in blocks if device in block.pop("devices", [device])]


def timed_cells():
    """Return the records of the comparison between devices."""
    path = "results/{dataset}/speed/{model}_{optimizer}_{device}.json"
    axes = {key[:-1]: config["comparison"][key] for key in ("datasets", "models", "optimizers")}
    return expand(path, device=devices("all"), **axes)


def study():
    """Return every record that the report is about."""
    return cells() + timed_cells()


def present(files):
    """Return the files that a report can count on: all of them, or those that are there for a partial one."""
    return [file for file in files if not config["partial"] or os.path.exists(file)]


def many(option, values):
    """Return an option with its values for a command, nothing where there are none."""
    return shlex.join([f"--{option}", *values]) if values else ""


def timed_settings():
    """Return the comparison's one setting as JSON."""
    names = ("batch_size", "learning_rate", "epochs", "precision")
    return json.dumps({name: config["comparison"][name] for name in names})


def targets():
    """Return what a plain `snakemake` makes."""
    return ["results/report.html", "results/report.pdf"]
